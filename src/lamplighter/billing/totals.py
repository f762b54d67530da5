"""Control totals: what a month comes to before and after, and what must hold in any month.

`before` is counted from the bill's own cost column, `after` from the Parquet files that would be published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from lamplighter.lake.columns import MEASURES

if TYPE_CHECKING:
    import duckdb

TOLERANCE: Final = Decimal("0.000001")
"""Least difference that counts, in units of the currency; a bill's own numbers have at most so many exact digits."""
RELATIVE: Final = Decimal("0.000000001")
ROUNDED: Final = Decimal("0.000001")
"""The same for sums of many rows that AWS rounded each for itself."""
DISCOUNTS: Final = (
    "('EdpDiscount', 'PrivateRateDiscount', 'BundledDiscount', 'Discount', 'SppDiscount', 'DistributorDiscount')"
)
_ZERO: Final = Decimal(0)

FEES: Final = "('RIFee', 'SavingsPlanRecurringFee')"
NOT_USED: Final = f"x_LineItemType IN {FEES} AND ChargeCategory = 'Usage'"
"""Rows that the loader made of the unused part of a commitment."""

KIND: Final = "COALESCE(x_LineItemType, ChargeCategory)"
"""The bill's own word for the kind of line; FOCUS has only its categories."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold.

    Attributes:
        name: what is compared.
        subject: of what: currency, line type, invoice, commitment.
        before: the one side.
        after: the other side.
        holds: whether they agree.
    """

    name: str
    subject: str
    before: Decimal
    after: Decimal
    holds: bool

    @property
    def difference(self) -> Decimal:
        """After minus before."""
        return self.after - self.before

    def __str__(self) -> str:
        return f"{self.name}, {self.subject}: {self.before:f} against {self.after:f}, difference {self.difference:f}"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a month comes to.

    Attributes:
        rows: lines of the bill that became charges.
        unused_rows: rows made of unused commitments beside them.
        costs: by currency, then by name of the measure.
        by_kind: by (currency, line type): (rows, unblended cost).
        by_invoice: by (currency, invoice, or empty while it is not final): unblended cost.
    """

    rows: int
    unused_rows: int
    costs: Mapping[str, Mapping[str, Decimal]]
    by_kind: Mapping[tuple[str, str], tuple[int, Decimal]]
    by_invoice: Mapping[tuple[str, str], Decimal]

    def as_json(self) -> dict[str, Any]:
        """As the record of a month keeps it; amounts as texts."""
        return {
            "rows": self.rows,
            "unused_rows": self.unused_rows,
            "costs": {
                currency: {name: str(cost) for name, cost in costs.items()} for currency, costs in self.costs.items()
            },
            "by_kind": [[*key, count, str(cost)] for key, (count, cost) in sorted(self.by_kind.items())],
            "by_invoice": [[*key, str(cost)] for key, cost in sorted(self.by_invoice.items())],
        }


def count_charges(connection: duckdb.DuckDBPyConnection, relation: str) -> Totals:
    """Count finished charges.

    Args:
        connection: where `relation` can be read.
        relation: a FROM item with the columns of a charge.
    """
    sums = ", ".join(f"SUM({column})" for column in MEASURES.values())
    rows = connection.execute(
        f"SELECT BillingCurrency, {KIND}, InvoiceId, {NOT_USED} AS made, COUNT(*), {sums} FROM {relation} GROUP BY ALL"
    ).fetchall()
    costs: dict[str, dict[str, Decimal]] = {}
    by_kind: dict[tuple[str, str], tuple[int, Decimal]] = {}
    by_invoice: dict[tuple[str, str], Decimal] = {}
    counts = {True: 0, False: 0}
    for currency, kind, invoice, made, count, *amounts in rows:
        counts[bool(made)] += count
        mine = costs.setdefault(currency, dict.fromkeys(MEASURES, _ZERO))
        for name, amount in zip(MEASURES, amounts, strict=True):
            mine[name] += amount or _ZERO
        if made:
            continue
        unblended = dict(zip(MEASURES, amounts, strict=True))["unblended"]
        number, cost = by_kind.get((currency, kind or ""), (0, _ZERO))
        by_kind[currency, kind or ""] = (number + count, cost + unblended)
        by_invoice[currency, invoice or ""] = by_invoice.get((currency, invoice or ""), _ZERO) + unblended
    return Totals(counts[False], counts[True], costs, by_kind, by_invoice)


def compare(before: Sequence[tuple[str, str, str, int, Decimal]], after: Totals) -> Iterator[Check]:
    """Rows and cost before and after, by currency and line type and by invoice.

    Args:
        before: (currency, line type, invoice, rows, cost) as counted from the bill's own columns.
        after: what would be published.
    """
    kinds: dict[tuple[str, str], tuple[int, Decimal]] = {}
    invoices: dict[tuple[str, str], Decimal] = {}
    for currency, kind, invoice, count, cost in before:
        number, amount = kinds.get((currency, kind), (0, _ZERO))
        kinds[currency, kind] = (number + count, amount + cost)
        invoices[currency, invoice] = invoices.get((currency, invoice), _ZERO) + cost
    for key in sorted({*kinds, *after.by_kind}):
        (rows, cost), (rows_after, cost_after) = kinds.get(key, (0, _ZERO)), after.by_kind.get(key, (0, _ZERO))
        yield Check("rows", " ".join(key), Decimal(rows), Decimal(rows_after), rows == rows_after)
        yield _equal("unblended cost", " ".join(key), cost, cost_after)
    for key in sorted({*invoices, *after.by_invoice}):
        subject = f"{key[0]} invoice {key[1] or 'not final yet'}"
        yield _equal("unblended cost", subject, invoices.get(key, _ZERO), after.by_invoice.get(key, _ZERO))


def identities(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Check]:
    """What holds in every month, whatever was bought.

    - Usage covered by a Savings Plan and its negation cancel each other, for each plan.
    - What was used of a Savings Plan or reservation, by its fee rows, is the effective cost of what used it, for each.
    - Discounts are separate rows or net columns, never both: else they would count twice in the net costs.
    - unblended = amortised - amortised upfront fees + upfront fees paid (CID's "true-up"), in bills that say so much:
      FOCUS does not, and its rows are left out.
    - One payer's month has one currency.

    Source: Cost and Usage Report user guide, "Understanding Savings Plans".
    """
    for arn, currency, covered, negated in connection.execute(
        "SELECT CommitmentDiscountId, BillingCurrency,"
        " SUM(x_UnblendedCost) FILTER (x_LineItemType = 'SavingsPlanCoveredUsage'),"
        " SUM(x_UnblendedCost) FILTER (x_LineItemType = 'SavingsPlanNegation')"
        f" FROM {relation} WHERE x_LineItemType IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation') GROUP BY ALL"
        " ORDER BY 1, 2"
    ).fetchall():
        subject = f"{currency} {arn or 'no plan named'}"
        yield _equal("covered by a plan and negated", subject, covered or _ZERO, -(negated or _ZERO))
    for arn, currency, whole, used in connection.execute(
        "SELECT CommitmentDiscountId, BillingCurrency, SUM(x_CommitmentUsed),"
        " SUM(x_AmortizedCost) FILTER (x_LineItemType IN ('SavingsPlanCoveredUsage', 'DiscountedUsage'))"
        f" FROM {relation} WHERE CommitmentDiscountId IS NOT NULL GROUP BY ALL"
        " HAVING SUM(x_CommitmentUsed) IS NOT NULL ORDER BY 1, 2"
    ).fetchall():
        yield _equal("used commitment and effective cost", f"{currency} {arn}", whole, used or _ZERO, ROUNDED)
    yield from _discounts(connection, relation)
    for currency, unblended, amortised, spread, paid in connection.execute(
        "SELECT BillingCurrency, SUM(x_UnblendedCost), SUM(x_AmortizedCost), SUM(x_AmortizedUpfront),"
        " SUM(x_UnblendedCost) FILTER (x_LineItemType = 'SavingsPlanUpfrontFee'"
        "  OR (x_LineItemType = 'Fee' AND CommitmentDiscountId IS NOT NULL))"
        f" FROM {relation} WHERE x_LineItemType IS NOT NULL GROUP BY ALL ORDER BY 1"
    ).fetchall():
        bridged = amortised - (spread or _ZERO) + (paid or _ZERO)
        yield _equal("unblended and amortised cost", currency, unblended, bridged)
    for payer, period, count in connection.execute(
        "SELECT BillingAccountId, strftime(BillingPeriodStart, '%Y-%m'), COUNT(DISTINCT BillingCurrency)"
        f" FROM {relation} GROUP BY ALL ORDER BY 1, 2"
    ).fetchall():
        yield Check("currencies", f"payer {payer} in {period}", Decimal(1), Decimal(count), count == 1)


def _discounts(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Check]:
    """Net cost of discount rows, which must be nothing where other rows have net costs of their own."""
    for currency, rows in connection.execute(
        f"SELECT BillingCurrency, SUM(x_NetUnblendedCost) FILTER (x_LineItemType IN {DISCOUNTS})"
        f" FROM {relation} GROUP BY ALL HAVING COUNT(*) FILTER (x_NetUnblendedCost <> x_UnblendedCost"
        f" AND x_LineItemType NOT IN {DISCOUNTS}) > 0 ORDER BY 1"
    ).fetchall():
        yield _equal("discounts in rows and in net columns", currency, _ZERO, rows or _ZERO)


def used_units(connection: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Check]:
    """Normalised units of each reservation: what its fee rows say was used, and the usage; where both are there.

    Args:
        connection: where `relation` can be read.
        relation: staged rows, with `_used_units`.
    """
    for arn, said, used in connection.execute(
        "SELECT CommitmentDiscountId, SUM(_used_units),"
        " SUM(x_NormalizedUsage) FILTER (x_LineItemType = 'DiscountedUsage')"
        f" FROM {relation} WHERE CommitmentDiscountCategory = 'Usage' GROUP BY ALL"
        " HAVING SUM(_used_units) IS NOT NULL AND COUNT(*) FILTER (x_LineItemType = 'DiscountedUsage'"
        " AND x_NormalizedUsage IS NULL) = 0 ORDER BY 1"
    ).fetchall():
        yield _equal("normalised units of a reservation", str(arn), said, used or _ZERO, ROUNDED)


def _equal(name: str, subject: str, before: Decimal, after: Decimal, relative: Decimal = RELATIVE) -> Check:
    allowed = max(TOLERANCE, abs(before) * relative)
    return Check(name, subject, before, after, abs(after - before) <= allowed)
