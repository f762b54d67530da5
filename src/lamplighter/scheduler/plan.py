"""Planning, pure: resources, what is stored of them, overrides and schedules make decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from lamplighter.aws.targets import Target
from lamplighter.errors import GuardrailError
from lamplighter.resources.kind import Kind, Resource
from lamplighter.scheduler.lit import lit_for, with_lit_since
from lamplighter.scheduler.restarts import seen, to_remember, was_restarted
from lamplighter.scheduler.sections import GuardrailsDefinition
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.snapshots import keep_snapshot, snapshot_for
from lamplighter.scheduler.states import StateRecord, known, remembered, tried
from lamplighter.schedules.decision import Action, Decision, Live, Memory, Situation, decide_all
from lamplighter.schedules.overrides import Override, in_force
from lamplighter.schedules.stagger import delay_of
from lamplighter.schedules.windows import Window


@dataclass(frozen=True, slots=True)
class Step:
    """One resource and what is decided for it.

    Attributes:
        target: its account and region.
        resource: the resource as it is now.
        record: what was stored of it, or None.
        decision: what to do and why.
        hibernate: whether a stop should hibernate.
        snapshot: moment that names the snapshot to take before a stop, see `StopOptions`; empty for none.
        team: whose it is, see `team_of`; empty if nothing says so.
    """

    target: Target
    resource: Resource
    record: StateRecord | None
    decision: Decision
    hibernate: bool = False
    snapshot: str = ""
    team: str = ""

    @property
    def acts(self) -> bool:
        """Whether something will be started or stopped."""
        return self.decision.action is not Action.NONE

    @property
    def due(self) -> Action:
        """What is started or stopped now, or waits for a later pass."""
        return self.decision.action if self.acts else self.decision.put_off

    @property
    def waits(self) -> bool:
        """Whether a start or stop that is due waits for a later pass."""
        return self.decision.put_off is not Action.NONE


def plan_target(
    config: Configuration,
    target: Target,
    resources: Sequence[Resource],
    records: Mapping[str, StateRecord],
    overrides: Sequence[Override],
    at: datetime,
    unsettled: frozenset[str] = frozenset(),
    windows: Mapping[str, tuple[Window, ...]] = MappingProxyType({}),
) -> list[Step]:
    """Decide for every resource of a target.

    Args:
        config: schedules, guardrails and tag.
        target: account and region.
        resources: what was found, in order.
        records: what is stored, by `kind/id`.
        overrides: all that are known.
        at: aware datetime of the pass.
        unsettled: resources for which it cannot yet be told whether an earlier action took effect.
        windows: the open maintenance windows, by `kind/id` of the resources they are for.
    """
    situations = [
        _situation(config, resource, records.get(resource.key), overrides, windows.get(resource.key, ()), at)
        for resource in resources
    ]
    decisions = decide_all(situations, at, config.loaded.schedules, config.loaded.rejected)
    steps = []
    for resource, situation, decision in zip(resources, situations, decisions, strict=True):
        kept = _kept(config, resource, resource.key in unsettled)
        if kept is not None:
            rule, reason = kept
            due = decision.action if decision.action is not Action.NONE else decision.put_off
            decision = left_alone(decision, situation, reason, rule)
            decision = decision._replace(put_off=due) if rule == "wait" else decision
        elif decision.action is not Action.NONE and decision.action.value not in config.guardrails.actions:
            reason = f"{decision.reason}; but guardrails.actions does not allow to {decision.action.value}"
            decision = left_alone(decision, situation, reason, "guardrail")
        elif not may_be_sent(config.kinds.get(resource.kind), resource, decision.action):
            reason = f"{decision.reason}; but no {decision.action.value} is sent while it is {resource.state}"
            decision = left_alone(decision, situation, reason, "wait")._replace(put_off=decision.action)
        schedule = config.loaded.schedules.get(resource.schedule or "")
        hibernate = schedule is not None and schedule.definition.hibernate
        kind = config.kinds.get(resource.kind)
        snapshot = snapshot_for(decision, schedule, kind, at)
        if snapshot:
            decision = decision._replace(reason=f"{decision.reason}, with a snapshot")
        decision = decision._replace(memory=_memory(decision, kind, resource, at))
        team = team_of(config, target, resource)
        steps.append(Step(target, resource, records.get(resource.key), decision, hibernate, snapshot, team))
    return steps


def team_of(config: Configuration, target: Target, resource: Resource) -> str:
    """Whose a resource is: the value of the tag that `team_tag` names, else the account's name; empty without both."""
    return resource.tags.get(config.team) or target.name


