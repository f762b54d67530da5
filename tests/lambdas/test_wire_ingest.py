"""Bills over the wire: files in one bucket of a simulated AWS, the lake in another, store in DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.billing.conftest import cur_text, line
from tests.lambdas.conftest import Context
from tests.lambdas.test_ingest import arrived

from lamplighter.billing import portions
from lamplighter.cli.testing import Lamp
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import EstateProbe
from lamplighter.lambdas import ingest
from lamplighter.lambdas.runtime import Runtime

BILLS, LAKE = "example-bills", "example-lake"
PLACE = "cur2/estate/data/BILLING_PERIOD=2026-10"
MANIFEST = "cur2/estate/metadata/BILLING_PERIOD=2026-10/estate-Manifest.json"


@pytest.fixture
def estate() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        probe.fresh()
        for bucket in (BILLS, LAKE):
            probe.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
        yield probe
        probe.close()


def deliver(estate: EstateProbe, execution: str, *costs: str) -> None:
    """A data export that overwrites its files: one file for each cost."""
    s3, keys = estate.client("s3"), []
    for number, cost in enumerate(costs, start=1):
        keys.append(f"{PLACE}/estate-{number:05}.csv")
        s3.put_object(Bucket=BILLS, Key=keys[-1], Body=cur_text([line(cost=cost)]).encode())
    told = {"exportName": "estate", "executionId": execution, "dataFiles": [f"s3://{BILLS}/{key}" for key in keys]}
    s3.put_object(Bucket=BILLS, Key=MANIFEST, Body=json.dumps(told).encode())


def keys(estate: EstateProbe, bucket: str, prefix: str) -> list[str]:
    found = estate.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", ())]


def test_a_bill_in_several_calls_and_its_restatement(
    estate: EstateProbe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environ = {
        **estate.server.environment,
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMPLIGHTER_STORE": "dynamodb://lamplighter?region=eu-west-1",
        "LAMPLIGHTER_LAKE": f"s3://{LAKE}/lake",
        "POWERTOOLS_SERVICE_NAME": "test",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    lamp = Lamp()
    assert lamp("doctor", "--create-tables", "--without-aws").code == 0
    with_ = Runtime(environ, clock=estate.control.now)
    handed: list[Mapping[str, Any]] = []
    monkeypatch.setattr(ingest, "call_again", lambda _, __, event: handed.append(event))
    monkeypatch.setattr(portions.portions, "__defaults__", (1,))
    said: list[str] = []

    def work(event: Mapping[str, Any], left: timedelta = timedelta(minutes=15)) -> Mapping[str, Any]:
        answer = ingest.answer(event, Context(left), with_)
        said.append(answer["did"])
        return answer

    deliver(estate, "e1", "1", "2")
    event = arrived(MANIFEST)
    event["detail"]["bucket"]["name"] = BILLS
    # Three minutes: one portion, and no time to publish.
    work(event, timedelta(minutes=3))
    assert len(keys(estate, LAKE, "staging/")) == 2
    assert keys(estate, LAKE, "lake/") == []
    work(handed.pop())
    assert said == ["goes on", "loaded"]
    assert keys(estate, LAKE, "staging/") == []
    assert work(event)["reason"].startswith("the charges for 2026-10 are of this very telling already: /estate e1")

    # It is overwritten after its first portion was staged: that portion belongs to nothing any more.
    deliver(estate, "e2", "3", "4")
    work(event, timedelta(minutes=3))
    deliver(estate, "e3", "5", "6", "7")
    work(handed.pop())
    assert said[2:] == ["superseded", "goes on", "loaded"]
    folder = tmp_path / "lake"
    for key in keys(estate, LAKE, "lake/"):
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        estate.client("s3").download_file(LAKE, key, str(tmp_path / key))
    [month] = lamp("bill", "periods", "--lake", str(folder), "-o", "json").rows
    assert month["totals"]["costs"]["USD"]["billed"] == "18.000000000000000000"
    assert month["loads"]["111122223333"]["source"]["assembly"] == "e3"
    assert lamp("bill", "check", "--lake", str(folder)).code == 0

    # People load what they want, and are told; here the newest again, as nobody else has touched it.
    again = lamp("bill", "load", f"s3://{BILLS}/cur2/", "--lake", str(folder))
    assert (again.code, "newer telling" in again.err) == (0, False)
    estate.client("s3").delete_object(Bucket=BILLS, Key=f"{PLACE}/estate-00003.csv")
    deliver(estate, "e4", "8")
    estate.client("s3").delete_object(Bucket=BILLS, Key=f"{PLACE}/estate-00001.csv")
    refused = work(event)
    assert refused["did"] == "refused"
    assert "names 1 files, of which 1 are not there" in refused["reason"]
