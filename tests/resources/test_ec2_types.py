"""Which types an instance can have, and starting with the first that can be had; also over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.resources.conftest import Recorder, errors, find, instance, offerings, reservation, type_facts

from lamplighter.aws.access import TargetSession
from lamplighter.errors import (
    AccessDenied,
    AwsError,
    CapacityUnavailable,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Throttled,
    WrongState,
)
from lamplighter.estate.control import capacity, deny, throttle, timeout_after
from lamplighter.estate.testing import MANAGEMENT, EstateProbe
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.ec2_instance import Ec2Instance
from lamplighter.resources.kind import Resource, Result, Search

KIND = Ec2Instance()
TAGS = [{"ResourceType": "instance", "Tags": [{"Key": "Schedule", "Value": "office"}]}]
NITRO = {"Architecture": "x86_64", "VirtualizationType": "hvm", "EnaSupport": True}


def parse(*types: str, id_: str = "i-1", **more: Any) -> Resource:
    """A stopped m5.large that is to be started with some types."""
    described = instance(id_, "stopped", **{**NITRO, **more})
    [found] = KIND.discover(Recorder({"describe_instances": [reservation(described)]}), Search("Schedule"))
    return replace(found, types=types)


# --- which types fit --------------------------------------------------------------------------------------

OFFERED = {
    "m5.large": type_facts("m5.large"),
    "m5.xlarge": type_facts("m5.xlarge", SupportedBootModes=["legacy-bios"], NitroTpmSupport="unsupported"),
    "m7g.large": type_facts("m7g.large", "arm64", SupportedBootModes=["uefi"]),
    "t2.micro": type_facts(
        "t2.micro",
        SupportedBootModes=["legacy-bios"],
        NitroEnclavesSupport="unsupported",
        NetworkInfo={"EnaSupport": "unsupported", "MaximumNetworkInterfaces": 2},
    ),
    "m1.small": type_facts(
        "m1.small", SupportedVirtualizationTypes=["hvm", "paravirtual"], NetworkInfo={"EnaSupport": "unsupported"}
    ),
    "p5.4xlarge": type_facts("p5.4xlarge"),
}


def check(*resources: Resource) -> tuple[Mapping[str, Mapping[str, str]], Recorder]:
    here = [name for name in OFFERED if name != "p5.4xlarge"]
    away = offerings("p5.4xlarge", zone="eu-west-1b")
    pages = {
        "describe_instance_types": list(OFFERED.values()),
        "describe_instance_type_offerings": [*offerings(*here), *away],
    }
    session = Recorder(pages)
    return KIND.unfit(session, resources), session


@pytest.mark.parametrize(
    ("wanted", "more", "reason"),
    [
        ("m5.xlarge", {}, None),
        ("m7g.large", {}, "it runs arm64 and not x86_64"),
        ("m5.xlarge", {"Architecture": "arm64"}, "it runs x86_64 and not arm64"),
        ("m7g.large", {"Architecture": "arm64", "BootMode": "uefi"}, None),
        ("t2.micro", {}, None),
        ("m5.xlarge", {"VirtualizationType": "paravirtual"}, "it takes hvm images and not paravirtual"),
        ("m1.small", {"VirtualizationType": "paravirtual"}, None),
        ("m5.xlarge", {"BootMode": "uefi"}, "it boots by legacy-bios and not by uefi"),
        ("m5.xlarge", {"CurrentInstanceBootMode": "uefi"}, "it boots by legacy-bios and not by uefi"),
        ("m5.xlarge", {"BootMode": "uefi-preferred", "CurrentInstanceBootMode": "uefi"}, None),
        ("m5.xlarge", {"BootMode": "legacy-bios", "CurrentInstanceBootMode": "legacy-bios"}, None),
        ("m5.xlarge", {"TpmSupport": "v2.0"}, "it has no NitroTPM"),
        ("t2.micro", {"EnclaveOptions": {"Enabled": True}}, "it has no Nitro Enclaves"),
        ("t2.micro", {"EnclaveOptions": {"Enabled": False}}, None),
        ("t2.micro", {"NetworkInterfaces": [{}, {}, {}]}, "it takes 2 network interfaces, and 3 are attached"),
        ("t2.micro", {"NetworkInterfaces": [{}, {}]}, None),
        ("m9.large", {}, "there is no such type in eu-west-1"),
        ("m5.*", {}, "there is no such type in eu-west-1"),
        ("p5.4xlarge", {}, "it is not offered in eu-west-1a"),
        ("p5.4xlarge", {"Placement": {"AvailabilityZone": "eu-west-1b"}}, None),
        ("p5.4xlarge", {"Placement": {"Tenancy": "host"}}, "it lives on a Dedicated Host, which is for certain types"),
        ("m5.xlarge", {"InstanceLifecycle": "spot"}, "it is a Spot Instance, whose type cannot be changed"),
        (
            "m5.xlarge",
            {"InstanceLifecycle": "capacity-block"},
            "it was bought as capacity-block, which is for one type",
        ),
        (
            "m5.xlarge",
            {"HibernationOptions": {"Configured": True}},
            "it is set up for hibernation, and a hibernated instance cannot change its type",
        ),
    ],
)
def test_which_types_fit(wanted: str, more: dict[str, Any], reason: str | None) -> None:
    unfit, _ = check(parse(wanted, **more))
    assert unfit == {"i-1": {wanted: reason} if reason else {}}


@pytest.mark.parametrize(
    ("current", "ena", "fits"),
    [("t2.micro", True, True), ("t2.micro", None, False), ("t2.micro", False, False), ("m5.large", None, True)],
)
def test_a_type_that_needs_ena_is_for_instances_that_have_it(current: str, ena: bool | None, fits: bool) -> None:
    """What runs on a type that requires ENA has it, whatever is said of it."""
    unfit, _ = check(parse("m5.xlarge", InstanceType=current, EnaSupport=ena))
    words = "it needs ENA and NVMe drivers, and ENA is not enabled for the instance"
    assert unfit == {"i-1": {} if fits else {"m5.xlarge": words}}


def test_the_type_it_has_always_fits() -> None:
    unfit, _ = check(parse("m5.large", Architecture="arm64"), parse("m5.large", id_="i-2", InstanceLifecycle="spot"))
    assert unfit == {"i-1": {}, "i-2": {}}


def test_two_calls_for_any_number_of_instances() -> None:
    _, session = check(*(parse("m5.xlarge", "m7g.large", id_=f"i-{n}") for n in range(50)))
    filters = [{"Name": "instance-type", "Values": ["m5.large", "m5.xlarge", "m7g.large"]}]
    assert session.asked == [
        ("ec2", "describe_instance_types", {"Filters": filters}),
        ("ec2", "describe_instance_type_offerings", {"Filters": filters, "LocationType": "availability-zone"}),
    ]


def test_more_types_than_a_filter_takes() -> None:
    _, session = check(parse(*(f"m{n}.large" for n in range(250))))
    asked = [len(params["Filters"][0]["Values"]) for _, _, params in session.asked]
    assert asked == [200, 50, 200, 50]


def test_nothing_is_asked_where_no_type_can_be_changed() -> None:
    unfit, session = check(parse("m5.xlarge", InstanceLifecycle="spot"))
    assert list(unfit["i-1"]) == ["m5.xlarge"]
    assert session.asked == []


# --- starting ---------------------------------------------------------------------------------------------


class Ec2:
    """Answers for instances whose type follows the calls; the refusals of a type or operation are given."""

    def __init__(self, **refuses: type[AwsError]) -> None:
        self.refuses = {name.replace("_", "."): error for name, error in refuses.items()}
        self.types: dict[str, str] = {}
        self.calls: list[str] = []

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        if operation == "modify_instance_attribute":
            id_, name = params["InstanceId"], params["InstanceType"]["Value"]
            self.calls.append(f"{id_} {name}")
            if error := self.refuses.get("modify"):
                raise error("no", code="Modify", target="here")
            self.types[id_] = name
            return {}
        ids = params["InstanceIds"]
        self.calls.append(f"start {' '.join(ids)}")
        for id_ in ids:
            if error := self.refuses.get(self.types.get(id_, "m5.large")):
                raise error(f"{id_} cannot be", code=error.__name__, target="here", hint="wait")
        return {}


def start(ec2: Ec2, *resources: Resource) -> dict[str, Result]:
    return {result.id: result for result in KIND.start(Recorder(answer=ec2), resources)}


def test_the_type_is_set_and_then_it_is_started() -> None:
    ec2 = Ec2()
    result = start(ec2, parse("m5.xlarge", "m5.2xlarge"))["i-1"]
    assert ec2.calls == ["i-1 m5.xlarge", "start i-1"]
    assert (result.error, result.note) == (None, "runs as m5.xlarge, was m5.large")
    assert result.now is not None
    assert result.now.instance_type == "m5.xlarge"
    assert result.now.prices == (PriceKey("ec2", "eu-west-1", "m5.xlarge", operating_system="Linux"),)


@pytest.mark.parametrize("types", [(), ("m5.large",), ("m5.large", "m5.xlarge")])
def test_a_type_that_is_right_costs_nothing(types: Sequence[str]) -> None:
    ec2 = Ec2()
    results = start(ec2, *(parse(*types, id_=f"i-{n}") for n in range(3)))
    assert ec2.calls == ["start i-0 i-1 i-2"]
    assert {(result.error, result.note, result.now) for result in results.values()} == {(None, "", None)}


def test_all_are_started_in_one_call_whatever_types_they_get() -> None:
    ec2 = Ec2()
    start(ec2, parse(id_="i-0"), parse("m5.xlarge", id_="i-1"), parse("t3.large", id_="i-2"))
    assert ec2.calls == ["i-1 m5.xlarge", "i-2 t3.large", "start i-0 i-1 i-2"]


def test_without_capacity_it_goes_on_to_the_next_type() -> None:
    ec2 = Ec2(m5_xlarge=CapacityUnavailable, m6i_xlarge=NotSupported)
    results = start(ec2, parse("m5.xlarge", "m6i.xlarge", "m5.large"), parse(id_="i-2"))
    result = results["i-1"]
    assert result.error is None
    assert (
        result.note == "runs as m5.large; could not be had: m5.xlarge (CapacityUnavailable), m6i.xlarge (NotSupported)"
    )
    assert result.now is None
    assert results["i-2"] == Result("i-2")
    assert ec2.types == {"i-1": "m5.large"}


def test_an_alternate_is_told_as_what_it_is() -> None:
    result = start(Ec2(m5_xlarge=CapacityUnavailable), parse("m5.xlarge", "m6i.xlarge"))["i-1"]
    assert result.note == "runs as m6i.xlarge, was m5.large; could not be had: m5.xlarge (CapacityUnavailable)"


def test_when_none_is_left_the_error_names_all() -> None:
    ec2 = Ec2(m5_xlarge=NotSupported, m6i_xlarge=CapacityUnavailable)
    result = start(ec2, parse("m5.xlarge", "m6i.xlarge"))["i-1"]
    error = result.error
    assert type(error) is CapacityUnavailable
    assert error.message == (
        "here: i-1 could not be started with any of its types: "
        "m5.xlarge (NotSupported), m6i.xlarge (CapacityUnavailable)"
    )
    assert (error.code, error.target, error.hint) == ("CapacityUnavailable", "here", "wait")
    assert result.now is not None
    assert result.now.instance_type == "m6i.xlarge"
    only = start(Ec2(m5_large=CapacityUnavailable), parse("m5.large"))["i-1"]
    assert only.error is not None
    assert only.error.message == "i-1 cannot be"


@pytest.mark.parametrize("error", [Throttled, OutcomeUnknown, AccessDenied, WrongState, NotFound])
def test_what_does_not_speak_of_the_type_is_not_tried_with_another(error: type[AwsError]) -> None:
    ec2 = Ec2(m5_xlarge=error)
    result = start(ec2, parse("m5.xlarge", "m6i.xlarge"))["i-1"]
    assert type(result.error) is error
    assert ec2.calls == ["i-1 m5.xlarge", "start i-1"]


@pytest.mark.parametrize("error", [Throttled, OutcomeUnknown, WrongState])
def test_a_type_that_cannot_be_set_now_ends_the_start(error: type[AwsError]) -> None:
    ec2 = Ec2(modify=error)
    results = start(ec2, parse("m5.xlarge", "m5.large"), parse(id_="i-2"))
    assert type(results["i-1"].error) is error
    assert results["i-2"].error is None
    assert ec2.calls == ["i-1 m5.xlarge", "start i-2"]


@pytest.mark.parametrize("error", [AccessDenied, AwsError, NotSupported])
def test_without_the_right_to_change_types_it_starts_as_it_is_if_it_may(error: type[AwsError]) -> None:
    ec2 = Ec2(modify=error)
    result = start(ec2, parse("m5.xlarge", "m5.large"))["i-1"]
    assert (result.error, result.note) == (None, "runs as m5.large; could not be had: m5.xlarge (Modify)")
    strict = start(Ec2(modify=error), parse("m5.xlarge"))["i-1"]
    assert type(strict.error) is error


# --- over the wire ----------------------------------------------------------------------------------------


@pytest.fixture
def stopped(estate: EstateProbe, session: TargetSession) -> Resource:
    """A stopped m5.large of the simulated AWS."""
    estate.launch(TagSpecifications=TAGS, InstanceType="m5.large")
    KIND.stop(session, list(find(KIND, session).values()))
    estate.control.finish_transitions()
    [resource] = find(KIND, session).values()
    return resource


def types(estate: EstateProbe) -> list[str]:
    found = estate.client("ec2").describe_instances()["Reservations"]
    return [each["InstanceType"] for reservation in found for each in reservation["Instances"]]


def test_the_simulated_aws_says_what_fits(session: TargetSession, stopped: Resource) -> None:
    names = ("m5.large", "m5.xlarge", "t4g.large", "t2.large", "m99.large")
    assert KIND.unfit(session, [replace(stopped, types=names)]) == {
        stopped.id: {
            "t4g.large": "it runs arm64 and not x86_64",
            "m99.large": "there is no such type in eu-west-1",
        }
    }


def test_an_instance_is_started_with_another_type(
    estate: EstateProbe, session: TargetSession, stopped: Resource
) -> None:
    estate.control.clear_calls()
    [result] = KIND.start(session, [replace(stopped, types=("m5.xlarge",))])
    assert result.error is None
    counts = {row["action"]: row["count"] for row in estate.control.calls().counts}
    assert counts == {"ModifyInstanceAttribute": 1, "StartInstances": 1}
    assert types(estate) == ["m5.xlarge"]


def test_capacity_by_type(estate: EstateProbe, session: TargetSession, stopped: Resource) -> None:
    estate.control.inject(capacity("m5.xlarge"))
    [result] = KIND.start(session, [replace(stopped, types=("m5.xlarge", "m5a.xlarge"))])
    code = "InsufficientInstanceCapacity"
    assert result.note == f"runs as m5a.xlarge, was m5.large; could not be had: m5.xlarge ({code})"
    assert types(estate) == ["m5a.xlarge"]


def test_no_capacity_at_all(estate: EstateProbe, session: TargetSession, stopped: Resource) -> None:
    estate.control.inject(capacity("m5.xlarge"))
    estate.control.inject(capacity("m5a.xlarge"))
    [result] = KIND.start(session, [replace(stopped, types=("m5.xlarge", "m5a.xlarge"))])
    assert type(result.error) is CapacityUnavailable
    assert "m5.xlarge (InsufficientInstanceCapacity), m5a.xlarge (InsufficientInstanceCapacity)" in str(result.error)
    assert estate.states([stopped.id]) == ["stopped"]


def test_a_type_is_not_changed_while_it_runs(estate: EstateProbe, session: TargetSession, stopped: Resource) -> None:
    KIND.start(session, [stopped])
    assert errors(KIND.start(session, [replace(stopped, types=("m5.xlarge",))])) == {stopped.id: WrongState}
    assert types(estate) == ["m5.large"]


def test_refusals_over_the_wire(estate: EstateProbe, session: TargetSession, stopped: Resource) -> None:
    wish = replace(stopped, types=("m5.xlarge",))
    for fault, error in [
        (deny(MANAGEMENT, "ec2:ModifyInstanceAttribute"), AccessDenied),
        (throttle("ec2:ModifyInstanceAttribute"), Throttled),
        (timeout_after("ec2:ModifyInstanceAttribute"), OutcomeUnknown),
    ]:
        estate.control.inject(fault)
        assert errors(KIND.start(session, [wish])) == {stopped.id: error}
        estate.control.clear_faults()
    estate.control.inject(deny(MANAGEMENT, "ec2:DescribeInstanceTypes"))
    with pytest.raises(AccessDenied):
        KIND.unfit(session, [wish])
