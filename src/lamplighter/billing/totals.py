"""Control totals: what a month comes to before and after.

`before` is counted from the bill's own cost column, `after` from the Parquet files that would be published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lamplighter.billing.facts import Fact
from lamplighter.lake.columns import MEASURES

TOLERANCE: Final = Decimal("0.000001")
"""Least difference that counts, in units of the currency; a bill's own numbers have at most so many exact digits."""
RELATIVE: Final = Decimal("0.000000001")
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold.

    Attributes:
        name: what is compared.
        subject: of what: currency, line type, invoice, commitment.
        before: the one side.
        after: the other side.
        holds: whether they agree.
        unproven: why it cannot be known from this bill; then nothing is said by the two sides not being equal.
    """

    name: str
    subject: str
    before: Decimal
    after: Decimal
    holds: bool
    unproven: str = ""

    @property
    def difference(self) -> Decimal:
        """After minus before."""
        return self.after - self.before

    def __str__(self) -> str:
        if self.unproven:
            return f"not provable from this file: {self.name}, {self.subject}: {self.unproven}"
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


def count_charges(facts: Iterable[Fact]) -> Totals:
    """What finished charges come to."""
    costs: dict[str, dict[str, Decimal]] = {}
    by_kind: dict[tuple[str, str], tuple[int, Decimal]] = {}
    by_invoice: dict[tuple[str, str], Decimal] = {}
    counts = {True: 0, False: 0}
    for fact in facts:
        counts[fact.made] += fact.rows
        mine = costs.setdefault(fact.currency, dict.fromkeys(MEASURES, _ZERO))
        for name, amount in fact.costs.items():
            mine[name] += amount
        if fact.made:
            continue
        kind, invoice, unblended = (fact.currency, fact.kind), (fact.currency, fact.invoice), fact.costs["unblended"]
        number, cost = by_kind.get(kind, (0, _ZERO))
        by_kind[kind] = (number + fact.rows, cost + unblended)
        by_invoice[invoice] = by_invoice.get(invoice, _ZERO) + unblended
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
        yield equal("unblended cost", " ".join(key), cost, cost_after)
    for key in sorted({*invoices, *after.by_invoice}):
        subject = f"{key[0]} invoice {key[1] or 'not final yet'}"
        yield equal("unblended cost", subject, invoices.get(key, _ZERO), after.by_invoice.get(key, _ZERO))


def equal(name: str, subject: str, before: Decimal, after: Decimal, relative: Decimal = RELATIVE) -> Check:
    """A check of two amounts that may differ by rounding only."""
    return Check(name, subject, before, after, allowed(before, after, relative))


def allowed(before: Decimal, after: Decimal, relative: Decimal = RELATIVE) -> bool:
    """Whether two amounts differ by rounding at most."""
    return abs(after - before) <= max(TOLERANCE, abs(before) * relative)
