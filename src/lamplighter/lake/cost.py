"""The question that is asked most: what does it cost, by this and that. From words to SQL over the ledger."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

from lamplighter.errors import UsageError
from lamplighter.lake.columns import MEASURES
from lamplighter.lake.ledger import Ledger

DIMENSIONS: Final[Mapping[str, str]] = {
    "account": "COALESCE(SubAccountId, BillingAccountId)",
    "account-name": "COALESCE(SubAccountName, SubAccountId, BillingAccountId)",
    "payer": "BillingAccountId",
    "period": "billing_period",
    "day": "CAST(CAST(ChargePeriodStart AS DATE) AS VARCHAR)",
    "service": "ServiceName",
    "service-category": "ServiceCategory",
    "region": "RegionId",
    "zone": "AvailabilityZone",
    "usage-type": "x_UsageType",
    "operation": "x_Operation",
    "instance-type": "x_InstanceType",
    "resource": "ResourceId",
    "category": "ChargeCategory",
    "line-type": "x_LineItemType",
    "commitment": "CommitmentDiscountId",
    "commitment-status": "CommitmentDiscountStatus",
    "pricing": "PricingCategory",
    "invoice": "InvoiceId",
    "publisher": "PublisherName",
}
"""What cost can be asked by: SQL over a charge. Beside them `tag:KEY` and `cost-category:NAME`."""

_CONDITION = re.compile(r"(.+?)(!=|=|~)(.*)", re.DOTALL)
REST: Final = "(others)"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question came to.

    Attributes:
        by: what it was asked by, in order.
        measure: name of the measure.
        rows: (values of `by`, None where a charge has none; currency; cost; charges), the greatest cost first, or in
            order of time where the first of `by` is a time.
        totals: cost by currency; the rows of a currency add up to it exactly.
    """

    by: tuple[str, ...]
    measure: str
    rows: Sequence[tuple[tuple[str | None, ...], str, Decimal, int]]
    totals: Mapping[str, Decimal]


def ask_cost(
    ledger: Ledger,
    by: Sequence[str] = ("service",),
    *,
    periods: Sequence[str] = (),
    measure: str = "effective",
    where: Sequence[str] = (),
    limit: int | None = None,
) -> Cost:
    """Ask what it costs.

    Args:
        ledger: the charges.
        by: names of dimensions, at least one.
        periods: only these months, YYYY-MM; all when empty.
        measure: name of a measure, see `lamplighter.lake.columns`.
        where: conditions that all hold: `service=AWS Lambda`, `tag:Team!=shop`, `usage-type~BoxUsage`; an empty
            value means that a charge has none.
        limit: at most so many rows of each currency; what is left stands in one more row, `(others)`.

    Raises:
        UsageError: a dimension, measure or condition is none; a month is not loaded.
        LakeError: the lake cannot be read.
    """
    names = _close("measure", measure.replace("-", "_").replace("ised", "ized"), list(MEASURES))
    loaded = ledger.periods
    missing = [period for period in periods if period not in loaded]
    if missing:
        known = f"loaded: {', '.join(loaded)}" if loaded else "nothing is loaded yet: lamp bill load"
        raise UsageError(f"{', '.join(missing)} is not in the ledger", hint=known)
    tags = _columns(ledger)
    keys = [_expression(name, tags) for name in by]
    parameters: list[Any] = []
    conditions = ["true"]
    if periods:
        conditions.append(f"billing_period IN ({', '.join('?' for _ in periods)})")
        parameters += periods
    for text in where:
        sql, values = _condition(text, tags)
        conditions.append(sql)
        parameters += values
    answer = ledger.query(
        f"SELECT {', '.join(keys)}, BillingCurrency, SUM({MEASURES[names]}), COUNT(*) FROM charges"
        f" WHERE {' AND '.join(conditions)} GROUP BY ALL HAVING SUM({MEASURES[names]}) IS NOT NULL",
        parameters,
    )
    rows = [(tuple(row[:-3]), str(row[-3]), Decimal(row[-2]), int(row[-1])) for row in answer.rows]
    totals: dict[str, Decimal] = {}
    for _, currency, cost, _ in rows:
        totals[currency] = totals.get(currency, Decimal(0)) + cost
    if by[0] in ("day", "period"):
        rows.sort(key=lambda row: (row[1], [value or "" for value in row[0]][:1], -row[2]))
    else:
        rows.sort(key=lambda row: (row[1], -row[2], [value or "" for value in row[0]]))
    return Cost(tuple(by), names, _cut(rows, limit, len(by)), dict(sorted(totals.items())))


def _cut(
    rows: Sequence[tuple[tuple[str | None, ...], str, Decimal, int]], limit: int | None, width: int
) -> list[tuple[tuple[str | None, ...], str, Decimal, int]]:
    if limit is None:
        return list(rows)
    kept: list[tuple[tuple[str | None, ...], str, Decimal, int]] = []
    for currency in dict.fromkeys(row[1] for row in rows):
        mine = [row for row in rows if row[1] == currency]
        kept += mine[:limit]
        rest = mine[limit:]
        if rest:
            label = (REST, *("" for _ in range(width - 1)))
            cost = sum((row[2] for row in rest), Decimal(0))
            kept.append((label, currency, cost, sum(row[3] for row in rest)))
    return kept


def _columns(ledger: Ledger) -> frozenset[str]:
    return frozenset(ledger.query("SELECT * FROM charges LIMIT 0").columns)


def _expression(name: str, columns: frozenset[str]) -> str:
    kind, colon, key = name.partition(":")
    if kind == "tag" and key:
        hot = "x_Tag_" + "".join(letter if letter.isalnum() else "_" for letter in key)
        # CUR 2.0 keeps tag keys in small letters only.
        text = f"COALESCE(Tags[{_text(key)}], Tags[{_text(key.lower().replace(' ', '_'))}])"
        return f'COALESCE("{hot}", {text})' if hot in columns else text
    if kind == "cost-category" and key:
        return f"x_CostCategories[{_text(key)}]"
    if colon:
        raise UsageError(f"there is no {name!r} to ask by", hint="write tag:KEY or cost-category:NAME")
    return DIMENSIONS[_close("dimension", name, list(DIMENSIONS))]


def _condition(text: str, columns: frozenset[str]) -> tuple[str, list[str]]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no condition", hint="write name=value, name!=value or name~part")
    name, sign, value = (part.strip() for part in found.groups())
    sql = _expression(name, columns)
    if not value:
        return f"{sql} IS {'NOT ' if sign == '!=' else ''}NULL", []
    if sign == "~":
        return f"contains(LOWER({sql}), LOWER(?))", [value]
    return (f"{sql} = ?" if sign == "=" else f"{sql} IS DISTINCT FROM ?"), [value]


def _close(what: str, name: str, known: Sequence[str]) -> str:
    if name in known:
        return name
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    raise UsageError(f"there is no {what} {name!r}", hint=hint)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
