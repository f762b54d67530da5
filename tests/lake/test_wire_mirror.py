"""A lake in the S3 of a simulated AWS: brought, changed, put back; what was replaced is removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.aws.access import Aws, TargetSession
from lamplighter.aws.targets import Target
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.lake.mirror import Address, bring, put_back

LAKE = Address("example-lake", "lake/")
OCTOBER = "charges/billing_period=2026-10"


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        found = EstateProbe(server)
        found.fresh()
        yield found
        found.close()


@pytest.fixture
def session(probe: EstateProbe) -> Iterator[TargetSession]:
    with Aws(region=REGION, environ=probe.server.environment, retries=0) as aws:
        yield aws.session_as(Target(MANAGEMENT, REGION), None)


def test_a_month_is_replaced(probe: EstateProbe, session: TargetSession, tmp_path: Path) -> None:
    s3 = probe.client("s3")
    s3.create_bucket(Bucket=LAKE.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=LAKE.bucket, Key=f"lake/{OCTOBER}/old.parquet", Body=b"old")
    s3.put_object(Bucket=LAKE.bucket, Key="reports/x.xlsx", Body=b"x")

    brought = bring(session, LAKE, tmp_path, periods=["2026-10"])
    assert (tmp_path / OCTOBER / "old.parquet").read_bytes() == b"old"
    (tmp_path / OCTOBER / "old.parquet").unlink()
    (tmp_path / OCTOBER / "new.parquet").write_bytes(b"new")
    put_back(session, brought)

    there = {each["Key"] for each in s3.list_objects_v2(Bucket=LAKE.bucket)["Contents"]}
    assert there == {f"lake/{OCTOBER}/new.parquet", f"lake/{OCTOBER}/_files.json", "reports/x.xlsx"}
    listed = s3.get_object(Bucket=LAKE.bucket, Key=f"lake/{OCTOBER}/_files.json")["Body"].read()
    assert json.loads(listed) == {"files": ["new.parquet"]}
