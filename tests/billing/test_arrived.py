"""Which arrivals mean that a bill is there, for which month, and what belongs to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.lake.test_mirror import Bucket

from lamplighter.billing.arrived import Item, fetch_item, is_bill, look_at, month_of, refuse_missing
from lamplighter.billing.versions import Version
from lamplighter.errors import BillError, NotFound, Overtaken

AT = datetime(2026, 11, 3, 8, 15, tzinfo=UTC)

CUR2 = "cur2/lamp/metadata/BILLING_PERIOD=2026-10/lamp-Manifest.json"


@pytest.mark.parametrize(
    ("key", "bill", "month"),
    [
        (CUR2, True, "2026-10"),
        ("cur2/lamp/data/BILLING_PERIOD=2026-10/lamp-00001.snappy.parquet", False, "2026-10"),
        ("cur/lamp/20261001-20261101/lamp-Manifest.json", True, "2026-10"),
        ("cur/lamp/20261001-20261101/lamp-RedshiftManifest.json", False, "2026-10"),
        ("111122223333-aws-billing-detailed-line-items-with-resources-and-tags-2026-10.csv.zip", True, "2026-10"),
        ("cur/lamp/lamp/year=2026/month=9/lamp-Manifest.json", True, "2026-09"),
        ("cur/lamp/lamp-Manifest.json", True, None),
        ("notes.txt", False, None),
    ],
)
def test_arrivals(key: str, bill: bool, month: str | None) -> None:
    assert (is_bill(key), month_of(key)) == (bill, month)


def bucket_of(**manifest: Any) -> Bucket:
    bucket = Bucket()
    bucket.objects = {
        CUR2: json.dumps(manifest).encode(),
        "cur2/lamp/data/a.parquet": b"PAR1",
        "cur2/lamp/data/b.parquet": b"PAR1 of another",
        "cur2/lamp/other/c.parquet": b"PAR",
    }
    bucket.modified = {CUR2: AT}
    return bucket


def test_a_manifest_tells_what_makes_up_its_bill(tmp_path: Path) -> None:
    names = ["s3://bills/cur2/lamp/data/b.parquet", "cur2/lamp/other/c.parquet"]
    bucket = bucket_of(dataFiles=names, exportName="lamp", executionId="e1", account="111122223333")
    found = look_at(bucket, "bills", CUR2, tmp_path)
    assert [(item.key, item.size) for item in found.items] == [
        ("cur2/lamp/data/b.parquet", 15),
        ("cur2/lamp/other/c.parquet", 3),
    ]
    assert (found.size, found.month, found.bill.period, found.bill.account) == (
        18,
        "2026-10",
        "2026-10",
        "111122223333",
    )
    assert found.bill.version == Version("111122223333/lamp", "e1", AT)
    assert bucket.fetched == [CUR2], "no file is read for that"
    assert fetch_item(bucket, "bills", found.items[0], tmp_path).read_bytes() == b"PAR1 of another"


def test_keys_that_begin_with_a_slash_in_the_manifest_only(tmp_path: Path) -> None:
    bucket = bucket_of(reportKeys=["/cur2/lamp/data/a.parquet"])
    assert [item.key for item in look_at(bucket, "bills", CUR2, tmp_path).items] == ["cur2/lamp/data/a.parquet"]
    bucket.objects["/cur2/lamp/data/a.parquet"] = b"PAR1"
    assert [item.key for item in look_at(bucket, "bills", CUR2, tmp_path).items] == ["/cur2/lamp/data/a.parquet"]


def test_a_file_that_comes_alone_is_a_bill(tmp_path: Path) -> None:
    bucket = Bucket()
    name = "111122223333-aws-billing-detailed-line-items-2026-10.csv.zip"
    bucket.objects, bucket.modified = {name: b"PK", f"{name}.old": b""}, {name: AT}
    found = look_at(bucket, "bills", name, tmp_path)
    assert ([item.key for item in found.items], found.month, found.bill.period) == ([name], "2026-10", None)
    assert found.bill.version == Version("111122223333-aws-billing-detailed-line-items", "", AT)


def test_files_that_are_named_and_missing_are_said(tmp_path: Path) -> None:
    bucket = bucket_of(reportKeys=["cur2/lamp/data/a.parquet", "cur2/lost.csv.gz"])
    found = look_at(bucket, "bills", CUR2, tmp_path)
    assert [item.key for item in found.items] == ["cur2/lamp/data/a.parquet"]
    with pytest.raises(BillError, match=r"names 2 files, of which 1 are not there: cur2/lost\.csv\.gz"):
        refuse_missing(found)
    with pytest.raises(BillError, match="is not there"):
        look_at(bucket, "bills", CUR2.replace("lamp-", "x-"), tmp_path)


@pytest.mark.parametrize("name", ["s3://other/x.parquet", "../x"])
def test_files_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BillError, match="is no path in bills"):
        look_at(bucket_of(dataFiles=[name]), "bills", CUR2, tmp_path)


def test_what_is_overwritten_while_it_is_read_is_left_to_its_successor(tmp_path: Path) -> None:
    bucket = bucket_of(dataFiles=["cur2/lamp/data/a.parquet"])
    found = look_at(bucket, "bills", CUR2, tmp_path)
    bucket.objects["cur2/lamp/data/a.parquet"] = b"PAR1 anew"
    with pytest.raises(Overtaken, match="was overwritten while the bill was read"):
        fetch_item(bucket, "bills", found.items[0], tmp_path)


def test_other_errors_of_s3_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        fetch_item(Bucket(), "bills", Item("x", 1, "", None), tmp_path)
