"""The clock's one-time schedule: only its time changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.models import check_request
from tests.scheduler.conftest import HERE, MONDAY

from lamplighter.errors import UsageError
from lamplighter.scheduler.alarm import set_alarm

ROLE = "arn:aws:iam::111122223333:role/wake"
LAMBDA = "arn:aws:lambda:eu-west-1:111122223333:function:lamplighter-clock"


class Scheduler:
    """EventBridge Scheduler with one schedule."""

    target = HERE

    def __init__(self) -> None:
        self.schedule: dict[str, Any] = {
            "Arn": "arn:aws:scheduler:eu-west-1:111122223333:schedule/lamplighter/wake",
            "GroupName": "lamplighter",
            "Name": "wake",
            "ScheduleExpression": "at(2020-01-01T00:00:00)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": LAMBDA, "RoleArn": ROLE, "Input": "{}"},
            "State": "ENABLED",
        }
        self.updates = 0

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        assert service == "scheduler"
        check_request(service, operation, params)
        assert (params.pop("GroupName"), params.pop("Name")) == ("lamplighter", "wake")
        if operation == "get_schedule":
            return {**self.schedule, "ResponseMetadata": {}}
        assert operation == "update_schedule"
        self.updates += 1
        # What UpdateSchedule is not given goes back to its default.
        self.schedule = {**{key: self.schedule[key] for key in ("Arn", "GroupName", "Name")}, **params}
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
    assert not set_alarm(scheduler, "lamplighter/wake", MONDAY)
    assert scheduler.updates == 1


def test_who_wants_it_soon_does_not_put_it_off() -> None:
    scheduler = Scheduler()
    set_alarm(scheduler, "lamplighter/wake", MONDAY)
    before = MONDAY - timedelta(minutes=9)
    assert not set_alarm(scheduler, "lamplighter/wake", before + timedelta(minutes=10), now=before)
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
