from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.resources.conftest import Recorder, node_group

from lamplighter.errors import AccessDenied, AwsError, NotFound, NotSupported, Throttled, WrongState
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.eks_nodegroup import EksNodegroup
from lamplighter.resources.kind import Resource, Result, Search
from lamplighter.resources.stop_options import StopOptions
from lamplighter.schedules.decision import Live

KIND = EksNodegroup()
LARGE = PriceKey("ec2", "eu-west-1", "m5.large", operating_system="Linux")
BEFORE = {"min": "1", "desired": "2"}
UUID = "a8c75f2f-1111-2222-3333-444455556666"


def recorder(*groups: dict[str, Any]) -> Recorder:
    by_name = {each["nodegroupName"]: each for each in groups}
    return Recorder(
        {"list_clusters": ["shop"], "list_nodegroups": list(by_name)},
        lambda _operation, **params: {"nodegroup": by_name[params["nodegroupName"]]},
    )


def parse(**more: Any) -> Resource:
    [resource] = KIND.discover(recorder(node_group(**more)), Search("Schedule"))
    return resource


def dark(name: str = "workers", **more: Any) -> Resource:
    """A node group without nodes as the scheduler hands it to a start."""
    restore = more.pop("restore", {})
    return replace(parse(name=name, size="0-0-4", **more), restore=restore)


# --- what it is now ----------------------------------------------------------------------------------


def test_a_plain_node_group() -> None:
    assert parse(tags={"Name": "shop workers", "Schedule": "office"}) == Resource(
        kind="eks-nodegroup",
        id="shop/workers",
        arn=f"arn:aws:eks:eu-west-1:111122223333:nodegroup/shop/workers/{UUID}",
        account="111122223333",
        region="eu-west-1",
        name="shop workers",
        tags={"Name": "shop workers", "Schedule": "office"},
        schedule="office",
        live=Live.RUNNING,
        state="ACTIVE",
        instance_type="m5.large",
        prices=(LARGE, LARGE),
        size=BEFORE,
    )


@pytest.mark.parametrize(
    ("status", "lit", "out"),
    [
        ("ACTIVE", Live.RUNNING, Live.STOPPED),
        ("DEGRADED", Live.RUNNING, Live.STOPPED),
        ("UPDATING", Live.STARTING, Live.STOPPING),
        ("CREATING", Live.STARTING, Live.STOPPING),
        ("DELETING", Live.GONE, Live.GONE),
        ("CREATE_FAILED", Live.BUSY, Live.BUSY),
        ("DELETE_FAILED", Live.BUSY, Live.BUSY),
        ("NAPPING", Live.BUSY, Live.BUSY),
    ],
)
def test_states(status: str, lit: Live, out: Live) -> None:
    running, stopped = parse(status=status), parse(status=status, size="0-0-4")
    assert (running.live, running.state) == (lit, status)
    assert (stopped.live, stopped.state) == (out, f"{status}, no nodes")
    assert (running.size, stopped.size) == (BEFORE, {"min": "0", "desired": "0"})


@pytest.mark.parametrize("missing", ["tags", "instanceTypes", "amiType", "capacityType"])
@pytest.mark.parametrize("absent", [True, False], ids=["absent", "null"])
def test_what_eks_may_leave_out(missing: str, absent: bool) -> None:
    answer = {**node_group(), missing: None}
    if absent:
        del answer[missing]
    [resource] = KIND.discover(recorder(answer), Search("Schedule", ids=frozenset({"shop/workers"})))
    assert (resource.live, resource.name) == (Live.RUNNING, "shop/workers")
    assert (resource.schedule is None) == (missing == "tags")
    assert (resource.prices == ()) == (missing != "tags")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"status": "CREATE_FAILED"}, "its status is CREATE_FAILED, from which EKS does not scale it"),
        ({"status": "DELETE_FAILED"}, "its status is DELETE_FAILED, from which EKS does not scale it"),
        (
            {"warmPoolConfig": {"enabled": True, "minSize": 1}},
            "it has a warm pool, which keeps instances after a stop; disable the pool to have the group scheduled",
        ),
        ({"warmPoolConfig": {"enabled": True}, "size": "0-0-4"}, None),
        ({"warmPoolConfig": {"enabled": False}}, None),
        ({"warmPoolConfig": None}, None),
        ({"status": "DEGRADED"}, None),
    ],
)
def test_what_cannot_be_scheduled(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


# --- what it costs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ami", "system"),
    [
        ("AL2_x86_64", "Linux"),
        ("AL2023_ARM_64_STANDARD", "Linux"),
        ("BOTTLEROCKET_x86_64_NVIDIA", "Linux"),
        ("WINDOWS_CORE_2022_x86_64", "Windows"),
        ("WINDOWS_FULL_2025_x86_64", "Windows"),
    ],
)
def test_systems(ami: str, system: str) -> None:
    assert [key.operating_system for key in parse(amiType=ami).prices] == [system, system]


