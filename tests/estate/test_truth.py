from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from lamplighter.estate.history import StateChange
from lamplighter.estate.truth import lit_hours, lit_spells

START = datetime(2026, 11, 16, tzinfo=UTC)
END = datetime(2026, 11, 17, tzinfo=UTC)
KEY = ("111122223333", "eu-central-1", "ec2-instance/i-1")


def change(hour: float, state: str, *, day: int = 16, id_: str = "i-1") -> StateChange:
    at = datetime(2026, 11, day, int(hour), int(hour % 1 * 60), tzinfo=UTC)
    return StateChange(at, "111122223333", "eu-central-1", "ec2-instance", id_, None, state)


def test_lit_from_the_call_that_starts_to_the_call_that_stops() -> None:
    changes = [change(8, "pending"), change(8.5, "running"), change(18, "stopping"), change(18.5, "stopped")]
    assert lit_hours(reversed(changes), START, END) == {KEY: Decimal(10)}


def test_what_began_before_counts_from_the_start_and_what_goes_on_to_the_end() -> None:
    assert lit_hours([change(20, "running", day=15)], START, END) == {KEY: Decimal(24)}
    assert lit_hours([change(20, "running", day=15), change(6, "stopping")], START, END) == {KEY: Decimal(6)}
    assert lit_hours([change(20, "running", day=17)], START, END) == {KEY: Decimal(0)}


def test_databases_are_lit_while_available() -> None:
    changes = [change(7, "starting"), change(7.25, "available"), change(9, "stopping")]
    assert lit_hours(changes, START, END) == {KEY: Decimal(2)}


def test_spells_have_their_ends_and_do_not_break_while_lit() -> None:
    changes = [change(8, "pending"), change(8.5, "running"), change(12, "stopping"), change(22, "pending")]
    at = START.replace
    assert lit_spells(changes, START, END) == {KEY: [(at(hour=8), at(hour=12)), (at(hour=22), END)]}
