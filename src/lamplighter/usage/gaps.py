"""Gaps: time whose usage nobody knows, and what the ledger can say about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from lamplighter.aws.targets import Target
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.usage.collector import Charged, Collector, Seen, samples_of

NOT_LOOKED: Final = "not looked at"
SETTLED: Final = timedelta(hours=24)
"""How long after an hour its charges may still come while the month is open.

Source: AWS Cost and Usage Reports User Guide, "How Cost and Usage Reports work": updated at least once a day.
"""


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A stretch of time that is not known.

    Attributes:
        account: 12-digit id.
        region: region code.
        service: see `UsageSample.service`.
        begins: first instant that is not known, aware, UTC.
        ends: first instant after it.
        account_name: its name, or the id again.
        step: 1, or 24 for what is collected daily.
        reason: why it is not known.
    """

    account: str
    region: str
    service: str
    begins: datetime
    ends: datetime
    account_name: str
    step: int
    reason: str

    @property
    def hours(self) -> int:
        """How long it is."""
        return int((self.ends - self.begins) / timedelta(hours=1))

    @property
    def times(self) -> list[datetime]:
        """Beginnings of its hours or days."""
        return [self.begins + timedelta(hours=number) for number in range(0, self.hours, self.step)]


@dataclass(frozen=True, slots=True)
class Filled:
    """What the ledger says about gaps.

    Attributes:
        looks: of the hours and days that it knows.
        samples: what was in use in them.
        left: gaps that stay, with the reason why the ledger does not know them.
    """

    looks: Sequence[Look]
    samples: Sequence[UsageSample]
    left: Sequence[Gap]


def find_gaps(
    ledger: Ledger,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    accounts: Collection[str] = (),
    regions: Collection[str] = (),
    services: Collection[str] = (),
) -> list[Gap]:
    """The gaps between the first and the last look of each service in each account and region.

    Args:
        ledger: of the lake.
        since: also before the first look, from this time on, aware: a ledger that reaches back can fill it.
        until: also behind the last look, up to this time, aware: whoever looked may have stopped. Hours and days that
            have not ended by then are left out.
        accounts: only these, by id or name; empty for all.
        regions: only these.
        services: only these.

    Returns:
        Sorted; hours that follow each other and fail for the same reason are one gap.

    Raises:
        LakeError: files of the lake cannot be read.
    """
    asked = "SELECT account_id, region, service, begins, ends, account_name, step, reason FROM usage_gaps"
    found = [_gap(*row) for row in ledger.query(asked).rows]
    if since is not None or until is not None:
        found += _around(ledger, since, until)
    return _joined(
        gap
        for gap in sorted(found)
        if (not accounts or gap.account in accounts or gap.account_name in accounts)
        and (not regions or gap.region in regions)
        and (not services or gap.service in services)
    )


def _around(ledger: Ledger, since: datetime | None, until: datetime | None) -> Iterator[Gap]:
    """What lies before the first and behind the last look of each service in each account and region."""
    asked = (
        "SELECT account_id, region, service, MIN(time), MAX(time), MAX(account_name), MAX(hours) FROM usage_looks "
        "GROUP BY account_id, region, service"
    )
    for account, region, service, first, last, name, step in ledger.query(asked).rows:
        begins = first if since is None else _next(since, step).replace(tzinfo=None)
        if begins < first:
            yield _gap(account, region, service, begins, first, name, step, NOT_LOOKED)
        ended = last + timedelta(hours=step)
        ends = ended if until is None else _floor(until, step).replace(tzinfo=None)
        if ended < ends:
            yield _gap(account, region, service, ended, ends, name, step, NOT_LOOKED)


