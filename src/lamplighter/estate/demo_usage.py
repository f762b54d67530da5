"""The use of the demo's week, as if somebody had collected it every hour, and what has been committed to.

Hours come from the simulated AWS's own record of changes: parts of an hour count in part, as on the bill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.commitments.collect import ask, ask_ledger
from lamplighter.commitments.kept import Inventory, keep
from lamplighter.commitments.registry import sources
from lamplighter.estate.bill.lived import Estate, Running
from lamplighter.estate.bill.meters import Meter
from lamplighter.estate.bill.used import HOUR, spread
from lamplighter.estate.history import StateChange
from lamplighter.estate.truth import lit_spells
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.pricing.price import MULTI_AZ, SINGLE_AZ, rds_key

SERVICES: Final = ("ec2", "rds")
_ONE = Decimal(1)
_What = tuple[Target, str, str, str, str, str, str]


def week_usage(
    estates: Iterable[Estate],
    targets: Collection[Target],
    history: Iterable[StateChange],
    schedules: Collection[str],
    start: datetime,
    end: datetime,
) -> tuple[list[UsageSample], list[Look]]:
    """Samples and looks of every hour of [start, end), aware UTC, of EC2 and RDS in every target.

    Args:
        estates: what stands in the targets; what has no price has no meter, and is left out.
        targets: all that were looked at.
        history: true changes of state.
        schedules: names that a schedule tag can have; what carries one and stands still was put out by it.
        start: beginning.
        end: end, not included.
    """
    spells = lit_spells(history, start, end)
    hours = list(_hours(start, end))
    names = {(target.account, target.region): target for target in targets}
    ran: dict[tuple[datetime, _What], tuple[Decimal, Decimal]] = {}
    for one in (each for estate in estates for each in estate.running):
        if one.meter is None:
            continue
        what = _what(names[one.account, one.region], one, one.meter)
        lit = spread(spells.get((one.account, one.region, f"{one.kind}/{one.id}"), ()))
        scheduled = what[-1] in schedules
        for at in hours:
            share = lit.get(at, Decimal(0))
            used, off = ran.get((at, what), (Decimal(0), Decimal(0)))
            ran[at, what] = (used + share, off + (_ONE - share if scheduled else 0))
    samples = [_sample(at, what, used, off) for (at, what), (used, off) in ran.items() if used or off]
    looks = [
        Look(at, target.account, target.name or target.account, target.region, service, Source.COLLECTED)
        for target in names.values()
        for service in SERVICES
        for at in hours
    ]
    return samples, looks


def read_inventory(aws: Aws, targets: Collection[Target], lake: Path, at: datetime, *, threads: int) -> Inventory:
    """Ask the simulated AWS for everything that has been committed to, and keep it in the lake.

    Raises:
        LakeError: the lake cannot be written.
    """
    every = sources().values()
    return keep(lake, [*ask(aws.session, list(targets), every, at, threads=threads), *ask_ledger(lake, every)], at)


def _sample(at: datetime, what: _What, used: Decimal, off: Decimal) -> UsageSample:
    target, service, kind, platform, deployment, zone, schedule = what
    where = (target.account, target.name or target.account, target.region)
    return UsageSample(at, 1, *where, service, kind, platform, deployment, zone, schedule, used, scheduled_off=off)


def _hours(start: datetime, end: datetime) -> Iterator[datetime]:
    at = start
    while at < end:
        yield at
        at += HOUR


def _what(target: Target, one: Running, meter: Meter) -> _What:
    schedule = meter.tags.get("Schedule", "")
    if one.kind == "ec2-instance":
        return target, "ec2", meter.instance_type, meter.system, "default", meter.zone, schedule
    key = rds_key(
        target.region, meter.instance_type, meter.engine, MULTI_AZ if "Multi" in meter.deployment else SINGLE_AZ
    )
    return target, "rds", meter.instance_type, key.engine, key.deployment, "", schedule
