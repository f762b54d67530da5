"""What became of commitments."""

from __future__ import annotations

from typing import ClassVar

from lamplighter.reports.ri_usage.page import CURRENCY, Page
from lamplighter.reports.sheet import Chart, Column, Kind


class Utilisation(Page):
    """Utilisation of each reservation and Savings Plan."""

    name: ClassVar[str] = "Utilisation"
    order: ClassVar[int] = 70
    title: ClassVar[str] = "{organization}: utilisation in {period}"
    about: ClassVar[str] = (
        "By reservation and Savings Plan, over the hours in which it is known what became of it. Lent is what other "
        "accounts than the owner used of it."
    )
    sql: ClassVar[str] = """
        SELECT commitment_id, owner_account_id, service, region, family, unit,
            SUM(CASE WHEN known THEN total END) AS bought, SUM(CASE WHEN known THEN used END) AS used,
            SUM(CASE WHEN known THEN lent END) AS lent, SUM(unused) AS unused,
            SUM(CASE WHEN known THEN used END) / NULLIF(SUM(CASE WHEN known THEN total END), 0) AS utilisation,
            SUM(CASE WHEN known THEN 0 ELSE 1 END) AS unknown_hours, currency,
            SUM(CASE WHEN known THEN cost END) AS cost, SUM(CASE WHEN known THEN unused_cost END) AS unused_cost,
            CASE WHEN SUM(CASE WHEN known AND (on_demand_cost IS NULL OR cost IS NULL) THEN 1 ELSE 0 END) = 0
                THEN SUM(CASE WHEN known THEN on_demand_cost - cost END) END AS saving
        FROM (SELECT *, unused IS NOT NULL AS known FROM commitment_hours WHERE billing_period = '{period}') AS made
        GROUP BY commitment_id, owner_account_id, service, region, family, unit, currency
        ORDER BY unused_cost DESC NULLS LAST, commitment_id
    """
    columns: ClassVar[tuple[Column, ...]] = (
        Column("Commitment", about="its ARN"),
        Column("Owner"),
        Column("Service"),
        Column("Region"),
        Column("Family"),
        Column("Unit", about="Units are normalised, Hrs are instance hours, a currency is a Savings Plan's"),
        Column("Bought", Kind.QUANTITY, "in its unit, over the hours that are known"),
        Column("Used", Kind.QUANTITY),
        Column("Lent", Kind.QUANTITY, "of what is used, by other accounts"),
        Column("Unused", Kind.QUANTITY),
        Column("Utilisation", Kind.PERCENT, "used / bought", bar=True),
        Column("Unknown hours", Kind.COUNT, "hours in which usage that it may have covered is not known"),
        Column(CURRENCY),
        Column("Cost", Kind.MONEY, "amortised: upfront payment spread over the term", total=True),
        Column("Cost unused", Kind.MONEY, "of it for what nobody used", total=True),
        Column(
            "Saving", Kind.MONEY, "on-demand cost of what it covered, less its cost; empty if not known", total=True
        ),
    )
    charts: ClassVar[tuple[Chart, ...]] = (
        Chart("Utilisation", "bar", "Commitment", ("Utilisation",), axis="share used"),
    )
    empty: ClassVar[str] = "no commitments, or utilisation not worked out: lamp commit utilisation --period"