def fill(ledger: Ledger, gaps: Sequence[Gap], members: Mapping[str, Collector], tag: str) -> Filled:
    """Ask the ledger about gaps.

    An hour is known if the bill of its month is by the hour and has charges of that account, and the account's usage is
    invoiced or reaches `SETTLED` beyond the hour. What was not charged then was not in use.

    Args:
        ledger: of the lake.
        gaps: as `find_gaps` gives them.
        members: collectors by service; they know their charges.
        tag: key of the schedule tag.

    Raises:
        LakeError: files of the lake cannot be read.
    """
    reach = _Reach(ledger)
    known: list[Gap] = []
    left: list[Gap] = []
    for gap in gaps:
        for part in _parts(gap, reach):
            (left if part.reason else known).append(part)
    looks: list[Look] = []
    samples: list[UsageSample] = []
    for service, collector in members.items():
        own = [gap for gap in known if gap.service == service]
        if own:
            seen = _charged(ledger, own, collector, tag)
            for gap in own:
                target = Target(gap.account, gap.region, gap.account_name)
                for time in gap.times:
                    looks.append(_filled(gap, time))
                    at = (gap.account, gap.region, time)
                    samples += samples_of(collector, target, time, seen.get(at, ()), Source.LEDGER)
    return Filled(looks, samples, _joined(sorted(left)))


class _Reach:
    """How far the charges of accounts go. Whether a bill is by the hour is the same for all its accounts.

    An account's month is final when its usage has an invoice: what is paid upfront has one at once, in an open month.
    """

    def __init__(self, ledger: Ledger) -> None:
        usage = "ChargeCategory = 'Usage' AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'"
        hour = "ChargePeriodEnd = ChargePeriodStart + INTERVAL 1 HOUR"
        asked = (
            "SELECT billing_period, BillingAccountId, COALESCE(SubAccountId, BillingAccountId), "
            f"MAX(ChargePeriodStart) FILTER (WHERE {usage} AND {hour}), COUNT(*) FILTER (WHERE {usage}) > 0, "
            f"COUNT(InvoiceId) FILTER (WHERE {usage}) > 0, "
            "COUNT(x_ServiceCode) > 0 AND COUNT(x_UsageType) > 0 AND COUNT(x_Operation) > 0 FROM charges GROUP BY ALL"
        )
        self.bills: dict[tuple[str, str], tuple[bool, bool]] = {}
        self.months: dict[tuple[str, str], tuple[str, str]] = {}
        self.until: dict[str, datetime] = {}
        self.invoiced: dict[tuple[str, str], dict[str, bool]] = {}
        for period, payer, account, last, used, invoiced, says in ledger.query(asked).rows:
            bill = (payer, period)
            so_far = self.bills.get(bill, (False, False))
            self.bills[bill] = (so_far[0] or last is not None, so_far[1] or says)
            self.months[account, period] = bill
            if used:
                self.invoiced.setdefault(bill, {})[account] = invoiced
            if last is not None:
                self.until[account] = max(last.replace(tzinfo=UTC), self.until.get(account, _LONG_AGO))

    def why_not(self, account: str, begins: datetime, ends: datetime) -> str:
        """Why the ledger does not know a time of an account; empty if it does."""
        bill = self.months.get((account, f"{begins:%Y-%m}"))
        if bill is None:
            return f"no charges of {begins:%Y-%m} are loaded"
        hourly, says = self.bills[bill]
        if not hourly:
            return f"the bill of {begins:%Y-%m} is not by the hour"
        if not says:
            return f"the bill of {begins:%Y-%m} has no product codes, usage types or operations"
        if not self._final(account, bill) and self.until.get(account, _LONG_AGO) < ends + SETTLED:
            return (
                f"the bill of {begins:%Y-%m} is open and does not reach {int(SETTLED.total_seconds() / 3600)} h beyond"
            )
        return ""

    def _final(self, account: str, bill: tuple[str, str]) -> bool:
        """Whether an account's usage is invoiced; if it used nothing, whether that of all others of the bill is."""
        invoiced = self.invoiced.get(bill, {})
        return invoiced[account] if account in invoiced else bool(invoiced) and all(invoiced.values())


