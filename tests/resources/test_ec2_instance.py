from __future__ import annotations

from typing import Any

import pytest
from tests.resources.conftest import HERE, Recorder, instance, reservation, tags

from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, CapacityUnavailable, NotSupported, OutcomeUnknown, Throttled
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.ec2_instance import Ec2Instance
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.stop_options import StopOptions
from lamplighter.schedules.decision import Live

KIND = Ec2Instance()


def parse(target: Target = HERE, **more: Any) -> Resource:
    session = Recorder({"describe_instances": [reservation(instance(**more))]}, target=target)
    [resource] = KIND.discover(session, Search("Schedule", ids=frozenset({more.get("id_", "i-0123456789abcdef0")})))
    return resource


def test_a_plain_instance() -> None:
    resource = parse(Tags=tags(Name="web", Schedule="office", Team="shop"))
    assert resource == Resource(
        kind="ec2-instance",
        id="i-0123456789abcdef0",
        arn="arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0",
        account="111122223333",
        region="eu-west-1",
        name="web",
        tags={"Name": "web", "Schedule": "office", "Team": "shop"},
        schedule="office",
        live=Live.RUNNING,
        state="running",
        instance_type="m5.large",
        prices=(PriceKey("ec2", "eu-west-1", "m5.large", operating_system="Linux"),),
        traits={"interfaces": "0", "zone": "eu-west-1a"},
    )


@pytest.mark.parametrize(
    ("state", "live"),
    [
        ("pending", Live.STARTING),
        ("running", Live.RUNNING),
        ("stopping", Live.STOPPING),
        ("stopped", Live.STOPPED),
        ("shutting-down", Live.GONE),
        ("terminated", Live.GONE),
        ("napping", Live.BUSY),
    ],
)
def test_states(state: str, live: Live) -> None:
    resource = parse(state=state)
    assert (resource.live, resource.state) == (live, state)


@pytest.mark.parametrize(
    ("more", "system"),
    [
        ({"PlatformDetails": "Linux/UNIX"}, "Linux"),
        ({"PlatformDetails": "Windows", "Platform": "windows"}, "Windows"),
        ({"PlatformDetails": "", "Platform": "windows"}, "Windows"),
        ({"PlatformDetails": None}, "Linux"),
        ({"PlatformDetails": "Red Hat Enterprise Linux"}, "RHEL"),
        ({"PlatformDetails": "SUSE Linux"}, "SUSE"),
        ({"PlatformDetails": "Windows with SQL Server Standard"}, "Windows with SQL Server Standard"),
    ],
)
def test_operating_systems(more: dict[str, Any], system: str) -> None:
    assert [key.operating_system for key in parse(**more).prices] == [system]


@pytest.mark.parametrize(
    "more",
    [
        {"InstanceLifecycle": "spot"},
        {"InstanceLifecycle": "scheduled"},
        {"InstanceLifecycle": "capacity-block"},
        {"Placement": {"Tenancy": "dedicated"}},
        {"Placement": {"Tenancy": "host"}},
    ],
)
def test_what_list_prices_do_not_fit_has_no_price(more: dict[str, Any]) -> None:
    """A Spot instance costs less; to price it on demand would claim a saving that is none."""
    assert parse(**more).prices == ()


@pytest.mark.parametrize("more", [{}, {"Placement": {}}, {"Placement": {"Tenancy": "default"}}])
def test_what_list_prices_fit(more: dict[str, Any]) -> None:
    assert len(parse(**more).prices) == 1


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_partitions(region: str, partition: str) -> None:
    arn = parse(Target("111122223333", region)).arn
    assert arn == f"arn:{partition}:ec2:{region}:111122223333:instance/i-0123456789abcdef0"


