"""The stack of a plain event: a schedule that fits the hub, and whose input the function obeys."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.lambdas.conftest import Context, Hub
from tests.scheduler.conftest import HERE

from lamplighter.deploy.event_stack import PlainEvent, crontab, rhythm_of, template
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.yamls import load
from lamplighter.errors import UsageError
from lamplighter.lambdas import remote
from lamplighter.schedules.dialects.cron_pairs import parse_cron

EVENING = PlainEvent("evening", "at 19:00", "Europe/Berlin", "stop", ("i-0abc1234def567890",), HERE.region)


@pytest.fixture
def hub() -> Hub:
    """A hub with office hours, on a Monday at 9:00 UTC."""
    return Hub()


def schedule(event: PlainEvent = EVENING) -> dict[str, Any]:
    return dict(load(template(event))["Resources"]["Event"]["Properties"])


def test_it_comes_when_it_was_said() -> None:
    found = schedule()
    assert found["ScheduleExpression"] == "cron(0 19 * * ? *)"
    assert found["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert found["Description"] == "Stops 1 resource in eu-west-1, at 19:00."
    assert schedule(replace(EVENING, when="every 5 minutes"))["ScheduleExpression"] == "rate(5 minutes)"


def test_it_calls_the_function_as_the_hub_does() -> None:
    hub, found = TEMPLATES["hub"].data["Resources"], schedule()
    own = hub["ClockEvery"]["Properties"]
    assert found["GroupName"] == {"Ref": "Prefix"} == hub["ScheduleGroup"]["Properties"]["Name"]
    names = {
        "Arn": ("lambda", f"function:{hub['RemoteFunction']['Properties']['FunctionName']['Fn::Sub']}"),
        "RoleArn": ("iam", f"role/{hub['SchedulerRole']['Properties']['RoleName']['Fn::Sub']}"),
    }
    for key, (service, ends) in names.items():
        arn = found["Target"][key]["Fn::Sub"]
        assert arn.startswith(f"arn:${{AWS::Partition}}:{service}:")
        assert arn.endswith(f":{ends}")
    dead = found["Target"]["DeadLetterConfig"]["Arn"]["Fn::Sub"]
    assert dead.endswith(f":{hub['DeadLetterQueue']['Properties']['QueueName']['Fn::Sub']}")
    assert set(found["Target"]) == {*own["Target"], "Input"}
    # What is not obeyed any more is not delivered either.
    assert found["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == remote.DEADLINE.total_seconds()


def test_cloudformation_finds_nothing_wrong_with_it() -> None:
    from cfnlint.api import lint

    assert lint(template(replace(EVENING, account="111122223333", hibernate=True)), regions=["eu-west-1"]) == []


def test_the_function_obeys_it_at_its_time_and_not_later(hub: Hub) -> None:
    machine = hub.cloud.instance(at=HERE, state="running")
    event = replace(EVENING, resources=(machine,), account=HERE.account)
    text = schedule(event)["Target"]["Input"]
    now = f"{hub.clock.now:%Y-%m-%dT%H:%M:%SZ}"
    late = json.loads(text.replace("<aws.scheduler.scheduled-time>", "2026-11-23T08:00:00Z"))
    assert "too old to be obeyed" in remote.answer(late, Context(), hub.runtime)["err"]
    assert hub.cloud.state(machine) == "running"
    answer = remote.answer(json.loads(text.replace("<aws.scheduler.scheduled-time>", now)), Context(), hub.runtime)
    assert answer["errors"] == []
    assert hub.cloud.state(machine) in ("stopping", "stopped")


def test_for_crontab() -> None:
    event = replace(
        EVENING, resources=("web 1", "i-1"), account="111122223333", hibernate=True, when="every 15 minutes"
    )
    note, zone, line = crontab(event).splitlines()
    # cronie's setting holds for all lines that follow it; a comment is a line that begins with #.
    assert note == (
        "# CRON_TZ holds for every line below it: put these at the end of the crontab, or into one of their own."
    )
    assert zone == "CRON_TZ=Europe/Berlin"
    parse_cron(" ".join(line.split()[:5]))
    assert line == (
        "*/15 * * * * lamp stop 'web 1' i-1 --region eu-west-1 --account 111122223333 --hibernate "
        "--author 'the event evening'"
    )
    with pytest.raises(UsageError, match="crontab cannot say 'every 7 minutes'"):
        crontab(replace(event, when="every 7 minutes"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"when": "now and then"}, "'now and then' is no rhythm"),
        ({"zone": "Europe/Bonn"}, "Europe/Bonn"),
        ({"name": "Evening 1"}, "no name of an event"),
    ],
)
def test_what_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as refusal:
        rhythm_of(replace(EVENING, **change))
    assert refusal.value.hint
    with pytest.raises(UsageError, match="no prefix of a hub"):
        template(EVENING, "Lamp")


def test_what_is_larger_than_cloudformation_takes_is_refused() -> None:
    many = tuple(f"i-{number:017x}" for number in range(3_000))
    with pytest.raises(UsageError, match=r"a stack of 3000 resources has .* bytes, and CloudFormation takes 51,200"):
        template(replace(EVENING, resources=many))
    assert len(template(replace(EVENING, resources=many[:1_500])).encode()) < 51_200
