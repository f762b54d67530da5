"""The idle guard: what is in use is not put out by its schedule, at most for a stated time.

Only stops by schedule are looked at. What is not known (no data, no metric, a call that failed) is not taken for idle:
it holds a stop back as well. Source of the calls: CloudWatch API reference, GetMetricData.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import LamplighterError
from lamplighter.resources.kind import Kind, Resource, Session
from lamplighter.resources.metrics import Measure, Metric
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.plan import Step, held_back
from lamplighter.scheduler.states import remembered
from lamplighter.schedules.decision import Action
from lamplighter.schedules.definitions import IdleGuardDefinition
from lamplighter.schedules.durations import duration_text

if TYPE_CHECKING:
    from lamplighter.scheduler.adjust import Scene

BUSY_UNTIL: Final = "lamplighter:busy-until"
"""Key of a tag that says until when a resource is in use: ISO 8601, with its offset or Z."""

PERIOD: Final = timedelta(minutes=5)
"""That of EC2's basic monitoring."""

QUERIES_AT_ONCE: Final = 500
"""Queries that one call takes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric of one resource, and what CloudWatch says of it.

    Attributes:
        resource: the resource.
        metric: the metric.
        guard: the idle guard of its schedule.
        values: one for each period with data, in the metric's unit.
        unknown: why it is not known, or empty.
    """

    resource: Resource
    metric: Metric
    guard: IdleGuardDefinition
    values: tuple[float, ...] = ()
    unknown: str = ""

    @property
    def highest(self) -> float:
        """The highest value: percent, a number, or of network kilobytes a minute."""
        top = max(self.values)
        return top * 60 / PERIOD.total_seconds() / 1000 if self.metric.measure == "network" else top

    @property
    def limit(self) -> float:
        """From which value on it tells that the resource is in use."""
        return limits(self.guard)[self.metric.measure]

    def words(self) -> str:
        """The highest value, for people."""
        match self.metric.measure:
            case "cpu":
                return f"CPU {self.highest:.1f} %"
            case "connections":
                return f"{self.highest:.0f} connection{'' if self.highest == 1 else 's'}"
            case "network":
                return f"{self.metric.name} {self.highest:.1f} kB a minute"


def limits(guard: IdleGuardDefinition) -> dict[Measure, float]:
    """What a guard asks for: from which value on each measure tells that a resource is in use."""
    given: dict[Measure, float | None] = {
        "cpu": guard.cpu_below,
        "connections": guard.connections_below,
        "network": guard.network_below,
    }
    return {measure: limit for measure, limit in given.items() if limit is not None}


def hold_what_is_used(scene: Scene, steps: Sequence[Step]) -> list[Step]:
    """Hold back stops by schedule of what is in use, or may be; see `Adjustment`."""
    guards = {step.resource.key: guard for step in steps if (guard := _guard(scene, step)) is not None}
    if not guards:
        return list(steps)
    asked = [
        Reading(step.resource, metric, guard)
        for step in steps
        if (guard := guards.get(step.resource.key)) is not None and _is_open(scene, step, guard)
        for metric in _metrics(scene.kinds.get(step.resource.kind), guard)
    ]
    readings: dict[str, list[Reading]] = {key: [] for key in guards}
    for reading in measure(scene.session, asked, scene.at):
        readings[reading.resource.key].append(reading)
    return [
        _judged(scene, step, guards[step.resource.key], readings[step.resource.key])
        if step.resource.key in guards
        else step
        for step in steps
    ]


def _guard(scene: Scene, step: Step) -> IdleGuardDefinition | None:
    """The guard of the schedule that stops it; None for any other step."""
    if step.decision.action is not Action.STOP or step.decision.rule == "override":
        return None
    schedule = scene.config.loaded.schedules.get(step.resource.schedule or "")
    return schedule.definition.idle_guard if schedule is not None else None


def _is_open(scene: Scene, step: Step, guard: IdleGuardDefinition) -> bool:
    """Whether it depends on what is measured."""
    return _guarded_for(step, scene.at) < guard.at_most and not busy_until(step.resource, scene.at)


def _guarded_for(step: Step, at: datetime) -> timedelta:
    since = remembered(step.record, step.resource).guarded_since
    return at - datetime.fromisoformat(since) if since else timedelta(0)


def _metrics(kind: Kind | None, guard: IdleGuardDefinition) -> list[Metric]:
    wanted = limits(guard)
    return [metric for metric in (kind.metrics if kind is not None else ()) if metric.measure in wanted]


