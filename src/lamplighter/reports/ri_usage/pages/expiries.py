"""When commitments end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lamplighter.commitments.holdings import Held, by_expiry
from lamplighter.reports.ri_usage.page import CURRENCY, Facts, Page
from lamplighter.reports.sheet import Chart, Column, Kind, Sheet, Value


class Expiries(Page):
    """Every reservation and Savings Plan in force, the next to end first."""

    name: ClassVar[str] = "Expiries"
    order: ClassVar[int] = 90
    title: ClassVar[str] = "{organization}: when commitments end"
    about: ClassVar[str] = "Reservations and Savings Plans in force or queued, the next to end first."
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Ends", Kind.TIME, "first instant at which it is no longer good, UTC; empty if nobody tells"),
        Column("Days left", Kind.COUNT),
        Column("Kind"),
        Column("What"),
        Column("Count", Kind.QUANTITY, "instances, nodes, capacity units"),
        Column("Scope"),
        Column("Region"),
        Column("Account"),
        Column("Name"),
        Column("Payment"),
        Column("Class"),
        Column("State"),
        Column(CURRENCY),
        Column("An hour", Kind.RATE, "of all of it, upfront payment spread over the term"),
        Column("Id"),
        Column("Notes"),
    )
    charts: ClassVar[tuple[Chart, ...]] = (Chart("Days left", "bar", "What", ("Days left",), axis="days"),)
    empty: ClassVar[str] = "no reservations or Savings Plans are known: lamp commit inventory"

    def sheets(self, facts: Facts) -> Iterator[Sheet]:
        """From the inventory that was kept."""
        held = [each for each in facts.inventory.held if each.lives and not each.ended(facts.at)]
        read = facts.inventory.as_of
        when = f", as AWS told from {read:%Y-%m-%d %H:%M} UTC on" if read else ""
        yield self.sheet(facts, [_row(each, facts) for each in by_expiry(held)], f"lamp commit inventory{when}")


def _row(held: Held, facts: Facts) -> tuple[Value, ...]:
    effective = held.effective
    notes = list(held.notes)
    return (
        held.end,
        (held.end - facts.at).days if held.end else None,
        held.key,
        held.value,
        held.count,
        held.scope,
        held.region,
        held.account,
        held.account_name,
        held.offering,
        held.offering_class.value,
        held.state,
        effective.currency if effective else None,
        effective.amount if effective else None,
        held.id,
        "; ".join(notes),
    )
