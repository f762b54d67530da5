from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.resources.conftest import Recorder, group, instance, reservation, tags

from lamplighter.errors import AwsError, NotSupported, WrongState
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.autoscaling_group import AutoscalingGroup
from lamplighter.resources.kind import Resource, Result, Search
from lamplighter.resources.stop_options import StopOptions
from lamplighter.schedules.decision import Live

KIND = AutoscalingGroup()
LARGE = PriceKey("ec2", "eu-west-1", "m5.large", operating_system="Linux")
BEFORE = {"min": "1", "desired": "2", "max": "4"}
ZERO = {"MinSize": 0, "DesiredCapacity": 0, "MaxSize": 0}


def recorder(*groups: dict[str, Any], instances: list[dict[str, Any]] | None = None, answer: Any = None) -> Recorder:
    """What AWS answers; without `instances`, every member of the groups is a plain m5.large with Linux."""
    ids = [member["InstanceId"] for each in groups for member in each["Instances"]]
    running = [instance(id_) for id_ in ids] if instances is None else instances
    return Recorder(
        {"describe_auto_scaling_groups": list(groups), "describe_instances": [reservation(*running)]}, answer
    )


def parse(*, instances: list[dict[str, Any]] | None = None, **more: Any) -> Resource:
    [resource] = KIND.discover(recorder(group(**more), instances=instances), Search("Schedule"))
    return resource


def dark(name: str = "web", **more: Any) -> Resource:
    """A group at 0-0-0 as the scheduler hands it to a start."""
    restore = more.pop("restore", {})
    return replace(parse(name=name, size="0-0-0", states=(), **more), restore=restore)


# --- what it is now ----------------------------------------------------------------------------------


def test_a_plain_group() -> None:
    assert parse(Tags=tags(Name="shop front", Schedule="office")) == Resource(
        kind="autoscaling-group",
        id="web",
        arn="arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b2c3d-1111-2222-3333-444455556666:"
        "autoScalingGroupName/web",
        account="111122223333",
        region="eu-west-1",
        name="shop front",
        tags={"Name": "shop front", "Schedule": "office"},
        schedule="office",
        live=Live.RUNNING,
        state="InService",
        instance_type="m5.large",
        prices=(LARGE, LARGE),
        size=BEFORE,
    )


@pytest.mark.parametrize(
    ("size", "states", "live", "state"),
    [
        ("1-2-4", ("InService", "InService"), Live.RUNNING, "InService"),
        ("1-2-4", ("InService",) * 3, Live.RUNNING, "InService"),
        ("0-0-4", (), Live.RUNNING, "InService"),
        ("1-2-4", ("InService", "Pending"), Live.STARTING, "Pending"),
        ("1-2-4", ("Pending:Wait", "Pending:Proceed"), Live.STARTING, "Pending"),
        ("1-2-4", ("InService", "Standby"), Live.STARTING, "Pending"),
        ("1-2-4", ("InService", "Terminating"), Live.STARTING, "Pending"),
        ("1-2-4", (), Live.STARTING, "Pending"),
        ("0-0-0", ("InService",), Live.STOPPING, "Terminating"),
        ("0-0-0", ("Terminating", "Terminating:Wait"), Live.STOPPING, "Terminating"),
        ("0-0-0", (), Live.STOPPED, "0-0-0"),
        ("0-0-0", ("Terminated", "Detached"), Live.STOPPED, "0-0-0"),
        ("0-0-0", ("Standby",), Live.STOPPED, "0-0-0"),
        ("0-0-0", ("Warmed:Stopped", "Warmed:Pending:Wait"), Live.STOPPED, "0-0-0"),
    ],
)
def test_states(size: str, states: tuple[str, ...], live: Live, state: str) -> None:
    resource = parse(size=size, states=states)
    assert (resource.live, resource.state) == (live, state)
    assert resource.size == dict(zip(("min", "desired", "max"), size.split("-"), strict=True))


