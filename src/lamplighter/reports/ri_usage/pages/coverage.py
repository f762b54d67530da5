"""What commitments covered."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.reports.ri_usage.page import CURRENCY, Page
from lamplighter.reports.sheet import Chart, Column, Kind


class Coverage(Page):
    """Coverage by family, region and account."""

    name: ClassVar[str] = "Coverage"
    order: ClassVar[int] = 60
    title: ClassVar[str] = "{organization}: coverage in {period}"
    about: ClassVar[str] = (
        "By service, region, family and account: what reservations and Savings Plans covered of the use, own and "
        "borrowed, and what stayed on demand."
    )
    sql: ClassVar[str] = """
        SELECT service || ' ' || family || ' ' || region AS what, service, region, family, account_id,
            SUM(hours) AS hours, SUM(reserved_hours) AS reserved, SUM(plan_hours) AS planned,
            SUM(borrowed_hours) AS borrowed, SUM(hours) - SUM(reserved_hours) - SUM(plan_hours) AS on_demand,
            (SUM(reserved_hours) + SUM(plan_hours)) / NULLIF(SUM(hours), 0) AS by_hours,
            SUM(covered_units) / NULLIF(SUM(units), 0) AS by_units, currency, SUM(cost) AS cost,
            SUM(covered_cost) AS covered_cost, SUM(covered_cost) / NULLIF(SUM(cost), 0) AS by_cost
        FROM coverage_hours WHERE billing_period = '{period}'
        GROUP BY service, region, family, account_id, currency
        ORDER BY cost DESC NULLS LAST, what, account_id, currency
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("What"),
        Column("Service"),
        Column("Region"),
        Column("Family"),
        Column("Account"),
        Column("Used hours", Kind.HOURS, total=True),
        Column("Reserved hours", Kind.HOURS, "covered by reservations", total=True),
        Column("Savings Plan hours", Kind.HOURS, "covered by Savings Plans", total=True),
        Column("Borrowed hours", Kind.HOURS, "of both, those of other accounts", total=True),
        Column("On-demand hours", Kind.HOURS, "covered by nothing", total=True),
        Column("By hours", Kind.PERCENT, "covered hours / used hours", bar=True),
        Column("By units", Kind.PERCENT, "covered normalised units / used ones"),
        Column(CURRENCY),
        Column("Cost on demand", Kind.MONEY, "at public on-demand prices, without Spot", total=True),
        Column("Covered", Kind.MONEY, "of it covered", total=True),
        Column("By cost", Kind.PERCENT, "covered / cost on demand", bar=True),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart("Hours by how they are paid", "bar", "What", ("Reserved hours", "Savings Plan hours", "On-demand hours"),
              stacked=True, axis="hours"),
    )  # fmt: skip
    empty: ClassVar[str] = "coverage has not been worked out for this month: lamp commit coverage --period"