def _situation(
    config: Configuration,
    resource: Resource,
    record: StateRecord | None,
    overrides: Sequence[Override],
    windows: tuple[Window, ...],
    at: datetime,
) -> Situation:
    schedule = config.loaded.schedules.get(resource.schedule or "")
    longest = schedule.definition.stop_after if schedule is not None else None
    memory = seen(remembered(record, resource), resource, at)
    # Only where somebody asks for it is it remembered: it would be written for every database.
    memory = with_lit_since(memory, resource, at) if longest is not None else memory._replace(lit_since="")
    lit = lit_for(memory, resource, at)
    return Situation(
        resource.schedule or "",
        known(record, resource),
        resource.live,
        in_force(overrides, at, resource.names, resource.tags) if overrides else None,
        windows,
        memory,
        restarted=was_restarted(memory, resource, at),
        lit_long=longest is not None and lit is not None and lit >= longest,
        delay=delay_of(schedule, resource.arn),
    )


def _memory(decision: Decision, kind: Kind | None, resource: Resource, at: datetime) -> Memory:
    # Whatever was held back before is due, done or no longer wanted now; what holds it back again says so again.
    memory = tried(keep_snapshot(to_remember(decision, kind, resource, at), decision))
    # Found lit again, it is lit anew.
    return memory if decision.action is Action.NONE else memory._replace(lit_since="")


def left_alone(decision: Decision, situation: Situation, reason: str, rule: str) -> Decision:
    """The decision to do nothing now and to store nothing new, whatever was decided before."""
    return Decision(Action.NONE, situation.stored, reason, rule, decision.desired, situation.memory)


def held_back(step: Step, reason: str, rule: str, *, at: datetime) -> Step:
    """The step, put off to a later pass: nothing is done, the stored state stays, and since when it waits is kept.

    Args:
        step: one that acts.
        reason: why it waits, as a clause that follows the reason of the decision.
        rule: short stable name of what holds it back.
        at: aware datetime of the pass.
    """
    memory = remembered(step.record, step.resource)
    decision = Decision(
        Action.NONE,
        known(step.record, step.resource),
        f"{step.decision.reason}; but {reason}",
        rule,
        step.decision.desired,
        memory._replace(held_since=memory.held_since or at.isoformat()),
        step.decision.action,
    )
    return replace(step, decision=decision)


def _kept(config: Configuration, resource: Resource, unsettled: bool) -> tuple[str, str] | None:
    """(rule, reason) if the resource must be left as it is, whatever its schedule says."""
    if config.guardrails.opt_out_tag in resource.tags:
        return "opt-out", f"it has the tag {config.guardrails.opt_out_tag}"
    if resource.unsupported is not None:
        return "unsupported", resource.unsupported
    if resource.schedule is None:
        return "no-schedule", f"it has no tag {config.tag}"
    if unsettled:
        return "wait", f"an earlier action on it is not settled while it is {resource.state}"
    return None


def may_be_sent(kind: Kind | None, resource: Resource, action: Action) -> bool:
    """Whether the kind allows the action in the state the resource is in.

    What was left half way between may be sent either: its state is that of neither end.
    """
    if kind is None or action is Action.NONE or resource.live is Live.PARTLY:
        return True
    return resource.state in (kind.may_start_from if action is Action.START else kind.may_stop_from)


def guard(guardrails: GuardrailsDefinition, steps: Sequence[Step]) -> None:
    """Refuse a plan that would change too much.

    Raises:
        GuardrailError: more changes than `max_changes`, or a greater share than `max_changes_percent`.
    """
    changes = sum(step.acts for step in steps)
    most, percent = guardrails.max_changes, guardrails.max_changes_percent
    hint = "look at `lamp plan`; if it is right, raise the limit for this run, for example --max-changes"
    if most is not None and changes > most:
        raise GuardrailError(f"the pass would change {changes} resources; guardrails allow {most}", hint=hint)
    if percent is not None and changes * 100 > percent * len(steps):
        raise GuardrailError(
            f"the pass would change {changes} of {len(steps)} resources; guardrails allow {percent} %", hint=hint
        )
