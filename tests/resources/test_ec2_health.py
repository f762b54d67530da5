from __future__ import annotations

from dataclasses import replace

import pytest
from tests.resources.conftest import Recorder, instance, reservation, status

from lamplighter.resources.ec2_instance import Ec2Instance
from lamplighter.resources.kind import Resource, Search
from lamplighter.schedules.decision import Live

KIND = Ec2Instance()


def lit(count: int = 1) -> list[Resource]:
    instances = [instance(f"i-{number:017x}") for number in range(count)]
    return list(KIND.discover(Recorder({"describe_instances": [reservation(*instances)]}), Search("Schedule")))


@pytest.mark.parametrize(
    ("checks", "healthy"),
    [
        (("ok", "ok"), True),
        (("initializing", "ok"), False),
        (("ok", "initializing"), False),
        (("impaired", "ok"), False),
        (("ok", "impaired"), False),
        (("insufficient-data", "ok"), None),
        (("ok", "not-applicable"), None),
        (("impaired", "insufficient-data"), False),
        (("something-new", "ok"), None),
        ((None, None), None),
    ],
)
def test_both_checks_must_be_passed(checks: tuple[str | None, str | None], healthy: bool | None) -> None:
    [resource] = lit()
    session = Recorder({"describe_instance_status": [status(resource.id, *checks)]})
    assert KIND.healthy(session, [resource]) == {resource.id: healthy}


def test_what_aws_says_nothing_about_is_not_known() -> None:
    [resource] = lit()
    assert KIND.healthy(Recorder(), [resource]) == {resource.id: None}


def test_what_does_not_run_is_not_asked_about() -> None:
    first, second = lit(2)
    session = Recorder({"describe_instance_status": [status(second.id)]})
    off = replace(first, live=Live.STOPPED, state="stopped")
    assert KIND.healthy(session, [off, second]) == {first.id: False, second.id: True}
    assert session.asked == [("ec2", "describe_instance_status", {"InstanceIds": [second.id]})]


def test_a_hundred_are_asked_about_at_once() -> None:
    session = Recorder()
    KIND.healthy(session, lit(201))
    assert [len(params["InstanceIds"]) for _, _, params in session.asked] == [100, 100, 1]
