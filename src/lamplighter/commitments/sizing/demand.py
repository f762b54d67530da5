"""Usage as hours x keys: what commitments could cover, in the hours that are known.

An hour that nobody could look at is left out and counted; it is never an hour without usage. Spot is taken out.
Floats are exact for whole numbers of instances; money is never summed in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from lamplighter.commitments.matching import FITS
from lamplighter.commitments.model import Attributes, Target
from lamplighter.commitments.units import split_type

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lamplighter.lake.usage import Look, UsageSample

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

HOUR: Final = timedelta(hours=1)
NOBODY: Final = "nobody looked"


@dataclass(frozen=True, slots=True)
class UsageKey:
    """What is alike for everything a commitment asks about.

    Attributes:
        account: 12-digit id.
        attributes: what a reservation must have in common with it.
        size: instance size, `large`.
        zone: Availability Zone; empty where there is none.
        schedule: value of the schedule tag; empty if none.
        units: normalised units of one, if reservations of it are size-flexible; else None.
        resource_type: as the price book names it.
        platform: of the sample; `attributes` may have it in other words.
        deployment: of the sample: a size-flexible reservation of RDS does not ask for it, its price does.
    """

    account: str
    attributes: Attributes
    size: str
    zone: str = ""
    schedule: str = ""
    units: Decimal | None = None
    resource_type: str = ""
    platform: str = ""
    deployment: str = ""

    @property
    def target(self) -> Target:
        """Where it was looked for."""
        return Target(self.account, self.attributes.region, self.attributes.service)


@dataclass(frozen=True, slots=True)
class Gap:
    """Hours of a target that are not known, and so not counted.

    Attributes:
        target: where.
        hours: how many hours of the period.
        of: hours of the period.
        reason: the most frequent reason.
    """

    target: Target
    hours: int
    of: int
    reason: str


@dataclass(frozen=True, slots=True)
class Demand:
    """Usage of a period.

    Attributes:
        start: beginning of the first hour, UTC.
        keys: rows.
        quantity: keys x hours: how many ran, without Spot; zero where the hour is not known.
        off: keys x hours: how many more stood still because their schedule had put them out.
        targets: rows of `known`.
        known: targets x hours: whether the hour is known there.
        reasons: by target, why hours are not known and how many.
    """

    start: datetime
    keys: tuple[UsageKey, ...]
    quantity: Floats
    off: Floats
    targets: tuple[Target, ...]
    known: Bools
    reasons: Mapping[Target, Mapping[str, int]] = field(default_factory=dict)

    @property
    def hours(self) -> int:
        """Hours of the period, known or not."""
        return int(self.known.shape[1])

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Targets with hours that are not known."""
        found = []
        for row, target in enumerate(self.targets):
            missing = self.hours - int(self.known[row].sum())
            if missing:
                why = self.reasons.get(target) or {NOBODY: missing}
                found.append(Gap(target, missing, self.hours, max(sorted(why), key=why.__getitem__)))
        return tuple(found)

    def known_for(self, keys: Iterable[int]) -> Bools:
        """The hours that are known for all of these rows."""
        import numpy as np

        place = {target: row for row, target in enumerate(self.targets)}
        rows = sorted({place[self.keys[key].target] for key in keys})
        return np.asarray(self.known[rows].all(axis=0)) if rows else np.ones(self.hours, dtype=bool)

    def between(self, first: int, last: int) -> Demand:
        """Only the hours from `first` up to but without `last`."""
        return replace(
            self,
            start=self.start + first * HOUR,
            quantity=self.quantity[:, first:last],
            off=self.off[:, first:last],
            known=self.known[:, first:last],
            reasons={},
        )

    def of(self, rows: Sequence[int]) -> Demand:
        """Only these keys."""
        chosen = list(rows)
        return replace(
            self,
            keys=tuple(self.keys[row] for row in chosen),
            quantity=self.quantity[chosen],
            off=self.off[chosen],
        )


