from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.billing.conftest import cur_text, line

from lamplighter.billing.sources import CSV, GZIP, Bill, find_bills
from lamplighter.errors import BillError

OCTOBER = {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"}


def put(root: Path, path: str, data: str | bytes = "a,b\n1,2\n") -> Path:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data.encode() if isinstance(data, str) else data)
    return place


def manifest(*keys: str, period: Mapping[str, str] = OCTOBER, name: str = "cur", **more: Any) -> str:
    return json.dumps({"reportName": name, "billingPeriod": period, "reportKeys": keys, **more})


def names(bill: Bill, root: Path) -> list[str]:
    return [part.path.relative_to(root).as_posix() for part in bill.parts]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "bills"
    folder.mkdir()
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_create_new_reports_count_only_what_the_top_manifest_names(root: Path, scratch: Path) -> None:
    month = "p/cur/20261001-20261101"
    for assembly in ("aaa", "bbb"):
        for number in (1, 2):
            put(root, f"{month}/{assembly}/cur-{number}.csv")
        put(root, f"{month}/{assembly}/cur-Manifest.json", manifest(f"{month}/{assembly}/cur-1.csv"))
    put(root, f"{month}/cur-Manifest.json", manifest(f"{month}/bbb/cur-1.csv", f"{month}/bbb/cur-2.csv"))
    [bill] = find_bills([str(root)], scratch)
    assert names(bill, root) == [f"{month}/bbb/cur-1.csv", f"{month}/bbb/cur-2.csv"]
    assert bill.period == "2026-10"
    assert bill.passed_over == (f"{month}/aaa/cur-1.csv", f"{month}/aaa/cur-2.csv")


@pytest.mark.parametrize("slash", ["", "/", "s3://bucket/"])
def test_overwrite_reports_of_several_months(root: Path, scratch: Path, slash: str) -> None:
    for month in ("20260901-20261001", "20261001-20261101"):
        put(root, f"cur/{month}/cur-1.csv")
        period = {"start": f"{month[:8]}T000000.000Z"}
        put(root, f"cur/{month}/cur-Manifest.json", manifest(f"{slash}cur/{month}/cur-1.csv", period=period))
        for other in ("Redshift", "QuickSight"):
            put(root, f"cur/{month}/cur-{other}Manifest.json", '{"entries": []}')
    found = find_bills([str(root)], scratch)
    assert [(bill.period, names(bill, root)) for bill in found] == [
        ("2026-09", ["cur/20260901-20261001/cur-1.csv"]),
        ("2026-10", ["cur/20261001-20261101/cur-1.csv"]),
    ]
    assert [bill.passed_over for bill in found] == [(), ()]


def test_the_layout_for_athena(root: Path, scratch: Path) -> None:
    put(root, "cur/cur/year=2026/month=10/cur-00001.snappy.parquet", b"PAR1....")
    put(root, "cur/cur/year=2026/month=10/cur-00002.snappy.parquet", b"PAR1....")
    put(root, "cur/cur/cost_and_usage_data_status/status.parquet", b"PAR1....")
    keys = [f"cur/cur/year=2026/month=10/cur-0000{number}.snappy.parquet" for number in (1, 2)]
    put(root, "cur/20261001-20261101/cur-Manifest.json", manifest(*keys))
    [bill] = find_bills([str(root)], scratch)
    assert names(bill, root) == keys
    assert bill.passed_over == ("cur/cur/cost_and_usage_data_status/status.parquet",)


