"""P95 statistics: for each kind of reservation the levels of use, and the number that is best."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lamplighter.commitments.sizing.recommendation import PoolLine
from lamplighter.reports.ri_usage.page import Facts, Page
from lamplighter.reports.sheet import Chart, Column, Kind, Sheet, Value


class Statistics(Page):
    """What each kind of reservation could serve, over all accounts that share it."""

    name: ClassVar[str] = "P95 Statistics"
    order: ClassVar[int] = 50
    title: ClassVar[str] = "{organization}: levels of use by reservation, {period}"
    about: ClassVar[str] = (
        "One row a kind of reservation; sizes of a size-flexible family are counted together, in the type that would "
        "be bought. People mean two things by P95: the level in use in 95 % of the hours (column P5, buys too little) "
        "and the 95th percentile of use (column P95, buys too much). Best is the number at which cost is lowest: the "
        "last one bought is in use more often than its share of the on-demand price."
    )
    columns: ClassVar[tuple[Column, ...]] = (
        Column("What"),
        Column("Service"),
        Column("Region"),
        Column("Type", about="that would be bought; levels are counted in it"),
        Column("Platform"),
        Column("Account", about="empty where accounts share reservations"),
        Column("Size-flexible"),
        Column("Known hours", Kind.COUNT, "hours that are counted here"),
        Column("Minimum", Kind.QUANTITY, "lowest hour"),
        Column("P5", Kind.QUANTITY, "level in use in at least 95 % of the hours"),
        Column("P50", Kind.QUANTITY, "level in use in at least half of the hours"),
        Column("P95", Kind.QUANTITY, "95th percentile: no more than 5 % of the hours use more"),
        Column("Maximum", Kind.QUANTITY, "highest hour"),
        Column("Mean", Kind.QUANTITY, "average hour"),
        Column("Held", Kind.QUANTITY, "reservations of it in force, in the type that would be bought"),
        Column("Best", Kind.COUNT, "best number to buy of it alone, what is held taken off until it ends"),
        Column("Break-even", Kind.PERCENT, "share of the hours that one must be in use to pay (theta)"),
        Column("Use of the last", Kind.PERCENT, "share of the hours in which the last one bought is in use"),
        Column("Use of one more", Kind.PERCENT, "the same of the first that is not bought"),
        Column("Regret", Kind.PERCENT, "what Best costs more than buying every hour anew, of the on-demand cost"),
        Column("Lowest best", Kind.COUNT, "lower end of the 95 % range of Best"),
        Column("Highest best", Kind.COUNT, "its upper end"),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart("Levels of use and the best number", "bar", "What", ("P5", "P50", "P95", "Best"), axis="of its type"),
    )

    def sheets(self, facts: Facts) -> Iterator[Sheet]:
        """From the recommendation."""
        found = facts.recommendation
        rows = [_row(each) for each in found.pools] if found else []
        yield self.sheet(facts, rows, facts.recommend_again)


def _row(pool: PoolLine) -> tuple[Value, ...]:
    levels, best = pool.levels, pool.best
    return (
        f"{pool.service} {pool.resource_type} {pool.platform} {pool.region}",
        pool.service,
        pool.region,
        pool.resource_type,
        pool.platform,
        pool.account,
        pool.flexible,
        *(
            (levels.hours, levels.least, levels.p5, levels.p50, levels.p95, levels.most, levels.mean)
            if levels
            else (None,) * 7
        ),
        pool.held,
        *((best.count, best.ratio, best.last, best.next, best.regret, best.low, best.high) if best else (None,) * 7),
    )
