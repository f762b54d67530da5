from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.billing.conftest import cur_text, line

from lamplighter.aws.access import Aws
from lamplighter.billing.fetch import PERMISSIONS, fetch_address
from lamplighter.billing.sources import find_bills
from lamplighter.billing.versions import Version
from lamplighter.errors import AwsError, BillError
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import EstateProbe

BUCKET = "billing-bucket"
MONTH = "cur/20261001-20261101"


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with start_thread() as server:
            probe = EstateProbe(server)
            probe.fresh()
            yield probe
            probe.close()


@pytest.fixture
def s3(probe: EstateProbe) -> Any:
    probe.fresh()
    client = probe.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


@pytest.fixture
def aws(probe: EstateProbe) -> Iterator[Aws]:
    with Aws(environ={**probe.server.environment, "AWS_REGION": "eu-west-1"}) as made:
        yield made


def put(s3: Any, key: str, text: str = "a,b\n") -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def fetched(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_only_what_the_manifest_names_is_fetched(aws: Aws, s3: Any, tmp_path: Path) -> None:
    for assembly in ("aaa", "bbb"):
        put(s3, f"{MONTH}/{assembly}/cur-1.csv", cur_text([line(cost="1")]))
    text = json.dumps({"reportName": "cur", "assemblyId": "bbb", "reportKeys": [f"/{MONTH}/bbb/cur-1.csv"]})
    put(s3, f"{MONTH}/cur-Manifest.json", text)
    put(s3, "other/never.csv")
    root = fetch_address(aws, f"s3://{BUCKET}/cur/", tmp_path)
    assert fetched(root) == [f"{MONTH}/bbb/cur-1.csv", f"{MONTH}/cur-Manifest.json"]
    assert (root / MONTH / "bbb" / "cur-1.csv").read_text() == cur_text([line(cost="1")])
    # The time at which S3 got the manifest tells which of two tellings is the newer one.
    told = s3.head_object(Bucket=BUCKET, Key=f"{MONTH}/cur-Manifest.json")["LastModified"]
    [bill] = find_bills([f"s3://{BUCKET}/cur/"], tmp_path, lambda *_: root)
    assert bill.version == Version("/cur", "bbb", told)


def test_without_a_manifest_all_of_it(aws: Aws, s3: Any, tmp_path: Path) -> None:
    put(s3, "/bills/a.csv")
    put(s3, "/bills/folder/")
    put(s3, "/bills/readme.md")
    assert fetched(fetch_address(aws, f"s3://{BUCKET}//bills", tmp_path)) == ["bills/a.csv"]


def test_a_key_that_climbs_is_refused(aws: Aws, s3: Any, tmp_path: Path) -> None:
    put(s3, "bills/../../../evil.csv")
    with pytest.raises(BillError, match="is no path"):
        fetch_address(aws, f"s3://{BUCKET}/bills", tmp_path)
    assert fetched(tmp_path) == []


def test_nothing_there(aws: Aws, s3: Any, tmp_path: Path) -> None:
    with pytest.raises(BillError, match="nothing lies at"):
        fetch_address(aws, f"s3://{BUCKET}/none", tmp_path)
    with pytest.raises(BillError, match="names no bucket"):
        fetch_address(aws, "s3://", tmp_path)
    with pytest.raises(AwsError) as raised:
        fetch_address(aws, "s3://no-such-bucket-here/x", tmp_path)
    assert raised.value.code == "NoSuchBucket"


def test_the_permissions_are_those_of_the_calls() -> None:
    assert PERMISSIONS == ("s3:ListBucket", "s3:GetObject")
