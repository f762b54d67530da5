"""Coverage and utilisation as the bill tells them, in the same shape as `lamplighter.commitments.totals`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from lamplighter.commitments.totals import By, Coverage, SavingsRate, Utilisation
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from lamplighter.lake.ledger import Ledger

ZERO: Final = Decimal(0)
_COVERAGE: Final = {
    By.SERVICE: "service",
    By.REGION: "region",
    By.FAMILY: "family",
    By.ACCOUNT: "account_id",
    By.HOUR: "STRFTIME(time, '%Y-%m-%dT%H:%MZ')",
}
_COMMITMENTS: Final = {
    By.SERVICE: "service",
    By.REGION: "region",
    By.FAMILY: "family",
    By.ACCOUNT: "owner_account_id",
    By.COMMITMENT: "commitment_id",
}
_SUMS: Final = (
    "hours", "reserved_hours", "plan_hours", "borrowed_hours", "units", "covered_units", "cost", "covered_cost",
    "unpriced_hours",
)  # fmt: skip


def ledger_coverage(ledger: Ledger, period: str, by: Sequence[By]) -> list[Coverage]:
    """Coverage of a month by its charges; view `coverage_by_hour`.

    Args:
        ledger: the lake.
        period: YYYY-MM.
        by: what to add up by.

    Raises:
        UsageError: usage has no commitment to be added up by.
        LakeError: files of the lake cannot be read.
    """
    groups = _names(by, _COVERAGE, "usage is added up by account, service, region, family or hour")
    sums = ", ".join(f"SUM({name})" for name in _SUMS)
    rows = _ask(ledger, f"{groups}currency, {sums} FROM coverage_by_hour", period, by)
    return [Coverage(_texts(row[: len(by)]), *row[len(by) :]) for row in rows]


def ledger_utilisation(ledger: Ledger, period: str, by: Sequence[By]) -> list[Utilisation]:
    """Utilisation of a month by its charges, in money; view `commitments`.

    A bill tells once a month what of a reservation nobody used, so hours cannot be asked for.

    Raises:
        UsageError: it is asked for by the hour.
        LakeError: files of the lake cannot be read.
    """
    groups = _names(by, _COMMITMENTS, "a bill tells once a month what nobody used: leave `hour` out")
    sums = (
        "SUM(used_cost + unused_cost), SUM(used_cost), SUM(lent_cost), SUM(unused_cost), "
        "CASE WHEN COUNT(*) = COUNT(on_demand_cost) THEN SUM(on_demand_cost) END"
    )
    rows = _ask(ledger, f"{groups}currency, {sums} FROM commitments", period, by)
    found = []
    for row in rows:
        currency, total, used, lent, unused, on_demand = row[len(by) :]
        amounts = {"total": total, "used": used, "lent": lent, "unused": unused}
        costs = {"cost": total, "used_cost": used, "unused_cost": unused, "on_demand_cost": on_demand}
        found.append(Utilisation(_texts(row[: len(by)]), currency, currency, **amounts, **costs))
    return found


def ledger_savings_rates(ledger: Ledger, period: str) -> list[SavingsRate]:
    """Effective savings rate of each currency of a month by its charges."""
    paid = {each.currency: each.cost or ZERO for each in ledger_utilisation(ledger, period, ())}
    found = []
    for one in ledger_coverage(ledger, period, ()):
        actual = (one.on_demand_cost or ZERO) + paid.pop(one.currency, ZERO)
        found.append(SavingsRate(one.currency, one.cost or ZERO, actual, one.unpriced_hours))
    return [*found, *(SavingsRate(currency, ZERO, cost) for currency, cost in paid.items())]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that usage and ledger tell differently.

    Attributes:
        group: what it is of.
        figure: name of it.
        usage: as collected usage tells it; None where it has no such group.
        ledger: as the bill tells it; the same.
    """

    group: tuple[str, ...]
    figure: str
    usage: Decimal | None
    ledger: Decimal | None


def differences(
    usage: Sequence[Coverage] | Sequence[Utilisation],
    ledger: Sequence[Coverage] | Sequence[Utilisation],
    figures: Sequence[str],
    tolerance: Decimal = Decimal("0.01"),
) -> list[Difference]:
    """Figures that differ by more than a share of the greater one.

    Args:
        usage: sums of collected usage.
        ledger: sums of the bill, by the same.
        figures: names of fields of both.
        tolerance: share, 0 to 1.
    """
    ours = {(each.group, each.currency): each for each in usage}
    theirs = {(each.group, each.currency): each for each in ledger}
    found = []
    for key in sorted({*ours, *theirs}):
        for figure in figures:
            one, other = getattr(ours.get(key), figure, None), getattr(theirs.get(key), figure, None)
            greatest = max(abs(one or ZERO), abs(other or ZERO))
            if one != other and abs((one or ZERO) - (other or ZERO)) > tolerance * greatest:
                found.append(Difference(key[0], figure, one, other))
    return found


def _names(by: Sequence[By], known: dict[By, str], said: str) -> str:
    if unknown := [each for each in by if each not in known]:
        raise UsageError(f"this cannot be told by {unknown[0]}", hint=said)
    return "".join(f"{known[each]}, " for each in by)


def _ask(ledger: Ledger, chosen: str, period: str, by: Sequence[By]) -> list[tuple[Any, ...]]:
    groups = ", ".join(str(number) for number in range(1, len(by) + 2))
    # Every part of it is a name of ours.
    sql = f"SELECT {chosen} WHERE billing_period = $1 GROUP BY {groups} ORDER BY {groups}"
    answer = ledger.query(sql, [period], months=[period])
    return list(answer.rows)


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in values)
