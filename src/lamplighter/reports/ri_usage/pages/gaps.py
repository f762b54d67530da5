"""What nobody knows."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.reports.ri_usage.page import Page
from lamplighter.reports.sheet import Column, Kind


class Gaps(Page):
    """Time whose usage is not known, and which is in no figure."""

    name: ClassVar[str] = "Gaps"
    order: ClassVar[int] = 95
    title: ClassVar[str] = "{organization}: what is not known of {period}"
    about: ClassVar[str] = "Stretches of time whose usage nobody knows. They are in no figure of this workbook."
    sql: ClassVar[str] = """
        SELECT account_id, account_name, region, service, begins, ends, hours, reason FROM usage_gaps
        WHERE strftime(begins, '%Y-%m') <= '{period}' AND strftime(ends, '%Y-%m') >= '{period}'
        ORDER BY hours DESC, account_id, region, service, begins
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Account"),
        Column("Name"),
        Column("Region"),
        Column("Service"),
        Column("From", Kind.TIME, "UTC"),
        Column("To", Kind.TIME, "UTC, not included"),
        Column("Hours", Kind.COUNT, total=True),
        Column("Why"),
    )
    empty: ClassVar[str] = "every hour between the first and the last look is known"