@pytest.mark.parametrize(
    "more",
    [
        {"capacityType": "SPOT"},
        {"capacityType": "CAPACITY_BLOCK"},
        {"amiType": "CUSTOM"},
        {"amiType": "SOMETHING_NEW"},
        {"instanceTypes": []},
        {"size": "0-0-4"},
    ],
    ids=["spot", "capacity block", "custom image", "new image", "type in the template", "off"],
)
def test_what_list_prices_do_not_fit_has_no_price(more: dict[str, Any]) -> None:
    assert parse(**more).prices == ()


def test_the_first_type_is_the_one_eks_takes() -> None:
    resource = parse(instanceTypes=["c5.large", "m5.large"], size="0-3-3")
    assert [key.resource_type for key in resource.prices] == ["c5.large"] * 3
    assert resource.instance_type == "c5.large, m5.large"


# --- finding -----------------------------------------------------------------------------------------


def test_every_node_group_of_every_cluster_is_described_once() -> None:
    session = recorder(node_group("a"), node_group("b", tags={}))
    assert [resource.id for resource in KIND.discover(session, Search("Schedule"))] == ["shop/a"]
    assert session.asked == [
        ("eks", "list_clusters", {}),
        ("eks", "list_nodegroups", {"clusterName": "shop"}),
        ("eks", "describe_nodegroup", {"clusterName": "shop", "nodegroupName": "a"}),
        ("eks", "describe_nodegroup", {"clusterName": "shop", "nodegroupName": "b"}),
    ]


@pytest.mark.parametrize("name", ["shop/workers", "workers", UUID])
def test_it_is_found_by_what_people_and_arns_call_it(name: str) -> None:
    found = KIND.discover(recorder(node_group()), Search("Other", ids=frozenset({name})))
    assert [resource.id for resource in found] == ["shop/workers"]


@pytest.mark.parametrize("name", ["shop", "shop/", "worker", "", "office"])
def test_it_is_not_found_by_less(name: str) -> None:
    assert list(KIND.discover(recorder(node_group()), Search("Schedule", ids=frozenset({name})))) == []


def test_what_is_deleted_while_looking_hides_no_other() -> None:
    groups = {"a": node_group("a"), "c": node_group("c")}

    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["nodegroupName"] not in groups:
            raise NotFound("No node group found for name: b.")
        return {"nodegroup": groups[params["nodegroupName"]]}

    session = Recorder({"list_clusters": ["shop"], "list_nodegroups": ["a", "b", "c"]}, answer)
    assert [resource.id for resource in KIND.discover(session, Search("Schedule"))] == ["shop/a", "shop/c"]


class Vanishing(Recorder):
    """Its cluster `old` is deleted once it has been listed."""

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        if params.get("clusterName") == "old":
            raise NotFound("No cluster found for name: old.")
        return super().pages(service, operation, key, **params)


def test_a_cluster_deleted_while_looking_hides_no_other() -> None:
    session = Vanishing(
        {"list_clusters": ["old", "shop"], "list_nodegroups": ["workers"]}, lambda *_, **__: {"nodegroup": node_group()}
    )
    assert [resource.id for resource in KIND.discover(session, Search("Schedule"))] == ["shop/workers"]


