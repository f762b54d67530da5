"""What tags should tell, and how that differs from those there are: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.scheduler.conftest import HERE, MONDAY, OFFICE, configuration

from lamplighter.errors import AccessDenied, LamplighterError
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.act import BY_HAND, Done
from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.sections import TagsDefinition
from lamplighter.scheduler.states import Acted, StateRecord
from lamplighter.scheduler.tag_text import allowed
from lamplighter.scheduler.tagging import Facts, difference, facts_of, tag_changes
from lamplighter.schedules.decision import Action, Decision, Live, Stored

AT = MONDAY + timedelta(hours=8)
EARLIER = MONDAY - timedelta(hours=6)
RESOURCE = Resource(
    kind="ec2-instance",
    id="i-1",
    arn="arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
    account=HERE.account,
    region=HERE.region,
    name="web",
    tags={"Schedule": "office"},
    schedule="office",
    live=Live.STOPPED,
    state="stopped",
)
STOPPED = Acted(Action.STOP, EARLIER, "office", "no period")
RECORD = StateRecord(
    RESOURCE.key, Stored.STOPPED, "office", "web", EARLIER, "no period", "", 3, seen=EARLIER, acted=STOPPED
)
START = Decision(Action.START, Stored.RUNNING, "period office", "schedule")
STAYS = Decision(Action.NONE, Stored.STOPPED, "no period", "unchanged")


def step(
    decision: Decision = START, record: StateRecord | None = RECORD, tags: Mapping[str, str] | None = None
) -> Step:
    return Step(HERE, replace(RESOURCE, tags={"Schedule": "office", **(tags or {})}), record, decision)


def failing(code: str, message: str) -> StateRecord:
    return replace(RECORD, stored=Stored.START_FAILED, error=message, code=code)


STARTED = Acted(Action.START, AT, "office", "period office")


@pytest.mark.parametrize(
    ("decision", "record", "outcome", "facts"),
    [
        # What the step did.
        (START, RECORD, {}, Facts(EARLIER, STARTED)),
        (START, None, {}, Facts(AT, STARTED)),
        (START, RECORD, {"error": AccessDenied("no", code="Denied")}, Facts(EARLIER, STOPPED, "Denied", "no")),
        (START, None, {"error": LamplighterError("no")}, Facts(AT, None, "LamplighterError", "no")),
        (START, failing("Busy", "m"), {}, Facts(EARLIER, STARTED)),
        # Nobody knows yet, so nothing is told.
        (START, RECORD, {"open": True, "error": AccessDenied("lost")}, None),
        (START, RECORD, {"waiting": True}, None),
        # What is stored, where the step did nothing.
        (STAYS, RECORD, None, Facts(EARLIER, STOPPED)),
        (STAYS, None, None, Facts(AT)),
        (STAYS, replace(RECORD, seen=None, acted=None), None, Facts()),
        (STAYS._replace(store=Stored.START_FAILED), failing("Busy", "m"), None, Facts(EARLIER, STOPPED, "Busy", "m")),
        (STAYS, failing("Busy", "m"), None, Facts(EARLIER, STOPPED)),
        (STAYS, replace(failing("Busy", "m"), schedule="lab"), None, Facts(EARLIER, STOPPED)),
        # What is wrong with the schedule.
        (
            STAYS._replace(rule="unknown-schedule", reason="schedule 'x' is not defined"),
            RECORD,
            None,
            Facts(EARLIER, STOPPED, "UnknownSchedule", "schedule 'x' is not defined"),
        ),
        (
            STAYS._replace(rule="invalid-schedule", reason="why"),
            None,
            None,
            Facts(AT, None, "InvalidSchedule", "why"),
        ),
        # What is left alone.
        *((STAYS._replace(rule=rule), RECORD, None, None) for rule in ("opt-out", "unsupported", "no-schedule")),
        *((STAYS._replace(rule=rule), RECORD, None, None) for rule in ("ignore", "gone")),
        # By hand, tagged or not.
        (START._replace(rule=BY_HAND), RECORD, {}, Facts(EARLIER, STARTED)),
        (START._replace(rule=BY_HAND), None, {}, Facts(None, STARTED)),
    ],
)
def test_what_tags_tell(
    decision: Decision, record: StateRecord | None, outcome: Mapping[str, Any] | None, facts: Facts | None
) -> None:
    given_step = step(decision, record)
    done = None if outcome is None else Done(given_step, **outcome)
    assert facts_of(given_step, done, AT) == facts


# --- differences ------------------------------------------------------------------------------------

ALL = TagsDefinition(started={"last": "on", "on": "x"}, stopped={"last": "off"}, errors=True, first_seen=True)
CODE, MESSAGE, SEEN = "lamplighter:error", "lamplighter:error-message", "lamplighter:first-seen"
ON, OFF = {"last": "on", "on": "x"}, {"last": "off"}
SINCE = "2026-11-22T18:00:00Z"


@pytest.mark.parametrize(
    ("has", "facts", "action_tags", "put", "remove"),
    [
        ({}, Facts(EARLIER, STARTED), ON, {**ON, SEEN: SINCE}, ()),
        ({**ON, SEEN: SINCE}, Facts(EARLIER, STARTED), ON, {}, ()),
        ({"last": "off", SEEN: SINCE}, Facts(EARLIER, STARTED), ON, ON, ()),
        ({**ON, SEEN: SINCE}, Facts(EARLIER, STOPPED), OFF, {"last": "off"}, ("on",)),
        # First sight is told once: an earlier tag may come from before the state was lost.
        ({**ON, SEEN: "2020"}, Facts(EARLIER, STARTED), ON, {}, ()),
        # What was done last is not known: whatever is there stays.
        ({**ON, SEEN: SINCE}, Facts(EARLIER), {}, {}, ()),
        ({}, Facts(), {}, {}, ()),
        # Errors come and go; the message stays while the code does.
        ({SEEN: SINCE}, Facts(EARLIER, None, "Busy", "it is, busy"), {}, {CODE: "Busy", MESSAGE: "it is busy"}, ()),
        ({SEEN: SINCE, CODE: "Busy", MESSAGE: "at 9"}, Facts(EARLIER, None, "Busy", "at 10"), {}, {}, ()),
        ({SEEN: SINCE, CODE: "Busy"}, Facts(EARLIER, None, "Busy", "at 10"), {}, {MESSAGE: "at 10"}, ()),
        (
            {SEEN: SINCE, CODE: "Busy", MESSAGE: "at 9"},
            Facts(EARLIER, None, "Gone", "at 10"),
            {},
            {CODE: "Gone", MESSAGE: "at 10"},
            (),
        ),
        ({SEEN: SINCE, CODE: "Busy", MESSAGE: "at 9"}, Facts(EARLIER), {}, {}, (CODE, MESSAGE)),
        ({SEEN: SINCE, CODE: "Busy"}, Facts(EARLIER, STARTED), ON, ON, (CODE,)),
    ],
)
def test_how_tags_differ(
    has: dict[str, str], facts: Facts, action_tags: dict[str, str], put: dict[str, str], remove: tuple[str, ...]
) -> None:
    resource = replace(RESOURCE, tags={"Schedule": "office", **has})
    change = difference(ALL, facts, action_tags, resource)
    assert (change is None) is (not put and not remove)
    if change is not None:
        assert (dict(change.put), change.remove, change.left_out) == (put, remove, ())


def test_what_is_not_asked_for_is_not_touched() -> None:
    resource = replace(RESOURCE, tags={CODE: "Busy", MESSAGE: "m", SEEN: "2020", "last": "off"})
    assert difference(TagsDefinition(), Facts(EARLIER, STARTED), {}, resource) is None
    only = TagsDefinition(started={"last": "on"})
    change = difference(only, Facts(EARLIER, STARTED, "x", "y"), {"last": "on"}, resource)
    assert change is not None
    assert (dict(change.put), change.remove) == ({"last": "on"}, ())


def full(number: int) -> dict[str, str]:
    return {f"user-{n}": "x" for n in range(number)}


def test_there_is_room_for_50() -> None:
    facts = Facts(EARLIER, STARTED)
    at_48 = difference(ALL, facts, ON, replace(RESOURCE, tags=full(48)))
    assert at_48 is not None
    assert (dict(at_48.put), at_48.left_out) == (ON, (SEEN,))
    at_50 = difference(ALL, facts, ON, replace(RESOURCE, tags=full(50)))
    assert at_50 is not None
    assert (dict(at_50.put), at_50.left_out) == ({}, ("last", "on", SEEN))
    # What is there already changes; what goes makes room; tags of AWS do not count.
    changed = difference(ALL, facts, ON, replace(RESOURCE, tags={**full(49), "last": "off"}))
    assert changed is not None
    assert (dict(changed.put), changed.left_out) == ({"last": "on"}, ("on", SEEN))
    freed = difference(ALL, facts, ON, replace(RESOURCE, tags={**full(48), CODE: "x", MESSAGE: "y"}))
    assert freed is not None
    assert (dict(freed.put), freed.remove, freed.left_out) == (ON, (CODE, MESSAGE), (SEEN,))
    beside = difference(ALL, facts, ON, replace(RESOURCE, tags={**full(47), "aws:a": "1", "aws:b": "2"}))
    assert beside is not None
    assert beside.left_out == ()


PLAIN = configuration(OFFICE)
KEYS = ["last", "on", "off", CODE, MESSAGE, SEEN, "Schedule", "aws:cloudformation:stack-name"]
TEXTS = st.text(max_size=300)
TEMPLATES = st.dictionaries(
    st.sampled_from(["last", "on", "off"]), st.sampled_from(["a", "{schedule}", "{reason} {state}", "{scheduler}"])
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[TagsDefinition, Facts, Resource]:
    section = TagsDefinition(
        started=draw(TEMPLATES), stopped=draw(TEMPLATES), errors=draw(st.booleans()), first_seen=draw(st.booleans())
    )
    acted = draw(st.none() | st.builds(Acted, st.sampled_from([Action.START, Action.STOP]), st.just(AT), TEXTS, TEXTS))
    code = draw(TEXTS)
    facts = Facts(draw(st.none() | st.just(EARLIER)), acted, code, draw(TEXTS) if code else "")
    tags = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["a", "office", "x"])))
    tags |= full(draw(st.integers(0, 50 - sum(not key.startswith("aws:") for key in tags))))
    return section, facts, replace(RESOURCE, tags=tags)


@settings(max_examples=400)
@given(cases())
def test_tags_stay_within_what_aws_allows_and_are_written_once(
    case: tuple[TagsDefinition, Facts, Resource],
) -> None:
    section, facts, resource = case
    # Through a whole step, so that the texts are those of its templates.
    record = replace(RECORD, seen=facts.seen, acted=facts.acted, code=facts.code, error=facts.message)
    config = replace(PLAIN, tags=section)
    todo = Step(HERE, resource, record, STAYS)
    changes = tag_changes(config, [todo], [], AT)
    before = dict(resource.tags)
    if not changes:
        return
    [change] = changes
    after = {key: value for key, value in before.items() if key not in change.remove} | dict(change.put)
    assert sum(not key.startswith("aws:") for key in after) <= 50
    for value in change.put.values():
        assert 1 <= len(value) <= 256
        assert all(allowed(character) for character in value)
    untouched = {"Schedule", "aws:cloudformation:stack-name", *full(50)}
    assert {k: v for k, v in after.items() if k in untouched} == {k: v for k, v in before.items() if k in untouched}
    again = tag_changes(config, [replace(todo, resource=replace(resource, tags=after))], [], AT)
    # Only what has no room is still missing, and it is said again, not tried.
    assert all(not each.put and not each.remove and each.left_out == change.left_out for each in again)


# --- whole steps ------------------------------------------------------------------------------------

FILE = (
    OFFICE
    + """
  lab: {periods: office, timezone: Asia/Kolkata}