_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def _parts(gap: Gap, reach: _Reach) -> Iterator[Gap]:
    """A gap as its hours or days: with an empty reason where the ledger knows it."""
    step = timedelta(hours=gap.step)
    for time in gap.times:
        why = reach.why_not(gap.account, time, time + step)
        yield replace(gap, begins=time, ends=time + step, reason=f"{gap.reason}; {why}" if why else "")


def _charged(
    ledger: Ledger, gaps: Sequence[Gap], collector: Collector, tag: str
) -> Mapping[tuple[str, str, datetime], list[Seen]]:
    """What was in use by account, region and time, from the charges of these gaps; averages over each hour or day."""
    wanted = ", ".join(
        f"('{gap.account}', '{_quoted(gap.region)}', TIMESTAMP '{gap.begins:%Y-%m-%d %H:%M:%S}', "
        f"TIMESTAMP '{gap.ends:%Y-%m-%d %H:%M:%S}')"
        for gap in _joined(gaps)
    )
    unit = "day" if collector.hours > 1 else "hour"
    asked = (
        f"WITH wanted(account, region, begins, ends) AS (VALUES {wanted}) "
        f"SELECT wanted.account, wanted.region, DATE_TRUNC('{unit}', ChargePeriodStart)::TIMESTAMP, x_UsageType, "
        "x_Operation, x_InstanceType, x_OperatingSystem, AvailabilityZone, "
        f"tag('{_quoted(tag)}'), SUM(x_UsageQuantity), "
        "COALESCE(SUM(x_UsageQuantity) FILTER (WHERE CommitmentDiscountStatus = 'Used'), 0) "
        "FROM charges JOIN wanted ON COALESCE(SubAccountId, BillingAccountId) = wanted.account "
        "AND RegionId = wanted.region AND ChargePeriodStart >= wanted.begins AND ChargePeriodStart < wanted.ends "
        "WHERE ChargeCategory = 'Usage' AND x_ServiceCode = $product AND x_UsageQuantity > 0 AND ChargeClass IS NULL "
        "AND x_SplitParentId IS NULL AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused' GROUP BY ALL"
    )
    found: dict[tuple[str, str, datetime], list[Seen]] = {}
    for account, region, time, *words, quantity, covered in ledger.query(asked, {"product": collector.product}).rows:
        kind, operation, instance, system, zone, schedule = (word or "" for word in words)
        each = Decimal(collector.hours)
        seen = collector.read(
            Charged(kind, operation, instance, system, zone, schedule, quantity / each, covered / each)
        )
        if seen is not None:
            found.setdefault((account, region, time.replace(tzinfo=UTC)), []).append(seen)
    return found


def _joined(gaps: Iterable[Gap]) -> list[Gap]:
    """Gaps that follow each other for the same reason as one; they come sorted."""
    joined: list[Gap] = []
    for gap in gaps:
        last = joined[-1] if joined else None
        if last is not None and last.ends == gap.begins and _alike(last) == _alike(gap):
            joined[-1] = replace(last, ends=gap.ends)
        else:
            joined.append(gap)
    return joined


def _alike(gap: Gap) -> tuple[str, ...]:
    return (gap.account, gap.region, gap.service, gap.reason)


def _gap(account: str, region: str, service: str, begins: Any, ends: Any, name: str, step: int, reason: str) -> Gap:
    return Gap(account, region, service, begins.replace(tzinfo=UTC), ends.replace(tzinfo=UTC), name, step, reason)


def _floor(time: datetime, step: int) -> datetime:
    """The beginning of the hour or day of a time."""
    floor = time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return floor.replace(hour=0) if step > 1 else floor


def _next(time: datetime, step: int) -> datetime:
    """The first beginning of an hour or day that is not before a time."""
    floor = _floor(time, step)
    return floor if floor == time else floor + timedelta(hours=step)


def _filled(gap: Gap, time: datetime) -> Look:
    return Look(time, gap.account, gap.account_name, gap.region, gap.service, Source.LEDGER, "", gap.step)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
