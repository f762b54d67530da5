"""Tags of every kind over the wire, against a simulated AWS: written, overwritten, taken away, refused.

Its tagging API knows no Redshift clusters and no EKS node groups; they stay with the double.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.resources.conftest import errors, find

from lamplighter.aws.access import TargetSession
from lamplighter.errors import AccessDenied, AwsError, NotFound, OutcomeUnknown, Throttled
from lamplighter.estate.control import deny, throttle, timeout_after
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.kind import Kind
from lamplighter.resources.registry import kinds

pytestmark = pytest.mark.slow

TAGGED = [{"Key": "Schedule", "Value": "office"}]
KEY, OTHER = "lamplighter:last-action", "lamplighter:error"


def instances(estate: EstateProbe) -> None:
    estate.launch(2, TagSpecifications=[{"ResourceType": "instance", "Tags": TAGGED}])


def groups(estate: EstateProbe) -> None:
    estate.client("ec2").create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "m5.large"}
    )
    for name in ("web", "api"):
        estate.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=1,
            AvailabilityZones=[f"{REGION}a"],
            LaunchTemplate={"LaunchTemplateName": "web"},
            Tags=[{**TAGGED[0], "PropagateAtLaunch": True}],
        )


def databases(estate: EstateProbe) -> None:
    for name in ("orders", "users"):
        estate.database(name, Tags=TAGGED)


def clusters(estate: EstateProbe) -> None:
    for name in ("shop", "lab"):
        estate.cluster(name, members=())
        arn = f"arn:aws:rds:{REGION}:{MANAGEMENT}:cluster:{name}"
        estate.client("rds").add_tags_to_resource(ResourceName=arn, Tags=TAGGED)


def services(estate: EstateProbe) -> None:
    ecs = estate.client("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
    for name in ("web", "api"):
        ecs.create_service(
            cluster="shop",
            serviceName=name,
            taskDefinition="web",
            desiredCount=0,
            tags=[{"key": "Schedule", "value": "office"}],
        )


def notebooks(estate: EstateProbe) -> None:
    for name in ("ada", "ben"):
        estate.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=name,
            InstanceType="ml.t3.medium",
            RoleArn=f"arn:aws:iam::{MANAGEMENT}:role/notebooks",
            Tags=TAGGED,
        )


MAKERS: dict[str, Callable[[EstateProbe], None]] = {
    "autoscaling-group": groups,
    "ec2-instance": instances,
    "ecs-service": services,
    "rds-cluster": clusters,
    "rds-instance": databases,
    "sagemaker-notebook": notebooks,
}


@pytest.fixture(params=MAKERS)
def kind(request: pytest.FixtureRequest, estate: EstateProbe) -> Kind:
    """A kind, with two resources of it."""
    MAKERS[request.param](estate)
    return kinds()[request.param]


def tags(kind: Kind, session: TargetSession) -> list[dict[str, str]]:
    return [dict(resource.tags) for resource in find(kind, session).values()]


def test_tags_are_written_overwritten_and_taken_away(kind: Kind, session: TargetSession) -> None:
    found = list(find(kind, session).values())
    assert len(found) == 2
    before = tags(kind, session)
    none = {each.id: None for each in found}

    assert errors(kind.tag(session, found, {KEY: "on 08:00 a/b", OTHER: "größer @ 1+1=2 x_y."})) == none
    assert tags(kind, session) == [{**has, KEY: "on 08:00 a/b", OTHER: "größer @ 1+1=2 x_y."} for has in before]
    assert errors(kind.tag(session, found[:1], {KEY: "off"})) == {found[0].id: None}
    assert errors(kind.untag(session, found, [OTHER, "never-there"])) == none
    changed = dict(zip((each.id for each in found), tags(kind, session), strict=True))
    assert changed == {
        found[0].id: {**before[0], KEY: "off"},
        found[1].id: {**before[1], KEY: "on 08:00 a/b"},
    }
    assert errors(kind.untag(session, found, [KEY])) == none
    assert tags(kind, session) == before
    assert {each.schedule for each in find(kind, session).values()} == {"office"}


CALLS = {
    "autoscaling-group": ("autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"),
    "ec2-instance": ("ec2:CreateTags", "ec2:DeleteTags"),
}


def test_refusals_belong_to_the_call(kind: Kind, estate: EstateProbe, session: TargetSession) -> None:
    found = list(find(kind, session).values())
    write, remove = CALLS.get(kind.name, ("tagging:TagResources", "tagging:UntagResources"))

    def outcome() -> set[type[AwsError] | None]:
        return {
            *errors(kind.tag(session, found, {KEY: "x"})).values(),
            *errors(kind.untag(session, found, [KEY])).values(),
        }

    for fault, error in (
        (lambda action: deny(MANAGEMENT, action, times=1), AccessDenied),
        (lambda action: throttle(action, times=1), Throttled),
        (timeout_after, OutcomeUnknown),
    ):
        for action in (write, remove):
            estate.control.inject(fault(action))
        assert outcome() == {error}
        assert outcome() == {None}


def test_an_instance_that_is_gone_stops_no_other(estate: EstateProbe, session: TargetSession) -> None:
    instances(estate)
    kind = kinds()["ec2-instance"]
    [first, second] = find(kind, session).values()
    gone = replace(first, id="i-0123456789abcdef0")
    assert errors(kind.tag(session, [first, gone, second], {KEY: "x"})) == {
        first.id: None,
        gone.id: NotFound,
        second.id: None,
    }
    assert [has.get(KEY) for has in tags(kind, session)] == ["x", "x"]
