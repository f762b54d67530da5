"""Valid bills with faults put in, thousands of them: no row and no money is lost or made up, or nothing is published.

Seeded: every run tries the same. `LAMPLIGHTER_FUZZ=20` tries twenty times as many files.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation, localcontext
from pathlib import Path

import pytest
from tests.billing.bills import FOCUS_1_2, FOCUS_ROW, dbr, focus_1_2, table
from tests.billing.conftest import BOUGHT, COMMON, cur_text, line, write_cur

from lamplighter.billing.load import Loaded, load
from lamplighter.billing.records import Accepted
from lamplighter.errors import BillError
from lamplighter.lake import months

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
TIMES = int(os.environ.get("LAMPLIGHTER_FUZZ", "1"))
ROWS = 520
TRUST = Accepted("fuzz", "totals of faulty rows need not agree")
VALUES = (
    *(
        "",
        " ",
        "-",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "1e400",
        "-1e400",
        "1e-400",
        "1e17",
        "0x10",
        "1,5",
        "1.5.2",
        "--1",
    ),
    *("0", "-0", "+7", "1.", ".5", "6.123E-7", "123456789012345678901234567890", "\u0661", "½", "NULL", "null", "true"),
    *("2026-10-05T10:00:00Z", "2026-10-05T10:00:00.123Z", "2026-10-05T10:00:00+02:00", "2026-10-05", "2026-13-45"),
    *("2026-09-30T23:00:00Z", "2027-10-05T10:00:00Z", "2026-10-01T00:00:00Z", "1970-01-01T00:00:00Z", "infinity"),
    *("9999-12-31T23:59:59Z", "epoch", "10/05/2026", "05.10.2026", "24:00", "-2026-10-05T10:00:00Z"),
    *(
        "EUR",
        "USD",
        "111122223333",
        "222233334444",
        "Usage",
        "DiscountedUsage",
        "SavingsPlanNegation",
        "Gift",
        "Purchase",
    ),
    *(
        '{"a": "1"}',
        '{"a": "1", "a": "2"}',
        "{",
        "[]",
        '"',
        '""',
        "'",
        "a\nb",
        "a\r\nb",
        "\t",
        ";",
        "=1+1",
        "\u202e",
        "😀",
    ),
    *("x" * 5000, "%", "\\", "\\N", "\x1f", "\x7f", "\ufeff", "; DROP TABLE charges", "arn:aws:ec2:::x", "Z"),
)


def money(text: str) -> Decimal | None:
    """The amount as the ledger would hold it, or None."""
    # Decimal reads digits of every script.
    if not text.isascii():
        return None
    try:
        amount = Decimal(text.strip(" \t\r\n"))
    except InvalidOperation:
        return None
    with localcontext(prec=60):
        return amount.quantize(Decimal("1e-18")) if amount.is_finite() and abs(amount) < Decimal("1e20") else None


def faulty(generator: random.Random, row: dict[str, str]) -> dict[str, str]:
    changed = dict(row)
    for column in generator.sample(sorted(row), generator.choice((1, 1, 1, 2, 5))):
        changed[column] = generator.choice(VALUES)
    return changed


def proven(loaded: Loaded, costs: Sequence[str]) -> None:
    """Rows and money in are rows and money loaded and kept aside."""
    assert loaded.rows_in == loaded.rows_loaded + loaded.quarantined.rows == len(costs)
    known = [cost for cost in map(money, costs) if cost is not None]
    published = sum(
        (amounts["unblended"] for month in loaded.months for amounts in month.totals.costs.values()), Decimal(0)
    )
    assert published + loaded.quarantined.cost == sum(known)
    assert loaded.quarantined.without_cost == len(costs) - len(known)


FULL = {**COMMON, "lineItem/UnblendedCost": "1.25"}
WRITERS: dict[str, tuple[dict[str, str], str, Callable[[list[dict[str, str]]], str]]] = {
    "cur": (FULL, "lineItem/UnblendedCost", lambda rows: table(tuple(FULL), FULL, rows)),
    "focus": (dict(FOCUS_ROW), "BilledCost", lambda rows: table(FOCUS_1_2, {}, rows)),
}


@pytest.mark.parametrize("seed", range(4 * TIMES))
@pytest.mark.parametrize("kind", WRITERS)
def test_faulty_values(kind: str, seed: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    generator = random.Random(f"{kind} {seed}")
    row, cost, write = WRITERS[kind]
    rows = [row, *(faulty(generator, row) for _ in range(ROWS))]
    path = tmp_path / "bill.csv"
    path.write_text(write(rows), encoding="utf-8", newline="")
    loaded = load([str(path)], tmp_path / "lake", at=AT, accept=TRUST)
    proven(loaded, [each.get(cost, "") for each in rows])
    record_property("faults tried", ROWS)


def damaged(generator: random.Random, data: bytes) -> bytes:
    """One fault of bytes: something flipped, left out, put in, doubled, or the end cut off."""
    at = generator.randrange(len(data))
    some = data[at : at + generator.choice((1, 1, 2, 40, 400))]
    bad = generator.choice((b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xc3", b"'", b"\\", b"1", b"-"))
    return generator.choice(
        (
            data[:at] + bytes([data[at] ^ (1 << generator.randrange(8))]) + data[at + 1 :],
            data[:at] + data[at + len(some) :],
            data[:at] + bad + data[at:],
            data[:at] + some + data[at:],
            data[:at],
            data[:at] + bad + data[at + 1 :],
        )
    )


SOURCES: dict[str, Callable[[], str]] = {
    "cur": lambda: cur_text([*BOUGHT, line(cost="1"), line(cost="2")]),
    "focus": lambda: focus_1_2({}, {"BilledCost": "2"}, {"ChargeCategory": "Tax"}),
    "dbr": lambda: dbr({}, {"UnBlendedCost": "2"}, {"RecordType": "InvoiceTotal", "UnBlendedCost": "7"}),
}


def snapshot(lake: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted((lake / "charges").rglob("*")) if path.is_file()}


def assert_clean(error: BillError) -> None:
    assert error.hint, error
    assert "\n" not in error.message


def physical_lines(data: bytes) -> int:
    """Lines after the header that hold anything."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")[1:]
    return sum(bool(text) for text in lines)


