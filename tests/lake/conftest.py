"""Small lakes: charges from a few values, everything else neutral."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from lamplighter.lake import months
from lamplighter.lake.columns import CHARGE

NEUTRAL: Mapping[str, str] = {
    "BillingAccountId": "'111122223333'",
    "BillingCurrency": "'USD'",
    "ChargeCategory": "'Usage'",
    "InvoiceIssuerName": "'Amazon Web Services, Inc.'",
    "ProviderName": "'AWS'",
    "PublisherName": "'AWS'",
    "ServiceCategory": "'Compute'",
    "ServiceName": "'Amazon Elastic Compute Cloud'",
    "x_SourceFile": "'made.csv'",
    "x_SourceFormat": "'made'",
}


def write_month(
    lake: Path, period: str, rows: Sequence[Mapping[str, Any]], table: str = months.CHARGES, tags: Sequence[str] = ()
) -> None:
    """Publish a month with these charges; a row gives SQL expressions by column, the rest is neutral.

    Args:
        tags: keys of tags that the rows have columns of.
    """
    start = f"TIMESTAMP '{period}-01'"
    defaults = {
        **NEUTRAL,
        "BillingPeriodStart": start,
        "BillingPeriodEnd": f"{start} + INTERVAL 1 MONTH",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": f"{start} + INTERVAL 1 HOUR",
    }
    zero = {column.name: "0" for column in CHARGE if column.need == "always" and column.name not in defaults}
    selects = []
    for row in rows:
        given = {**defaults, **zero, **row}
        columns = [f'CAST({given.get(column.name, "NULL")} AS {column.type}) AS "{column.name}"' for column in CHARGE]
        extra = [f'{text} AS "{name}"' for name, text in row.items() if name not in {c.name for c in CHARGE}]
        selects.append("SELECT " + ", ".join(columns + extra))
    with months.loading(lake):
        staged = months.stage(lake, table, period)
        made = duckdb.sql(" UNION ALL ".join(selects))
        assert made is not None
        made.write_parquet(str(staged / "part-0.parquet"))
        months.publish(lake, table, period, staged, {"rows": len(rows), **({"tags": list(tags)} if tags else {})})