@pytest.mark.parametrize(("status", "live"), [("Delete in progress", Live.GONE), ("Something new", Live.BUSY)])
@pytest.mark.parametrize("size", ["1-2-4", "0-0-0"])
def test_a_status_says_more_than_the_size(status: str, live: Live, size: str) -> None:
    resource = parse(size=size, Status=status)
    assert (resource.live, resource.state) == (live, status)


@pytest.mark.parametrize(("weights", "live"), [(("2", "2"), Live.RUNNING), (("2", "1"), Live.STARTING)])
def test_weighted_capacity_counts_by_its_weight(weights: tuple[str, str], live: Live) -> None:
    answer = group(size="0-4-8")
    for member, weight in zip(answer["Instances"], weights, strict=True):
        member["WeightedCapacity"] = weight
    [resource] = KIND.discover(recorder(answer), Search("Schedule"))
    assert resource.live is live
    assert resource.prices == (LARGE, LARGE)


@pytest.mark.parametrize("missing", ["Tags", "Instances", "SuspendedProcesses", "NewInstancesProtectedFromScaleIn"])
def test_what_aws_may_leave_out(missing: str) -> None:
    answer = group(size="0-0-0", states=())
    del answer[missing]
    session = Recorder({"describe_auto_scaling_groups": [answer]})
    [resource] = KIND.discover(session, Search("Schedule", ids=frozenset({"web"})))
    assert (resource.live, resource.name, resource.unsupported) == (Live.STOPPED, "web", None)
    assert (resource.schedule is None) == (missing == "Tags")


# --- what cannot be done -----------------------------------------------------------------------------


def suspended(*processes: str) -> list[dict[str, str]]:
    return [{"ProcessName": process, "SuspensionReason": "User suspended"} for process in processes]


