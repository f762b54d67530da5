"""What one call stages of a bill, and what it leaves to the next; whole calls are in tests/lambdas/test_ingest.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.lake.test_mirror import Bucket

from lamplighter.billing import portions as module
from lamplighter.billing.arrived import Arrived, Item
from lamplighter.billing.portions import clear, place_of, portions, stage_arrived
from lamplighter.billing.sources import Bill
from lamplighter.billing.versions import Version
from lamplighter.errors import BillError
from lamplighter.lake.mirror import Address


def item(number: int, size: int) -> Item:
    return Item(f"cur/{number}.csv.gz", size, f"e{number}", None)


BILL = Arrived("bills", Bill("m", (), version=Version("1/cur", "a")), "2026-10", (item(1, 5), item(2, 6), item(3, 20)))
PLACE = place_of(BILL, Address("example-lake", "lake/"))


def test_files_are_staged_together_as_far_as_they_are_small() -> None:
    sizes = [5, 6, 20, 1, 8, 1]
    cut = portions([item(number, size) for number, size in enumerate(sizes)], 10)
    assert [[each.size for each in portion] for portion in cut] == [[5], [6], [20], [1, 8, 1]]


def test_the_same_files_are_kept_in_the_same_place() -> None:
    assert PLACE.bucket == "example-lake"
    assert PLACE.prefix.startswith("staging/")
    renamed = replace(BILL, bill=replace(BILL.bill, name="beside"))
    assert place_of(renamed, Address("example-lake", "lake/")) == PLACE, "two manifests announce one telling"
    for other in (
        replace(BILL, items=(*BILL.items[:2], replace(BILL.items[2], etag="e4"))),
        replace(BILL, bill=replace(BILL.bill, version=Version("1/cur", "b"))),
        replace(BILL, bucket="others"),
    ):
        assert place_of(other, Address("example-lake", "lake/")) != PLACE


class Disk(NamedTuple):
    free: int


def staging(tmp_path: Path, left: timedelta = timedelta(minutes=13), bill: Arrived = BILL) -> None:
    stage_arrived(Bucket(), bill, tmp_path, PLACE, lambda: left)


def test_what_is_too_large_is_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = replace(BILL, items=(item(1, 2 << 30), item(2, 1)))
    with pytest.raises(BillError, match=r"in 2 files\) is too large for this function: cur/1.csv.gz has") as refused:
        staging(tmp_path, bill=large)
    assert refused.value.hint.startswith("load it on a machine: lamp bill load s3://bills/cur/")
    monkeypatch.setattr("shutil.disk_usage", lambda _: Disk(30))
    with pytest.raises(BillError, match="31 bytes of it are read at a time, and 30 are free on the disk"):
        staging(tmp_path)
    # After the first portion it can be told what all of it will take.
    monkeypatch.setattr(module.portions, "__defaults__", (10,))
    monkeypatch.setattr(module, "_stage", lambda *_: None)
    monkeypatch.setattr(module, "_size", lambda _: 10)
    with pytest.raises(BillError, match="its months take about 62 bytes, and the disk has room for 40"):
        staging(tmp_path)


def kept(bucket: Bucket, *, size: int) -> None:
    for name in ("00000/piece.json", "00000/0/a.parquet", "00001/0/half.parquet", "odd/piece.json"):
        bucket.objects[f"{PLACE.prefix}{name}"] = b"x" * (size if name.startswith("00000/0") else 1)


def test_what_is_staged_and_cannot_be_published_in_one_call_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Bucket()
    kept(bucket, size=50)
    with pytest.raises(BillError, match="publishing it takes 150 s"):
        stage_arrived(bucket, BILL, tmp_path, PLACE, lambda: timedelta(minutes=1))
    # 51 s to fetch what is kept, 30 s for its months, then 2 minutes and 51 s to publish it.
    monkeypatch.setattr(module, "_RATE", 1)
    with pytest.raises(BillError, match="publishing it takes 252 s"):
        stage_arrived(bucket, BILL, tmp_path, PLACE, lambda: timedelta(seconds=251))
    monkeypatch.setattr("shutil.disk_usage", lambda _: Disk(40))
    with pytest.raises(BillError, match="what is staged of it takes 51 bytes, and 40 are free on the disk"):
        stage_arrived(bucket, BILL, tmp_path, PLACE, lambda: timedelta(minutes=10))
    assert bucket.fetched == []
    bucket.objects["lake/x"] = b"x"
    clear(bucket, PLACE)
    assert list(bucket.objects) == ["lake/x"]
