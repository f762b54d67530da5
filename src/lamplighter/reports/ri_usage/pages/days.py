"""The month day by day."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.reports.ri_usage.page import Page
from lamplighter.reports.sheet import Chart, Column, Kind


class Days(Page):
    """Hours of use of each day, and the hours that schedules put out."""

    name: ClassVar[str] = "Days"
    order: ClassVar[int] = 30
    title: ClassVar[str] = "{organization}: days of {period}"
    about: ClassVar[str] = "By day (UTC), all services together. A day that is known in part shows only that part."
    sql: ClassVar[str] = """
        SELECT day, SUM(known_hours) AS known_hours, SUM(unknown_hours) AS unknown_hours,
            SUM(used_hours) AS used_hours, SUM(spot_hours) AS spot_hours,
            SUM(scheduled_off_hours) AS scheduled_off_hours, SUM(capacity_unit_hours) AS capacity_unit_hours
        FROM usage_by_day WHERE billing_period = '{period}' GROUP BY day ORDER BY day
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Day", Kind.DATE),
        Column("Known hours", Kind.COUNT, "hours that somebody looked at, over accounts, regions and services"),
        Column("Failed hours", Kind.COUNT, "hours at which looking failed"),
        Column("Used hours", Kind.HOURS, "of all instances and nodes", total=True),
        Column("Of it Spot", Kind.HOURS, total=True),
        Column("Put out by schedules", Kind.HOURS, "hours that would have been used without schedules", total=True),
        Column("Capacity unit hours", Kind.QUANTITY, "provisioned units of DynamoDB, times hours", total=True),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart("Hours used, and hours put out by schedules", "area", "Day", ("Used hours", "Put out by schedules"),
              stacked=True, axis="hours"),
    )  # fmt: skip
