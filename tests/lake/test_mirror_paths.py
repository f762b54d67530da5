"""Paths below a lake: which month, and whether it was asked for; keys that climb out are in test_mirror.py."""

from __future__ import annotations

import pytest

from lamplighter.lake.mirror_paths import is_record, period_of, wanted, write_only

OCTOBER = "charges/billing_period=2026-10/a.parquet"


def test_the_month_of_a_path_is_that_of_its_folder() -> None:
    assert period_of(OCTOBER) == "2026-10"
    assert period_of("commitments/inventory.json") is None
    assert period_of("billing_period=2026-10") is None, "that is a file"


@pytest.mark.parametrize(
    ("path", "periods", "tables", "answer"),
    [
        (OCTOBER, None, None, True),
        (OCTOBER, {"2026-10"}, {"charges"}, True),
        (OCTOBER, {"2026-11"}, None, False),
        (OCTOBER, {"2026-10"}, {"usage"}, False),
        ("commitments/inventory.json", {"2026-11"}, None, True),
    ],
)
def test_what_was_asked_for(path: str, periods: set[str] | None, tables: set[str] | None, answer: bool) -> None:
    months, names = (None if each is None else frozenset(each) for each in (periods, tables))
    assert wanted(path, months, names) == answer


def test_only_quarantine_is_for_writing_only() -> None:
    assert [write_only(path) for path in ("quarantine/a.jsonl", "quarantine", OCTOBER, "a/quarantine/b")] == [
        True, True, False, False,
    ]  # fmt: skip


def test_records_are_those_of_months() -> None:
    month = "charges/billing_period=2026-10"
    paths = [f"{month}/_load.json", f"{month}/_files.json", OCTOBER, "charges/_load.json"]
    assert [is_record(path) for path in paths] == [True, False, False, False]
