"""What to buy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from lamplighter.commitments.sizing.recommendation import Line
from lamplighter.reports.ri_usage.page import CURRENCY, Facts, Page
from lamplighter.reports.sheet import Chart, Column, Kind, Sheet, Value


class Recommendations(Page):
    """The joint purchase, line by line, with reasons."""

    name: ClassVar[str] = "Recommendations"
    order: ClassVar[int] = 80
    title: ClassVar[str] = "{organization}: what to buy, by the use of {period}"
    about: ClassVar[str] = (
        "Reservations and Savings Plans chosen together, for what schedules leave lit; all of it is meant to be "
        "bought, or none. Money is for an average month of 730 hours."
    )
    columns: ClassVar[tuple[Column, ...]] = (
        Column("No.", Kind.COUNT),
        Column("What"),
        Column("Title"),
        Column("Service"),
        Column("Region"),
        Column("Type"),
        Column("Platform"),
        Column("Account", about="who buys; empty for the account that the organisation buys in"),
        Column("Quantity", Kind.QUANTITY, "how many; of a Savings Plan money an hour"),
        Column("Years", Kind.COUNT),
        Column("Payment"),
        Column("Class"),
        Column(CURRENCY),
        Column("Upfront", Kind.MONEY, "paid at once", total=True),
        Column("An hour", Kind.RATE, "paid each hour of the term"),
        Column("Cost a month", Kind.MONEY, "upfront payment spread over the term", total=True),
        Column(
            "Saving a month",
            Kind.MONEY,
            "on-demand money that it replaces, less its cost; lines together save less where they replace what is held",
        ),
        Column("Utilisation", Kind.PERCENT, "share of it that would be used", bar=True),
        Column("Break-even", Kind.PERCENT, "share of use from which it pays; empty for a plan"),
        Column("Break-even months", Kind.QUANTITY, "until the upfront payment has come back"),
        Column("Lowest", Kind.QUANTITY, "lower end of the range of the quantity when weeks are drawn anew"),
        Column("Highest", Kind.QUANTITY, "its upper end"),
        Column("Price is estimated"),
        Column("Source of the price"),
        Column("Why"),
    )
    charts: ClassVar[tuple[Chart, ...]] = (Chart("Saving a month", "bar", "Title", ("Saving a month",), axis="money"),)
    empty: ClassVar[str] = "nothing is worth buying"

    def sheets(self, facts: Facts) -> Iterator[Sheet]:
        """From the recommendation; what it comes to stands above."""
        found = facts.recommendation
        if found is None:
            yield replace(self.sheet(facts, [], facts.recommend_again), empty=facts.missing)
            return
        about = (
            f"{self.about} Before {found.before.rounded()}, after {found.after.rounded()}: saves "
            f"{found.saving.rounded()} a month. No purchase whatever costs less than {found.bound.rounded()} (gap "
            f"{found.gap:.2%})."
        )
        if found.waste:
            about += (
                f" Who buys as if schedules put nothing out would pay {found.waste.wasted.rounded()} a month more, "
                f"{found.waste.unused.rounded()} of it for nothing."
            )
        made = self.sheet(facts, [_row(line) for line in found.lines], facts.recommend_again)
        yield replace(made, about=about)


def _row(line: Line) -> tuple[Value, ...]:
    return (
        line.number,
        line.what.value,
        line.title,
        line.service,
        line.region,
        line.resource_type,
        line.platform,
        line.account,
        line.quantity,
        line.terms.years,
        line.terms.payment.value,
        line.terms.offering_class.value,
        line.saving.currency,
        line.upfront.amount,
        line.hourly.amount,
        line.monthly.amount,
        line.saving.amount,
        line.utilisation,
        line.break_even,
        line.break_even_months,
        line.low,
        line.high,
        line.estimated,
        line.source,
        line.why,
    )
