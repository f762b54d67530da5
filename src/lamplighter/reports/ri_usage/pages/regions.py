"""A page for each region and resource type (service)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import ClassVar

from lamplighter.reports.ri_usage.page import Facts, Page, answered, asked
from lamplighter.reports.sheet import Chart, Column, Kind, Sheet


class Regions(Page):
    """Levels of hourly use in one region: what ran always, mostly, and at most."""

    name: ClassVar[str] = "Region"
    order: ClassVar[int] = 40
    title: ClassVar[str] = "{organization}: hourly use in {period}"
    about: ClassVar[str] = (
        "By account and type, over the hours that are known; hours in which nothing ran count as zero, Spot is taken "
        "out. P5 is the level in use in at least 95 % of the hours, P95 the level that no more than 5 % "
        "of the hours exceed."
    )
    sql: ClassVar[str] = """
        SELECT region, service, account_id, account_name, resource_type, platform, deployment, known_hours,
            used_hours, scheduled_off_hours, least, p5, p50, p95, most, mean
        FROM usage_statistics WHERE billing_period = '{period}'
        ORDER BY region, service, used_hours DESC, account_id, resource_type, platform, deployment
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Type"),
        Column("Platform", about="operating system or engine"),
        Column("Deployment", about="tenancy of EC2, deployment of RDS"),
        Column("Account"),
        Column("Name"),
        Column("Known hours", Kind.COUNT, "hours that are counted here"),
        Column("Used hours", Kind.HOURS, total=True),
        Column("Put out by schedules", Kind.HOURS, "hours that would have been used without schedules", total=True),
        Column("Minimum", Kind.QUANTITY, "lowest hour"),
        Column("P5", Kind.QUANTITY, "level in use in at least 95 % of the hours"),
        Column("P50", Kind.QUANTITY, "level in use in at least half of the hours"),
        Column("P95", Kind.QUANTITY, "95th percentile: no more than 5 % of the hours use more"),
        Column("Maximum", Kind.QUANTITY, "highest hour"),
        Column("Mean", Kind.QUANTITY, "average hour"),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart("Levels of hourly use", "bar", "Type", ("P5", "P50", "P95"), axis="instances, nodes or units"),
    )

    def sheets(self, facts: Facts) -> Iterator[Sheet]:
        """One for each region and service that anything ran in."""
        rows = answered(facts, " ".join(self.sql.format(period=facts.period).split()))
        for (region, service), group in groupby(rows, key=lambda row: (str(row[0]), str(row[1]))):
            cells = [(*row[4:7], *row[2:4], *row[7:]) for row in group]
            where = f"billing_period = '{facts.period}' AND region = '{region}' AND service = '{service}'"
            made = self.sheet(facts, cells, asked(f"FROM usage_statistics WHERE {where}"))
            yield Sheet(
                f"{service} {region}",
                f"{made.title}: {service} in {region}",
                made.about,
                made.source,
                made.columns,
                made.rows,
                made.charts,
            )
