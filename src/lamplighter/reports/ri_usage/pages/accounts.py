"""The same by account."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.reports.ri_usage.page import CURRENCY, Page
from lamplighter.reports.sheet import Chart, Column, Kind


class Accounts(Page):
    """What each account used, and what commitments covered of it, own and borrowed."""

    name: ClassVar[str] = "Accounts"
    order: ClassVar[int] = 20
    title: ClassVar[str] = "{organization}: accounts in {period}"
    about: ClassVar[str] = "By account. Borrowed hours were covered by commitments of other accounts."
    sql: ClassVar[str] = """
        SELECT used.account_id, used.account_name, used.used_hours, used.scheduled_off_hours, used.capacity_unit_hours,
            covered.reserved_hours, covered.plan_hours, covered.borrowed_hours, covered.currency, covered.cost,
            covered.covered_cost, covered.covered_cost / NULLIF(covered.cost, 0) AS coverage
        FROM (SELECT account_id, MAX(account_name) AS account_name, SUM(used_hours) AS used_hours,
                SUM(scheduled_off_hours) AS scheduled_off_hours, SUM(capacity_unit_hours) AS capacity_unit_hours
            FROM usage_by_day WHERE billing_period = '{period}' GROUP BY account_id) AS used
        LEFT JOIN (SELECT account_id, currency, SUM(reserved_hours) AS reserved_hours,
                SUM(plan_hours) AS plan_hours, SUM(borrowed_hours) AS borrowed_hours, SUM(cost) AS cost,
                SUM(covered_cost) AS covered_cost
            FROM coverage_hours WHERE billing_period = '{period}' GROUP BY account_id, currency) AS covered
            ON covered.account_id = used.account_id
        ORDER BY covered.cost DESC NULLS LAST, used.account_id, covered.currency
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Account"),
        Column("Name"),
        Column("Used hours", Kind.HOURS, "of all instances and nodes", total=True),
        Column("Put out by schedules", Kind.HOURS, "hours that would have been used without schedules", total=True),
        Column("Capacity unit hours", Kind.QUANTITY, "provisioned units of DynamoDB, times hours", total=True),
        Column("Reserved hours", Kind.HOURS, "covered by reservations", total=True),
        Column("Savings Plan hours", Kind.HOURS, "covered by Savings Plans", total=True),
        Column("Borrowed hours", Kind.HOURS, "of both, those of other accounts", total=True),
        Column(CURRENCY),
        Column("Cost on demand", Kind.MONEY, "at public on-demand prices, without Spot", total=True),
        Column("Covered", Kind.MONEY, "of it covered by reservations and Savings Plans", total=True),
        Column("Coverage", Kind.PERCENT, "covered / cost on demand", bar=True),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart(
            "Cost on demand, and what commitments covered", "bar", "Name", ("Cost on demand", "Covered"), axis="money"
        ),
    )