timezone: Europe/Berlin
tags:
  scheduler: lamp
  started: {last: "on {year}-{month}-{day} {hour}:{minute} {timezone} {scheduler}/{schedule} {state}: {reason}"}
  stopped: {last: "off {hour}:{minute} {timezone} {schedule} {state}"}
"""
)


def test_times_are_those_of_the_action_on_the_clock_of_the_schedule() -> None:
    config = configuration(FILE)
    assert config.problems == ()
    lab = replace(RESOURCE, id="i-2", tags={"Schedule": "lab"}, schedule="lab")
    plain = replace(RESOURCE, id="i-3", tags={}, schedule=None)
    steps = [
        step(),
        Step(HERE, lab, None, START),
        Step(HERE, plain, None, START._replace(rule=BY_HAND, reason="asked for by ada")),
        Step(HERE, replace(RESOURCE, id="i-4"), RECORD, STAYS),
        Step(HERE, replace(RESOURCE, id="i-5", schedule="running"), None, START),
    ]
    changes = tag_changes(config, steps, [Done(each) for each in steps if each.acts], AT)
    assert [dict(change.put) for change in changes] == [
        {"last": "on 2026-11-23 09:00 Europe/Berlin lamp/office running: period office"},
        {"last": "on 2026-11-23 13:30 Asia/Kolkata lamp/lab running: period office"},
        {"last": "on 2026-11-23 09:00 Europe/Berlin lamp/- running: asked for by ada"},
        {"last": "off 19:00 Europe/Berlin office stopped"},
        {"last": "on 2026-11-23 09:00 Europe/Berlin lamp/running running: period office"},
    ]


def test_without_the_section_nothing_is_worked_out() -> None:
    assert tag_changes(configuration(OFFICE), [step()], [Done(step())], AT) == []


def test_a_schedule_that_is_gone_has_the_zone_of_the_file() -> None:
    config = configuration(FILE.replace("timezone: Europe/Berlin", "timezone: Mars/Base"))
    gone = replace(RECORD, acted=STOPPED._replace(schedule="old"))
    [change] = tag_changes(config, [step(STAYS, gone)], [], AT)
    assert dict(change.put) == {"last": "off 18:00 UTC old stopped"}