@pytest.mark.parametrize("missing", ["Tags", "Placement", "HibernationOptions", "PlatformDetails", "RootDeviceType"])
def test_what_aws_may_leave_out(missing: str) -> None:
    answer = instance()
    del answer[missing]
    session = Recorder({"describe_instances": [reservation(answer)]})
    [resource] = KIND.discover(session, Search("Schedule", ids=frozenset({answer["InstanceId"]})))
    assert resource.live is Live.RUNNING
    assert (resource.schedule is None) == (missing == "Tags")
    assert resource.name == resource.id


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"Tags": [*tags(Schedule="office"), {"Key": "aws:autoscaling:groupName", "Value": "web"}]},
            "it belongs to Auto Scaling group web, which would replace it; tag the group instead",
        ),
        ({"RootDeviceType": "instance-store"}, "its root device is an instance store, so it cannot be stopped"),
        ({"RootDeviceType": "ebs"}, None),
    ],
)
def test_what_cannot_be_scheduled_by_itself(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


@pytest.mark.parametrize(
    ("search", "filters"),
    [
        (Search("Schedule"), [("tag-key", ["Schedule"])]),
        (Search("Schedule", frozenset({"b", "a"})), [("tag:Schedule", ["a", "b"])]),
        (Search("Schedule", ids=frozenset({"i-2", "i-1"})), [("instance-id", ["i-1", "i-2"])]),
        (Search("Schedule", frozenset({"a"}), frozenset({"i-1"})), [("instance-id", ["i-1"])]),
        (Search("Schedule", frozenset()), []),
        (
            Search("Schedule", ids=frozenset(f"i-{n:03}" for n in range(450))),
            [("instance-id", [f"i-{n:03}" for n in part]) for part in (range(200), range(200, 400), range(400, 450))],
        ),
    ],
    ids=["tagged", "schedules", "ids", "ids win", "no schedule", "many ids"],
)
def test_aws_does_the_filtering(search: Search, filters: list[tuple[str, list[str]]]) -> None:
    session = Recorder()
    assert list(KIND.discover(session, search)) == []
    states = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    assert [params["Filters"] for _, _, params in session.asked] == [
        [states, {"Name": name, "Values": values}] for name, values in filters
    ]
    assert set(session.operations) <= {"describe_instances"}


def test_all_pages_and_reservations_are_read() -> None:
    pages = [reservation(instance("i-1"), instance("i-2")), reservation(), reservation(instance("i-3"))]
    found = KIND.discover(Recorder({"describe_instances": pages}), Search("Schedule"))
    assert [resource.id for resource in found] == ["i-1", "i-2", "i-3"]


def sleepers(*prepared: bool) -> list[Resource]:
    options = [{"Configured": each} for each in prepared]
    return [parse(id_=f"i-{n}", HibernationOptions=option) for n, option in enumerate(options)]


def test_a_start_is_one_call() -> None:
    session = Recorder()
    results = KIND.start(session, sleepers(False, False))
    assert [(result.id, result.error, result.note) for result in results] == [("i-0", None, ""), ("i-1", None, "")]
    assert session.asked == [("ec2", "start_instances", {"InstanceIds": ["i-0", "i-1"]})]


def test_a_start_without_capacity_fails_only_the_one() -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if "i-1" in params["InstanceIds"]:
            raise CapacityUnavailable("InsufficientInstanceCapacity")
        return {}

    results = KIND.start(Recorder(answer=answer), sleepers(False, False, False))
    assert {result.id: type(result.error) for result in results} == {
        "i-0": type(None),
        "i-1": CapacityUnavailable,
        "i-2": type(None),
    }


def test_a_stop_is_one_call_even_for_what_could_hibernate() -> None:
    session = Recorder()
    KIND.stop(session, sleepers(True, False))
    assert session.asked == [("ec2", "stop_instances", {"InstanceIds": ["i-0", "i-1"]})]


def test_hibernation_of_what_is_prepared_for_it() -> None:
    session = Recorder()
    results = KIND.stop(session, sleepers(True, False, True), StopOptions(hibernate=True))
    assert [params for _, _, params in session.asked] == [
        {"InstanceIds": ["i-0", "i-2"], "Hibernate": True},
        {"InstanceIds": ["i-1"]},
    ]
    assert {result.id: result.note for result in results} == {
        "i-0": "hibernated",
        "i-1": "stopped: the instance is not set up for hibernation",
        "i-2": "hibernated",
    }


def test_what_refuses_to_hibernate_is_stopped_and_says_so() -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params.get("Hibernate") and "i-1" in params["InstanceIds"]:
            raise NotSupported("UnsupportedHibernationConfiguration: i-1")
        return {}

    session = Recorder(answer=answer)
    results = KIND.stop(session, sleepers(True, True), StopOptions(hibernate=True))
    assert [params for _, _, params in session.asked] == [
        {"InstanceIds": ["i-0", "i-1"], "Hibernate": True},
        {"InstanceIds": ["i-0"], "Hibernate": True},
        {"InstanceIds": ["i-1"]},
    ]
    assert {result.id: (result.error, result.note) for result in results} == {
        "i-0": (None, "hibernated"),
        "i-1": (None, "stopped, not hibernated: UnsupportedHibernationConfiguration: i-1"),
    }


@pytest.mark.parametrize("error", [Throttled, OutcomeUnknown, AwsError])
def test_what_fails_to_hibernate_for_another_reason_is_not_stopped_instead(error: type[AwsError]) -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        raise error("no")

    session = Recorder(answer=answer)
    results = KIND.stop(session, sleepers(True), StopOptions(hibernate=True))
    assert [(type(result.error), result.note) for result in results] == [(error, "")]
    assert all(params.get("Hibernate") for _, _, params in session.asked)


def test_a_fallback_that_fails_is_a_failure() -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        raise NotSupported("disableApiStop")

    [result] = KIND.stop(Recorder(answer=answer), sleepers(True), StopOptions(hibernate=True))
    assert isinstance(result.error, NotSupported)
    assert result.note == ""
