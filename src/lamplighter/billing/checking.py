"""Counting published months again: is what lies in the lake still what was proven when it was loaded?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lamplighter.billing.facts import Fact, count_facts
from lamplighter.billing.identities import identities
from lamplighter.billing.records import loads_of
from lamplighter.billing.staging import parquet
from lamplighter.billing.totals import Check, count_charges
from lamplighter.errors import LakeError, UsageError
from lamplighter.lake import months


@dataclass(frozen=True, slots=True)
class Checked:
    """One month, counted again.

    Attributes:
        period: YYYY-MM.
        rows: charges that are there, of all payers.
        checks: against the record of each payer's load, and what holds in every month.
    """

    period: str
    rows: int
    checks: Sequence[Check]


def check_months(lake: Path, periods: Sequence[str] = ()) -> list[Checked]:
    """Count months again.

    Args:
        lake: the lake's folder.
        periods: YYYY-MM; all when empty.

    Raises:
        UsageError: a month is not loaded.
        LakeError: a file or record is damaged.
    """
    import duckdb

    loaded = months.periods(lake, months.CHARGES)
    missing = [period for period in periods if period not in loaded]
    if missing:
        raise UsageError(f"{', '.join(missing)} is not loaded", hint=f"loaded: {', '.join(loaded) or 'nothing'}")
    found = []
    with duckdb.connect() as connection:
        for period in periods or loaded:
            relation = parquet(months.files(lake, months.CHARGES, period))
            record = months.record_of(lake, months.CHARGES, period) or {}
            try:
                facts = count_facts(connection, relation)
            except duckdb.Error as error:
                said = str(error).strip().partition("\n")[0]
                raise LakeError(f"{period} cannot be read: {said}", hint="load the month again") from error
            accounts = {payer: load["account"] for payer, load in loads_of(record).items() if load.get("account")}
            checks = [*_against(record, facts), *identities(facts, accounts)]
            found.append(Checked(period, count_charges(facts).rows, checks))
    return found


def _against(record: Mapping[str, Any], facts: Sequence[Fact]) -> Iterator[Check]:
    """Rows and every cost measure of each payer as they were recorded, and that there are no other payers."""
    loads = loads_of(record)
    if not loads:
        return
    for payer in sorted({*loads, *(fact.payer for fact in facts)}):
        held = loads.get(payer, {}).get("totals", {"rows": 0, "costs": {}})
        totals = count_charges(fact for fact in facts if fact.payer == payer)
        rows = Decimal(int(held["rows"]))
        yield Check("rows as recorded", f"payer {payer}", rows, Decimal(totals.rows), rows == totals.rows)
        for currency, costs in held["costs"].items():
            for name, text in costs.items():
                before, after = Decimal(text), totals.costs.get(currency, {}).get(name, Decimal(0))
                yield Check(f"{name} as recorded", f"payer {payer} {currency}", before, after, before == after)
