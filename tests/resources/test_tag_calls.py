from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.resources.conftest import HERE, Recorder, errors

from lamplighter.errors import AccessDenied, AwsError, NotFound, NotSupported, Throttled
from lamplighter.resources.kind import Kind, Resource
from lamplighter.resources.registry import kinds
from lamplighter.schedules.decision import Live

EC2, GROUPS, DATABASES = (kinds()[name] for name in ("ec2-instance", "autoscaling-group", "rds-instance"))
TAGS = {"lamplighter:last-action": "started", "lamplighter:first-seen": "2026-11-23"}


def resources(kind: Kind, number: int) -> list[Resource]:
    return [
        Resource(kind.name, f"x-{n}", f"arn:x-{n}", HERE.account, HERE.region, "", {}, "office", Live.RUNNING, "on")
        for n in range(number)
    ]


TWENTIES = [20] * 20 + [1]


@pytest.mark.parametrize(("kind", "sizes"), [(EC2, [200, 200, 1]), (GROUPS, TWENTIES), (DATABASES, TWENTIES)])
def test_many_go_in_few_calls(kind: Kind, sizes: list[int]) -> None:
    session = Recorder()
    found = resources(kind, 401)
    assert errors(kind.tag(session, found, TAGS)) == {each.id: None for each in found}
    assert errors(kind.untag(session, found, ["a", "b"])) == {each.id: None for each in found}
    assert [_many(params) for _, _, params in session.asked] == sizes * 2


def _many(params: Mapping[str, Any]) -> int:
    if "ResourceARNList" in params:
        return len(params["ResourceARNList"])
    return len(params.get("Resources") or {tag["ResourceId"] for tag in params["Tags"]})


def test_what_is_asked_for() -> None:
    session = Recorder()
    for kind in (EC2, GROUPS, DATABASES):
        kind.tag(session, resources(kind, 1), {"k": "v"})
        kind.untag(session, resources(kind, 1), ["k"])
    group = {"ResourceId": "x-0", "ResourceType": "auto-scaling-group", "Key": "k", "PropagateAtLaunch": False}
    assert session.asked == [
        ("ec2", "create_tags", {"Resources": ["x-0"], "Tags": [{"Key": "k", "Value": "v"}]}),
        ("ec2", "delete_tags", {"Resources": ["x-0"], "Tags": [{"Key": "k"}]}),
        ("autoscaling", "create_or_update_tags", {"Tags": [{**group, "Value": "v"}]}),
        ("autoscaling", "delete_tags", {"Tags": [group]}),
        ("resourcegroupstaggingapi", "tag_resources", {"ResourceARNList": ["arn:x-0"], "Tags": {"k": "v"}}),
        ("resourcegroupstaggingapi", "untag_resources", {"ResourceARNList": ["arn:x-0"], "TagKeys": ["k"]}),
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, NotSupported), (403, AccessDenied), (404, NotFound), (429, Throttled), (500, AwsError), (None, AwsError)],
)
def test_one_arn_that_is_refused_fails_alone(status: int | None, error: type[AwsError]) -> None:
    refusal = {"StatusCode": status, "ErrorCode": "InvalidParameterException", "ErrorMessage": "not\nthis one"}
    session = Recorder(answer=lambda *_, **__: {"FailedResourcesMap": {"arn:x-1": refusal}})
    results = DATABASES.tag(session, resources(DATABASES, 3), TAGS)
    assert errors(results) == {"x-0": None, "x-1": error, "x-2": None}
    said = "111122223333/eu-west-1: tagging: InvalidParameterException: not this one"
    assert str(results[1].error) == said


@pytest.mark.parametrize("kind", [EC2, GROUPS, DATABASES], ids=lambda kind: kind.name)
def test_a_call_that_is_not_allowed_is_made_once_for_each_part(kind: Kind) -> None:
    def deny(*_: object, **__: object) -> dict[str, Any]:
        raise AccessDenied("no")

    session = Recorder(answer=deny)
    assert set(errors(kind.tag(session, resources(kind, 30), TAGS)).values()) == {AccessDenied}
    assert len(session.asked) == (1 if kind is EC2 else 2)


@pytest.mark.parametrize("kind", [EC2, GROUPS], ids=lambda kind: kind.name)
def test_one_that_is_gone_is_found_and_left_out(kind: Kind) -> None:
    def gone(_: str, **params: Any) -> dict[str, Any]:
        named = params.get("Resources") or [tag["ResourceId"] for tag in params["Tags"]]
        if "x-2" in named:
            raise NotFound("x-2 does not exist")
        return {}

    session = Recorder(answer=gone)
    assert errors(kind.untag(session, resources(kind, 4), ["k"])) == {
        "x-0": None,
        "x-1": None,
        "x-2": NotFound,
        "x-3": None,
    }
    assert len(session.asked) == 2
