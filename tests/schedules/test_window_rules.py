"""Windows told as stories, and against a twin that has none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.schedules.test_decision import BACKUP, DOWN, NOON, PATCHES, UP, Story, hold, wants

from lamplighter.schedules.decision import Action, Decision, Live, Memory, Rules, Stored, decide
from lamplighter.schedules.overrides import Hold
from lamplighter.schedules.windows import Window

NEXT = Window("patch-tuesday", PATCHES[0].begin + timedelta(days=28), PATCHES[0].end + timedelta(days=28))
LONG = Window("upgrade", NOON - timedelta(hours=2), NOON + timedelta(hours=8))

Step = tuple[str, str, Live | None, str, str]
"""(open or over, what the schedule wants, what somebody did before or None, the action, what is stored after it)."""

STORIES: dict[str, tuple[Rules, Live, list[Step]]] = {
    "what is out is lit, and put back": (
        Rules(),
        DOWN,
        [
            ("over", "stopped", None, "none", "stopped"),
            ("open", "stopped", None, "start", "stopped"),
            ("open", "stopped", None, "none", "stopped"),
            ("over", "stopped", None, "stop", "stopped"),
            ("over", "stopped", None, "none", "stopped"),
            ("over", "running", None, "start", "running"),
        ],
    ),
    "one first seen in a window is put back too": (
        Rules(stop_new_instances=False),
        DOWN,
        [("open", "stopped", None, "start", "stopped"), ("over", "stopped", None, "stop", "stopped")],
    ),
    "a stop by hand in it is heeded, and a start by hand after that is by hand": (
        Rules(),
        DOWN,
        [
            ("open", "stopped", None, "start", "stopped"),
            ("open", "stopped", DOWN, "none", "stopped"),
            ("open", "stopped", UP, "none", "stopped"),
            ("over", "stopped", None, "none", "stopped"),
        ],
    ),
    "enforced lights it again": (
        Rules(enforced=True),
        DOWN,
        [
            ("open", "stopped", None, "start", "stopped"),
            ("open", "stopped", DOWN, "start", "stopped"),
            ("over", "stopped", None, "stop", "stopped"),
        ],
    ),
    "its schedule wants it lit by then": (
        Rules(),
        DOWN,
        [
            ("over", "stopped", None, "none", "stopped"),
            ("open", "stopped", None, "start", "stopped"),
            ("open", "running", None, "none", "running"),
            ("over", "running", None, "none", "running"),
            ("over", "stopped", None, "stop", "stopped"),
        ],
    ),
    "its schedule wants it lit only when it is over": (
        Rules(),
        DOWN,
        [
            ("open", "stopped", None, "start", "stopped"),
            ("over", "running", None, "none", "running"),
            ("over", "stopped", None, "stop", "stopped"),
        ],
    ),
    "stopped by hand in its period, it stays lit": (
        Rules(),
        UP,
        [
            ("over", "running", None, "none", "running"),
            ("open", "running", DOWN, "start", "running"),
            ("over", "running", None, "none", "running"),
        ],
    ),
    "a stop waits until it is over": (
        Rules(),
        UP,
        [
            ("over", "running", None, "none", "running"),
            ("open", "running", None, "none", "running"),
            ("open", "stopped", None, "none", "stopped"),
            ("open", "stopped", None, "none", "stopped"),
            ("over", "stopped", None, "stop", "stopped"),
        ],
    ),
    "a stop that is no longer wanted does not come": (
        Rules(),
        UP,
        [
            ("open", "running", None, "none", "running"),
            ("open", "stopped", None, "none", "stopped"),
            ("open", "running", None, "none", "running"),
            ("over", "running", None, "none", "running"),
        ],
    ),
    "retain-running is kept": (
        Rules(retain_running=True),
        UP,
        [
            ("over", "stopped", None, "stop", "stopped"),
            ("over", "stopped", UP, "none", "stopped"),
            ("over", "running", None, "none", "retain-running"),
            ("open", "running", None, "none", "retain-running"),
            ("open", "stopped", None, "none", "stopped"),
            ("over", "stopped", None, "none", "stopped"),
        ],
    ),
    "lit for it, it is not taken for one by hand": (
        Rules(retain_running=True),
        DOWN,
        [
            ("open", "stopped", None, "start", "stopped"),
            ("open", "running", None, "none", "running"),
            ("over", "stopped", None, "stop", "stopped"),
        ],
    ),
    "started by hand before, it is left on": (
        Rules(),
        UP,
        [
            ("over", "stopped", None, "stop", "stopped"),
            ("open", "stopped", UP, "none", "stopped"),
            ("over", "stopped", None, "none", "stopped"),
        ],
    ),
    "any: out again": (
        Rules(),
        DOWN,
        [
            ("over", "any", None, "none", "any"),
            ("open", "any", None, "start", "any"),
            ("over", "any", None, "stop", "any"),
            ("over", "any", None, "none", "any"),
        ],
    ),
    "any: left on": (Rules(), UP, [("open", "any", None, "none", "any"), ("over", "any", None, "none", "any")]),
    "stay_off: back to stopped by hand": (
        Rules(stay_off=True),
        UP,
        [
            ("over", "running", None, "none", "running"),
            ("over", "running", DOWN, "none", "stopped-by-hand"),
            ("open", "running", None, "start", "stopped-by-hand"),
            ("open", "running", None, "none", "stopped-by-hand"),
            ("over", "running", None, "stop", "stopped-by-hand"),
            ("over", "running", None, "none", "stopped-by-hand"),
            ("over", "running", UP, "none", "running"),
        ],
    ),
    "busy: decided when it is known": (
        Rules(),
        DOWN,
        [
            ("over", "stopped", None, "none", "stopped"),
            ("open", "stopped", Live.BUSY, "none", "stopped"),
            ("open", "stopped", DOWN, "start", "stopped"),
            ("over", "stopped", Live.BUSY, "none", "stopped"),
            ("over", "stopped", UP, "stop", "stopped"),
        ],
    ),
    "going out as it opens: lit when it is out": (
        Rules(),
        UP,
        [
            ("over", "stopped", None, "stop", "stopped"),
            ("open", "stopped", Live.STOPPING, "none", "stopped"),
            ("open", "stopped", DOWN, "start", "stopped"),
            ("over", "stopped", None, "stop", "stopped"),
        ],
    ),
    "stop_only is not lit": (Rules(stop_only=True), DOWN, [("open", "stopped", None, "none", "stopped")]),
    "stop_only is stopped in it": (
        Rules(stop_only=True),
        UP,
        [("over", "running", None, "none", "running"), ("open", "stopped", None, "stop", "stopped")],
    ),
    "windows that are not used": (
        Rules(use_maintenance_window=False),
        DOWN,
        [("open", "stopped", None, "none", "stopped"), ("open", "running", None, "start", "running")],
    ),
    "ignore": (Rules(ignore=True), DOWN, [("open", "stopped", None, "none", "unknown")]),
}


@pytest.mark.parametrize("name", STORIES)
def test_stories(name: str) -> None:
    rules, live, steps = STORIES[name]
    story = Story(rules, live)
    for number, (window, state, by_hand, action, stored) in enumerate(steps, 1):
        found = story.step(state, live=by_hand, windows=PATCHES if window == "open" else ())
        assert (found.action.value, found.store.value) == (action, stored), f"step {number}: {found.reason}"
    assert story.memory.returns == "" or steps[-1][0] == "open"


def lit_for_it(rules: Rules = Rules()) -> Story:  # noqa: B008 - frozen
    story = Story(rules, DOWN)
    story.step("stopped")
    assert story.step("stopped", windows=PATCHES).action is Action.START
    return story


def test_reasons_name_the_window_and_its_end() -> None:
    words = "maintenance window patch-tuesday lasts from 2026-11-23T11:00+00:00 to 2026-11-23T14:00+00:00"
    story = Story(Rules(), DOWN)
    started = story.step("stopped", windows=PATCHES)
    assert (started.reason, started.rule) == (words, "maintenance-window")
    assert story.memory == Memory(PATCHES[0].occurrence, "stopped")
    kept = story.step("stopped", windows=PATCHES)
    assert (kept.reason, kept.rule) == (f"no period is on; but {words}, so it is kept lit", "maintenance-window")
    over = story.step("stopped")
    assert over.reason == "no period is on; maintenance window patch-tuesday is over, and it was lit for it only"
    assert over.rule == "maintenance-window"
    assert story.memory == Memory()
    story.step("stopped", windows=PATCHES)
    heeded = story.step("stopped", live=DOWN, windows=PATCHES)
    assert heeded.reason == f"no period is on; {words}, but it was stopped in it"
    strict = lit_for_it(Rules(enforced=True)).step("stopped", live=DOWN, windows=PATCHES)
    assert strict.reason == f"{words}, and the schedule is enforced"


def test_the_next_occurrence_lights_again() -> None:
    story = lit_for_it()
    assert story.step("stopped", live=DOWN, windows=PATCHES).action is Action.NONE
    assert story.step("stopped", windows=(NEXT,)).action is Action.START
    assert story.step("stopped").action is Action.STOP


def test_without_a_pass_between_two_occurrences_it_is_still_put_back() -> None:
    story = lit_for_it()
    assert story.step("stopped", windows=(NEXT,)).action is Action.NONE
    assert story.step("stopped").action is Action.STOP


def test_an_end_that_is_moved_is_no_new_occurrence() -> None:
    story = lit_for_it()
    longer = Window("patch-tuesday", PATCHES[0].begin, PATCHES[0].end + timedelta(hours=3))
    assert story.step("stopped", live=DOWN, windows=(longer,)).action is Action.NONE
    assert story.memory.window == longer.occurrence


@pytest.mark.parametrize("inner", [BACKUP, NEXT])
def test_a_window_within_another_ends_without_harm(inner: Window) -> None:
    story = Story(Rules(), DOWN)
    story.step("stopped", windows=(LONG,))
    assert story.step("stopped", windows=(LONG, inner)).action is Action.NONE
    assert story.step("stopped", live=DOWN, windows=(LONG, inner)).action is Action.NONE
    assert story.step("stopped", windows=(LONG,)).action is Action.NONE, "it was met, and stopped by hand since"
    assert story.step("stopped").action is Action.NONE


def test_a_second_window_lights_what_was_stopped_in_the_first() -> None:
    story = lit_for_it()
    story.step("stopped", live=DOWN, windows=PATCHES)
    assert story.step("stopped", windows=(*PATCHES, BACKUP)).action is Action.START
    assert story.step("stopped").action is Action.STOP


def test_an_override_to_stopped_wins_and_what_was_missed_is_done_after_it() -> None:
    story = lit_for_it()
    stopped = story.step("stopped", override=hold(Hold.STOPPED), windows=PATCHES)
    assert (stopped.action, stopped.rule) == (Action.STOP, "override")
    assert story.step("stopped", override=hold(Hold.STOPPED), windows=PATCHES).action is Action.NONE
    assert story.step("stopped", windows=PATCHES).action is Action.START
    assert story.step("stopped").action is Action.STOP


def test_an_override_to_running_takes_it_over() -> None:
    story = lit_for_it()
    assert story.step("stopped", override=hold(Hold.RUNNING), windows=PATCHES).action is Action.NONE
    kept = story.step("stopped", override=hold(Hold.RUNNING))
    assert (kept.action, kept.store, kept.memory) == (Action.NONE, Stored.RUNNING, Memory())
    assert story.step("stopped").action is Action.STOP


def test_leave_alone_leaves_it_alone_and_it_is_put_back_after() -> None:
    story = Story(Rules(), DOWN)
    assert story.step("stopped", override=hold(Hold.LEAVE_ALONE), windows=PATCHES).action is Action.NONE
    assert story.step("stopped", windows=PATCHES).action is Action.START
    assert story.step("stopped", override=hold(Hold.LEAVE_ALONE)).action is Action.NONE
    assert story.step("stopped").action is Action.STOP


def test_windows_that_are_switched_off_meanwhile_are_over() -> None:
    story = lit_for_it()
    story.rules = Rules(use_maintenance_window=False)
    assert story.step("stopped", windows=PATCHES).action is Action.STOP


@pytest.mark.parametrize(
    ("live", "windows", "action"),
    [
        (Live.PARTLY, PATCHES, "start"),
        (Live.PARTLY, (), "stop"),
        (DOWN, PATCHES, "start"),
        (DOWN, (), "none"),
        (UP, PATCHES, "none"),
        (UP, (), "none"),
    ],
)
def test_after_a_start_for_it_that_failed(live: Live, windows: tuple[Window, ...], action: str) -> None:
    """What it left half done is finished or put back; what is wholly lit was lit by somebody else, and is left."""
    failed = Memory(returns="stopped")
    found = decide(wants("stopped"), Rules(), Stored.STOPPED, live, windows=windows, memory=failed)
    assert found.action.value == action
    assert found.memory.returns == ("stopped" if action == "start" else "")


def test_half_lit_for_it_is_put_back() -> None:
    story = lit_for_it()
    assert story.step("stopped", live=Live.PARTLY, windows=PATCHES).action is Action.NONE
    assert story.step("stopped", live=Live.PARTLY).action is Action.STOP


def test_a_failed_stop_is_tried_again_and_forgets_nothing() -> None:
    story = Story(Rules(stay_off=True), DOWN, Stored.STOPPED_BY_HAND)
    story.step("running", windows=PATCHES)
    before = story.memory
    story.step("running")
    story.stored, story.memory, story.live = Stored.STOP_FAILED, before, UP
    again = story.step("running")
    assert (again.action, again.store) == (Action.STOP, Stored.STOPPED_BY_HAND)


@pytest.mark.parametrize("more", [{"restarted": True}, {"overstay": "it has been lit for 4h or longer"}])
def test_what_would_be_stopped_for_other_reasons_is_kept_lit_and_stopped_after_it(more: dict[str, Any]) -> None:
    """AWS started it again, or `stop_after` is over."""
    rules, before = Rules(), Memory(restarts_at="2026-11-23T10:00:00+00:00", lit_since="2026-11-23T08:00:00+00:00")
    plain = decide(wants("stopped"), rules, Stored.STOPPED, UP, memory=before, **more)
    assert plain.action is Action.STOP
    first = decide(wants("stopped"), rules, Stored.STOPPED, UP, memory=before, windows=PATCHES, **more)
    second = decide(wants("stopped"), rules, first.store, UP, memory=first.memory, windows=PATCHES, **more)
    for kept in (first, second):
        assert (kept.action, kept.store, kept.rule) == (Action.NONE, Stored.STOPPED, "maintenance-window")
    assert first.memory == before._replace(window=PATCHES[0].occurrence, returns="stopped")
    over = decide(wants("stopped"), rules, second.store, UP, memory=second.memory, **more)
    assert (over.action, over.store, over.memory) == (Action.STOP, Stored.STOPPED, before)


def test_what_we_put_out_to_resize_it_is_not_put_out_after_a_window() -> None:
    """Its schedule asked for running when it was stopped; by the time it is to be lit again, either will do."""
    before = Memory(type_before="m5.large", sized_for="m5.xlarge")
    lit = decide(wants("any"), Rules(), Stored.STOPPED_FOR_RESIZE, DOWN, memory=before, windows=PATCHES)
    assert (lit.action, lit.store, lit.memory.returns) == (Action.START, Stored.ANY, "")
    over = decide(wants("any"), Rules(), lit.store, UP, memory=lit.memory)
    assert (over.action, over.store) == (Action.NONE, Stored.ANY)
    out = decide(wants("stopped"), Rules(), Stored.STOPPED_FOR_RESIZE, DOWN, memory=before, windows=PATCHES)
    assert (out.action, out.memory.returns) == (Action.START, "stopped")


# --- the twin -----------------------------------------------------------------------------------------------

rules_of = st.builds(
    Rules,
    **dict.fromkeys(("retain_running", "stop_new_instances", "use_maintenance_window", "stop_only"), st.booleans()),
).flatmap(
    lambda rules: st.sampled_from(
        [
            rules,
            Rules(True, rules.retain_running, rules.stop_new_instances),
            Rules(False, rules.retain_running, rules.stop_new_instances, stay_off=True),
        ]
    )
)
states = st.sampled_from(["running", "stopped", "any"])
before = st.lists(st.tuples(states, st.sampled_from([None, None, UP, DOWN])), max_size=5)


@given(rules_of, st.sampled_from([UP, DOWN]), before, st.lists(states, min_size=1, max_size=5), states)
def test_after_a_window_all_is_as_it_would_be_without(
    rules: Rules, live: Live, first: list[tuple[str, Live | None]], inside: list[str], last: str
) -> None:
    """Nobody touches it in the window. The one exception: what its schedule wants lit stays lit."""
    twin, story = Story(rules, live), Story(rules, live)
    steps: list[tuple[str, Live | None, tuple[Window, ...]]] = [(state, by_hand, ()) for state, by_hand in first]
    steps += [(state, None, PATCHES) for state in inside]
    steps += [(last, None, ()), (last, None, ())]
    excepted = False
    for state, by_hand, windows in steps:
        plain = twin.step(state, live=by_hand)
        found = story.step(state, live=by_hand, windows=windows)
        used = windows and rules.use_maintenance_window and not rules.stop_only
        assert not (used and found.action is Action.STOP), "nothing is stopped while it is open"
        if used:
            assert story.live is UP
        stopped_by_hand = twin.live is DOWN and state == "running" and plain.store is not Stored.STOPPED_BY_HAND
        excepted = excepted or bool(used and stopped_by_hand)
        if windows or excepted:
            continue
        assert (story.live, story.stored) == (twin.live, twin.stored)
        assert story.memory == Memory()
    assert not (excepted and last == "running") or story.live is UP


@given(
    rules_of,
    st.sampled_from([UP, DOWN]),
    st.lists(st.tuples(states, st.sampled_from([None, UP, DOWN]), st.booleans()), max_size=8),
)
def test_what_somebody_stops_in_a_window_stays_out_in_it_unless_its_schedule_starts_it(
    rules: Rules, live: Live, steps: list[tuple[str, Live | None, bool]]
) -> None:
    story = Story(rules, live)
    met = False
    for state, by_hand, is_open in steps:
        stopped = by_hand is DOWN and met and is_open
        found: Decision = story.step(state, live=by_hand, windows=PATCHES if is_open else ())
        if stopped and found.action is Action.START:
            assert rules.enforced or (state == "running" and found.rule != "maintenance-window")
        met = is_open