@pytest.mark.parametrize("seed", range(3 * TIMES))
@pytest.mark.parametrize("kind", SOURCES)
def test_damaged_text(kind: str, seed: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    generator = random.Random(f"bytes {kind} {seed}")
    whole = SOURCES[kind]().encode()
    lake = tmp_path / "lake"
    load([str(write_cur(tmp_path / "old.csv", [line(cost="3")]))], lake, at=AT)
    tried = 10
    for number in range(tried):
        before = snapshot(lake)
        data = damaged(generator, whole)
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        try:
            loaded = load([str(path)], lake, at=AT, accept=TRUST)
        except BillError as error:
            assert_clean(error)
            assert snapshot(lake) == before
            continue
        counted = loaded.rows_loaded + loaded.quarantined.rows + loaded.not_charges
        inside = sum(cell.count("\n") for cell in _cells(data))
        assert physical_lines(data) - counted in {0, inside}, data
        assert months.periods(lake, "charges")
    record_property("faults tried", tried)


def _cells(data: bytes) -> list[str]:
    text = data.decode(errors="replace").replace("\0", "").replace("\r", "")
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


@pytest.mark.parametrize("seed", range(2 * TIMES))
def test_damaged_gzip(seed: int, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    generator = random.Random(f"gzip {seed}")
    whole = gzip.compress(cur_text([line(cost="1")] * 40).encode(), mtime=0)
    tried = 10
    for number in range(tried):
        path = tmp_path / f"{number}.csv.gz"
        path.write_bytes(damaged(generator, whole))
        lake = tmp_path / f"lake-{number}"
        try:
            loaded = load([str(path)], lake, at=AT)
        except BillError as error:
            assert_clean(error)
            assert months.periods(lake, "charges") == []
        else:
            proven(loaded, ["1"] * 40)
    record_property("faults tried", tried)
