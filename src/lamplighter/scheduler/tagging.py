"""Which tags each resource should have after a pass, and how that differs from those it has; pure.

What tags tell is stored with the resource's state. So a pass that died between acting and tagging is made good by a
later one, from what it reads anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lamplighter.resources.kind import Resource
from lamplighter.scheduler.act import BY_HAND, Done, acted_of, error_code, lasting_error
from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.sections import TagsDefinition
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.states import Acted
from lamplighter.scheduler.tag_text import MOST_TAGS, fill, fit, times
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.decision import Action
from lamplighter.schedules.zones import find_zone

_LEFT_ALONE = frozenset({"opt-out", "unsupported", "no-schedule", "ignore", "gone"})
"""Rules of decisions about resources that are not touched at all."""

_NO_SCHEDULE = {"unknown-schedule": "UnknownSchedule", "invalid-schedule": "InvalidSchedule"}
"""Rules of decisions that the owner of the resource must hear of, with the code of the error tag."""


class Facts(NamedTuple):
    """What tags tell of one resource; empty or None for what there is nothing to tell of.

    Attributes:
        seen: aware datetime at which it was first seen.
        acted: the last start or stop of ours that was done.
        code: error code of what failed last, or of what is wrong with its schedule.
        message: what that error says.
    """

    seen: datetime | None = None
    acted: Acted | None = None
    code: str = ""
    message: str = ""


class Change(NamedTuple):
    """How the tags of one resource differ from what they should be.

    Attributes:
        resource: as it was found.
        put: tags to write.
        remove: keys of tags to take away.
        left_out: keys for which it has no room.
    """

    resource: Resource
    put: Mapping[str, str]
    remove: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def facts_of(step: Step, done: Done | None, at: datetime) -> Facts | None:
    """What the tags of a resource should tell after its step; None if they are not to be touched.

    Args:
        step: the resource and its decision.
        done: what became of it, if the step acts.
        at: aware datetime of the pass.
    """
    record, rule = step.record, step.decision.rule
    if rule in _LEFT_ALONE or (done is not None and (done.open or done.waiting)):
        return None
    # A start or stop by hand writes no record of what no pass has seen.
    seen = record.seen if record else (None if rule == BY_HAND else at)
    last = record.acted if record else None
    if rule in _NO_SCHEDULE:
        return Facts(seen, last, _NO_SCHEDULE[rule], step.decision.reason)
    if done is None:
        return Facts(seen, last, *lasting_error(step))
    return Facts(seen, acted_of(done, at) or last, error_code(done.error), str(done.error or ""))


def tag_changes(config: Configuration, steps: Sequence[Step], done: Sequence[Done], at: datetime) -> list[Change]:
    """What must be written after a pass, or would have to be if all went well.

    Args:
        config: its section `tags`, and schedules for their time zones.
        steps: the steps of a target.
        done: what became of those that act.
        at: aware datetime of the pass.
    """
    if not config.tags.on:
        return []
    outcomes = {each.step.resource.key: each for each in done}
    texts: dict[Acted, dict[str, str]] = {}
    changes = []
    for step in steps:
        facts = facts_of(step, outcomes.get(step.resource.key), at)
        if facts is None:
            continue
        if facts.acted is not None and facts.acted not in texts:
            texts[facts.acted] = _action_tags(config, facts.acted)
        change = difference(config.tags, facts, texts[facts.acted] if facts.acted else {}, step.resource)
        if change is not None:
            changes.append(change)
    return changes


def difference(
    section: TagsDefinition, facts: Facts, action_tags: Mapping[str, str], resource: Resource
) -> Change | None:
    """How the tags of a resource differ from what they should be; None if they do not.

    Args:
        section: which tags are written.
        facts: what they should tell.
        action_tags: the tags of its last action, as texts.
        resource: with the tags it has.
    """
    has = resource.tags
    wanted, unwanted = dict(action_tags), set[str]()
    if facts.acted is not None:
        unwanted |= {*section.started, *section.stopped} - wanted.keys()
    if section.errors and facts.code:
        wanted[section.error_key] = fit(facts.code)
        if has.get(section.error_key) != wanted[section.error_key] or section.error_message_key not in has:
            # Messages name times and zones; as long as it is the same error, they are not worth a call at every pass.
            wanted[section.error_message_key] = fit(facts.message)
    elif section.errors:
        unwanted |= {section.error_key, section.error_message_key}
    if section.first_seen and facts.seen is not None and section.first_seen_key not in has:
        wanted[section.first_seen_key] = facts.seen.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    put = {key: value for key, value in wanted.items() if has.get(key) != value}
    remove = tuple(sorted(unwanted & has.keys()))
    if not put and not remove:
        return None
    room = MOST_TAGS - sum(not key.startswith("aws:") for key in has) + len(remove)
    left_out = tuple([key for key in put if key not in has][max(room, 0) :])
    return Change(resource, {key: value for key, value in put.items() if key not in left_out}, remove, left_out)


def _action_tags(config: Configuration, acted: Acted) -> dict[str, str]:
    """The tags of a start or stop, filled in with its time on the wall clock of its schedule."""
    started = acted.action is Action.START
    schedule = config.loaded.schedules.get(acted.schedule)
    # Built-in schedules have no zone of their own either.
    own = schedule.zone if schedule and schedule.definition.timezone else None
    values = {
        "scheduler": config.tags.scheduler,
        "schedule": acted.schedule or "-",
        "state": "running" if started else "stopped",
        "reason": acted.reason,
        **times(acted.at.astimezone(own or _zone(config.loaded.timezone))),
    }
    templates = config.tags.started if started else config.tags.stopped
    return {key: fill(template, values) for key, template in templates.items()}


def _zone(name: str) -> ZoneInfo:
    try:
        return find_zone(name)
    except GrammarError:
        return find_zone("UTC")  # the file names no zone that exists, which is a problem of its own