@pytest.mark.parametrize("error", [AccessDenied, Throttled, AwsError])
def test_any_other_error_of_a_look_is_raised(error: type[AwsError]) -> None:
    def answer(_operation: str, **_params: Any) -> dict[str, Any]:
        raise error("no")

    session = Recorder({"list_clusters": ["shop"], "list_nodegroups": ["workers"]}, answer)
    with pytest.raises(error):
        list(KIND.discover(session, Search("Schedule")))


# --- start and stop ----------------------------------------------------------------------------------


def update(name: str, **size: int) -> tuple[str, str, dict[str, Any]]:
    asked = {"clusterName": "shop", "nodegroupName": name, "scalingConfig": size}
    return "eks", "update_nodegroup_config", asked


def test_a_stop_is_one_call_for_each_and_keeps_the_maximum() -> None:
    session = Recorder()
    results = KIND.stop(session, [parse(name="a"), parse(name="b")], StopOptions(hibernate=True))
    assert results == [Result("shop/a"), Result("shop/b")]
    assert session.asked == [update("a", minSize=0, desiredSize=0), update("b", minSize=0, desiredSize=0)]


@pytest.mark.parametrize(
    ("restore", "tags", "size", "note"),
    [
        (BEFORE, {}, {"minSize": 1, "desiredSize": 2}, "size 1-2 as remembered"),
        ({"min": "0", "desired": "3"}, {}, {"minSize": 0, "desiredSize": 3}, "size 0-3 as remembered"),
        (
            {},
            {"lamplighter:size": "2-3-5"},
            {"minSize": 2, "desiredSize": 3, "maxSize": 5},
            "size 2-3-5 from tag lamplighter:size",
        ),
        (
            BEFORE,
            {"lamplighter:size": "2-3-5"},
            {"minSize": 2, "desiredSize": 3, "maxSize": 5},
            "size 2-3-5 from tag lamplighter:size",
        ),
        (BEFORE, {"IS-MinDesiredMax": "9-9-9"}, {"minSize": 1, "desiredSize": 2}, "size 1-2 as remembered"),
    ],
)
def test_a_start_puts_the_size_back(
    restore: dict[str, str], tags: dict[str, str], size: dict[str, int], note: str
) -> None:
    session = Recorder()
    results = KIND.start(session, [dark(tags={"Schedule": "office", **tags}, restore=restore)])
    assert results == [Result("shop/workers", note=note)]
    assert session.asked == [update("workers", **size)]


@pytest.mark.parametrize(
    ("restore", "tags", "words"),
    [
        ({}, {}, "its size before is not known"),
        ({"min": "0", "desired": "0"}, {}, "its size before is not known"),
        (BEFORE, {"lamplighter:size": "0-0-0"}, "its tag lamplighter:size is '0-0-0', which is no size"),
        (BEFORE, {"lamplighter:size": "2"}, "its tag lamplighter:size is '2', which is no size"),
    ],
)
def test_a_start_without_a_size_is_an_error_and_no_call(
    restore: dict[str, str], tags: dict[str, str], words: str
) -> None:
    session = Recorder()
    [result] = KIND.start(session, [dark(tags={"Schedule": "office", **tags}, restore=restore)])
    assert isinstance(result.error, NotSupported)
    assert result.error.message == f"111122223333/eu-west-1: shop/workers cannot be started: {words}"
    assert session.asked == []


def errors(results: list[Result]) -> dict[str, type[AwsError] | None]:
    return {result.id: type(result.error) if result.error else None for result in results}


def test_one_node_group_that_fails_keeps_no_other_from_being_started() -> None:
    def answer(_operation: str, **params: Any) -> dict[str, Any]:
        if params["nodegroupName"] == "b":
            raise WrongState("ResourceInUseException")
        return {}

    groups = [dark(name, restore={} if name == "a" else BEFORE) for name in "abc"]
    session = Recorder(answer=answer)
    assert errors(KIND.start(session, groups)) == {"shop/a": NotSupported, "shop/b": WrongState, "shop/c": None}
    assert [params["nodegroupName"] for _, _, params in session.asked] == ["b", "c"]
