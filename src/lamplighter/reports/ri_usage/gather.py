"""Brings together what the workbook is made from: coverage is worked out anew, and what to buy is sized."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.commitments.kept import load_inventory
from lamplighter.commitments.kept_hours import keep_month, measure_month
from lamplighter.commitments.sizing.from_lake import size_lake
from lamplighter.commitments.sizing.wishes import Wishes
from lamplighter.errors import UsageError
from lamplighter.lake.ledger import Ledger
from lamplighter.reports.ri_usage.page import Facts

if TYPE_CHECKING:
    from lamplighter.pricing.book import PriceBook
    from lamplighter.schedules.schedule import Schedule


@contextmanager
def gathered(
    lake: Path,
    period: str,
    organization: str,
    book: PriceBook,
    now: datetime,
    *,
    wishes: Wishes | None = None,
    schedules: Mapping[str, Schedule] | None = None,
) -> Iterator[Facts]:
    """What the workbook of a month is made from; coverage and utilisation of the month are kept in the lake.

    Args:
        lake: its folder.
        period: YYYY-MM.
        organization: name for titles and the file; if it is empty, that of the payer of the month's bills.
        book: prices.
        now: aware.
        wishes: what may be bought; anything if None.
        schedules: what is in force now, see `lamplighter.commitments.sizing.from_lake.size_lake`.

    Yields:
        The facts, with the lake open. A month without usage has facts too; they say so.

    Raises:
        UsageError: the period is not YYYY-MM.
        LakeError: files of the lake cannot be read or written.
    """
    inventory = load_inventory(lake)
    with Ledger.open(lake) as ledger:
        month = measure_month(ledger, period, inventory, book, now)
        if not month.empty:
            keep_month(lake, month, now)
        recommendation, missing, warnings = None, "", (*month.notes,)
        try:
            sized = size_lake(lake, book, wishes or Wishes(), now, periods=(period,), schedules=schedules)
            recommendation, warnings = sized.recommendation, (*month.notes, *sized.warnings)
        except UsageError as error:
            missing = error.message
        name = organization or _payer(ledger, period) or "organization"
        yield Facts(ledger, period, name, inventory, recommendation, missing, now, warnings)


def _payer(ledger: Ledger, period: str) -> str:
    """The name, or else the id, of the only payer of a month's bills; empty if there are none or several."""
    asked = "SELECT DISTINCT COALESCE(BillingAccountName, BillingAccountId) FROM charges WHERE billing_period = ?"
    names = [str(row[0]) for row in ledger.query(asked, [period]).rows]
    return names[0] if len(names) == 1 else ""
