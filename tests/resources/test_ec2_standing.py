from __future__ import annotations

from decimal import Decimal

import pytest
from tests.resources.conftest import Recorder, find, instance, reservation, volume

from lamplighter.aws.access import TargetSession
from lamplighter.errors import AccessDenied
from lamplighter.estate.control import deny
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.pricing import PriceKey, address_key, ebs_key
from lamplighter.resources.kind import Resource, Search, Standing
from lamplighter.resources.registry import kinds

EC2 = kinds()["ec2-instance"]


def instances(*ids: str) -> list[Resource]:
    pages = {"describe_instances": [reservation(*(instance(each) for each in ids))]}
    return list(EC2.discover(Recorder(pages), Search("Schedule")))


def parts(standing: tuple[Standing, ...] | None) -> dict[str, Decimal]:
    assert standing is not None
    assert {each.key.region for each in standing} == {"eu-west-1"}
    return {each.key.resource_type: each.quantity for each in standing}


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("gp3", {"Iops": 3000, "Throughput": 125}, {"gp3": 100}),
        ("gp3", {"Iops": 4000, "Throughput": 253}, {"gp3": 100, "gp3-iops": 1000, "gp3-throughput": Decimal("0.125")}),
        ("gp3", {}, {"gp3": 100}),
        ("gp2", {"Iops": 300}, {"gp2": 100}),
        ("io1", {"Iops": 5000}, {"io1": 100, "io1-iops": 5000}),
        ("io2", {"Iops": 32_000}, {"io2": 100, "io2-iops": 32_000}),
        ("io2", {"Iops": 40_000}, {"io2": 100, "io2-iops": 32_000, "io2-iops-tier2": 8_000}),
        (
            "io2",
            {"Iops": 100_000},
            {"io2": 100, "io2-iops": 32_000, "io2-iops-tier2": 32_000, "io2-iops-tier3": 36_000},
        ),
        ("st1", {}, {"st1": 100}),
        ("sc1", {}, {"sc1": 100}),
        ("standard", {}, {"standard": 100}),
    ],
)
def test_a_volume_costs_what_is_provisioned(kind: str, more: dict[str, int], expected: dict[str, int]) -> None:
    [one] = instances("i-1")
    session = Recorder({"describe_volumes": [volume("vol-1", kind, 100, "i-1", **more)]})
    assert parts(EC2.standing(session, [one])["i-1"]) == {name: Decimal(number) for name, number in expected.items()}


def test_volumes_of_several_instances() -> None:
    volumes = [
        volume("vol-1", "gp3", 8, "i-1"),
        volume("vol-2", "gp2", 50, "i-1"),
        volume("vol-3", "io2", 10, "i-2", "i-1", Iops=100),
        volume("vol-4", "gp3", 9, "i-foreign"),
    ]
    found = EC2.standing(Recorder({"describe_volumes": volumes}), instances("i-2", "i-1", "i-3"))
    assert parts(found["i-1"]) == {"gp3": 8, "gp2": 50, "io2": 10, "io2-iops": 100}
    assert (found["i-2"], found["i-3"]) == ((), ())


def test_a_volume_of_two_batches_counts_once() -> None:
    ids = [f"i-{number:03}" for number in range(250)]
    session = Recorder({"describe_volumes": [volume("vol-1", "io1", 10, "i-000", "i-249")]})
    found = EC2.standing(session, instances(*ids))
    assert [id_ for id_, standing in found.items() if standing] == ["i-000"]
    assert session.operations == ["describe_volumes", "describe_addresses"] * 2
    assert [len(params["Filters"][0]["Values"]) for _, _, params in session.asked] == [200, 200, 50, 50]


def test_only_elastic_addresses_of_aws_go_on() -> None:
    addresses = [
        {"PublicIp": "203.0.113.1", "InstanceId": "i-1", "PublicIpv4Pool": "amazon"},
        {"PublicIp": "203.0.113.2", "InstanceId": "i-1"},
        {"PublicIp": "203.0.113.3", "InstanceId": "i-1", "PublicIpv4Pool": "ipv4pool-ec2-0123"},
        {"PublicIp": "203.0.113.4", "InstanceId": "i-foreign", "PublicIpv4Pool": "amazon"},
    ]
    [one] = instances("i-1")
    address = Standing(address_key("eu-west-1"), Decimal(1))
    assert EC2.standing(Recorder({"describe_addresses": addresses}), [one]) == {"i-1": (address, address)}


def test_over_the_wire(estate: EstateProbe, session: TargetSession) -> None:
    ec2 = estate.client("ec2")
    root = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3"}}
    office = [{"ResourceType": "instance", "Tags": [{"Key": "Schedule", "Value": "office"}]}]
    first, second = (estate.launch(TagSpecifications=office, BlockDeviceMappings=[root])[0] for _ in range(2))
    extra = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=200, VolumeType="io1", Iops=1000)["VolumeId"]
    ec2.attach_volume(VolumeId=extra, InstanceId=first, Device="/dev/sdf")
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=second)
    resources = list(find(EC2, session).values())

    def quantities(id_: str) -> dict[PriceKey, Decimal]:
        return {each.key: each.quantity for each in EC2.standing(session, resources)[id_] or ()}

    disks = {ebs_key(REGION, "gp3"): 30, ebs_key(REGION, "io1"): 200, ebs_key(REGION, "io1-iops"): 1000}
    assert quantities(first) == disks
    assert quantities(second) == {ebs_key(REGION, "gp3"): 30, address_key(REGION): 1}
    EC2.stop(session, resources)
    estate.control.advance(60)
    assert quantities(first) == disks, "it goes on while the machine is out"
    estate.control.inject(deny(MANAGEMENT, "ec2:DescribeVolumes"))
    with pytest.raises(AccessDenied):
        EC2.standing(session, resources)
