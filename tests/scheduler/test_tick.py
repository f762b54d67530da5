"""The clock: who is due, when to look again, and how little is read while nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.scheduler.clockwork import NIGHTS, Clockwork, hours, settled, told
from tests.scheduler.conftest import HERE, OFFICE, THERE

from lamplighter.aws.targets import Target, TargetFailure, TargetList
from lamplighter.errors import AwsError
from lamplighter.scheduler.asked import ask_for_all
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.overrides import KEPT, clear_overrides, list_overrides, set_override
from lamplighter.scheduler.tick import Asleep, Rhythm, asleep, outdated, tick
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.store.table import JSON


@pytest.fixture
def works() -> Clockwork:
    """Reconciled at 7:00; the one target has office hours, the other nights."""
    return settled()


def test_the_first_tick_asks_for_every_target_and_looks_again_soon() -> None:
    works = Clockwork()
    done = works.at(hours(7))
    assert told(works.sent) == [(HERE.key, "definitions", None), (THERE.key, "definitions", None)]
    assert done.next == hours(7) + Rhythm().watch
    assert works.at(done.next).next == hours(8)


def test_nothing_due_reads_few_items_asks_nobody_and_sends_nothing(works: Clockwork) -> None:
    many = [Target(f"{n:012}", "eu-west-1") for n in range(600)]
    for target in many:
        works.roster(target, "office")
    done = works.at(hours(7.5))
    assert done.messages == works.sent == []
    assert works.store.read <= 20
    assert (works.looked, works.resolved) == (0, 0)
    assert done.next == hours(8)


def test_few_items_are_read_with_many_overrides_ahead(works: Clockwork) -> None:
    for number in range(40):
        set_override(works.store, override(f"o{number}", 7.2, 12 + number))
    for _ in range(9):
        works.at(hours(7.3))
    assert works.at(hours(7.4)).messages == []
    assert works.store.read <= 20


def test_only_targets_with_a_due_schedule_are_asked_for(works: Clockwork) -> None:
    done = works.at(hours(8))
    assert told(works.sent) == [(HERE.key, "transition", ["office"])]
    assert done.next == hours(11), "the next reconciliation"
    assert works.resolved == 0
    assert told(works.at(hours(8.01)).messages) == []


def test_a_tick_that_comes_late_takes_up_what_was_missed(works: Clockwork) -> None:
    works.at(hours(8))
    works.at(hours(11))
    works.at(hours(15))
    works.at(hours(18.2))
    assert told(works.sent) == [(HERE.key, "transition", ["office"])]


def test_every_four_hours_all_targets_are_found_out_and_asked_for(works: Clockwork) -> None:
    works.found = TargetList((HERE,))
    done = works.at(hours(11))
    assert told(works.sent) == [(HERE.key, "reconcile", None)]
    assert works.resolved == 1
    assert works.store.get("clock", "roster", THERE.key) is None, "it is a target no more"
    assert done.next == hours(11) + Rhythm().watch


def test_nothing_is_forgotten_while_some_could_not_be_found_out(works: Clockwork) -> None:
    failure = TargetFailure("organization", AwsError("no answer"))
    works.found = TargetList((HERE,), (failure,))
    assert works.at(hours(11)).unresolved == (failure,)
    assert works.store.get("clock", "roster", THERE.key) is not None


def without(works: Clockwork, target: Target, subject: str = "") -> None:
    """From now on it cannot be found out whether this is a target."""
    left = tuple(each for each in works.found.targets if each != target)
    works.found = TargetList(left, (TargetFailure(subject or target.account, AwsError("no answer")),))


def test_what_is_due_while_a_target_cannot_be_found_out_is_asked_for(works: Clockwork) -> None:
    without(works, HERE)
    works.at(hours(11))
    assert told(works.sent) == [(HERE.key, "transition", ["office"]), (THERE.key, "reconcile", None)]
    works.at(hours(15))
    assert told(works.sent) == [(THERE.key, "reconcile", None)], "nothing is due"
    works.at(hours(18))
    assert told(works.sent) == [(HERE.key, "transition", ["office"])]


def test_an_override_that_begins_while_a_target_cannot_be_found_out_is_asked_for(works: Clockwork) -> None:
    works.at(hours(8))
    set_override(works.store, override("one", 10, 12))
    without(works, HERE, HERE.key)
    works.at(hours(11))
    assert told(works.sent) == [(HERE.key, "override", None), (THERE.key, "reconcile", None)]


def test_what_is_watched_while_a_target_cannot_be_found_out_is_asked_for(works: Clockwork) -> None:
    works.at(hours(15))
    works.roster(THERE, "nights", watch=True)
    without(works, THERE, "organization")
    works.at(hours(18.99))
    works.at(hours(19))
    assert told(works.sent) == [(HERE.key, "reconcile", None), (THERE.key, "watch", None)], "though it just was"
    works.at(hours(23))
    assert told(works.sent) == [(HERE.key, "reconcile", None), (THERE.key, "transition", None)]


def test_what_is_told_while_a_target_cannot_be_found_out_is_asked_for(telling: Clockwork) -> None:
    telling.at(hours(13.5))
    without(telling, HERE)
    telling.at(hours(17.5))
    assert told(telling.sent) == [(HERE.key, "upcoming", ["office"]), (THERE.key, "reconcile", None)]


@pytest.mark.parametrize("asked", [False, True], ids=["definitions", "asked"])
def test_everything_is_asked_of_what_is_known_while_it_cannot_be_found_out(works: Clockwork, *, asked: bool) -> None:
    without(works, HERE)
    if asked:
        ask_for_all(works.store, hours(7.2))
    else:
        works.define(OFFICE.replace("08:00", "07:30"))
    works.at(hours(7.2))
    why = "reconcile" if asked else "definitions"
    assert told(works.sent) == [(HERE.key, why, None), (THERE.key, why, None)]


def test_what_is_no_target_any_more_is_forgotten_though_another_cannot_be_found_out(works: Clockwork) -> None:
    gone = Target("777788889999", "eu-west-1")
    works.roster(gone, "office")
    without(works, HERE)
    works.define(OFFICE.replace("08:00", "07:30"))
    works.at(hours(7.2))
    assert gone.key not in [each.target.key for each in works.sent]
    works.at(hours(7.5))
    assert told(works.sent) == [(HERE.key, "transition", ["office"])]


def test_other_definitions_are_decided_at_once(works: Clockwork) -> None:
    works.define(OFFICE.replace("08:00", "07:30"))
    done = works.at(hours(7.2))
    assert told(works.sent) == [(HERE.key, "definitions", None), (THERE.key, "definitions", None)]
    assert works.at(done.next).next == hours(7.5)


def override(id_: str, begin: float, end: float, selector: str = "i-1") -> Override:
    return Override(id_, Hold.RUNNING, selector, hours(end), "", "ada", hours(begin))


def test_overrides_wake_the_clock_when_they_begin_and_end(works: Clockwork) -> None:
    arn = f"arn:aws:ec2:{THERE.region}:{THERE.account}:instance/i-1"
    set_override(works.store, override("one", 7.2, 7.6, arn))
    set_override(works.store, override("two", 7.2, 7.7))
    done = works.at(hours(7.3))
    assert told(works.sent) == [(HERE.key, "override", None), (THERE.key, "override", None)]
    assert done.next == hours(7.6)
    done = works.at(done.next)
    assert told(works.sent) == [(THERE.key, "override", None)]
    clear_overrides(works.store, at=hours(7.61), ids=frozenset({"two"}))
    done = works.at(hours(7.62))
    assert told(works.sent) == [(HERE.key, "override", None), (THERE.key, "override", None)]
    assert done.next == hours(8)


def test_overrides_that_ended_long_ago_are_forgotten_when_everything_is_asked_for(works: Clockwork) -> None:
    set_override(works.store, override("old", 7.2, 7.4))
    works.at(hours(7.2))
    works.at(hours(7.4) + KEPT - timedelta(hours=1))
    assert [each.id for each in list_overrides(works.store)] == ["old"]
    works.at(hours(7.4) + KEPT + timedelta(hours=1))
    assert [each.id for each in list_overrides(works.store)] == ["old"], "a tick that is not about everything"
    works.at(hours(7.4) + KEPT + timedelta(hours=3))
    assert list_overrides(works.store) == []


def test_more_overrides_than_one_tick_takes_up_are_taken_up_by_the_next(works: Clockwork) -> None:
    for number in range(20):
        set_override(works.store, override(f"o{number:02}", 7.2, 12))
    done = works.at(hours(7.3))
    assert done.next == hours(7.3)
    assert works.at(done.next).next == hours(8)


def test_watched_targets_are_asked_for_in_between(works: Clockwork) -> None:
    works.roster(THERE, "nights", watch=True)
    done = works.at(hours(7.5))
    assert told(works.sent) == [(THERE.key, "watch", None)]
    assert done.next == hours(7.5) + Rhythm().watch


def test_one_message_a_target_however_many_reasons(works: Clockwork) -> None:
    works.define(NIGHTS.replace("20:00", "18:00"))
    works.at(hours(16))
    works.roster(HERE, "office", "nights")
    works.roster(THERE, "nights")
    works.at(hours(16.5))
    works.at(hours(18))
    assert told(works.sent) == [
        (HERE.key, "transition", ["nights", "office"]),
        (THERE.key, "transition", ["nights"]),
    ]
    works.at(hours(20))
    assert [each.why for each in works.sent] == ["reconcile", "reconcile"]


def test_what_was_not_sent_is_due_again(works: Clockwork) -> None:
    def fail(_: Sequence[Message]) -> None:
        raise AwsError("the queue is gone")

    with pytest.raises(AwsError):
        tick(works.store, hours(8), config=works.config, resolve=works.resolve, send=fail)
    assert told(works.at(hours(8.01)).messages) == [(HERE.key, "transition", ["office"])]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"version": "x", "wakes": {}},
        {"version": 1, "wakes": {"office": "soon"}},
        {"version": 1, "wakes": {}, "notices": {"office": "soon"}},
        {"version": 1, "wakes": {}, "notices": [7]},
    ],
)
def test_an_item_that_cannot_be_read_is_worked_out_anew(works: Clockwork, data: dict[str, object]) -> None:
    works.store.put("clock", "clock", "next", data)  # type: ignore[arg-type]
    assert [each.why for each in works.at(hours(7.5)).messages] == ["definitions", "definitions"]
    assert works.at(hours(7.6)).next == hours(8)


def test_moments_that_are_none_are_taken_away(works: Clockwork) -> None:
    works.store.put("clock", "overrides", "a foreign item", {})
    works.at(hours(7.2))
    assert works.store.get("clock", "overrides", "a foreign item") is None


def test_schedules_that_never_change_wake_nobody() -> None:
    works = Clockwork("schedules: {all: {override_status: running}}")
    works.at(hours(1))
    assert works.at(hours(2)).next == hours(5)


def test_rhythm_is_given() -> None:
    works = Clockwork()
    slow = Rhythm(reconcile=timedelta(hours=12), watch=timedelta(hours=1))
    done = tick(works.store, hours(9), config=works.config, resolve=works.resolve, send=works.sent.extend, rhythm=slow)
    assert done.next == hours(10)
    assert replace(slow, watch=timedelta(minutes=1)).reconcile == timedelta(hours=12)


UPCOMING = NIGHTS + "notify: {lead: 30m, rules: [{to: 'file:out', about: [upcoming]}]}\n"


@pytest.fixture
def telling() -> Clockwork:
    """The same works, and somebody who wants to be told what will be put out."""
    works = Clockwork(UPCOMING)
    works.at(hours(7))
    works.roster(HERE, "office")
    works.roster(THERE, "nights")
    works.at(hours(7.1))
    return works


def test_the_clock_wakes_to_tell_what_will_be_put_out(telling: Clockwork) -> None:
    assert telling.at(hours(8)).next == hours(11)
    telling.at(hours(15))
    done = telling.at(hours(15.5))
    assert (done.next, telling.sent) == (hours(17.5), [])
    done = telling.at(hours(17.5))
    assert told(telling.sent) == [(HERE.key, "upcoming", ["office"])]
    assert done.next == hours(18)
    assert telling.resolved == 0
    done = telling.at(hours(18))
    assert told(telling.sent) == [(HERE.key, "transition", ["office"])]
    assert telling.at(hours(17.6)).messages == []


def test_what_is_told_is_told_once_and_again_for_the_next_stop(telling: Clockwork) -> None:
    telling.at(hours(15))
    telling.at(hours(17.5))
    assert telling.at(hours(17.51)).messages == []
    telling.at(hours(39))
    assert telling.at(hours(41.4)).messages == []
    assert told(telling.at(hours(41.5)).messages) == [(HERE.key, "upcoming", ["office"])]


def test_nobody_who_wants_to_be_told_wakes_nobody(works: Clockwork) -> None:
    works.at(hours(15))
    works.at(hours(15.5))
    assert works.at(hours(17.5)).messages == []


def test_a_transition_goes_before_what_is_told(telling: Clockwork) -> None:
    # Night ends at 6:00, and the office is told of at the same time.
    telling.define(UPCOMING.replace("18:00", "08:30").replace("06:00", "08:00"))
    telling.at(hours(7))
    telling.roster(HERE, "office", "nights")
    telling.at(hours(8))
    assert told(telling.sent) == [
        (HERE.key, "transition", ["nights", "office"]),
        (THERE.key, "transition", ["nights"]),
    ]


def test_the_end_of_an_override_is_told_as_well(telling: Clockwork) -> None:
    arn = f"arn:aws:ec2:{THERE.region}:{THERE.account}:instance/i-1"
    set_override(telling.store, override("kept", 7.2, 10, arn))
    done = telling.at(hours(7.2))
    assert told(telling.sent) == [(THERE.key, "override", None)]
    telling.at(hours(8))
    done = telling.at(hours(8.1))
    assert done.next == hours(9.5)
    done = telling.at(hours(9.5))
    assert told(telling.sent) == [(THERE.key, "upcoming", None)]
    assert done.next == hours(10)
    assert told(telling.at(hours(10)).messages) == [(THERE.key, "override", None)]


def test_an_override_that_ends_within_the_lead_is_told_by_the_pass_of_its_begin(telling: Clockwork) -> None:
    set_override(telling.store, override("short", 7.2, 7.6))
    assert telling.at(hours(7.2)).next == hours(7.6)
    assert telling.at(hours(7.6)).next == hours(8)


SLEEPING = Asleep(Clockwork.alarm, hours(8))


def _set(works: Clockwork) -> None:
    set_override(works.store, override("late", 7.2, 9))


def _define(works: Clockwork) -> None:
    works.define(OFFICE)


def _ask(works: Clockwork) -> None:
    ask_for_all(works.store, hours(7.9))


@pytest.mark.parametrize("write", [_set, _define, _ask])
def test_a_clock_sleeps_through_what_is_written_after_its_tick(
    works: Clockwork, write: Callable[[Clockwork], None]
) -> None:
    done = works.at(hours(7.1))
    assert (asleep(works.store, hours(7.2)), outdated(works.store, done)) == (None, False)
    write(works)
    assert (asleep(works.store, hours(7.2)), outdated(works.store, done)) == (SLEEPING, True)
    works.at(hours(7.95))
    assert asleep(works.store, hours(7.2)) is None


def test_a_clock_wakes_for_an_override_that_is_taken_away(works: Clockwork) -> None:
    _set(works)
    works.at(hours(7.3))
    clear_overrides(works.store, at=hours(7.4), ids=frozenset({"late"}))
    assert asleep(works.store, hours(7.4)) == SLEEPING


def test_a_clock_that_should_have_ticked_is_woken_for_what_is_due_by_now(works: Clockwork) -> None:
    set_override(works.store, override("after", 8.5, 9))
    assert asleep(works.store, hours(8.4)) is None
    assert asleep(works.store, hours(8.5)) == SLEEPING


def test_a_clock_sleeps_through_nothing_that_begins_after_it_wakes(works: Clockwork) -> None:
    set_override(works.store, override("later", 8, 9))
    ask_for_all(works.store, hours(8))
    works.store.put("states", "x", "y", {})
    assert asleep(works.store, hours(7.2)) is None


@pytest.mark.parametrize("data", [None, {}, {"alarm": ""}, {"alarm": "lamplighter/wake"}, {"alarm": 1, "next": "soon"}])
def test_without_an_alarm_there_is_nobody_to_wake(data: dict[str, JSON] | None) -> None:
    works = Clockwork()
    if data is not None:
        works.store.put("clock", "clock", "next", {"version": 0, "wakes": {}, **data})
    works.store.read = 0
    assert asleep(works.store, hours(7.2)) is None
    assert works.store.read <= 1
