"""The clock's one-time schedule: only its time changes, and it is made where it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.models import check_request
from tests.scheduler.conftest import HERE, MONDAY

from lamplighter.errors import AwsError, NotFound, UsageError
from lamplighter.scheduler.alarm import set_alarm

ROLE = "arn:aws:iam::111122223333:role/wake"
LIKE = "lamplighter/clock"
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:lamplighter-clock"
SCHEDULE = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": {"Arn": LAMBDA, "RoleArn": ROLE, "Input": "{}"}}


class Scheduler:
    """EventBridge Scheduler with the schedule that calls the clock each hour, and its alarm."""

    target = HERE

    def __init__(self, *, made: bool = True) -> None:
        self.schedules: dict[str, dict[str, Any]] = {}
        self._keep("clock", ScheduleExpression="rate(1 hour)", **SCHEDULE)
        if made:
            self._keep("wake", ScheduleExpression="at(2020-01-01T00:00:00)", **SCHEDULE)
        self.calls: list[str] = []

    def _keep(self, name: str, **given: Any) -> None:
        arn = f"arn:aws:scheduler:eu-west-1:111122223333:schedule/lamplighter/{name}"
        # What UpdateSchedule is not given goes back to its default.
        self.schedules[name] = {"Arn": arn, "GroupName": "lamplighter", "Name": name, "State": "ENABLED", **given}

    @property
    def schedule(self) -> dict[str, Any]:
        """The alarm."""
        return self.schedules["wake"]

    @property
    def updates(self) -> int:
        """How often one was changed."""
        return self.calls.count("update_schedule")

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        assert service == "scheduler"
        check_request(service, operation, params)
        self.calls.append(operation)
        group, name = params.pop("GroupName"), params.pop("Name")
        assert group == "lamplighter"
        if operation == "create_schedule":
            if name in self.schedules:
                raise AwsError("Schedule wake already exists.", code="ConflictException")
            self._keep(name, **params)
            return {"ScheduleArn": self.schedules[name]["Arn"]}
        if name not in self.schedules:
            raise NotFound(f"Schedule {name} does not exist.", code="ResourceNotFoundException")
        if operation == "get_schedule":
            return {**self.schedules[name], "ResponseMetadata": {}}
        assert operation == "update_schedule"
        self._keep(name, **params)
        return {}

    def pages(self, *_: Any, **__: Any) -> Any:
        raise AssertionError


def test_the_time_is_set_and_the_rest_kept() -> None:
    scheduler = Scheduler()
    before = dict(scheduler.schedule)
    assert set_alarm(scheduler, "lamplighter/wake", MONDAY + timedelta(hours=8, microseconds=1))
    expected = {"ScheduleExpression": "at(2026-11-23T08:00:01)", "ScheduleExpressionTimezone": "UTC"}
    assert scheduler.schedule == {**before, **expected}


def test_it_is_left_alone_where_it_is_set_already() -> None:
    scheduler = Scheduler()
    set_alarm(scheduler, "lamplighter/wake", MONDAY)
    set_alarm(scheduler, "lamplighter/wake", MONDAY)
    assert scheduler.updates == 1


def test_who_wants_it_soon_does_not_put_it_off() -> None:
    scheduler = Scheduler()
    set_alarm(scheduler, "lamplighter/wake", MONDAY)
    before = MONDAY - timedelta(minutes=9)
    set_alarm(scheduler, "lamplighter/wake", before + timedelta(minutes=10), now=before)
    assert scheduler.updates == 1
    assert scheduler.schedule["ScheduleExpression"] == "at(2026-11-23T00:00:00)"
    assert set_alarm(scheduler, "lamplighter/wake", MONDAY - timedelta(minutes=5), now=before)
    assert scheduler.schedule["ScheduleExpression"] == "at(2026-11-22T23:55:00)"


def test_an_alarm_that_was_used_up_is_none() -> None:
    scheduler = Scheduler()
    set_alarm(scheduler, "lamplighter/wake", MONDAY)
    after = MONDAY + timedelta(minutes=1)
    assert set_alarm(scheduler, "lamplighter/wake", after + timedelta(seconds=30), now=after)
    assert scheduler.schedule["ScheduleExpression"] == "at(2026-11-23T00:01:30)"


def test_an_alarm_that_may_still_ring_is_not_put_off() -> None:
    scheduler = Scheduler()
    set_alarm(scheduler, "lamplighter/wake", MONDAY)
    now = MONDAY + timedelta(seconds=10)
    assert set_alarm(scheduler, "lamplighter/wake", now + timedelta(minutes=10), now=now)
    assert scheduler.schedule["ScheduleExpression"] == "at(2026-11-23T00:00:15)"


@pytest.mark.parametrize("name", ["", "wake", "/wake", "lamplighter/"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="names no schedule"):
        set_alarm(Scheduler(), name, MONDAY)


def test_a_missing_one_is_made_like_the_one_that_the_template_makes() -> None:
    scheduler = Scheduler(made=False)
    with pytest.raises(NotFound):
        set_alarm(scheduler, "lamplighter/wake", MONDAY)
    assert set_alarm(scheduler, "lamplighter/wake", MONDAY, like=LIKE)
    made = scheduler.schedule
    assert made["ScheduleExpression"] == "at(2026-11-23T00:00:00)"
    assert made["Target"] == {"Arn": LAMBDA, "RoleArn": ROLE, "Input": '{"lamplighter": "wake"}'}
    assert (made["State"], made["FlexibleTimeWindow"]) == ("ENABLED", {"Mode": "OFF"})
    scheduler.calls.clear()
    set_alarm(scheduler, "lamplighter/wake", MONDAY + timedelta(hours=1), like=LIKE)
    assert scheduler.calls == ["get_schedule", "update_schedule"], "the other is read only where it is needed"


def test_two_that_make_it_at_the_same_time_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(made=False)
    call = scheduler.call

    def outrun(service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        if operation == "create_schedule":
            monkeypatch.undo()
            set_alarm(scheduler, "lamplighter/wake", MONDAY - timedelta(hours=1), like=LIKE)
        return call(service, operation, **params)

    monkeypatch.setattr(scheduler, "call", outrun)
    assert set_alarm(scheduler, "lamplighter/wake", MONDAY, now=MONDAY - timedelta(hours=2), like=LIKE)
    assert scheduler.schedule["ScheduleExpression"] == "at(2026-11-22T23:00:00)"


def test_one_that_cannot_be_made_is_an_error() -> None:
    scheduler = Scheduler(made=False)
    del scheduler.schedules["clock"]
    with pytest.raises(NotFound):
        set_alarm(scheduler, "lamplighter/wake", MONDAY, like=LIKE)


def test_it_is_on_or_off_as_the_other_when_it_is_renewed() -> None:
    scheduler = Scheduler()
    scheduler.schedules["clock"]["State"] = "DISABLED"
    assert set_alarm(scheduler, "lamplighter/wake", MONDAY, like=LIKE)
    assert not set_alarm(scheduler, "lamplighter/wake", MONDAY, like=LIKE, renew=True)
    assert not set_alarm(scheduler, "lamplighter/wake", MONDAY + timedelta(hours=1), like=LIKE), "and stays so"
    assert not set_alarm(scheduler, "lamplighter/wake", MONDAY + timedelta(hours=1), like=LIKE)
    assert scheduler.schedule["State"] == "DISABLED"
    scheduler.schedules["clock"]["State"] = "ENABLED"
    assert set_alarm(scheduler, "lamplighter/wake", MONDAY, like=LIKE, renew=True)
    assert scheduler.schedule["State"] == "ENABLED"
