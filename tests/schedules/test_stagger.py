from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.scheduler.conftest import configuration

from lamplighter.schedules.decision import Action, Decision, Live, Situation, Stored, decide_all
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.schedule import Schedule
from lamplighter.schedules.stagger import delay_of, desired_at
from lamplighter.schedules.timeline import State

FILE = """
periods: {office: {begintime: 08:00, endtime: 18:00}}
schedules:
  plain: {periods: office}
  spread: {periods: office, stagger: 30m}
  retain: {periods: office, stagger: 30m, retain_running: true}
  strict: {periods: office, stagger: 30m, enforced: true}
  ignored: {periods: office, stagger: 30m, ignore: true}
"""
SCHEDULES = configuration(FILE).loaded.schedules
DAY = datetime(2026, 11, 23, tzinfo=UTC)
TEN = timedelta(minutes=10)


def arn(number: int) -> str:
    return f"arn:aws:ec2:eu-west-1:111122223333:instance/i-{number:017x}"


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


def decide(schedule: str, moment: datetime, stored: Stored, live: Live, override: Override | None = None) -> Decision:
    situation = Situation(schedule, stored, live, override, delay=TEN)
    return decide_all([situation], moment, SCHEDULES)[0]


def test_shares_are_whole_minutes_below_the_span_and_stay_the_same() -> None:
    shares = [delay_of(SCHEDULES["spread"], arn(number)) for number in range(3000)]
    assert shares == [delay_of(SCHEDULES["retain"], arn(number)) for number in range(3000)]
    counted = Counter(shares)
    assert set(counted) == {timedelta(minutes=minute) for minute in range(30)}
    assert max(counted.values()) < 2 * min(counted.values())
    # Kept for ever: another share would move the changes of a resource that somebody may have got used to.
    assert shares[:4] == [timedelta(minutes=minutes) for minutes in KEPT]


KEPT = (12, 9, 25, 14)


@pytest.mark.parametrize("schedule", [SCHEDULES["plain"], SCHEDULES["running"], None])
def test_without_a_span_there_is_no_delay(schedule: Schedule | None) -> None:
    assert delay_of(schedule, arn(1)) == timedelta(0)


@given(st.integers(0, 7 * 1440), st.integers(0, 29))
def test_the_whole_timeline_comes_later(minute: int, share: int) -> None:
    schedule, moment, delay = SCHEDULES["spread"], DAY + timedelta(minutes=minute), timedelta(minutes=share)
    found = desired_at(schedule, moment, delay)
    plain = schedule.state_at(moment - delay)
    assert (found.state, found.period) == (plain.state, plain.period)
    assert found.reason == plain.reason + (f" (here {share}m later, by stagger)" if share else "")


def test_a_start_and_a_stop_come_later_and_say_so() -> None:
    assert decide("spread", at(8, 9), Stored.STOPPED, Live.STOPPED).action is Action.NONE
    found = decide("spread", at(8, 10), Stored.STOPPED, Live.STOPPED)
    assert (found.action, found.reason) == (Action.START, "period office is on (here 10m later, by stagger)")
    assert decide("spread", at(18, 9), Stored.RUNNING, Live.RUNNING).action is Action.NONE
    assert decide("spread", at(18, 10), Stored.RUNNING, Live.RUNNING).action is Action.STOP


def test_enforced_undoes_by_the_later_timeline() -> None:
    assert decide("strict", at(8, 5), Stored.STOPPED, Live.RUNNING).action is Action.STOP
    assert decide("strict", at(18, 5), Stored.RUNNING, Live.STOPPED).action is Action.START


def test_what_ran_before_its_own_begin_is_retained() -> None:
    assert decide("retain", at(8, 10), Stored.STOPPED, Live.RUNNING).store is Stored.RETAIN_RUNNING
    assert decide("retain", at(18, 10), Stored.RETAIN_RUNNING, Live.RUNNING).action is Action.NONE


def test_overrides_do_not_come_later() -> None:
    override = Override("1", Hold.RUNNING, "i-1", at(7, 30), "", "ada", DAY)
    assert decide("spread", at(7), Stored.STOPPED, Live.STOPPED, override).action is Action.START
    assert decide("spread", at(7), Stored.UNKNOWN, Live.STOPPED, override).action is Action.START


@pytest.mark.parametrize(("moment", "live"), [(at(8, 5), Live.RUNNING), (at(18, 5), Live.STOPPED)])
def test_a_new_one_between_the_change_and_its_own_is_left_alone_until_then(moment: datetime, live: Live) -> None:
    found = decide("spread", moment, Stored.UNKNOWN, live)
    assert (found.action, found.store, found.rule) == (Action.NONE, Stored.UNKNOWN, "stagger")
    assert found.reason.endswith("by stagger); it is new here, so it is left alone until its change comes")
    assert decide("spread", moment + TEN, Stored.UNKNOWN, live).action is Action.NONE
    assert decide("ignored", moment, Stored.UNKNOWN, live).rule == "ignore"
    # Outside of the span it is decided at once.
    assert decide("spread", at(12), Stored.UNKNOWN, Live.STOPPED).action is Action.START


def test_a_span_of_more_than_half_a_day_is_refused() -> None:
    config = configuration("schedules: {s: {override_status: running, stagger: 13h}}\n")
    assert "changes are spread over 12h at most" in config.loaded.rejected["s"]
    assert configuration("schedules: {s: {override_status: running, stagger: 12h}}\n").problems == ()


def test_fixed_schedules_do_not_care() -> None:
    schedule = configuration("schedules: {s: {override_status: running, stagger: 1h}}\n").loaded.schedules["s"]
    assert desired_at(schedule, DAY, TEN).state is State.RUNNING
