"""The pass: discover, plan, guard, act, journal, over every target at once.

What happens to one resource in one target is written so that a pass may die anywhere:

    lease the target -> look -> settle what an earlier pass left -> decide -> guard (over all targets)
    -> announce a batch -> call AWS -> write down outcome and state -> ... -> tag -> give the lease back

Before the announcement nothing has happened; after it the next pass finds the intent and looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from lamplighter.aws.access import Aws
from lamplighter.aws.parallel import Outcome, each
from lamplighter.aws.targets import Target, TargetFailure, TargetList
from lamplighter.errors import (
    DefinitionError,
    GuardrailError,
    LamplighterError,
    LeaseLost,
    OutOfTime,
    StoreError,
    TargetBusy,
)
from lamplighter.resources.kind import Kind, Search, Session
from lamplighter.scheduler.act import Done, carry_out
from lamplighter.scheduler.adjust import Scene, decide_target
from lamplighter.scheduler.overrides import list_overrides
from lamplighter.scheduler.pace import PacedSession
from lamplighter.scheduler.plan import Step, guard
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.states import read_states
from lamplighter.scheduler.survey import Survey, forget, look
from lamplighter.scheduler.tag_write import NOTHING_TAGGED, Tagging, plan_tags, write_tags
from lamplighter.scheduler.tagging import tag_changes
from lamplighter.store.lease import Lease, acquire, release, renew
from lamplighter.store.table import JSON, Put, Store

log = logging.getLogger("lamplighter.scheduler")

LEASE = timedelta(minutes=5)
"""How long a target stays leased when a pass dies; renewed before every batch. An older plan is not carried out."""

PASSES = "passes"
_SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class World:
    """What a pass works with; the same for a laptop, cron and a Lambda.

    Attributes:
        aws: sessions.
        store: state and journal.
        config: definitions, targets and guardrails.
        kinds: the kinds to handle, by name.
        clock: tells the time, aware.
        timer: seconds of a monotonic clock, for the pace of calls.
        sleep: waits for that many seconds.
        until: aware datetime after which no further batch is begun; None where time does not run out.
    """

    aws: Aws
    store: Store
    config: Configuration
    kinds: Mapping[str, Kind]
    clock: Callable[[], datetime]
    timer: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What a pass did in one target.

    Attributes:
        target: account and region.
        steps: a decision for every resource found.
        done: what became of those that act; empty in a dry run.
        failures: kinds that could not be looked at.
        error: why the whole target failed, or None.
        tagging: what became of the tags; what could not be written is a warning and makes nothing fail.
        unfinished: whether time ran out before everything was done; what was not tried waits.
    """

    target: Target
    steps: Sequence[Step] = ()
    done: Sequence[Done] = ()
    failures: Mapping[str, LamplighterError] = field(default_factory=dict)
    error: LamplighterError | None = None
    tagging: Tagging = NOTHING_TAGGED
    unfinished: bool = False

    @property
    def failed(self) -> bool:
        """Whether anything in the target could not be looked at or done."""
        return bool(self.error or self.failures or any(done.error for done in self.done))


class _Acted(NamedTuple):
    """What became of one target: its steps, what ended the work early, and its tags."""

    done: Sequence[Done]
    error: LamplighterError | None
    tagging: Tagging


@dataclass(frozen=True, slots=True)
class PassReport:
    """What a pass did.

    Attributes:
        run: id of the pass.
        at: aware datetime at which it began; each target is decided for the time at which its lease was taken.
        targets: one report for each target, in order.
        unresolved: accounts or regions that could not be made into targets.
        refused: the guardrail that stopped it before it acted, or None.
        limited: whether only resources with some schedules were looked for.
    """

    run: str
    at: datetime
    targets: Sequence[TargetReport]
    unresolved: Sequence[TargetFailure] = ()
    refused: GuardrailError | None = None
    limited: bool = False

    @property
    def steps(self) -> list[Step]:
        """Every step of every target."""
        return [step for report in self.targets for step in report.steps]

    @property
    def partial(self) -> bool:
        """Whether some targets failed, wholly or in part."""
        return bool(self.unresolved) or any(report.failed for report in self.targets)