@pytest.mark.parametrize("folder", ["BILLING_PERIOD", "billing_period"])
def test_data_exports(root: Path, scratch: Path, folder: str) -> None:
    # Created anew each time: the newest execution is the last by name.
    for run in ("20261102T0000Z-x", "20261101T0000Z-y"):
        data = f"exp/data/{folder}=2026-10/{run}/exp-00001.csv.gz"
        put(root, data, gzip.compress(b"a,b\n"))
        text = json.dumps({"exportName": "exp", "dataFiles": [f"s3://bucket/{data}"]})
        put(root, f"exp/metadata/{folder}=2026-10/{run}/exp-Manifest.json", text)
    [bill] = find_bills([str(root)], scratch)
    assert (bill.period, names(bill, root)) == (
        "2026-10",
        [f"exp/data/{folder}=2026-10/20261102T0000Z-x/exp-00001.csv.gz"],
    )
    assert bill.parts[0].kind == GZIP
    assert bill.passed_over == (f"exp/data/{folder}=2026-10/20261101T0000Z-y/exp-00001.csv.gz",)


def test_two_reports_in_one_place_are_two_bills(root: Path, scratch: Path) -> None:
    for name in ("daily", "hourly"):
        put(root, f"{name}/20261001-20261101/{name}-1.csv")
        put(
            root,
            f"{name}/20261001-20261101/{name}-Manifest.json",
            manifest(f"{name}/20261001-20261101/{name}-1.csv", name=name),
        )
    assert [names(bill, root) for bill in find_bills([str(root)], scratch)] == [
        ["daily/20261001-20261101/daily-1.csv"],
        ["hourly/20261001-20261101/hourly-1.csv"],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "is no JSON object"),
        ("{}", "names no files"),
        ('{"reportKeys": []}', "names no files"),
        ('{"reportKeys": [1]}', "names no files"),
        ('{"reportKeys": ["cur-1.csv", "cur-9.csv"]}', "names cur-9.csv, which is not there"),
        ("\xff", "cannot be read"),
    ],
)
def test_a_wrong_manifest(root: Path, scratch: Path, text: str, message: str) -> None:
    put(root, "cur-1.csv")
    put(root, "cur-Manifest.json", text.encode("latin-1"))
    with pytest.raises(BillError, match=message) as raised:
        find_bills([str(root)], scratch)
    assert raised.value.hint


def test_patterns_files_and_archives(root: Path, scratch: Path) -> None:
    put(root, "a.csv")
    put(root, "b.csv.gz", gzip.compress(b"a,b\n"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("in/", "")
        archive.writestr("in/c.csv", "c,d\n")
    put(root, "c.zip", packed.getvalue())
    [bill] = find_bills([str(root / "*")], scratch)
    assert [(part.name, part.kind) for part in bill.parts] == [
        ("a.csv", CSV),
        ("b.csv.gz", GZIP),
        ("c.zip/in/c.csv", CSV),
    ]
    assert bill.parts[2].path.read_text() == "c,d\n"


@pytest.mark.parametrize(
    ("word", "message"),
    [("none.csv", "is not there"), ("*.none", "nothing fits"), ("s3://b/p", "cannot be fetched here"), ("", "no bill")],
)
def test_nothing_there(root: Path, scratch: Path, word: str, message: str) -> None:
    put(root, "readme.md", "no bill")
    with pytest.raises(BillError, match=message):
        find_bills([word if word.startswith("s3") else str(root / word)], scratch)


def test_an_empty_file_is_no_bill(root: Path, scratch: Path) -> None:
    put(root, "a.csv", "")
    with pytest.raises(BillError, match=r"a\.csv is empty"):
        find_bills([str(root)], scratch)


@pytest.mark.slow
def test_damaged_archives_and_bombs(root: Path, scratch: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bill.csv", cur_text([line(cost="1")] * 100))
    whole = packed.getvalue()
    broken = bytearray(whole)
    broken[100] ^= 0xFF
    for number, data in enumerate((whole[:200], bytes(broken))):
        put(root, f"{number}.zip", data)
        with pytest.raises(BillError, match="is a damaged archive"):
            find_bills([str(root / f"{number}.zip")], scratch)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"0" * (70 << 20))
    put(root, "bomb.zip", bomb.getvalue())
    with pytest.raises(BillError, match="unpacks to 73,400,320 bytes"):
        find_bills([str(root / "bomb.zip")], scratch)
    assert list(scratch.glob("bomb*")) == []
