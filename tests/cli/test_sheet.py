"""CSV as spreadsheets and other programs read it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.cli.options import Output
from lamplighter.cli.sheet import csv_text
from lamplighter.cli.show import Column, Printer


def written(*records: dict[str, Any]) -> str:
    out, err = io.StringIO(), io.StringIO()
    Printer(Output.CSV, out=out, err=err).answer(records, (Column("x"),), [], empty="nothing here")
    assert err.getvalue() == ""
    return out.getvalue()


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_lines_end_as_rfc_4180_says() -> None:
    assert written({"a": 1, "b": "x,y"}, {"a": 2, "b": 'say "no"\nagain'}) == (
        'a,b\r\n1,"x,y"\r\n2,"say ""no""\nagain"\r\n'
    )


def test_nothing_is_nothing() -> None:
    assert written() == ""


def test_values_are_plain() -> None:
    when = datetime(2026, 11, 23, 8, tzinfo=UTC)
    [row] = read(written({"at": when, "sum": Decimal("-12.30"), "n": -3, "yes": True, "no": False, "unknown": None}))
    assert row == {
        "at": "2026-11-23T08:00:00+00:00",
        "sum": "-12.30",
        "n": "-3",
        "yes": "true",
        "no": "false",
        "unknown": "",
    }
    with pytest.raises(TypeError, match="set has no place"):
        written({"x": {1}})


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_a_text_is_no_formula(text: str) -> None:
    [row] = read(written({"name": text, "list": [text]}))
    assert (row["name"], row["list"]) == (f"'{text}", f"'{text}")
    assert list(read(written({text: 1}))[0]) == [f"'{text}"]


def test_what_is_nested_is_laid_flat_where_it_stands() -> None:
    rows = read(
        written(
            {"cost": None, "why": ["a", "b"], "n": 1},
            {"cost": {"USD": Decimal("1.5")}, "why": [], "n": 2},
            {"cost": {"CNY": Decimal(7), "USD": Decimal(2)}, "why": [{"a": Decimal(1)}], "n": 3},
        )
    )
    assert list(rows[0]) == ["cost_USD", "cost_CNY", "why", "n"]
    assert rows == [
        {"cost_USD": "", "cost_CNY": "", "why": "a | b", "n": "1"},
        {"cost_USD": "1.5", "cost_CNY": "", "why": "", "n": "2"},
        {"cost_USD": "2", "cost_CNY": "7", "why": '[{"a": "1"}]', "n": "3"},
    ]


def test_a_key_that_only_some_have_is_empty_for_the_others() -> None:
    assert read(written({"a": 1}, {"b": 2})) == [{"a": "1", "b": ""}, {"a": "", "b": "2"}]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.lists(st.fixed_dictionaries({"name": texts, "number": st.decimals(allow_nan=False, allow_infinity=False)})))
def test_what_is_written_is_read_again(records: list[dict[str, Any]]) -> None:
    rows = read(csv_text(records, lambda value: format(value, "f")))
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        kept = row["name"].removeprefix("'") if record["name"][:1] in tuple("=+-@\t\r") else row["name"]
        assert kept == record["name"]
        assert Decimal(row["number"]) == record["number"]
