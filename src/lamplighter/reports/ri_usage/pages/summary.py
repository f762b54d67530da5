"""The organisation at a glance, by service."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.reports.ri_usage.page import CURRENCY, Page
from lamplighter.reports.sheet import Chart, Column, Kind


class Summary(Page):
    """What ran, what was put out and what commitments covered, by service."""

    name: ClassVar[str] = "Summary"
    order: ClassVar[int] = 10
    title: ClassVar[str] = "{organization}: usage and commitments of {period}"
    about: ClassVar[str] = (
        "By service. Hours that nobody knows are in no figure; the page Gaps lists them. Coverage is what commitments "
        "covered of the cost at on-demand prices."
    )
    sql: ClassVar[str] = """
        SELECT used.service, used.known_hours, used.unknown_hours, used.used_hours, used.spot_hours,
            used.scheduled_off_hours, used.capacity_unit_hours, covered.currency, covered.cost, covered.covered_cost,
            covered.covered_cost / NULLIF(covered.cost, 0) AS coverage, covered.unpriced_hours
        FROM (SELECT service, SUM(known_hours) AS known_hours, SUM(unknown_hours) AS unknown_hours,
                SUM(used_hours) AS used_hours, SUM(spot_hours) AS spot_hours,
                SUM(scheduled_off_hours) AS scheduled_off_hours, SUM(capacity_unit_hours) AS capacity_unit_hours
            FROM usage_by_day WHERE billing_period = '{period}' GROUP BY service) AS used
        LEFT JOIN (SELECT service, currency, SUM(cost) AS cost, SUM(covered_cost) AS covered_cost,
                SUM(unpriced_hours) AS unpriced_hours
            FROM coverage_hours WHERE billing_period = '{period}' GROUP BY service, currency) AS covered
            ON covered.service = used.service
        ORDER BY covered.cost DESC NULLS LAST, used.service, covered.currency
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Service"),
        Column("Known hours", Kind.COUNT, "hours that somebody looked at, added up over accounts and regions"),
        Column("Failed hours", Kind.COUNT, "hours at which looking failed; nothing is known of them"),
        Column("Used hours", Kind.HOURS, "hours of use of all instances and nodes", total=True),
        Column("Of it Spot", Kind.HOURS, "nobody commits to those", total=True),
        Column("Put out by schedules", Kind.HOURS, "hours that would have been used without schedules", total=True),
        Column("Capacity unit hours", Kind.QUANTITY, "provisioned units of DynamoDB, times hours", total=True),
        Column(CURRENCY),
        Column("Cost on demand", Kind.MONEY, "at public on-demand prices, without Spot", total=True),
        Column("Covered", Kind.MONEY, "of it covered by reservations and Savings Plans", total=True),
        Column("Coverage", Kind.PERCENT, "covered / cost on demand", bar=True),
        Column("Hours without price", Kind.HOURS, "in no money of this page", total=True),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart("Hours used, and hours put out by schedules", "column", "Service", ("Used hours", "Put out by schedules"),
              stacked=True, axis="hours"),
        Chart("Cost on demand, and what commitments covered", "column", "Service", ("Cost on demand", "Covered"),
              axis="money"),
    )  # fmt: skip