def build(
    samples: Iterable[UsageSample], looks: Iterable[Look], start: datetime, end: datetime, *, known: bool = False
) -> Demand:
    """Demand of a period from what was collected, or filled from the ledger.

    Args:
        samples: what ran; those outside of the period are passed over. One of 24 hours counts in each of them.
        looks: what was looked at. A look that found, at any time, outweighs one that failed.
        start: beginning, aware, a full hour.
        end: end, not included.
        known: whether every hour of a target that appears at all counts as known (the source is complete by nature,
            as a bill is).

    Returns:
        The demand; keys sorted.

    Raises:
        ValueError: a time is naive, not a full hour, or the period is empty.
    """
    import numpy as np

    first, hours = _period(start, end)
    cells: list[tuple[UsageKey, int, int, float, float]] = []
    seen: dict[Target, Bools] = {}
    keys_of: dict[tuple[str, ...], tuple[UsageKey, Target]] = {}
    for sample in samples:
        begin = _index(sample.time, first)
        stop = min(begin + sample.hours, hours)
        if stop <= 0 or begin >= hours:
            continue
        words = _words(sample)
        if words not in keys_of:
            made = key_of(sample)
            keys_of[words] = made, made.target
        key, target = keys_of[words]
        begin = max(begin, 0)
        cells.append(
            (key, begin, stop, float(max(sample.quantity - sample.spot, Decimal(0))), float(sample.scheduled_off))
        )
        if target not in seen:
            seen[target] = np.zeros(hours, dtype=bool)
        seen[target][begin:stop] = True
    yes, no, reasons = _looked(looks, first, hours)
    targets = tuple(sorted({*seen, *yes, *no}))
    mask = np.zeros((len(targets), hours), dtype=bool)
    for row, target in enumerate(targets):
        mask[row] = seen.get(target, False) & ~no.get(target, np.zeros(hours, dtype=bool))
        mask[row] |= yes.get(target, False) | known
    keys = tuple(sorted({cell[0] for cell in cells}, key=_order))
    place = {key: row for row, key in enumerate(keys)}
    quantity, off = np.zeros((len(keys), hours)), np.zeros((len(keys), hours))
    for key, begin, stop, running, standing in cells:
        quantity[place[key], begin:stop] += running
        off[place[key], begin:stop] += standing
    where = {target: row for row, target in enumerate(targets)}
    for row, key in enumerate(keys):
        blind = ~mask[where[key.target]]
        quantity[row, blind] = off[row, blind] = 0.0
    return Demand(first, keys, quantity, off, targets, mask, reasons)


def key_of(sample: UsageSample) -> UsageKey:
    """The key of a sample; of a service that no reservation is known for, one of its own."""
    fit = FITS.get(sample.service)
    if fit is None:
        family, size = split_type(sample.resource_type)
        made = Attributes(sample.service, sample.region, family, sample.platform, sample.deployment or "default")
        units = None
    else:
        found = fit(sample.region, sample.resource_type, sample.platform, sample.deployment)
        made, size, units = found.attributes, found.size, found.units
    return UsageKey(
        sample.account,
        made,
        size,
        sample.zone,
        sample.schedule,
        units,
        sample.resource_type,
        sample.platform,
        sample.deployment,
    )


def _words(sample: UsageSample) -> tuple[str, ...]:
    """All that `key_of` asks of a sample."""
    return (
        sample.account, sample.region, sample.service, sample.resource_type, sample.platform, sample.deployment,
        sample.zone, sample.schedule,
    )  # fmt: skip