def run_pass(
    world: World,
    *,
    run: str,
    at: datetime | None = None,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    schedules: frozenset[str] | None = None,
    known_only: bool = False,
    dry_run: bool = False,
) -> PassReport:
    """Run one pass.

    Args:
        world: sessions, store, configuration, kinds, clock.
        run: id of this pass, never used before.
        at: decide for this aware datetime instead of now; only with `dry_run`, or by a simulated clock. A pass that
            acts decides for the time at which it took the lease: one that comes late would undo what came after.
        accounts: only these accounts.
        regions: only these regions; `all` for every region.
        schedules: only resources with one of these schedules, found by AWS; None for all. Where the file has a section
            `order`, the others are looked at as well, because some may come before these.
        known_only: with `schedules`: ask only targets and kinds in which such resources were seen before. Much
            cheaper; what is new is found by the next pass without it.
        dry_run: decide, but write and change nothing.

    Raises:
        DefinitionError: the file's targets or guardrails are not valid.
        AwsError: the targets cannot be determined at all (no credentials, no endpoint).
        StoreError: the store failed.
    """
    moment = at or world.clock()
    listed = targets_of(world, accounts, regions)
    threads = world.config.targets.threads if world.config.targets else 25
    search = Search(world.config.tag, schedules if world.config.order is None else None)
    overrides = list_overrides(world.store, at=moment)
    kinds = _worth_asking(world, listed.targets, schedules if known_only else None)
    leases: dict[Target, Lease] = {}

    def survey(target: Target) -> tuple[Survey, list[Step]]:
        if not dry_run:
            leases[target] = lease_target(world, target, run)
        when = at or world.clock()
        session = world.aws.session(target)
        found = look(session, world.store, kinds[target], search, at=when, run=run, write=not dry_run)
        return found, decide_target(Scene(session, world.config, world.kinds, when, schedules), found, overrides)

    def act(target: Target) -> _Acted:
        found, steps = planned[target]

        def still_mine() -> None:
            leases[target] = hold(world, leases[target])

        session = paced(world, target)
        done, error = carry_out(session, world.store, world.kinds, steps, at=found.at, run=run, still_mine=still_mine)
        try:
            for record in found.missing if error is None else ():
                world.store.transact(forget(target, record, at=found.at, run=run))
        except StoreError as failed:
            error = failed
        changes = tag_changes(world.config, steps, done, found.at) if error is None else ()
        return _Acted(done, error, write_tags(session, world.kinds, changes, still_mine))

    refused: GuardrailError | None = None
    unfinished: set[Target] = set()
    try:
        surveyed = each(list(kinds), survey, threads=threads)
        planned = {outcome.target: outcome.value for outcome in surveyed if outcome.value is not None}
        errors: dict[Target, LamplighterError] = {o.target: o.error for o in surveyed if o.error is not None}
        done: dict[Target, Sequence[Done]] = {}
        tagged: dict[Target, Tagging] = {}
        try:
            guard(world.config.guardrails, [step for _, steps in planned.values() for step in steps])
        except GuardrailError as error:
            refused = error
        if not dry_run and refused is None:
            acted = each(list(planned), act, threads=threads)
            done = {outcome.target: outcome.value.done for outcome in acted if outcome.value is not None}
            tagged = {outcome.target: outcome.value.tagging for outcome in acted if outcome.value is not None}
            ended = dict(_ended(acted))
            unfinished = {target for target, error in ended.items() if isinstance(error, OutOfTime)}
            errors.update({target: error for target, error in ended.items() if target not in unfinished})
        elif refused is None:
            tagged = {target: _would_tag(world.config, *plan) for target, plan in planned.items()}
    finally:
        _release_all(world.store, leases.values())
    reports = [
        TargetReport(
            target,
            planned[target][1] if target in planned else (),
            done.get(target, ()),
            planned[target][0].failures if target in planned else {},
            errors.get(target),
            tagged.get(target, NOTHING_TAGGED),
            target in unfinished,
        )
        for target in kinds
    ]
    report = PassReport(run, moment, reports, listed.failures, refused, schedules is not None)
    if not dry_run:
        world.store.put_many([_summary(report, world.clock())])
    return report


def targets_of(world: World, accounts: Sequence[str], regions: Sequence[str]) -> TargetList:
    """The targets of the file, or those of them that are named.

    Raises:
        DefinitionError: the file's targets, kinds or guardrails are not valid; without them the wrong accounts would
            be acted in.
        AwsError: the targets cannot be determined at all (no credentials, no endpoint).
    """
    if world.config.fatal:
        raise DefinitionError("the definition file is not fit for use", problems=world.config.fatal)
    return world.aws.targets(world.config.targets, accounts=accounts, regions=regions)


