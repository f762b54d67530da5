"""Order: what comes first is lit and healthy before what comes after it is started, and put out only after it.

A start waits while something that comes before it is lit, coming or due, and not healthy. A stop waits while
something that comes after it is on its way out or due to be stopped. Both wait for `at_most`, counted from the first
pass in which they could have been done; then they are done all the same, and say so. What nobody is going to light
(its schedule has it out, it is opted out, its kind cannot start it) is not waited for; the reason says that it is out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from lamplighter.errors import LamplighterError
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.order_rules import AFTER_TAG, OrderRules, Slot
from lamplighter.scheduler.plan import Step, held_back
from lamplighter.scheduler.states import remembered
from lamplighter.schedules.decision import Action, Live
from lamplighter.schedules.durations import duration_text
from lamplighter.schedules.stagger import delay_of
from lamplighter.schedules.timeline import State
from lamplighter.schedules.verdict import Stored

if TYPE_CHECKING:
    from lamplighter.scheduler.adjust import Scene

RULE = "order"
_NAMED = 3
"""How many are named in a reason; the others are counted."""
_LEFT_ALONE = frozenset({"opt-out", "unsupported", "no-schedule", "ignore", "guardrail", "frozen"})
"""Rules of decisions after which nothing is done, whatever the schedule wants."""

_CHANGES = {State.RUNNING: Action.START, State.STOPPED: Action.STOP}


@dataclass(frozen=True, slots=True)
class Blocker:
    """What is waited for.

    Attributes:
        key: `kind/id` of a resource; empty for what is no resource.
        words: its name and what it is about.
    """

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Blockers:
    """All that one step waits for, in the order of their keys; shared by steps that wait for the same."""

    listed: Sequence[Blocker] = ()
    keys: frozenset[str] = frozenset()

    def without(self, key: str) -> Blockers:
        """The same without a resource itself."""
        if key not in self.keys:
            return self
        return Blockers([each for each in self.listed if each.key != key], self.keys - {key})

    def words(self) -> str:
        """Some by name, the others counted; empty if there is none."""
        words = [each.words for each in self.listed[:_NAMED]]
        words += [f"{len(self.listed) - _NAMED} more"] if len(self.listed) > _NAMED else []
        return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def keep_order(scene: Scene, steps: Sequence[Step]) -> list[Step]:
    """Hold back what must wait for another; see `Adjustment`."""
    order = scene.config.order
    if order is None:
        return [_unread(step) for step in steps]
    if not any(step.acts for step in steps):
        return list(steps)
    look = _Look(scene, OrderRules(order), steps)
    blocked = {step.resource.key: look.blockers(step) for step in steps if step.acts}
    return [_decide(scene, step, blocked, look) if step.acts else step for step in steps]


def _unread(step: Step) -> Step:
    """A tag that nobody reads is said to be one."""
    if not step.acts or AFTER_TAG not in step.resource.tags:
        return step
    return _adding(step, f"its tag {AFTER_TAG} is not followed: the file has no section `order`")


def _adding(step: Step, words: str) -> Step:
    return replace(step, decision=step.decision._replace(reason=f"{step.decision.reason}; {words}"))


def _decide(scene: Scene, step: Step, blocked: Mapping[str, Blockers], look: _Look) -> Step:
    key, at_most = step.resource.key, look.at_most
    blockers = blocked[key]
    if not blockers.listed:
        odd = look.odd_ones(step).words()
        side = "after" if step.decision.action is Action.START else "before"
        return _adding(step, f"although it comes {side} {odd}") if odd else step
    mutual = any(key in blocked.get(each.key, Blockers()).keys for each in blockers.listed[:_NAMED])
    words = blockers.words() + (", which waits for it in turn" if mutual else "")
    since = remembered(step.record, step.resource).ordered_since
    if since and scene.at - datetime.fromisoformat(since) >= at_most:
        return _adding(step, f"it waits no longer for {words}: at_most is {duration_text(at_most)}")
    held = held_back(step, f"it waits for {words}", RULE, at=scene.at)
    memory = held.decision.memory._replace(ordered_since=since or scene.at.isoformat())
    return replace(held, decision=held.decision._replace(memory=memory))


class _Look:
    """The steps of one target, seen for what they wait for."""

    def __init__(self, scene: Scene, rules: OrderRules, steps: Sequence[Step]) -> None:
        self._scene, self._rules, self.at_most = scene, rules, rules.definition.at_most
        self._follows = {step.resource.key: rules.follows(step.resource) for step in steps}
        asked = frozenset[Slot]().union(*self._follows.values())
        self._fills = {
            step.resource.key: frozenset(slot for slot in rules.fills(step.resource) if slot in asked) for step in steps
        }
        health = self._health(steps)
        self._not_ready: dict[Slot, list[Blocker]] = defaultdict(list)
        self._leaving: dict[Slot, list[Blocker]] = defaultdict(list)
        self._out: dict[Slot, list[Blocker]] = defaultdict(list)
        self._staying: dict[Slot, list[Blocker]] = defaultdict(list)
        self._merged: dict[tuple[int, frozenset[Slot]], Blockers] = {}
        for step in steps:
            self._enter(step, health)

    def _health(self, steps: Sequence[Step]) -> Mapping[str, bool | str]:
        """Of what is lit and something waits for: whether it is healthy, or why that is not known; by `kind/id`."""
        starting = [step for step in steps if step.decision.action is Action.START]
        needed = frozenset[Slot]().union(*(self._follows[step.resource.key] for step in starting))
        asked: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            if step.resource.live is Live.RUNNING and needed & self._fills[step.resource.key]:
                asked[step.resource.kind].append(step)
        found: dict[str, bool | str] = {}
        for name, members in asked.items():
            resources = [step.resource for step in members]
            try:
                with fenced(name, self._scene.session.target):
                    healthy = self._scene.kinds[name].healthy(self._scene.session, resources)
            except LamplighterError as error:
                found.update({each.key: f"lit, its health not known: {error.message}" for each in resources})
                continue
            told = {each.key: healthy.get(each.id) for each in resources}
            found.update({key: "lit, its health not known" if is_it is None else is_it for key, is_it in told.items()})
        return found

    def _enter(self, step: Step, health: Mapping[str, bool | str]) -> None:
        """Put a step where those look that wait for it."""
        key, name, wants_out = step.resource.key, step.resource.name, _is_leaving(self._scene, step)
        lit = step.resource.live in (Live.RUNNING, Live.STARTING, Live.PARTLY, Live.BUSY)
        supported = step.resource.unsupported is None
        if self._fills[key]:
            words = _not_ready(self._scene, step, health.get(key, False))
            if words:
                self._put(self._not_ready, self._fills[key], Blocker(key, f"{name} ({words})"))
            elif supported and (not lit or wants_out):
                self._put(self._out, self._fills[key], Blocker(key, f"{name} ({wants_out or 'out'})"))
        if wants_out:
            self._put(self._leaving, self._follows[key], Blocker(key, f"{name} ({wants_out})"))
        elif lit and supported:
            self._put(self._staying, self._follows[key], Blocker(key, f"{name} (stays lit)"))

    @staticmethod
    def _put(places: dict[Slot, list[Blocker]], slots: Iterable[Slot], blocker: Blocker) -> None:
        for slot in slots:
            places[slot].append(blocker)

    def blockers(self, step: Step) -> Blockers:
        """What a step that acts waits for."""
        key, unseen = step.resource.key, self._scene.unseen
        if step.decision.action is Action.START:
            found = self._others(self._not_ready, self._follows[key], key)
            more = [
                Blocker("", f"{word!r} in its tag {AFTER_TAG}, which names no group")
                for word in self._rules.strangers(step.resource)
            ]
            hidden = any(self._rules.may_hold(slot.ref, unseen) for slot in self._follows[key])
        else:
            found, more = self._others(self._leaving, self._fills[key], key), []
            hidden = any(self._rules.may_follow(slot.ref, unseen) for slot in self._rules.fills(step.resource))
        if hidden:
            more.append(Blocker("", f"what could not be looked at ({', '.join(sorted(unseen))})"))
        return Blockers([*found.listed, *more], found.keys) if more else found

    def odd_ones(self, step: Step) -> Blockers:
        """What stands against the order and is not waited for."""
        key = step.resource.key
        if step.decision.action is Action.START:
            return self._others(self._out, self._follows[key], key)
        return self._others(self._staying, self._fills[key], key)

    def _others(self, places: Mapping[Slot, list[Blocker]], slots: frozenset[Slot], key: str) -> Blockers:
        """What stands in any of the slots, each once, without a resource itself."""
        merged = self._merged.get((id(places), slots))
        if merged is None:
            found = {each.key: each for slot in slots for each in places.get(slot, ())}
            merged = Blockers([found[each] for each in sorted(found)], frozenset(found))
            self._merged[id(places), slots] = merged
        return merged.without(key)


def _not_ready(scene: Scene, step: Step, healthy: bool | str) -> str:
    """Why what comes after a resource has to wait for it, or nothing: it is healthy, or nobody is going to light it."""
    decision, live = step.decision, step.resource.live
    resizing = decision.action is Action.STOP and decision.store is Stored.STOPPED_FOR_RESIZE
    if live is Live.GONE or (_is_leaving(scene, step) and not resizing):
        return ""
    if resizing:
        return "to be resized"
    if step.due is Action.START:
        return "to be started" if step.acts else "not started yet"
    if live is Live.STARTING:
        return step.resource.state
    if live is Live.RUNNING:
        return healthy if isinstance(healthy, str) else "" if healthy else "not healthy yet"
    if decision.rule in _LEFT_ALONE or decision.desired is None:
        return ""
    if live in (Live.BUSY, Live.PARTLY):
        return step.resource.state if decision.desired.state.value == "running" else ""
    return "to be started later" if _later(scene, step) is Action.START else ""


def _is_leaving(scene: Scene, step: Step) -> str:
    """How a resource is about to be put out, or nothing."""
    if step.due is Action.STOP:
        return "to be stopped" if step.acts else "not stopped yet"
    if step.resource.live is Live.STOPPING:
        return "" if step.due is Action.START else step.resource.state
    lit = step.resource.live in (Live.RUNNING, Live.STARTING, Live.PARTLY)
    return "to be stopped later" if lit and _later(scene, step) is Action.STOP else ""


def _later(scene: Scene, step: Step) -> Action:
    """What its schedule asks for already, and comes later for this resource by `stagger`."""
    schedule, desired = scene.config.loaded.schedules.get(step.resource.schedule or ""), step.decision.desired
    if schedule is None or desired is None or not delay_of(schedule, step.resource.arn):
        return Action.NONE
    now = schedule.state_at(scene.at).state
    if now is desired.state or step.decision.rule in (*_LEFT_ALONE, "override", "maintenance-window"):
        return Action.NONE
    return _CHANGES.get(now, Action.NONE)