def busy_until(resource: Resource, at: datetime) -> str:
    """Why its tag holds a stop back at an aware datetime, as a clause; empty if it does not."""
    text = resource.tags.get(BUSY_UNTIL, "").strip()
    if not text:
        return ""
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        return f"its tag {BUSY_UNTIL} is {text!r}, which is no time with a zone, as 2026-11-23T18:00Z is"
    if until <= at:
        return ""
    return f"its tag {BUSY_UNTIL} says that it is in use until {until.isoformat(timespec='minutes')}"


def _judged(scene: Scene, step: Step, guard: IdleGuardDefinition, readings: Sequence[Reading]) -> Step:
    longest = duration_text(guard.at_most)
    if _guarded_for(step, scene.at) >= guard.at_most:
        return _because(step, f"it was held back for {longest}, the most that its idle guard allows")
    tagged = busy_until(step.resource, scene.at)
    rule, reason = ("busy-until", tagged) if tagged else _verdict(step.resource, readings, scene.kinds)
    if not rule:
        return _because(step, f"it is idle: {reason}")
    held = held_back(step, f"{reason}; it is held back for {longest} at most", rule, at=scene.at)
    memory = held.decision.memory
    memory = memory._replace(guarded_since=memory.guarded_since or scene.at.isoformat())
    return replace(held, decision=held.decision._replace(memory=memory))


def _because(step: Step, clause: str) -> Step:
    return replace(step, decision=step.decision._replace(reason=f"{step.decision.reason}; {clause}"))


def _verdict(resource: Resource, readings: Sequence[Reading], kinds: Mapping[str, Kind]) -> tuple[str, str]:
    """(rule that holds it back, why); an empty rule, and what was measured, if it is idle."""
    for one in readings:
        if one.values and one.highest >= one.limit:
            return "in-use", f"it is in use: {one.words()}, and idle is below {one.limit:g}"
    unknown = next((one.unknown for one in readings if one.unknown), "")
    if not readings:
        kind = kinds.get(resource.kind)
        unknown = f"no metric of its idle guard is known for kind {kind.name if kind else resource.kind}"
    if unknown:
        return "use-unknown", f"it is not known whether it is in use: {unknown}"
    return "", ", ".join(one.words() for one in readings)


def measure(session: Session, asked: Sequence[Reading], at: datetime) -> Iterator[Reading]:
    """Ask CloudWatch, several resources a call; a call that fails leaves its metrics unknown and stops no other.

    Args:
        session: calls in the target.
        asked: readings without values.
        at: aware datetime; the span of each guard ends with it.
    """
    for first in range(0, len(asked), QUERIES_AT_ONCE):
        part = asked[first : first + QUERIES_AT_ONCE]
        try:
            with fenced("cloudwatch", session.target):
                answers = _answers(session, part, at)
        except LamplighterError as error:
            yield from (replace(one, unknown=error.message) for one in part)
            continue
        for one, (values, unknown) in zip(part, answers, strict=True):
            nothing = f"CloudWatch has no {one.metric.name} of the last {duration_text(one.guard.over)}"
            yield replace(one, values=values, unknown=unknown or ("" if values else nothing))


def _answers(session: Session, asked: Sequence[Reading], at: datetime) -> list[tuple[tuple[float, ...], str]]:
    """For each: its values over all pages, and why they are not known, or empty."""
    results = session.pages(
        "cloudwatch",
        "get_metric_data",
        "MetricDataResults",
        MetricDataQueries=[_query(number, one) for number, one in enumerate(asked)],
        StartTime=_period(at - max(one.guard.over for one in asked)),
        EndTime=at,
    )
    found: list[tuple[tuple[float, ...], str]] = [((), "")] * len(asked)
    for result in results:
        number = int(result["Id"].removeprefix("m"))
        begin = _period(at - asked[number].guard.over)
        points = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=True)
        values, unknown = found[number]
        fresh = tuple(float(value) for moment, value in points if moment >= begin)
        found[number] = (*values, *fresh), unknown or _refusal(result)
    return found


def _query(number: int, one: Reading) -> dict[str, Any]:
    metric = one.metric
    dimensions = [{"Name": name, "Value": value} for name, value in metric.values(one.resource.id)]
    return {
        "Id": f"m{number}",
        "MetricStat": {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": int(PERIOD.total_seconds()),
            "Stat": metric.statistic,
        },
    }


def _period(moment: datetime) -> datetime:
    """The begin of the period that a moment lies in; periods begin with the hour."""
    return moment.replace(minute=moment.minute - moment.minute % 5, second=0, microsecond=0)


def _refusal(result: Mapping[str, Any]) -> str:
    if result.get("StatusCode") not in ("InternalError", "Forbidden"):
        return ""
    said = "; ".join(str(message.get("Value", "")) for message in result.get("Messages") or ())
    return f"CloudWatch says {result['StatusCode']}" + (f": {said}" if said else "")
