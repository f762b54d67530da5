"""Usage by key: the values under which table AWSCost has it, from the samples of the lake."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import USAGE, Source, UsageSample
from lamplighter.lake.usage_files import sample_of
from lamplighter.usage.collector import Collector


@dataclass(frozen=True, slots=True)
class Counted:
    """Usage of one value of a key in one hour (or day).

    Attributes:
        key: kind of the key, `ec2os`.
        value: `linux-c4.large`.
        account: 12-digit id.
        account_name: its name, or the id again.
        region: region code.
        time: beginning, aware, UTC.
        hours: 1 or 24.
        quantity: how many, Spot included.
        spot: how many of them on Spot.
        scheduled_off: how many more stood still because a schedule had put them out.
        covered: how many of them a commitment covered; None if that is not known.
        source: how the hour came to be known.
    """

    key: str
    value: str
    account: str
    account_name: str
    region: str
    time: datetime
    hours: int
    quantity: Decimal
    spot: Decimal
    scheduled_off: Decimal
    covered: Decimal | None
    source: Source


@dataclass(frozen=True, slots=True)
class Summary:
    """Usage of one value of a key over all hours (or days) that are known; the others count for nothing.

    Attributes:
        key, value, account, account_name, region: as of `Counted`.
        hours: how many hours are known; a day counts 24.
        least: of the known hours, those in which it was not in use included.
        mean: likewise.
        most: likewise.
        spot: mean of those on Spot.
        scheduled_off: mean of those that schedules had put out.
    """

    key: str
    value: str
    account: str
    account_name: str
    region: str
    hours: int
    least: Decimal
    mean: Decimal
    most: Decimal
    spot: Decimal
    scheduled_off: Decimal


def counted(
    ledger: Ledger,
    members: Mapping[str, Collector],
    *,
    keys: Collection[str] = (),
    periods: Collection[str] = (),
    accounts: Collection[str] = (),
    regions: Collection[str] = (),
) -> list[Counted]:
    """Usage by key, sorted by key, value, account, region and time.

    Args:
        ledger: of the lake.
        members: collectors by service; samples of other services are left out.
        keys: only these kinds of keys; empty for all.
        periods: only these months, YYYY-MM.
        accounts: only these, by id or name.
        regions: only these.

    Raises:
        LakeError: files of the lake cannot be read.
    """
    wanted = {name: [key for key in member.keys if not keys or key in keys] for name, member in members.items()}
    services = [name for name, found in wanted.items() if found]
    where, listed = _where(services, periods, accounts, regions)
    answer = ledger.query(f"SELECT * FROM {USAGE} {where}", listed)
    sums: dict[tuple[object, ...], Counted] = {}
    for row in answer.rows:
        sample = sample_of(dict(zip(answer.columns, row, strict=True)))
        values = members[sample.service].values(sample)
        for key in wanted[sample.service]:
            one = _counted(key, values[key], sample)
            same = (key, one.value, one.account, one.region, one.time)
            sums[same] = _added(sums[same], one) if same in sums else one
    return sorted(sums.values(), key=lambda one: (one.key, one.value, one.account, one.region, one.time))


def summaries(
    ledger: Ledger,
    members: Mapping[str, Collector],
    *,
    keys: Collection[str] = (),
    periods: Collection[str] = (),
    accounts: Collection[str] = (),
    regions: Collection[str] = (),
) -> list[Summary]:
    """The same over all hours that are known; arguments and errors as of `counted`."""
    where, listed = _where(list(members), periods, accounts, regions)
    asked = (
        f"SELECT account_id, region, service, COUNT(*), SUM(hours) FROM usage_looks {where} "
        "AND source IS NOT NULL GROUP BY ALL"
    )
    known = {(row[0], row[1], row[2]): (row[3], row[4]) for row in ledger.query(asked, listed).rows}
    service_of = {key: name for name, member in members.items() for key in member.keys}
    groups: dict[tuple[str, ...], list[Counted]] = {}
    for one in counted(ledger, members, keys=keys, periods=periods, accounts=accounts, regions=regions):
        groups.setdefault((one.key, one.value, one.account, one.region), []).append(one)
    return [
        _summary(group, *known[group[-1].account, group[-1].region, service_of[group[-1].key]])
        for group in groups.values()
    ]


def _summary(group: list[Counted], looks: int, hours: int) -> Summary:
    last, quantities = group[-1], [one.quantity for one in group]
    return Summary(
        last.key, last.value, last.account, last.account_name, last.region, int(hours),
        least=min(quantities) if len(group) == looks else Decimal(0),
        mean=_mean(quantities, looks),
        most=max(quantities),
        spot=_mean((one.spot for one in group), looks),
        scheduled_off=_mean((one.scheduled_off for one in group), looks),
    )  # fmt: skip


def _mean(numbers: Iterable[Decimal], looks: int) -> Decimal:
    return sum(numbers, Decimal(0)) / looks


def _counted(key: str, value: str, sample: UsageSample) -> Counted:
    return Counted(
        key, value, sample.account, sample.account_name, sample.region, sample.time.astimezone(UTC), sample.hours,
        sample.quantity, sample.spot, sample.scheduled_off, sample.covered, sample.source,
    )  # fmt: skip


def _added(one: Counted, other: Counted) -> Counted:
    covered = None if one.covered is None or other.covered is None else one.covered + other.covered
    return replace(
        one,
        quantity=one.quantity + other.quantity,
        spot=one.spot + other.spot,
        scheduled_off=one.scheduled_off + other.scheduled_off,
        covered=covered,
    )


def _where(
    services: Collection[str], periods: Collection[str], accounts: Collection[str], regions: Collection[str]
) -> tuple[str, list[str]]:
    conditions, listed = ["service IN ({})"], [*services]
    texts = [_marks(services)]
    for condition, given in (
        ("billing_period IN ({})", periods),
        ("region IN ({})", regions),
        ("account_id IN ({})", accounts),
    ):
        if given:
            conditions.append(condition)
            texts.append(_marks(given))
            listed += given
    if accounts:
        conditions[-1] = "(account_id IN ({0}) OR account_name IN ({0}))"
        listed += accounts
    return "WHERE " + " AND ".join(c.format(t) for c, t in zip(conditions, texts, strict=True)), listed


def _marks(given: Collection[str]) -> str:
    return ", ".join("?" * len(given)) or "NULL"
