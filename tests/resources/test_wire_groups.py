"""Auto Scaling groups and EKS node groups over the wire, against a simulated AWS."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.resources.conftest import errors, find

from lamplighter.aws.access import TargetSession
from lamplighter.errors import AccessDenied, AwsError, NotFound, NotSupported, OutcomeUnknown, Throttled
from lamplighter.estate.control import deny, throttle, timeout_after
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.autoscaling_group import AutoscalingGroup
from lamplighter.resources.eks_nodegroup import EksNodegroup
from lamplighter.resources.kind import Kind
from lamplighter.schedules.decision import Live

pytestmark = pytest.mark.slow

GROUPS, NODES = AutoscalingGroup(), EksNodegroup()
LARGE = PriceKey("ec2", REGION, "m5.large", operating_system="Linux")


@pytest.fixture
def estate(probe: EstateProbe) -> EstateProbe:
    """Empty but for a launch template `web` and an EKS cluster `shop`."""
    probe.fresh()
    probe.client("ec2").create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "m5.large"}
    )
    probe.client("eks").create_cluster(
        name="shop",
        roleArn=f"arn:aws:iam::{MANAGEMENT}:role/cluster",
        resourcesVpcConfig={"subnetIds": ["subnet-12345678"]},
    )
    return probe


# --- Auto Scaling groups -----------------------------------------------------------------------------


def create_group(estate: EstateProbe, name: str, size: str = "1-2-4", schedule: str | None = "office") -> None:
    low, desired, high = map(int, size.split("-"))
    tagged = [{"Key": "Schedule", "Value": schedule, "PropagateAtLaunch": True}] if schedule else []
    estate.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=low,
        DesiredCapacity=desired,
        MaxSize=high,
        AvailabilityZones=[f"{REGION}a"],
        LaunchTemplate={"LaunchTemplateName": "web"},
        Tags=tagged,
    )


def sizes(estate: EstateProbe, name: str) -> tuple[int, int, int, int]:
    """Min, desired and max of a group, and how many instances it has."""
    answer = estate.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    [found] = answer["AutoScalingGroups"]
    return found["MinSize"], found["DesiredCapacity"], found["MaxSize"], len(found["Instances"])


def test_groups_are_found_put_out_and_lit(estate: EstateProbe, session: TargetSession) -> None:
    create_group(estate, "web")
    create_group(estate, "plain", schedule=None)
    [lit] = find(GROUPS, session).values()
    assert (lit.id, lit.live, lit.schedule, lit.unsupported) == ("web", Live.RUNNING, "office", None)
    assert (lit.size, lit.prices) == ({"min": "1", "desired": "2", "max": "4"}, (LARGE, LARGE))

    assert errors(GROUPS.stop(session, [lit])) == {"web": None}
    assert sizes(estate, "web") == (0, 0, 0, 0)
    [off] = find(GROUPS, session).values()
    assert (off.live, off.prices) == (Live.STOPPED, ())

    assert errors(GROUPS.start(session, [off])) == {"web": NotSupported}
    assert errors(GROUPS.start(session, [replace(off, restore=lit.size)])) == {"web": None}
    assert sizes(estate, "web") == (1, 2, 4, 2)
    assert find(GROUPS, session)["web"].live is Live.RUNNING
    assert sizes(estate, "plain") == (1, 2, 4, 2)


def test_groups_are_searched_by_aws(estate: EstateProbe, session: TargetSession) -> None:
    for name, schedule in (("web", "office"), ("lab", "lab*"), ("plain", None)):
        create_group(estate, name, "0-0-0", schedule)
    assert set(find(GROUPS, session)) == {"web", "lab"}
    assert set(find(GROUPS, session, schedules=frozenset({"office"}))) == {"web"}
    assert set(find(GROUPS, session, schedules=frozenset({"lab*"}))) == {"lab"}
    assert set(find(GROUPS, session, schedules=frozenset({"*"}))) == set()
    assert set(find(GROUPS, session, ids=frozenset({"plain", "ghost"}))) == {"plain"}


def test_many_pages_of_groups(estate: EstateProbe, session: TargetSession) -> None:
    names = {f"g{number:02}" for number in range(60)}
    for name in sorted(names):
        create_group(estate, name, "0-0-0")
    assert set(find(GROUPS, session)) == names
    assert set(find(GROUPS, session, ids=frozenset(names))) == names


def test_what_hinders_groups_is_seen(estate: EstateProbe, session: TargetSession) -> None:
    for name in ("launch", "protected", "warm"):
        create_group(estate, name)
    client = estate.client("autoscaling")
    client.suspend_processes(AutoScalingGroupName="launch", ScalingProcesses=["Launch"])
    client.put_warm_pool(AutoScalingGroupName="warm", MinSize=1)
    [found] = client.describe_auto_scaling_groups(AutoScalingGroupNames=["protected"])["AutoScalingGroups"]
    client.set_instance_protection(
        AutoScalingGroupName="protected",
        InstanceIds=[found["Instances"][0]["InstanceId"]],
        ProtectedFromScaleIn=True,
    )
    words = {name: resource.unsupported or "" for name, resource in find(GROUPS, session).items()}
    assert "Launch process is suspended" in words["launch"]
    assert words["protected"].startswith("1 of its 2 instances")
    assert "warm pool" in words["warm"]


def test_groups_that_fail(estate: EstateProbe, session: TargetSession) -> None:
    for name in ("a", "b"):
        create_group(estate, name)
    found = find(GROUPS, session)
    ghost = replace(found["a"], id="ghost")
    assert errors(GROUPS.stop(session, [ghost, found["a"]])) == {"ghost": AwsError, "a": None}

    estate.control.inject(throttle("autoscaling:UpdateAutoScalingGroup"))
    assert errors(GROUPS.stop(session, [found["b"]])) == {"b": Throttled}
    estate.control.clear_faults()
    estate.control.inject(timeout_after("autoscaling:UpdateAutoScalingGroup"))
    assert errors(GROUPS.stop(session, [found["b"]])) == {"b": OutcomeUnknown}
    assert sizes(estate, "b") == (0, 0, 0, 0)


# --- EKS node groups ---------------------------------------------------------------------------------


def create_node_group(estate: EstateProbe, name: str, schedule: str | None = "office") -> None:
    estate.client("eks").create_nodegroup(
        clusterName="shop",
        nodegroupName=name,
        scalingConfig={"minSize": 1, "desiredSize": 2, "maxSize": 4},
        subnets=["subnet-12345678"],
        nodeRole=f"arn:aws:iam::{MANAGEMENT}:role/nodes",
        instanceTypes=["m5.large"],
        tags={"Schedule": schedule} if schedule else {},
    )


def scaling(estate: EstateProbe, name: str) -> dict[str, int]:
    answer = estate.client("eks").describe_nodegroup(clusterName="shop", nodegroupName=name)
    found: dict[str, int] = answer["nodegroup"]["scalingConfig"]
    return found


def test_node_groups_are_found_put_out_and_lit(estate: EstateProbe, session: TargetSession) -> None:
    create_node_group(estate, "workers")
    create_node_group(estate, "plain", schedule=None)
    [lit] = find(NODES, session).values()
    assert (lit.id, lit.live, lit.size, lit.prices) == (
        "shop/workers",
        Live.RUNNING,
        {"min": "1", "desired": "2"},
        (LARGE, LARGE),
    )
    assert lit.arn.startswith(f"arn:aws:eks:{REGION}:{MANAGEMENT}:nodegroup/shop/workers/")

    assert errors(NODES.stop(session, [lit])) == {"shop/workers": None}
    assert scaling(estate, "workers") == {"minSize": 0, "desiredSize": 0, "maxSize": 4}
    [off] = find(NODES, session).values()
    assert (off.live, off.state, off.prices) == (Live.STOPPED, "ACTIVE, no nodes", ())

    assert errors(NODES.start(session, [off])) == {"shop/workers": NotSupported}
    assert errors(NODES.start(session, [replace(off, restore=lit.size)])) == {"shop/workers": None}
    assert scaling(estate, "workers") == {"minSize": 1, "desiredSize": 2, "maxSize": 4}
    assert scaling(estate, "plain") == {"minSize": 1, "desiredSize": 2, "maxSize": 4}


def test_node_groups_are_searched(estate: EstateProbe, session: TargetSession) -> None:
    for name, schedule in (("a", "office"), ("b", "lab"), ("c", None)):
        create_node_group(estate, name, schedule)
    assert set(find(NODES, session)) == {"shop/a", "shop/b"}
    assert set(find(NODES, session, schedules=frozenset({"lab"}))) == {"shop/b"}
    assert set(find(NODES, session, ids=frozenset({"c"}))) == {"shop/c"}


def test_node_groups_that_fail(estate: EstateProbe, session: TargetSession) -> None:
    create_node_group(estate, "workers")
    [found] = find(NODES, session).values()
    ghosts = [replace(found, id="shop/ghost"), replace(found, id="ghost/workers")]
    assert errors(NODES.stop(session, ghosts)) == {"shop/ghost": NotFound, "ghost/workers": NotFound}

    estate.control.inject(throttle("eks:UpdateNodegroupConfig"))
    assert errors(NODES.stop(session, [found])) == {"shop/workers": Throttled}
    estate.control.clear_faults()
    estate.control.inject(timeout_after("eks:UpdateNodegroupConfig"))
    assert errors(NODES.stop(session, [found])) == {"shop/workers": OutcomeUnknown}
    assert scaling(estate, "workers")["desiredSize"] == 0


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (GROUPS, "autoscaling:DescribeAutoScalingGroups"),
        (GROUPS, "ec2:DescribeInstances"),
        (NODES, "eks:ListClusters"),
        (NODES, "eks:ListNodegroups"),
        (NODES, "eks:DescribeNodegroup"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refused_look_is_an_error_and_not_an_empty_list(
    estate: EstateProbe, session: TargetSession, kind: Kind, action: str
) -> None:
    create_group(estate, "web")
    create_node_group(estate, "workers")
    estate.control.inject(deny(MANAGEMENT, action))
    with pytest.raises(AccessDenied) as refusal:
        find(kind, session)
    assert refusal.value.target == f"{MANAGEMENT}/{REGION}"
