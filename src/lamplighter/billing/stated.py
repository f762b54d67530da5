"""Totals that a bill states itself, held against the sum of its lines: those of the detailed billing report.

A statement's total is that of all lines of the payer's month, Rounding among them. An invoice's total is that of the
lines with its id; totals of invoices without an id are those of all lines whose invoice has no total of its own. Where
there are Discount lines, which are no charges, a total may be before or after them.

Lines that are in quarantine count with their money: the question is whether the file is whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.billing.staging import Staged, parquet
from lamplighter.billing.totals import TOLERANCE, Check

if TYPE_CHECKING:
    import duckdb

INVOICE: Final = "InvoiceTotal"
STATEMENT: Final = "StatementTotal"
DISCOUNT: Final = "Discount"

_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)

_Key = tuple[str, str]
"""(what has the total, invoice or empty)"""


def stated_totals(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged], period: str) -> Iterator[Check]:
    """Hold each total that a bill states against its lines.

    Args:
        connection: where the staged rows can be read.
        staged: bills, those of formats without totals as well.
        period: YYYY-MM.
    """
    for each in (one for one in staged if one.not_charges):
        rows = connection.execute(
            "SELECT COALESCE(BillingAccountId, ''), CASE WHEN _keep THEN '' ELSE _kind END, COALESCE(InvoiceId, ''),"
            " COALESCE(SUM(_cost), 0), COUNT(*) FILTER (_cost IS NULL)"
            f" FROM {parquet(each.files)} WHERE _period = ? GROUP BY ALL ORDER BY ALL",
            [period],
        ).fetchall()
        for payer in sorted({row[0] for row in rows}):
            yield from _of_payer(payer, [row[1:] for row in rows if row[0] == payer])


def _of_payer(payer: str, rows: Sequence[tuple[str, str, Decimal, int]]) -> Iterator[Check]:
    lines: dict[str, Decimal] = defaultdict(Decimal)
    discounts: dict[str, Decimal] = defaultdict(Decimal)
    totals: dict[_Key, Decimal] = {}
    unreadable = 0
    for kind, invoice, cost, missing in rows:
        if kind == "":
            lines[invoice] += cost
            unreadable += missing
        elif kind == DISCOUNT:
            discounts[invoice] += cost
        elif kind in (INVOICE, STATEMENT) and not missing:
            key = (kind, invoice if kind == INVOICE else "")
            totals[key] = totals.get(key, _ZERO) + cost
    own = {invoice for kind, invoice in totals if kind == INVOICE and invoice}
    for (kind, invoice), said in sorted(totals.items()):
        mine = {invoice} if invoice else {*lines, *discounts} - (own if kind == INVOICE else set())
        found, off = (sum((costs[each] for each in mine), _ZERO) for costs in (lines, discounts))
        subject = f"{kind} of payer {payer}{f', invoice {invoice}' if invoice else ''}"
        after = found + off if not _agree(said, found) and _agree(said, found + off) else found
        why = f"the cost of {unreadable} lines cannot be read" if unreadable and not _agree(said, after) else ""
        yield Check("stated total", subject, said, after, holds=bool(why) or _agree(said, after), unproven=why)


def _agree(said: Decimal, found: Decimal) -> bool:
    """Totals in whole cents are rounded; others have all the digits of their lines."""
    return abs(said - found) <= (_CENT / 2 if said == said.quantize(_CENT) else TOLERANCE)
