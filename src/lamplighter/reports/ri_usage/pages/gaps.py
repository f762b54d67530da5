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
    about: ClassVar[str] = (
        "Stretches of time of the month whose usage nobody knows. They are in no figure of this workbook."
    )
    sql: ClassVar[str] = """
        SELECT account_id, account_name, region, service, begins, ends, DATE_DIFF('hour', begins, ends) AS hours, reason
        FROM (SELECT account_id, account_name, region, service, reason,
                GREATEST(begins, TIMESTAMP '{period}-01') AS begins,
                LEAST(ends, TIMESTAMP '{period}-01' + INTERVAL 1 MONTH) AS ends
            FROM usage_gaps) AS part
        WHERE begins < ends ORDER BY hours DESC, account_id, region, service, begins
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
