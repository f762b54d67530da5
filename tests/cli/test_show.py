"""Tables at any width, JSON, and what goes where."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lamplighter.cli.options import Output
from lamplighter.cli.show import Column, Printer, clean, fitted
from lamplighter.errors import DefinitionError, LamplighterError, Problem

COLUMNS = (Column("Id", whole=True), Column("No.", right=True), Column("Why"))
ROWS = [["i-0123456789abcdef0", "7", "a reason of several words that goes on for a while"], ["i-1", "10", "short"]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printer(output: Output = Output.TABLE, *, terminal: bool = False, color: bool = True) -> Printer:
    make = Terminal if terminal else io.StringIO
    return Printer(output, color=color, out=make(), err=make())


def said(made: Printer) -> tuple[str, str]:
    assert isinstance(made.out, io.StringIO)
    assert isinstance(made.err, io.StringIO)
    return made.out.getvalue(), made.err.getvalue()


def test_without_a_screen_a_row_is_a_line() -> None:
    made = printer()
    made.answer([], COLUMNS, [*ROWS, [("two", "parts"), "1", "x"]], empty="none", foot=("Total", "18", ""))
    lines = said(made)[0].splitlines()
    assert lines[0].split() == ["Id", "No.", "Why"]
    assert lines[2].split(maxsplit=2) == ROWS[0]
    assert lines[4].split() == ["two", "parts", "1", "x"]
    assert lines[-1].split() == ["Total", "18"]
    assert "\x1b" not in said(made)[0]


@pytest.mark.parametrize("width", [42, 60, 80, 200])
def test_no_line_is_longer_than_the_screen_and_ids_stay_whole(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    made = printer()
    made.answer([], COLUMNS, ROWS, empty="none")
    text = said(made)[0]
    assert max(map(len, text.splitlines())) <= width
    assert "i-0123456789abcdef0" in text
    assert "…" not in text
    words = " ".join(line[25:].strip() for line in text.splitlines()[2:])
    assert ROWS[0][2] in words


def test_where_no_table_fits_every_row_is_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    made = printer()
    made.answer([], COLUMNS, ROWS, empty="none")
    blocks = said(made)[0].split("\n\n")
    assert blocks[0].splitlines() == [f"Id:        {ROWS[0][0]}", "No.:       7", f"Why:       {ROWS[0][2]}"]
    assert len(blocks) == 2


@given(
    st.lists(st.tuples(st.text(max_size=30), st.text(max_size=60), st.booleans()), min_size=1, max_size=6),
    st.integers(1, 200),
)
def test_columns_fill_the_screen_and_no_more(cells: list[tuple[str, str, bool]], width: int) -> None:
    columns = [Column(title.replace("\n", ""), whole=whole) for title, _, whole in cells]
    row = [clean(text).replace("\n", " ") for _, text, _ in cells]
    sizes = fitted(columns, [row], width)
    free = fitted(columns, [row], None)
    assert free is not None
    if sizes is not None:
        assert sum(sizes) + 2 * (len(sizes) - 1) <= width
        assert all(size <= need for size, need in zip(sizes, free, strict=True))
        whole = [n for n, column in enumerate(columns) if column.whole]
        assert all(sizes[n] >= cell_len(row[n]) for n in whole)
        assert min(sizes) >= 1


def test_json_is_an_array_also_when_empty() -> None:
    made = printer(Output.JSON)
    made.answer([], COLUMNS, [], empty="none")
    assert said(made) == ("[]\n", "")
    made = printer(Output.JSON)
    when = datetime(2026, 11, 23, 8, tzinfo=UTC)
    made.answer([{"at": when, "day": date(2026, 11, 23), "sum": Decimal("12.30"), "o": "ü"}], COLUMNS, [], empty="none")
    assert json.loads(said(made)[0]) == [
        {"at": "2026-11-23T08:00:00+00:00", "day": "2026-11-23", "sum": "12.30", "o": "ü"}
    ]
    with pytest.raises(TypeError, match="set has no place"):
        made.data([{"x": set()}])


def test_what_is_empty_is_said_beside_the_data() -> None:
    made = printer()
    made.answer([], COLUMNS, [], empty="nothing here")
    assert said(made) == ("", "nothing here\n")


def test_failures_show_their_problems_and_hint_and_subject_once() -> None:
    made = printer()
    made.failure(DefinitionError("bad file", problems=(Problem("a.b", "wrong", "do x", 3, 4),), hint="mend it"))
    made.failure(LamplighterError("111122223333/eu-west-1: denied"), subject="111122223333/eu-west-1")
    made.failure(LamplighterError("denied"), subject="111122223333")
    assert said(made)[1].splitlines() == [
        "error: bad file",
        "  3:4: a.b: wrong (do x)",
        "hint: mend it",
        "error: 111122223333/eu-west-1: denied",
        "error: 111122223333: denied",
    ]


def test_nothing_steers_the_terminal() -> None:
    made = printer()
    made.answer([], (Column("Name"),), [["\x1b]0;evil\x07\x1b[31mred"], ["[red]tag[/red]"]], empty="none")
    out = said(made)[0]
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[red]tag[/red]" in out
    assert clean("a\tb\nc\u202e") == "a?b\nc?"


@pytest.mark.parametrize(("color", "expected"), [(True, True), (False, False)])
def test_colours_are_for_terminals_that_want_them(color: bool, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    made = printer(terminal=True, color=color)
    made.answer([], (Column("Action"),), [["start"]], empty="none")
    made.warn("careful")
    assert ("\x1b[32m" in said(made)[0]) is expected
    assert ("\x1b[33m" in said(made)[1]) is expected
    assert "warning: careful" in said(made)[1].replace("\x1b[33m", "").replace("\x1b[0m", "")


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    made = printer(terminal=True)
    made.answer([], (Column("Action"),), [["start"]], empty="none")
    assert "\x1b[32m" not in said(made)[0]


def test_waiting_counts_calls_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = printer()
    with quiet.waiting("asking") as tick:
        tick(object())
    assert said(quiet) == ("", "")
    monkeypatch.setenv("TERM", "xterm")
    seen = printer(terminal=True)
    with seen.waiting("asking") as tick:
        tick(object())
        tick(object())
    assert said(seen)[0] == ""
    assert "asking" in said(seen)[1]


def test_a_diff_is_coloured_on_terminals_only() -> None:
    lines = ["--- a", "+++ b", "@@ -1 +1 @@", "-old", "+new\x1b[2J", " same"]
    plain, screen, grey = printer(), printer(terminal=True), printer(terminal=True, color=False)
    for made in (plain, screen, grey):
        made.difference(lines)
    assert said(plain)[0] == "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new?[2J\n same\n"
    assert "\x1b[31m-old\x1b[0m" in said(screen)[0]
    assert "\x1b[32m+new?[2J\x1b[0m" in said(screen)[0]
    assert "\x1b[31m" not in said(grey)[0]
