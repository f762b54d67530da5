"""Coverage and utilisation as the bill tells them, in the same shape as `lamplighter.commitments.totals`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from lamplighter.commitments.totals import By, Coverage, SavingsRate, Utilisation
from lamplighter.errors import UsageError
from lamplighter.pricing.price import ec2_key

if TYPE_CHECKING:
    from lamplighter.lake.ledger import Ledger
    from lamplighter.pricing.price import PriceKey

ZERO: Final = Decimal(0)
_RATE: Final = Decimal("0.000001")
"""A rate worked out from a bill's rounded amounts is good to so much."""
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


def ledger_coverage(ledger: Ledger, period: str, by: Sequence[By], services: Collection[str] = ()) -> list[Coverage]:
    """Coverage of a month by its charges; view `coverage_by_hour`.

    Args:
        ledger: the lake.
        period: YYYY-MM.
        by: what to add up by.
        services: only these, `ec2`, ...; empty for all.

    Raises:
        UsageError: usage has no commitment to be added up by.
        LakeError: files of the lake cannot be read.
    """
    groups = _names(by, _COVERAGE, "usage is added up by account, service, region, family or hour")
    sums = ", ".join(f"SUM({name})" for name in _SUMS)
    # Names of services are ours, not a user's.
    only = f" AND service IN ({', '.join(map(repr, sorted(services)))})" if services else ""
    rows = _ask(ledger, f"{groups}currency, {sums} FROM coverage_by_hour", period, by, only)
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
    """Effective savings rate of each currency of a month by its charges.

    What was paid is not known where a commitment covered usage that the bill has no on-demand price of.
    """
    # A bill does not tell how much of such a commitment went to usage with a price.
    paid = {
        each.currency: None if each.on_demand_cost is None else each.cost or ZERO
        for each in ledger_utilisation(ledger, period, ())
    }
    found = []
    for one in ledger_coverage(ledger, period, ()):
        cost = paid.pop(one.currency, ZERO)
        actual = None if cost is None else (one.on_demand_cost or ZERO) + cost
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
    found = []
    ours, theirs = _by_group(usage), _by_group(ledger)
    for key in sorted({*ours, *theirs}):
        for figure in figures:
            one, other = _figure(ours.get(key, ()), figure), _figure(theirs.get(key, ()), figure)
            greatest = max(abs(one or ZERO), abs(other or ZERO))
            if one != other and abs((one or ZERO) - (other or ZERO)) > tolerance * greatest:
                found.append(Difference(key[0], figure, one, other))
    return found


def ledger_plan_rates(ledger: Ledger, period: str) -> dict[tuple[str, PriceKey], Decimal]:
    """What Savings Plans charged for an hour of each EC2 instance type in a month, by ARN and what it was.

    Before discounts of a contract, which plans do not know of. Usage of other services is left out: a bill does not
    name the engine of a database as the price book does.
    """
    sql = (
        "SELECT CommitmentDiscountId, RegionId, x_InstanceType, x_OperatingSystem, "
        "SUM(x_AmortizedCost) / SUM(x_UsageQuantity) FROM charges "
        "WHERE billing_period = $1 AND CommitmentDiscountStatus = 'Used' "
        "AND CommitmentDiscountId LIKE '%:savingsplans:%' AND ServiceName = 'Amazon Elastic Compute Cloud' "
        "AND x_InstanceType IS NOT NULL AND x_OperatingSystem IS NOT NULL AND RegionId IS NOT NULL "
        "GROUP BY 1, 2, 3, 4 HAVING SUM(x_UsageQuantity) >= 1"
    )
    rows = ledger.query(sql, [period], months=[period]).rows
    return {(arn, ec2_key(*what)): Decimal(str(rate)).quantize(_RATE) for arn, *what, rate in rows}


def _by_group(
    rows: Sequence[Coverage] | Sequence[Utilisation],
) -> dict[tuple[tuple[str, ...], str], list[Coverage | Utilisation]]:
    found: dict[tuple[tuple[str, ...], str], list[Coverage | Utilisation]] = {}
    for each in rows:
        found.setdefault((each.group, each.currency), []).append(each)
    return found


def _figure(rows: Sequence[Coverage | Utilisation], figure: str) -> Decimal | None:
    """A figure of a group, over all its units; None where nothing has it."""
    values = [getattr(each, figure) for each in rows]
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known else None


def _names(by: Sequence[By], known: dict[By, str], said: str) -> str:
    if unknown := [each for each in by if each not in known]:
        raise UsageError(f"this cannot be told by {unknown[0]}", hint=said)
    return "".join(f"{known[each]}, " for each in by)


def _ask(ledger: Ledger, chosen: str, period: str, by: Sequence[By], only: str = "") -> list[tuple[Any, ...]]:
    groups = ", ".join(str(number) for number in range(1, len(by) + 2))
    # Every part of it is a name of ours.
    sql = f"SELECT {chosen} WHERE billing_period = $1{only} GROUP BY {groups} ORDER BY {groups}"
    answer = ledger.query(sql, [period], months=[period])
    return list(answer.rows)


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in values)