WARM = {"MinSize": 1, "PoolState": "Stopped"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"Tags": [*tags(Schedule="office"), {"Key": "eks:nodegroup-name", "Value": "workers"}]},
            "it belongs to EKS node group workers; tag the node group instead",
        ),
        (
            {"SuspendedProcesses": suspended("AZRebalance", "Launch")},
            "its Launch process is suspended, so a start would start nothing; resume the process",
        ),
        (
            {"SuspendedProcesses": suspended("Terminate")},
            "its Terminate process is suspended, so a stop would stop nothing; resume the process",
        ),
        (
            {"WarmPoolConfiguration": WARM},
            "it has a warm pool, which keeps instances after a stop; delete the pool to have the group scheduled",
        ),
        ({"SuspendedProcesses": suspended("AZRebalance", "AlarmNotification")}, None),
        ({"NewInstancesProtectedFromScaleIn": True}, None),
    ],
)
def test_what_cannot_be_scheduled(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


def protected(size: str, *protections: bool) -> Resource:
    answer = group(size=size, states=("InService",) * len(protections))
    for member, protection in zip(answer["Instances"], protections, strict=True):
        member["ProtectedFromScaleIn"] = protection
    [resource] = KIND.discover(recorder(answer), Search("Schedule"))
    return resource


def test_instances_that_are_protected_from_scale_in_would_outlive_a_stop() -> None:
    words = "2 of its 3 instances are protected from scale-in and would outlive a stop"
    assert protected("1-3-4", True, False, True).unsupported == words
    assert protected("1-3-4", False, False, False).unsupported is None


def test_what_protection_left_over_does_not_keep_the_group_from_being_started_again() -> None:
    left = protected("0-0-0", True, True)
    assert (left.live, left.state, left.unsupported) == (Live.PARTLY, "0-0-0, but protected", None)
    assert protected("0-0-0", True, False).live is Live.STOPPING


@pytest.mark.parametrize("more", [{"SuspendedProcesses": suspended("Terminate")}, {"WarmPoolConfiguration": WARM}])
def test_what_hinders_a_stop_does_not_hinder_a_start(more: dict[str, Any]) -> None:
    assert dark(**more).unsupported is None


def test_a_suspended_launch_hinders_a_start() -> None:
    assert dark(SuspendedProcesses=suspended("Launch")).unsupported is not None


# --- what it costs -----------------------------------------------------------------------------------


def test_each_instance_has_the_price_of_its_own_type_and_system() -> None:
    members = [
        instance("i-0"),
        instance("i-1", InstanceType="c5.large"),
        instance("i-2", PlatformDetails="Windows", Platform="windows"),
    ]
    answer = group(size="1-3-4", states=("InService",) * 3)
    for member, told in zip(answer["Instances"], members, strict=True):
        member["InstanceType"] = told["InstanceType"]
    [resource] = KIND.discover(recorder(answer, instances=members), Search("Schedule"))
    assert [(key.resource_type, key.operating_system) for key in resource.prices] == [
        ("m5.large", "Linux"),
        ("c5.large", "Linux"),
        ("m5.large", "Windows"),
    ]
    assert resource.instance_type == "c5.large, m5.large"


@pytest.mark.parametrize(
    "members",
    [
        [instance("i-0")],
        [instance("i-0"), instance("i-1", InstanceLifecycle="spot")],
        [instance("i-0"), instance("i-1", Placement={"Tenancy": "dedicated"})],
        [],
    ],
    ids=["one not found", "spot", "dedicated", "none found"],
)
def test_if_one_price_is_not_known_the_sum_is_not_known(members: list[dict[str, Any]]) -> None:
    assert parse(instances=members).prices == ()


def test_only_what_a_stop_ends_is_priced() -> None:
    states = ("InService", "Pending", "Terminating", "Standby", "Warmed:Running")
    session = recorder(group(states=states), instances=[instance("i-0"), instance("i-1")])
    [resource] = KIND.discover(session, Search("Schedule"))
    assert resource.prices == (LARGE, LARGE)
    assert session.asked[1][2]["Filters"][1] == {"Name": "instance-id", "Values": ["i-0", "i-1", "i-2"]}


def test_a_group_that_is_off_has_no_prices_and_asks_for_no_instances() -> None:
    session = recorder(group(size="0-0-0", states=()))
    [resource] = KIND.discover(session, Search("Schedule"))
    assert (resource.prices, resource.instance_type) == ((), "")
    assert session.operations == ["describe_auto_scaling_groups"]


def test_the_instances_of_many_groups_are_one_question() -> None:
    groups = [group("a"), group("b", states=())]
    session = recorder(*groups)
    assert [resource.id for resource in KIND.discover(session, Search("Schedule"))] == ["a", "b"]
    assert session.operations == ["describe_auto_scaling_groups", "describe_instances"]


# --- finding -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "asked"),
    [
        (Search("Schedule"), [{"Filters": [{"Name": "tag-key", "Values": ["Schedule"]}]}]),
        (
            Search("Lamp", frozenset({"b", "a"})),
            [{"Filters": [{"Name": "tag:Lamp", "Values": ["a", "b"]}]}],
        ),
        (Search("Schedule", ids=frozenset({"web", "api"})), [{"AutoScalingGroupNames": ["api", "web"]}]),
        (Search("Schedule", frozenset({"a"}), frozenset({"web"})), [{"AutoScalingGroupNames": ["web"]}]),
        (Search("Schedule", frozenset()), []),
        (Search("Schedule", ids=frozenset()), []),
        (
            Search("Schedule", ids=frozenset(f"g{n:03}" for n in range(120))),
            [
                {"AutoScalingGroupNames": [f"g{n:03}" for n in part]}
                for part in (range(50), range(50, 100), range(100, 120))
            ],
        ),
    ],
    ids=["tagged", "schedules", "ids", "ids win", "no schedule", "no id", "many ids"],
)
def test_aws_does_the_filtering(search: Search, asked: list[dict[str, Any]]) -> None:
    session = Recorder()
    assert list(KIND.discover(session, search)) == []
    assert session.asked == [("autoscaling", "describe_auto_scaling_groups", params) for params in asked]


