"""Instance types: which one a resource is to be started with, and when a lit one is stopped to get another.

A resource that is lit with another type than its period asks for (`period@type`) is stopped with the
rule `resize`, waited for, and started with the right type by later passes. It is stopped once for each change of
what is wanted: `Memory.sized_for` says what it was last sized for, and `Memory.type_before` what it can go back to.
Both are stored with the state, so every death in between is gone on from.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LamplighterError
from lamplighter.resources.kind import Kind, Resource
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.plan import Step, held_back, may_be_sent
from lamplighter.scheduler.states import known
from lamplighter.schedules.timeline import State
from lamplighter.schedules.verdict import Action, Decision, Live, Memory, Stored

if TYPE_CHECKING:
    from lamplighter.scheduler.adjust import Scene

log = logging.getLogger("lamplighter.scheduler")

TAGS: Final = ("lamplighter:instance-types", "IS-PreferredInstanceTypes")
"""Tags that list types to start with, the most wanted first; the first that a resource has wins over its schedule."""

RESIZE: Final = "resize"

_SETTLED: Final = ("unchanged", "schedule", "enforced")
"""Rules of decisions that leave a lit resource lit because its schedule says so, and for no stronger reason."""

_LEFT_OUT: Final = ("any", "stop-only", "frozen")
"""Rules that leave out what is out; not what we put out ourselves to change its type, and is not wanted out."""

Misfits = Mapping[str, str]
"""Types that do not fit, each with the reason."""


def choose_types(scene: Scene, steps: Sequence[Step]) -> list[Step]:
    """Give each start its types, and stop what is lit with another type than its period asks for."""
    wishes = [_wish(scene, _resumed(scene, step)) if scene.means(step.resource) else step for step in steps]
    unfit, errors = _checked(scene, [step.resource for step in wishes if step.resource.types])
    settled = [
        _settled(scene, step, unfit.get(step.resource.key, {}), errors.get(step.resource.kind))
        if step.resource.types
        else step
        for step in wishes
    ]
    return [_remembering(step) for step in settled]


def wanted_types(resource: Resource, asked: str, listed: Sequence[str]) -> tuple[str, ...]:
    """Types to start a resource with, the most wanted first, each once; empty if nobody asks for one.

    Args:
        resource: one of its tags may list types.
        asked: the type its period asks for, or empty.
        listed: `instance_types` of its schedule.
    """
    tag = next((tag for tag in TAGS if tag in resource.tags), None)
    if tag is not None:
        listed = [name.strip() for name in resource.tags[tag].split(",")]
    return tuple(dict.fromkeys(name for name in (asked, *listed) if name))


def _asked(step: Step) -> str:
    return (step.decision.desired.instance_type or "") if step.decision.desired else ""


def _resumed(scene: Scene, step: Step) -> Step:
    """What we put out to change its type is lit again, also when its schedule would now leave it out."""
    decision, desired = step.decision, step.decision.desired
    ours = decision.memory.type_before and decision.rule in _LEFT_OUT and step.resource.live is Live.STOPPED
    if not ours or desired is None or desired.state is State.STOPPED:
        return step
    if "start" not in scene.config.guardrails.actions:
        return step
    reason = f"it was stopped to be resized, so it is started again ({decision.reason})"
    store = Stored(desired.state.value)
    return replace(step, decision=decision._replace(action=Action.START, store=store, reason=reason, rule=RESIZE))


def _wish(scene: Scene, step: Step) -> Step:
    """The step with the types that are to be checked: of a start, or of what may be stopped to be resized."""
    resource, kind = step.resource, scene.kinds.get(step.resource.kind)
    schedule = scene.config.loaded.schedules.get(resource.schedule or "")
    asked, memory = _asked(step), step.decision.memory
    wanted = wanted_types(resource, asked, schedule.definition.instance_types if schedule else ())
    if kind is None or not (wanted or memory.type_before):
        return step
    if not kind.permissions.resize:
        return _not_for_this_kind(step, kind)
    if step.decision.action is Action.START:
        types = dict.fromkeys((*(wanted or (resource.instance_type,)), *filter(None, [memory.type_before])))
        return step if list(types) == [resource.instance_type] else _with_types(step, types)
    if schedule is None or schedule.definition.stop_only or not _lit_with_another(step, asked):
        return step
    if known(step.record, resource) is Stored.UNKNOWN and not schedule.definition.stop_new_instances:
        return _told(step, "its type is left alone too, because it is new", sized_for=asked)
    if resource.instance_type in wanted and not memory.sized_for:
        return _told(step, f"{resource.instance_type} is one of its alternate types", sized_for=asked)
    return _with_types(step, wanted)


def _not_for_this_kind(step: Step, kind: Kind) -> Step:
    asked = _asked(step)
    concerned = step.decision.action is Action.START or step.resource.live is Live.RUNNING
    if not asked or not concerned or asked == step.resource.instance_type:
        return step
    return _told(step, f"its type stays, because the type of a resource of kind {kind.name} is not changed")


def _lit_with_another(step: Step, asked: str) -> bool:
    """Whether it is lit with another type than is asked for, and nothing was done about that yet."""
    decision, resource = step.decision, step.resource
    if decision.action is not Action.NONE or decision.rule not in _SETTLED or resource.live is not Live.RUNNING:
        return False
    if decision.memory.window:  # One is open: it is kept lit until it is over.
        return False
    return bool(asked) and asked not in (resource.instance_type, decision.memory.sized_for)


def _checked(
    scene: Scene, resources: Sequence[Resource]
) -> tuple[Mapping[str, Misfits], Mapping[str, LamplighterError]]:
    """What does not fit, by `kind/id`; and the kinds of which it could not be found out. AWS is asked if need be."""
    unfit: dict[str, Misfits] = {}
    errors: dict[str, LamplighterError] = {}
    by_kind: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        by_kind[resource.kind].append(resource)
    for name, members in by_kind.items():
        try:
            with fenced(name, scene.session.target):
                found = scene.kinds[name].unfit(scene.session, members)
        except LamplighterError as error:
            log.warning("%s: types of %s could not be checked: %s", scene.session.target.key, name, error)
            errors[name] = error
        else:
            unfit.update({each.key: found.get(each.id, {}) for each in members})
    return unfit, errors


def _settled(scene: Scene, step: Step, unfit: Misfits, error: LamplighterError | None) -> Step:
    resource, before = step.resource, step.decision.memory.type_before
    # What it ran with until we stopped it needs no check; what was to become of it was checked before the stop.
    fitting = [name for name in resource.types if name not in unfit or name == before]
    left_out = [f"{name} does not fit: {reason}" for name, reason in unfit.items() if name not in fitting]
    as_it_is = _with_types(step, ())
    if error is not None and not before:
        return _unchecked(as_it_is, resource.types[0], f"types could not be checked: {error}", at=scene.at)
    if not fitting or fitting == [resource.instance_type]:
        return _told(as_it_is, f"its type stays {resource.instance_type}", *left_out)
    if step.decision.action is Action.START:
        change = f"with type {fitting[0]} instead of {resource.instance_type}"
        said = [change] if fitting[0] != resource.instance_type else []
        return _told(_with_types(step, fitting), *said, *left_out)
    if fitting[0] == resource.instance_type:
        words = f"its type stays {resource.instance_type}"
        return _told(as_it_is, words, *left_out, sized_for=_asked(step))
    return _stopped_for(scene, as_it_is, fitting[0], left_out)


def _unchecked(step: Step, first: str, words: str, *, at: datetime) -> Step:
    """A start with the type it has goes on without alternates; one that needs another waits; nothing is stopped."""
    if step.decision.action is Action.START and first != step.resource.instance_type:
        return held_back(step, words, "types-unknown", at=at)
    return _told(step, words)


def _stopped_for(scene: Scene, step: Step, name: str, left_out: Sequence[str]) -> Step:
    resource, decision = step.resource, step.decision
    words = f"resized from {resource.instance_type} to {name}"
    missing = [action for action in ("stop", "start") if action not in scene.config.guardrails.actions]
    if missing:
        return _told(step, f"it is not {words}, because guardrails.actions does not allow to {missing[0]}")
    if not may_be_sent(scene.kinds.get(resource.kind), resource, Action.STOP):
        return _told(step, f"it is not {words} while it is {resource.state}")
    said = _told(step, f"to be {words}", *left_out).decision
    memory = decision.memory._replace(type_before=resource.instance_type, lit_since="")
    stop = said._replace(action=Action.STOP, store=Stored.STOPPED_FOR_RESIZE, rule=RESIZE, memory=memory)
    return replace(step, decision=stop, hibernate=False)


def _with_types(step: Step, types: Iterable[str]) -> Step:
    return replace(step, resource=replace(step.resource, types=tuple(types)))


def _told(step: Step, *words: str, sized_for: str | None = None) -> Step:
    decision = step.decision
    memory = decision.memory if sized_for is None else decision.memory._replace(sized_for=sized_for)
    return replace(step, decision=decision._replace(reason="; ".join([decision.reason, *words]), memory=memory))


def _remembering(step: Step) -> Step:
    decision = step.decision
    memory = _memory(decision, step.resource, _asked(step))
    return step if memory == decision.memory else replace(step, decision=decision._replace(memory=memory))


def _memory(decision: Decision, resource: Resource, asked: str) -> Memory:
    """What to remember of types once the decision has been carried out."""
    memory = decision.memory
    match decision.action:
        case Action.START:
            # Where no type fits, nothing was done about it: it stays visible, and a better definition counts at once.
            settled = bool(resource.types) or asked == resource.instance_type
            return memory._replace(sized_for=asked if settled else "", type_before="")
        case Action.STOP if decision.rule == RESIZE:
            return memory._replace(sized_for=asked)
        case Action.STOP:
            return memory._replace(sized_for="", type_before="")
    if decision.rule == "frozen":
        return memory
    if resource.live in (Live.RUNNING, Live.STARTING) and decision.desired is not None:
        sized_for = asked if asked in ("", resource.instance_type) else memory.sized_for
        return memory._replace(sized_for=sized_for, type_before="")
    wanted_out = decision.desired is not None and decision.desired.state is State.STOPPED
    return memory._replace(sized_for="", type_before="") if wanted_out else memory
