"""The question that is asked most: what does it cost, by this and that. From words to SQL over the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from difflib import get_close_matches
from itertools import groupby
from typing import Final, NamedTuple

from lamplighter.errors import UsageError
from lamplighter.lake.columns import MEASURES
from lamplighter.lake.ledger import Ledger

DIMENSIONS: Final[Mapping[str, str]] = {
    "account": "COALESCE(SubAccountId, BillingAccountId)",
    "account-name": "COALESCE(SubAccountName, SubAccountId, BillingAccountId)",
    "payer": "BillingAccountId",
    "period": "billing_period",
    "day": "CAST(ChargePeriodStart AS DATE)",
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

TIMES: Final = ("period", "day")
"""Dimensions that have an order: answers follow it, and conditions may use `<`, `<=`, `>`, `>=`."""

_CONDITION = re.compile(r"(.+?)(!=|<=|>=|=|~|<|>)(.*)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS: Final = 60
REST: Final = "(others)"


class Row(NamedTuple):
    """Cost of one combination.

    Attributes:
        values: of what was asked by, in order; None where a charge has none.
        currency: ISO 4217 code.
        cost: in it.
        charges: how many lines of the bill.
    """

    values: tuple[str | None, ...]
    currency: str
    cost: Decimal
    charges: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question came to.

    Attributes:
        by: what it was asked by, in order.
        measure: name of the measure.
        rows: by currency; the greatest cost first, or in order of time where a time comes first in `by`. The row of
            what `limit` left out, `(others)`, is the last of its currency.
        totals: cost by currency; the rows of a currency add up to it exactly.
        unknown: charges that fit, but of which the measure is not known; they are in no row.
    """

    by: tuple[str, ...]
    measure: str
    rows: Sequence[Row]
    totals: Mapping[str, Decimal]
    unknown: int = 0


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
        measure: name of a measure, see `lamplighter.lake.columns`; hyphens and `amortised` will do.
        where: conditions that all hold: `service=AWS Lambda`, `tag:Team!=shop`, `usage-type~BoxUsage` (a part, in
            small letters or capitals), `day>=2026-10-15`; an empty value means that a charge has none.
        limit: at most so many rows of each currency, those of the greatest cost; the rest stands in one more row.

    Raises:
        UsageError: a dimension, measure or condition is none; a month is not loaded.
        LakeError: the lake cannot be read.
    """
    name = _close("measure", measure.replace("-", "_").replace("ised", "ized"), list(MEASURES))
    loaded = ledger.periods
    missing = [period for period in periods if period not in loaded]
    if missing:
        known = f"loaded: {', '.join(loaded)}" if loaded else "nothing is loaded yet: lamp bill load"
        raise UsageError(f"{', '.join(missing)} is not in the ledger", hint=known)
    if not by or (limit is not None and limit < 1):
        raise UsageError("a cost is asked by something, and has a row at least", hint="for example by service")
    by = tuple(dict.fromkeys(by))
    conditions, parameters = ["true"], list[str]()
    if periods:
        conditions.append(f"billing_period IN ({', '.join('?' for _ in periods)})")
        parameters += periods
    for text in where:
        sql, values = _condition(text)
        conditions.append(sql)
        parameters += values
    keys = ", ".join(f"{_expression(each)} AS k{number}" for number, each in enumerate(by))
    question = (
        f"SELECT {keys}, BillingCurrency AS currency, SUM({MEASURES[name]}) AS cost, COUNT({MEASURES[name]}) AS known,"
        f" COUNT(*) AS charges FROM charges WHERE {' AND '.join(conditions)} GROUP BY ALL"
    )
    in_time = by[0] in TIMES and limit is None
    width = len(by)
    answer = ledger.query(_ordered(question, width, in_time), parameters, months=periods)
    rows = [Row(row[:width], *row[width:-1]) for row in answer.rows if row[-2]]
    unknown = sum(row[-1] - row[-2] for row in answer.rows)
    groups = {currency: list(mine) for currency, mine in groupby(rows, lambda row: row.currency)}
    totals = {currency: _sum(mine) for currency, mine in groups.items()}
    if limit is not None:
        rows = [row for mine in groups.values() for row in _cut(mine, limit, width, in_time=by[0] in TIMES)]
    return Cost(by, name, rows, totals, unknown)


def _ordered(question: str, width: int, in_time: bool) -> str:
    """With texts as keys, made of groups rather than of charges, and in the order of `Cost.rows`."""
    keys = [f"k{number}" for number in range(width)]
    texts = ", ".join(f"CAST({key} AS VARCHAR) AS {key}" for key in keys)
    order = ["currency", *(["k0 NULLS FIRST"] if in_time else []), "cost DESC", *(f"{key} NULLS FIRST" for key in keys)]
    return f"SELECT {texts}, currency, cost, known, charges FROM ({question}) ORDER BY {', '.join(order)}"


def _cut(rows: Sequence[Row], limit: int, width: int, *, in_time: bool) -> list[Row]:
    """The first rows of a currency, and one of all the others."""
    kept, rest = list(rows[:limit]), rows[limit:]
    if in_time:
        kept.sort(key=lambda row: row.values[0] or "")
    if rest:
        values = (REST, *("" for _ in range(width - 1)))
        kept.append(Row(values, rows[0].currency, _sum(rest), sum(row.charges for row in rest)))
    return kept


def _sum(rows: Iterable[Row]) -> Decimal:
    """Exact, where Python would round after 28 digits."""
    with localcontext(prec=_DIGITS):
        return sum((row.cost for row in rows), Decimal(0))


def _expression(name: str) -> str:
    kind, colon, key = name.partition(":")
    if kind == "tag" and key:
        return f"tag({_text(key)})"
    if kind == "cost-category" and key:
        return f"NULLIF(x_CostCategories[{_text(key)}], '')"
    if colon:
        raise UsageError(f"there is no {name!r} to ask by", hint="write tag:KEY or cost-category:NAME")
    return DIMENSIONS[_close("dimension", name, list(DIMENSIONS))]


def _condition(text: str) -> tuple[str, list[str]]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise UsageError(f"{text!r} is no condition", hint="write name=value, name!=value or name~part")
    name, sign, value = (part.strip() for part in found.groups())
    sql = _expression(name)
    if sign not in ("=", "!=", "~") and name not in TIMES:
        raise UsageError(f"{name} has no order to compare by", hint=f"{sign} is for {' and '.join(TIMES)}")
    if not value and sign in ("=", "!="):
        return f"{sql} IS {'NOT ' if sign == '!=' else ''}NULL", []
    if not value:
        raise UsageError(f"{text!r} compares with nothing", hint=f"for example {name}{sign}2026-10-15")
    if sign == "~":
        return f"contains(LOWER(CAST({sql} AS VARCHAR)), LOWER(?))", [value]
    operator = {"!=": "IS DISTINCT FROM"}.get(sign, sign)
    return (f"{sql} {operator} CAST(? AS DATE)", [_day(value)]) if name == "day" else (f"{sql} {operator} ?", [value])


def _day(text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise UsageError(f"{text!r} is not a day", hint="write YYYY-MM-DD, or day~2026-10 for all of a month")


def _close(what: str, name: str, known: Sequence[str]) -> str:
    if name in known:
        return name
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    raise UsageError(f"there is no {what} {name!r}", hint=hint)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
