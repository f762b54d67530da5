"""What will be put out soon, found by asking at the coming moments the code that will decide then."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError
from lamplighter.resources.kind import Kind, Resource
from lamplighter.scheduler.act import Done
from lamplighter.scheduler.adjust import Scene, decide_target
from lamplighter.scheduler.lit import lit_for
from lamplighter.scheduler.overrides import list_overrides
from lamplighter.scheduler.passes import PassReport, TargetReport, World
from lamplighter.scheduler.plan import Step, plan_target
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.states import StateRecord, remembered
from lamplighter.scheduler.survey import Survey
from lamplighter.schedules.freezing import freezes
from lamplighter.schedules.overrides import Override
from lamplighter.schedules.stagger import delay_of
from lamplighter.schedules.timeline import State
from lamplighter.schedules.verdict import Action, Live, Stored
from lamplighter.schedules.windows import read_occurrences
from lamplighter.store.journal import stamp

_LIT = (Live.RUNNING, Live.STARTING, Live.PARTLY)


@dataclass(frozen=True, slots=True)
class Stop:
    """A resource that is lit and will be put out.

    Attributes:
        target: account and region.
        resource: the resource as it is now.
        at: aware datetime from which on a pass will put it out.
        reason: of that decision, with what may hold it back.
    """

    target: Target
    resource: Resource
    at: datetime
    reason: str

    @property
    def key(self) -> str:
        """Names the resource and this one transition of it; begins with the time."""
        return stop_key(self.target, self.resource, self.at)


def stop_key(target: Target, resource: Resource, at: datetime) -> str:
    """Sort key of what is remembered of a coming stop."""
    return f"{stamp(at)}#{target.key}#{resource.key}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """The coming stops, and targets whose future could not be told."""

    stops: Sequence[Stop] = ()
    errors: Mapping[Target, LamplighterError] = field(default_factory=dict)


def coming_stops(
    world: World, report: PassReport, *, at: datetime, lead: timedelta, told: Collection[str] = ()
) -> Outlook:
    """What is lit after a pass and will be put out within `lead`.

    Args:
        world: sessions, store, definitions, kinds.
        report: of the pass, or of a dry run.
        at: aware datetime of now.
        lead: how far to look ahead.
        told: keys of stops that need not be found again; if there is nothing else, AWS is not asked.

    Returns:
        The first stop of each resource, in order of time; what an adjustment would hold back is among them.
    """
    overrides = list_overrides(world.store)
    stops: list[Stop] = []
    errors: dict[Target, LamplighterError] = {}
    for each in report.targets:
        if each.error is None and report.refused is None:
            try:
                stops += _in_target(world, each, overrides, at, at + lead, told)
            except LamplighterError as error:
                errors[each.target] = error
    return Outlook(sorted(stops, key=lambda stop: stop.key), errors)


def _in_target(
    world: World,
    report: TargetReport,
    overrides: Sequence[Override],
    at: datetime,
    until: datetime,
    told: Collection[str],
) -> list[Stop]:
    done = {each.step.resource.key: each for each in report.done}
    later = [_after(step, done.get(step.resource.key), world.config.kinds, at) for step in report.steps]
    now = {step.resource.key: step.resource for step in report.steps}
    moments: dict[datetime, set[str]] = {}
    for resource, record in later:
        if resource.live in _LIT:
            for moment in _moments(world.config, resource, record, overrides, at, until):
                moments.setdefault(moment, set()).add(resource.key)
    found: dict[str, Stop] = {}
    for moment in sorted(moments):
        asked = moments[moment] - set(found)
        new = {key for key in asked if stop_key(report.target, now[key], moment) not in told}
        # One that was told at its first moment is put out then; later moments are not its own any more.
        found |= {key: Stop(report.target, now[key], moment, "") for key in asked - new}
        if new:
            reasons = _decided(world, report.target, later, overrides, moment)
            found |= {key: Stop(report.target, now[key], moment, reasons[key]) for key in new if key in reasons}
    return [stop for stop in found.values() if stop.reason]


def _moments(
    config: Configuration,
    resource: Resource,
    record: StateRecord | None,
    overrides: Sequence[Override],
    at: datetime,
    until: datetime,
) -> set[datetime]:
    """When the decision for a resource may turn to a stop.

    That is when its schedule wants it out, an override, a window or a freeze ends, or it has been lit for too long.
    """
    schedule = config.loaded.schedules.get(resource.schedule or "")
    if schedule is None:
        return set()
    delay = delay_of(schedule, resource.arn)
    turns = schedule.transitions(at - delay, until - delay + timedelta(seconds=1))
    found = {turn.at + delay for turn in turns if turn.now.state is State.STOPPED}
    found |= {freeze.end for freeze in freezes(schedule, at, until + timedelta(seconds=1)) if freeze.end <= until}
    memory = remembered(record, resource)
    found |= {window.end for window in read_occurrences(memory.window) if at < window.end <= until}
    lit = lit_for(memory, resource, at)
    if schedule.definition.stop_after is not None and lit is not None:
        found |= {moment for moment in (at + schedule.definition.stop_after - lit,) if at < moment <= until}
    ending = (override for override in overrides if at < override.until <= until)
    return found | {override.until for override in ending if override.matches(resource.names, resource.tags)}


def _decided(
    world: World,
    target: Target,
    later: Sequence[tuple[Resource, StateRecord | None]],
    overrides: Sequence[Override],
    moment: datetime,
) -> dict[str, str]:
    """Reasons of the stops that would be decided at a moment, by resource.

    Raises:
        LamplighterError: it cannot be told.
    """
    resources = [resource for resource, _ in later]
    records = {resource.key: record for resource, record in later if record is not None}
    plain = plan_target(world.config, target, resources, records, overrides, moment)
    wanted = {step.resource.key for step in plain if step.decision.action is Action.STOP}
    if not wanted:
        return {}
    scene = Scene(world.aws.session(target), world.config, world.kinds, moment)
    steps = decide_target(scene, Survey(target, moment, resources, records), overrides)
    return {
        step.resource.key: step.decision.reason
        for step in steps
        if step.decision.action is Action.STOP or (step.resource.key in wanted and step.decision.memory.held_since)
    }


def _after(
    step: Step, done: Done | None, kinds: Mapping[str, Kind], at: datetime
) -> tuple[Resource, StateRecord | None]:
    """A resource and what is stored of it, as they will be when everything under way has arrived."""
    resource, decision, record = step.resource, step.decision, step.record
    stored, live = decision.store, resource.live
    if done is not None and done.error is not None:
        stored = record.stored if record else Stored.UNKNOWN
    elif step.acts:
        live = Live.RUNNING if decision.action is Action.START else Live.STOPPED
    if live is Live.STARTING or (live is Live.BUSY and stored is Stored.RUNNING):
        live = Live.RUNNING
    elif live is Live.STOPPING:
        live = Live.STOPPED
    if stored is not Stored.UNKNOWN:
        schedule, reason = resource.schedule or "", decision.reason
        plain = record or StateRecord(resource.key, stored, schedule, resource.name, at, reason, "", 1)
        record = replace(plain, stored=stored, schedule=schedule, memory=decision.memory)
    kind = kinds.get(resource.kind)
    if live is not resource.live and kind is not None and live in (Live.RUNNING, Live.STOPPED):
        state = min(kind.may_stop_from if live is Live.RUNNING else kind.may_start_from)
        since = resource.lit_since if resource.live in _LIT and live is Live.RUNNING else None
        resource = replace(resource, live=live, state=state, lit_since=since)
    return resource, record