# --- start and stop ----------------------------------------------------------------------------------


def test_a_stop_is_one_call_for_each() -> None:
    session = Recorder()
    results = KIND.stop(session, [parse(name="web"), parse(name="api")], StopOptions(hibernate=True))
    assert results == [Result("web"), Result("api")]
    assert session.asked == [
        ("autoscaling", "update_auto_scaling_group", {"AutoScalingGroupName": "web", **ZERO}),
        ("autoscaling", "update_auto_scaling_group", {"AutoScalingGroupName": "api", **ZERO}),
    ]


@pytest.mark.parametrize(
    ("restore", "tag", "numbers", "note"),
    [
        (BEFORE, {}, (1, 2, 4), "size 1-2-4 as remembered"),
        ({}, {"IS-MinDesiredMax": "2-3-5"}, (2, 3, 5), "size 2-3-5 from tag IS-MinDesiredMax"),
        (BEFORE, {"IS-MinDesiredMax": "2-3-5"}, (2, 3, 5), "size 2-3-5 from tag IS-MinDesiredMax"),
        (BEFORE, {"lamplighter:size": "3-3-3"}, (3, 3, 3), "size 3-3-3 from tag lamplighter:size"),
        (
            {},
            {"IS-MinDesiredMax": "2-3-5", "lamplighter:size": "3-3-3"},
            (3, 3, 3),
            "size 3-3-3 from tag lamplighter:size",
        ),
        ({"min": "0", "desired": "0", "max": "4"}, {}, (0, 0, 4), "size 0-0-4 as remembered"),
    ],
)
def test_a_start_puts_the_size_back(
    restore: dict[str, str], tag: dict[str, str], numbers: tuple[int, int, int], note: str
) -> None:
    session = Recorder()
    [result] = KIND.start(session, [dark(Tags=tags(Schedule="office", **tag), restore=restore)])
    assert (result.error, result.note) == (None, note)
    size = dict(zip(("MinSize", "DesiredCapacity", "MaxSize"), numbers, strict=True))
    assert session.asked == [
        ("autoscaling", "update_auto_scaling_group", {"AutoScalingGroupName": "web", **size}),
    ]


@pytest.mark.parametrize(
    ("restore", "tag", "words"),
    [
        ({}, {}, "its size before is not known"),
        ({"min": "0", "desired": "0", "max": "0"}, {}, "its size before is not known"),
        (BEFORE, {"IS-MinDesiredMax": "0-0-0"}, "its tag IS-MinDesiredMax is '0-0-0', which is no size"),
        (BEFORE, {"IS-MinDesiredMax": "two"}, "its tag IS-MinDesiredMax is 'two', which is no size"),
        (BEFORE, {"lamplighter:size": "4-2-1"}, "its tag lamplighter:size is '4-2-1', which is no size"),
    ],
)
def test_a_start_without_a_size_is_an_error_and_no_call(
    restore: dict[str, str], tag: dict[str, str], words: str
) -> None:
    session = Recorder()
    [result] = KIND.start(session, [dark(Tags=tags(Schedule="office", **tag), restore=restore)])
    assert isinstance(result.error, NotSupported)
    assert result.error.message == f"111122223333/eu-west-1: web cannot be started: {words}"
    assert "min-desired-max" in result.error.hint
    assert session.asked == []


def errors(results: list[Result]) -> dict[str, type[AwsError] | None]:
    return {result.id: type(result.error) if result.error else None for result in results}


def test_one_group_that_fails_keeps_no_other_from_being_started() -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["AutoScalingGroupName"] == "b":
            raise WrongState("ScalingActivityInProgress")
        return {}

    groups = [dark(name, restore={} if name == "a" else BEFORE) for name in "abcd"]
    session = Recorder(answer=answer)
    assert errors(KIND.start(session, groups)) == {"a": NotSupported, "b": WrongState, "c": None, "d": None}
    assert [params["AutoScalingGroupName"] for _, _, params in session.asked] == ["b", "c", "d"]
