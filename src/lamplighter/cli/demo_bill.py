"""What the demo shows of its bill: that it agrees with the journal, and what the week saved by it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.cli.show import Cell, Column, Printer

if TYPE_CHECKING:
    from lamplighter.estate.demo_bill import Compared, WeekBill


def show_bill(printer: Printer, bill: WeekBill) -> None:
    """Show hours and money by schedule, as the bill and as the journal have them; then what was bought."""
    months = bill.loaded.months
    checks = sum(len(month.checks) for month in months)
    costs = [month.totals.costs["USD"] for month in months]
    lines, unblended, amortised = (
        sum(month.totals.rows for month in months),
        sum((each["unblended"] for each in costs), Decimal(0)),
        sum((each["amortized"] for each in costs), Decimal(0)),
    )
    printer.text(
        f"\nThe bill of the week, as a Cost and Usage Report: {lines:,} lines, {checks} control totals hold; "
        f"{unblended:,.2f} USD unblended, {amortised:,.2f} USD amortised.\n"
    )
    total = bill.total
    columns = (
        Column("Schedule", whole=True),
        Column("No.", right=True),
        Column("Hours billed", right=True),
        Column("journal", right=True),
        Column("USD billed", right=True),
        Column("journal", right=True),
        Column("Saved", right=True),
    )
    printer.answer(
        [],
        columns,
        [_cells(name, one) for name, one in bill.by_schedule.items()],
        foot=_cells("Total", total),
        empty="the bill has no instances",
    )
    agreed = total.resources - len(bill.differing)
    printer.text(
        f"\nInstance hours and on-demand cost on the bill and by the journal: {agreed} of {total.resources} equal, "
        f"to the cent; {bill.left_out} more have no counterpart or no price."
    )
    whole = bill.used + bill.unused
    share = bill.used / whole if whole else Decimal(0)
    printer.text(
        f"Its Compute Savings Plan of {bill.commitment:.2f} USD an hour was used to {share:.0%}: {bill.unused:,.2f} "
        "USD went unused while schedules had put out what it covers."
    )


def _cells(name: str, one: Compared) -> list[Cell]:
    saved = one.always - one.billed
    return [
        name or "(none)",
        str(one.resources),
        f"{one.billed_hours:,.1f}",
        f"{one.journal_hours:,.1f}",
        f"{one.billed:,.2f}",
        f"{one.journal:,.2f}",
        f"{saved:,.2f}",
    ]