def _worth_asking(
    world: World, targets: Sequence[Target], schedules: frozenset[str] | None
) -> Mapping[Target, Sequence[Kind]]:
    """The kinds to look for in each target; with `schedules`, only those in which the store knows such resources."""
    if schedules is None:
        return {target: list(world.kinds.values()) for target in targets}
    found: dict[Target, Sequence[Kind]] = {}
    for target in targets:
        records = read_states(world.store, target.key).values()
        names = {record.resource.partition("/")[0] for record in records if record.schedule in schedules}
        if names:
            every = world.config.order is not None
            found[target] = [kind for name, kind in world.kinds.items() if every or name in names]
    return found


def _would_tag(config: Configuration, found: Survey, steps: Sequence[Step]) -> Tagging:
    return plan_tags(tag_changes(config, steps, [Done(step) for step in steps if step.acts], found.at))


def _ended(acted: Iterable[Outcome[_Acted]]) -> Iterator[tuple[Target, LamplighterError]]:
    for outcome in acted:
        error = outcome.error if outcome.value is None else outcome.value.error
        if error is not None:
            yield outcome.target, error


def paced(world: World, target: Target) -> Session:
    """Calls in a target for acting, as fast as `order.calls_per_second` allows."""
    session, order = world.aws.session(target), world.config.order
    if order is None or order.calls_per_second is None:
        return session
    return PacedSession(session, order.calls_per_second, world.timer, world.sleep)


def lease_target(world: World, target: Target, run: str) -> Lease:
    """Take the lease on a target.

    Raises:
        TargetBusy: another pass is at work there.
    """
    lease = acquire(world.store, f"target/{target.key}", run, now=world.clock(), ttl=LEASE)
    if lease is None:
        raise TargetBusy(
            f"{target.key}: another pass is at work here",
            hint=f"nothing to do: it will finish, or its lease ends within {LEASE.seconds // 60} minutes",
        )
    return lease


def hold(world: World, lease: Lease) -> Lease:
    """Renew a lease that has not run out; what was planned under one that has is too old to be done.

    Raises:
        LeaseLost: it ran out, or another run holds it.
        OutOfTime: the time of the pass is over.
    """
    now = world.clock()
    if world.until is not None and now >= world.until:
        raise OutOfTime("time ran out; the next pass goes on")
    if lease.until <= now:
        raise LeaseLost(
            f"the lease on {lease.name} ran out at {lease.until.isoformat(timespec='seconds')}",
            hint="the plan is too old to be carried out; the next pass makes a new one",
        )
    return renew(world.store, lease, now=now, ttl=LEASE)


def _release_all(store: Store, leases: Iterable[Lease]) -> None:
    for lease in leases:
        try:
            release(store, lease)
        except StoreError as error:
            # It runs out by itself; to fail here would hide what the pass did, or why it failed.
            log.warning("the lease on %s could not be given back: %s", lease.name, error)


def last_passes(store: Store) -> list[Mapping[str, JSON]]:
    """Summaries of the last pass of each target and of the last over several at once, newest first.

    `run`, times as ISO 8601, counts, `failed_targets`, `unresolved`, `refused`, `tag_warnings`.
    """
    found = [item.data for item in store.query(PASSES, PASSES)]
    return sorted(found, key=lambda each: datetime.fromisoformat(str(each["at"])), reverse=True)


def _summary(report: PassReport, finished: datetime) -> Put:
    done = [each for target in report.targets for each in target.done]
    # One item a target, written over by its next pass: deployed, there are passes without end.
    sort = report.targets[0].target.key if len(report.targets) == 1 else _SEVERAL
    return Put(
        PASSES,
        PASSES,
        sort,
        {
            "run": report.run,
            "at": report.at.isoformat(),
            "finished": finished.isoformat(),
            "targets": len(report.targets),
            "resources": len(report.steps),
            "done": sum(each.error is None and not each.waiting for each in done),
            "waiting": sum(each.waiting for each in done),
            "failed": sum(each.error is not None for each in done),
            "failed_targets": [target.target.key for target in report.targets if target.failed],
            "unresolved": [failure.subject for failure in report.unresolved],
            "refused": str(report.refused or ""),
            "tagged": sum(target.tagging.changed for target in report.targets),
            "tag_warnings": [
                f"{target.target.key}: {warning}" for target in report.targets for warning in target.tagging.warnings
            ],
        },
    )