def scheduled(demand: Demand, lit: Mapping[str, Bools]) -> tuple[Demand, tuple[str, ...]]:
    """Demand without the hours that schedules take out: what will be left to cover once they rule.

    Args:
        demand: usage as it was.
        lit: by schedule, one value an hour: whether it wants its resources to run.

    Returns:
        The demand, and the schedules that were asked for and are not in `lit`; their usage is left as it was.

    Raises:
        ValueError: a schedule has another number of hours than the demand.
    """
    import numpy as np

    quantity, missing = demand.quantity.copy(), set()
    for row, key in enumerate(demand.keys):
        if not key.schedule:
            continue
        if key.schedule not in lit:
            missing.add(key.schedule)
            continue
        if len(lit[key.schedule]) != demand.hours:
            raise ValueError(f"schedule {key.schedule} has {len(lit[key.schedule])} hours, not {demand.hours}")
        quantity[row] = np.where(lit[key.schedule], quantity[row], 0.0)
    return replace(demand, quantity=quantity), tuple(sorted(missing))


def unscheduled(demand: Demand) -> Demand:
    """Demand as if no schedule had put anything out: what would be bought by those who do not know of schedules."""
    return replace(demand, quantity=demand.quantity + demand.off)


def usable(demand: Demand, least: float = 0.5) -> tuple[Demand, tuple[Target, ...]]:
    """Set targets aside until enough hours are known everywhere at once, the worst of them first.

    Args:
        demand: usage.
        least: share of the hours that must remain, 0 to 1.

    Returns:
        Demand without the keys of what was set aside, and those targets.
    """
    import numpy as np

    place = {target: row for row, target in enumerate(demand.targets)}
    rows = sorted({place[key.target] for key in demand.keys})
    aside: list[int] = []
    missing = (~demand.known[rows]).astype(np.int64) if rows else np.zeros((0, demand.hours), dtype=np.int64)
    blind = missing.sum(axis=0)
    alive = np.ones(len(rows), dtype=bool)
    while alive.any() and (blind == 0).sum() < least * demand.hours:
        # The one without which most hours become known; where none alone helps, the one with the most unknown hours.
        alone = (missing * (blind == 1)).sum(axis=1) * demand.hours + missing.sum(axis=1)
        worst = int(np.argmax(np.where(alive, alone, -1)))
        alive[worst] = False
        aside.append(rows[worst])
        blind -= missing[worst]
    gone = {demand.targets[row] for row in aside}
    kept = [row for row, key in enumerate(demand.keys) if key.target not in gone]
    return demand.of(kept), tuple(sorted(gone))


def _period(start: datetime, end: datetime) -> tuple[datetime, int]:
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("times are aware")
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if any(each.minute or each.second or each.microsecond for each in (first, last)):
        raise ValueError("a period begins and ends with a full hour")
    if last <= first:
        raise ValueError("the period is empty")
    return first, int((last - first) / HOUR)


def _index(time: datetime, first: datetime) -> int:
    return int((time - first) // HOUR)


def _looked(
    looks: Iterable[Look], first: datetime, hours: int
) -> tuple[dict[Target, Bools], dict[Target, Bools], dict[Target, Counter[str]]]:
    """By target: hours that somebody saw, hours that somebody failed to see, and why."""
    import numpy as np

    yes: dict[Target, Bools] = {}
    no: dict[Target, Bools] = {}
    reasons: dict[Target, Counter[str]] = {}
    for look in looks:
        begin = _index(look.time, first)
        stop = min(begin + look.hours, hours)
        if stop <= 0 or begin >= hours:
            continue
        target = Target(look.account, look.region, look.service)
        which = yes if look.source is not None else no
        if target not in which:
            which[target] = np.zeros(hours, dtype=bool)
        which[target][max(begin, 0) : stop] = True
        if look.source is None:
            reasons.setdefault(target, Counter())[look.reason or "not known"] += stop - max(begin, 0)
    return yes, no, reasons


def _order(key: UsageKey) -> tuple[Any, ...]:
    made = key.attributes
    return (
        made.service,
        made.region,
        made.family,
        made.platform,
        made.tenancy,
        key.units or Decimal(0),
        key.resource_type,
        key.deployment,
        key.account,
        key.zone,
        key.schedule,
    )
