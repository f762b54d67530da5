"""Which arrivals mean that a bill is there, for which month, and what belongs to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from tests.lake.test_mirror import Bucket

from lamplighter.aws.access import TargetSession
from lamplighter.billing.arrived import fetch_arrived, is_bill, month_of
from lamplighter.errors import BillError, NotFound

CUR2 = "cur2/lamp/metadata/BILLING_PERIOD=2026-10/lamp-Manifest.json"


@pytest.mark.parametrize(
    ("key", "bill", "month"),
    [
        (CUR2, True, "2026-10"),
        ("cur2/lamp/data/BILLING_PERIOD=2026-10/lamp-00001.snappy.parquet", False, "2026-10"),
        ("cur/lamp/20261001-20261101/lamp-Manifest.json", True, "2026-10"),
        ("cur/lamp/20261001-20261101/lamp-RedshiftManifest.json", False, "2026-10"),
        ("111122223333-aws-billing-detailed-line-items-with-resources-and-tags-2026-10.csv.zip", True, "2026-10"),
        ("cur/lamp/lamp-Manifest.json", True, None),
        ("notes.txt", False, None),
    ],
)
def test_arrivals(key: str, bill: bool, month: str | None) -> None:
    assert (is_bill(key), month_of(key)) == (bill, month)


def session(bucket: Bucket) -> TargetSession:
    return cast(TargetSession, bucket)


def manifest(**content: Any) -> Bucket:
    bucket = Bucket()
    bucket.objects = {CUR2: json.dumps(content).encode(), "cur2/lamp/data/a.parquet": b"PAR1"}
    return bucket


def test_a_manifest_brings_the_files_that_it_names(tmp_path: Path) -> None:
    bucket = manifest(dataFiles=["s3://bills/cur2/lamp/data/a.parquet"])
    fetch_arrived(session(bucket), "bills", CUR2, tmp_path)
    assert (tmp_path / CUR2).exists()
    assert (tmp_path / "cur2/lamp/data/a.parquet").read_bytes() == b"PAR1"


def test_a_file_that_is_named_and_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        fetch_arrived(session(manifest(reportKeys=["cur2/lost.csv.gz"])), "bills", CUR2, tmp_path)


@pytest.mark.parametrize("name", ["s3://other/x.parquet", "../x"])
def test_files_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BillError, match="is no path in bills"):
        fetch_arrived(session(manifest(dataFiles=[name])), "bills", CUR2, tmp_path)
