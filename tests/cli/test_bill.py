"""`lamp bill` through its door: what it says, its exit codes, and that a month stays as it was when a load fails."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.billing.bills import as_parquet, dbr, focus_1_2
from tests.billing.conftest import BOUGHT, cur_text, line, write_cur

from lamplighter.cli.testing import Lamp, Said
from lamplighter.estate.testing import EstateProbe

pytestmark = pytest.mark.slow

GOOD = cur_text([line(cost="1"), line(cost="2")])


@pytest.fixture
def load(lamp: Lamp, tmp_path: Path) -> Callable[..., Said]:
    """`lamp bill load` into a lake."""
    return lambda *words: lamp("bill", "load", *map(str, words), "--lake", str(tmp_path / "lake"))


@pytest.fixture
def total(lamp: Lamp, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """Billed cost of each month in the lake."""

    def ask() -> dict[str, str]:
        said = lamp("bill", "periods", "--lake", str(tmp_path / "lake"), "-o", "json")
        return {row["period"]: row["totals"]["costs"]["USD"]["billed"].rstrip("0").rstrip(".") for row in said.rows}

    return ask


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def zipped(data: bytes, name: str = "bill.csv") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return packed.getvalue()


def test_a_load_and_its_restatement(load: Callable[..., Said], lamp: Lamp, tmp_path: Path) -> None:
    said = load(write_cur(tmp_path / "a.csv", BOUGHT))
    assert said.code == 0, said.err
    assert "2026-10" in said.out
    assert "481.61 USD" in said.out
    assert "11 rows read as cur-csv, 11 loaded, 0 in quarantine; 2 rows made of unused commitments" in said.err
    again = load(write_cur(tmp_path / "b.csv", [*BOUGHT, line(cost="10")]), "-o", "json")
    [row] = again.rows
    assert (row["published"], row["differences"], row["payers"]) == (True, [], ["111122223333"])
    assert (float(row["before"]["USD"]["unblended"]), float(row["changes"]["USD"]["unblended"])) == (481.606, 10)
    shown = load(write_cur(tmp_path / "c.csv", BOUGHT)).out
    assert "491.61 USD" in shown
    assert "-10.00 USD" in shown
    assert lamp("bill", "check", "--lake", str(tmp_path / "lake")).code == 0


def test_a_difference_that_is_accepted_is_kept_on_record(
    load: Callable[..., Said], lamp: Lamp, tmp_path: Path, total: Callable[[], dict[str, str]]
) -> None:
    bad = write_cur(
        tmp_path / "a.csv", [row for row in BOUGHT if row["lineItem/LineItemType"] != "SavingsPlanNegation"]
    )
    refused = load(bad)
    assert refused.code == 5
    assert "2026-10 does not add up: covered by a plan and negated" in refused.err
    assert "hint: nothing was published; if the bill is right, say why: --accept-difference REASON" in refused.err
    assert total() == {}
    accepted = load(bad, "--accept-difference", "cut by hand")
    assert accepted.code == 0
    assert "covered by a plan and negated" in accepted.err
    record = json.loads((tmp_path / "lake/charges/billing_period=2026-10/_load.json").read_text())
    assert record["accepted"]["why"] == "cut by hand"
    assert record["accepted"]["who"]
    assert [text.partition(",")[0] for text in record["differences"]] == [
        "covered by a plan and negated",
        "unblended and amortised cost",
    ]


def test_a_bill_of_which_nothing_can_be_read_names_the_file_to_open(load: Callable[..., Said], tmp_path: Path) -> None:
    said = load(write_cur(tmp_path / "a.csv", [line(cost="much")]))
    assert said.code == 1
    [kept] = (tmp_path / "lake" / "quarantine").glob("*.jsonl")
    assert "none of 1 rows can be read" in said.err
    assert f"rows that cannot be read: {kept}" in said.err.replace("\n", "")


def test_rows_that_cannot_be_read_are_told_with_their_file(
    load: Callable[..., Said], tmp_path: Path, total: Callable[[], dict[str, str]]
) -> None:
    rows = [
        line(cost="1"),
        line(cost="1e400"),
        line(cost="NaN"),
        line(cost="2", lineItem__UsageStartDate="2026-11-05T10:00:00Z"),
        line(cost="4", lineItem__UsageStartDate="2026-10-05T10:00:00+02:00"),
        line(cost="8", bill__BillingPeriodStartDate="1970-01-01T00:00:00Z"),
    ]
    data = (
        cur_text(rows).encode()
        + cur_text([line(cost="16", pricing__unit="Stück")]).encode("latin-1").partition(b"\n")[2]
    )
    said = load(write(tmp_path / "a.csv", data))
    assert said.code == 4
    assert "7 rows read as cur-csv, 1 loaded, 6 in quarantine" in said.err
    assert "6 rows cannot be read, with 14.00 of cost" in said.err
    [kept] = (tmp_path / "lake" / "quarantine").glob("*.jsonl")
    assert str(kept) in said.err
    assert sorted(
        (row["line"], row["reason"].partition(":")[0]) for row in map(json.loads, kept.read_text().splitlines())
    ) == [
        (3, "lineItem/UnblendedCost is no number"),
        (4, "lineItem/UnblendedCost is no number"),
        (5, "the charge lies outside of its billing period"),
        (6, "lineItem/UsageStartDate is no time in UTC"),
        (7, "there was no AWS in the billing period"),
        (8, "invalid encoding"),
    ]
    assert total() == {"2026-10": "1"}


def test_totals_of_a_detailed_bill_are_told_apart(load: Callable[..., Said], tmp_path: Path) -> None:
    said = load(write(tmp_path / "a.csv", dbr({}, {"RecordType": "StatementTotal"})))
    assert said.code == 0
    assert "1 row of totals and remarks are no charges" in said.err
    assert "names no currency: US dollars" in said.err


def parquet(folder: Path) -> bytes:
    return as_parquet(folder / "whole.parquet", GOOD, rename=True).read_bytes()


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


LONG = cur_text([line(cost="1")] * 3000).encode()
BAD: dict[str, tuple[str, Callable[[Path], bytes], int, str]] = {
    "empty": ("a.csv", lambda _: b"", 1, "a.csv is empty"),
    "header only": ("a.csv", lambda _: GOOD.splitlines(keepends=True)[0].encode(), 1, "the bill has no rows"),
    "no bill": ("a.csv", lambda _: b"a,b\n1,2\n", 1, "is no bill of a format known here"),
    "one column": ("a.csv", lambda _: b"hello\nworld\n", 1, "has no header of columns"),
    "NUL": ("a.csv", lambda _: GOOD.replace("Hrs", "H\0rs").encode(), 1, "holds NUL bytes"),
    "open quote": ("a.csv", lambda _: LONG.replace(b",Hrs", b',"Hrs', 1), 1, "a quote that is not closed"),
    "cut gzip": ("a.csv.gz", lambda _: gzip.compress(LONG)[:-200], 1, "a.csv.gz"),
    "gzip without end": ("a.csv.gz", lambda _: gzip.compress(LONG)[:-8], 1, "a.csv.gz"),
    "gzip, wrong CRC": ("a.csv.gz", lambda _: flipped(gzip.compress(LONG), -6), 1, "CRC check failed"),
    "gzip bomb": ("a.csv.gz", lambda _: gzip.compress(b"0" * (70 << 20)), 1, "is cut off, or no bill"),
    "zip bomb": ("a.zip", lambda _: zipped(b"0" * (70 << 20)), 1, "unpacks to 73,400,320 bytes"),
    "cut zip": ("a.zip", lambda _: zipped(LONG)[:-100], 1, "is a damaged archive"),
    "zip, wrong CRC": ("a.zip", lambda _: flipped(zipped(LONG), 300), 1, "is a damaged archive"),
    "cut Parquet": ("a.parquet", lambda folder: parquet(folder)[:-100], 1, "a.parquet cannot be read"),
    "Parquet, no footer": ("a.parquet", lambda _: b"PAR1", 1, "a.parquet cannot be read"),
    "two currencies": (
        "a.csv",
        lambda _: cur_text([line(cost="1"), line(cost="1", lineItem__CurrencyCode="EUR")]).encode(),
        5,
        "2026-10 does not add up: currencies, payer 111122223333",
    ),
    "no row can be read": ("a.csv", lambda _: cur_text([line(cost="x")] * 3).encode(), 1, "none of 3 rows can be read"),
    "too large to add up": (
        "a.csv",
        lambda _: cur_text([line(cost="99999999999999999999")] * 9).encode(),
        1,
        "hint: fetch the files again; nothing was published",
    ),
}


QUICK = ("header only", "open quote", "cut gzip", "two currencies")


@pytest.mark.parametrize("case", [pytest.param(case, marks=() if case in QUICK else pytest.mark.slow) for case in BAD])
def test_a_bad_file_leaves_the_month_as_it_was(
    case: str, load: Callable[..., Said], tmp_path: Path, total: Callable[[], dict[str, str]]
) -> None:
    assert load(write(tmp_path / "good.csv", GOOD)).code == 0
    name, make, code, message = BAD[case]
    said = load(write(tmp_path / name, make(tmp_path)))
    assert (said.code, said.out) == (code, "")
    error, hint = said.err.strip().splitlines()[-2:]
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")
    assert message in said.err
    assert "Traceback" not in said.err
    assert total() == {"2026-10": "3"}
    left = sorted(path.name for path in (tmp_path / "lake").iterdir())
    assert left in ([".loading", "charges"], [".loading", "charges", "quarantine"])
    assert [path.name for path in (tmp_path / "lake" / "charges").iterdir()] == ["billing_period=2026-10"]


def test_nothing_there_and_wrong_manifests(load: Callable[..., Said], tmp_path: Path) -> None:
    folder = tmp_path / "bills"
    folder.mkdir()
    for words, message in (
        ((folder,), "there is no bill in"),
        ((tmp_path / "none.csv",), "is not there"),
        ((f"{folder}/*.csv",), "nothing fits"),
    ):
        said = load(*words)
        assert said.code == 1
        assert message in said.err
        assert "hint: " in said.err
    write(folder / "cur-1.csv", GOOD)
    write(folder / "cur-Manifest.json", json.dumps({"reportKeys": ["cur-1.csv", "cur-2.csv"]}))
    assert "names cur-2.csv, which is not there" in load(folder).err
    start = {"start": "20260901T000000.000Z", "end": "20261001T000000.000Z"}
    write(folder / "cur-Manifest.json", json.dumps({"reportKeys": ["cur-1.csv"], "billingPeriod": start}))
    said = load(folder)
    assert said.code == 1
    assert "none of 2 rows can be read" in said.err


def test_a_month_that_is_told_twice_is_refused(
    load: Callable[..., Said], tmp_path: Path, total: Callable[[], dict[str, str]]
) -> None:
    folder = tmp_path / "bills"
    folder.mkdir()
    write(folder / "cur.csv", GOOD)
    write(folder / "focus.csv", focus_1_2())
    said = load(folder)
    assert said.code == 1
    assert f"{folder} has the bill of 111122223333 for 2026-10 twice, as cur-csv and as focus-1.2" in said.err
    assert total() == {}
    for name in ("a", "b"):
        write(folder / f"{name}-Manifest.json", json.dumps({"reportName": name, "reportKeys": ["cur.csv"]}))
    again = load(folder)
    assert again.code == 1
    assert "a-Manifest.json and b-Manifest.json are both the bill of 111122223333 for 2026-10" in again.err
    assert total() == {}


def test_a_file_without_rights(load: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", GOOD)
    opened = Path.open

    def refuse(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    said = load(path)
    assert said.code == 1
    assert "a.csv cannot be read: Permission denied" in said.err
    assert "hint: check its rights" in said.err


def test_a_lake_that_is_a_file(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp(
        "bill", "load", str(write(tmp_path / "a.csv", GOOD)), "--lake", str(write(tmp_path / "lake", "no folder"))
    )
    assert said.code == 1
    assert "cannot be written" in said.err


def test_unknown_formats_and_wrong_ones(load: Callable[..., Said], tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", GOOD)
    said = load(path, "--format", "xls")
    assert said.code == 2
    assert "known: cur-2.0, cur-csv, cur-parquet, dbr, focus-1.0, focus-1.2" in said.err
    wrong = load(path, "--format", "dbr")
    assert wrong.code == 1
    assert "none of 2 rows can be read" in wrong.err


def test_a_bill_from_s3(lamp: Lamp, estate: EstateProbe, tmp_path: Path, total: Callable[[], dict[str, str]]) -> None:
    s3 = estate.client("s3")
    s3.create_bucket(Bucket="billing-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    month = "cur/20261001-20261101"
    s3.put_object(Bucket="billing-bucket", Key=f"{month}/aaa/cur-1.csv", Body=b"an older version")
    s3.put_object(Bucket="billing-bucket", Key=f"{month}/bbb/cur-1.csv.gz", Body=gzip.compress(GOOD.encode()))
    text = json.dumps({"reportName": "cur", "reportKeys": [f"/{month}/bbb/cur-1.csv.gz"]})
    s3.put_object(Bucket="billing-bucket", Key=f"{month}/cur-Manifest.json", Body=text.encode())
    said = lamp("bill", "load", "s3://billing-bucket/cur", "--lake", str(tmp_path / "lake"))
    assert said.code == 0, said.err
    assert total() == {"2026-10": "3"}
    none = lamp("bill", "load", "s3://billing-bucket/none", "--lake", str(tmp_path / "lake"))
    assert none.code == 1
    assert "nothing lies at s3://billing-bucket/none" in none.err


def test_a_month_that_was_changed_is_found(load: Callable[..., Said], lamp: Lamp, tmp_path: Path) -> None:
    load(write(tmp_path / "a.csv", GOOD))
    record = tmp_path / "lake/charges/billing_period=2026-10/_load.json"
    record.write_text(record.read_text().replace('"rows": 2', '"rows": 3'))
    said = lamp("bill", "check", "--lake", str(tmp_path / "lake"), "-o", "json")
    assert said.code == 3
    [row] = said.rows
    assert row["differences"] == ["rows as recorded, payer 111122223333: 3 against 2, difference -1"]
    missing = lamp("bill", "check", "2026-09", "--lake", str(tmp_path / "lake"))
    assert missing.code == 2
    assert "hint: loaded: 2026-10" in missing.err
