from __future__ import annotations

from decimal import Decimal

import pytest
from tests.resources.conftest import Recorder, instance, reservation, tags
from tests.usage.conftest import AROUND, charged, counted, looked, values

from lamplighter.usage.collector import Around, Seen, samples_of
from lamplighter.usage.collectors.ec2 import Ec2Usage

EC2 = Ec2Usage()
WITH_SQL = "Windows with SQL Server Standard"
LINUX = ("m5.large", "Linux", "default", "eu-west-1a", "office")


def test_instances_that_run_are_counted_by_what_commitments_ask_about() -> None:
    there = {"AvailabilityZone": "eu-west-1b", "Tenancy": "dedicated"}
    found = [
        instance("i-1"),
        instance("i-2"),
        instance("i-3", PlatformDetails="Windows with SQL Server Standard", Tags=[]),
        instance("i-4", Placement=there, PlatformDetails="Red Hat Enterprise Linux"),
        instance("i-5", InstanceLifecycle="spot"),
    ]
    samples = looked(EC2, {"describe_instances": [reservation(*found[:2]), reservation(*found[2:])]})
    assert counted(samples) == {
        LINUX: (3, 1, 0),
        ("m5.large", "Windows with SQL Server Standard", "default", "eu-west-1a", ""): (1, 0, 0),
        ("m5.large", "RHEL", "dedicated", "eu-west-1b", "office"): (1, 0, 0),
    }
    assert {(each.service, each.hours, each.account, each.covered) for each in samples} == {
        ("ec2", 1, "111122223333", None)
    }


def test_keys_are_those_of_the_table() -> None:
    seen = Seen("c4.large", platform="Linux", deployment="default", zone="us-west-2a")
    assert values(EC2, seen) == {"ec2": "c4.large:us-west-2a", "ec2os": "linux-c4.large"}
    seen = Seen("c4.large", platform="Windows with SQL Server Web")
    assert values(EC2, seen)["ec2os"] == "windows-with-sql-server-web-c4.large"


@pytest.mark.parametrize(
    ("schedule", "stored", "off"),
    [
        ("office", None, 1),
        ("nobody", None, 0),
        (None, None, 0),
        ("office", "running", 0),
        ("office", "unknown", 1),
        ("nobody", "stopped", 1),
    ],
)
def test_an_instance_that_stands_still_is_put_out_if_a_schedule_did_it(
    schedule: str | None, stored: str | None, off: int
) -> None:
    still = instance("i-1", "stopped", Tags=tags(Schedule=schedule) if schedule else [])
    around = Around("Schedule", frozenset({"office"}), {"ec2-instance/i-1": stored} if stored else {})
    samples = looked(EC2, {"describe_instances": [reservation(still)]}, around)
    assert list(counted(samples).values()) == ([(0, 0, 1)] if off else [])


def test_what_runs_and_what_is_put_out_of_the_same_is_one_sample() -> None:
    found = [instance("i-1"), instance("i-2", "stopped"), instance("i-3", "stopped")]
    assert counted(looked(EC2, {"describe_instances": [reservation(*found)]})) == {LINUX: (1, 0, 2)}


def test_only_what_is_charged_or_may_be_put_out_is_asked_for() -> None:
    session = Recorder({"describe_instances": [reservation(instance())]})
    samples_of(EC2, session.target, None, EC2.look(session, AROUND))  # type: ignore[arg-type]
    states = [{"Name": "instance-state-name", "Values": ["running", "stopped"]}]
    assert session.asked == [("ec2", "describe_instances", {"Filters": states})]


def test_systems_that_instances_do_not_say_come_from_what_is_kept_then_from_their_images() -> None:
    kept = {"ami-kept": "SUSE Linux"}
    around = Around("Schedule", known=kept.get, learn=kept.__setitem__)
    found = [
        instance(f"i-{image}", ImageId=image, PlatformDetails=None, InstanceType=f"{image}.large")
        for image in ("ami-kept", "ami-new", "ami-gone")
    ]
    found += [instance("i-4", ImageId="ami-said", InstanceType="said.large", PlatformDetails="Windows")]
    found += [instance("i-5", ImageId="w", InstanceType="w.large", PlatformDetails=None, Platform="windows")]
    images = [{"ImageId": "ami-new", "PlatformDetails": "Red Hat Enterprise Linux"}]
    session = Recorder({"describe_instances": [reservation(*found)], "describe_images": images})
    seen = {each.resource_type: each.platform for each in EC2.look(session, around)}
    assert seen == {
        "ami-kept.large": "SUSE",
        "ami-new.large": "RHEL",
        "ami-gone.large": "Linux",
        "said.large": "Windows",
        "w.large": "Windows",
    }
    named = [{"Name": "image-id", "Values": ["ami-gone", "ami-new"]}]
    assert session.asked[1:] == [("ec2", "describe_images", {"Filters": named})]
    assert kept == {"ami-kept": "SUSE Linux", "ami-new": "Red Hat Enterprise Linux", "ami-said": "Windows"}


def test_a_block_of_capacity_is_told_apart() -> None:
    samples = looked(EC2, {"describe_instances": [reservation(instance(InstanceLifecycle="capacity-block"))]})
    assert [(each.deployment, int(each.spot)) for each in samples] == [("capacity-block", 0)]


@pytest.mark.parametrize(
    ("usage_type", "operation", "system", "kind", "platform", "deployment", "spot"),
    [
        ("EUC1-BoxUsage:m5.large", "RunInstances", "Linux", "m5.large", "Linux", "default", 0),
        ("BoxUsage:m5.large", "RunInstances:0002", "Windows", "m5.large", "Windows", "default", 0),
        ("BoxUsage:m5.large", "RunInstances:0006", "Windows", "m5.large", WITH_SQL, "default", 0),
        ("USW2-SpotUsage:c5.large", "RunInstances:SV001", "Linux", "c5.large", "Linux", "default", 2),
        ("USW2-SpotUsage:c5.large", "RunInstances:0002:SV003", "Windows", "c5.large", "Windows", "default", 2),
        ("EU-DedicatedUsage:m5.large", "RunInstances:0010", "RHEL", "m5.large", "RHEL", "dedicated", 0),
        ("APS2-HostBoxUsage:m5.large", "RunInstances", "", "m5.large", "Linux", "host", 0),
        ("BoxUsage:m5.large", "RunInstances", "RHEL", "m5.large", "RHEL", "default", 0),
        ("BoxUsage:m5.large", "RunInstances:zzzz", "Linux", "m5.large", "Linux", "default", 0),
        ("BoxUsage", "RunInstances", "Linux", "m1.small", "Linux", "default", 0),
        ("HeavyUsage:m5.large", "RunInstances:000g", "", "m5.large", "SUSE", "default", 0),
    ],
)  # fmt: skip
def test_instance_hours_of_a_bill(
    usage_type: str, operation: str, system: str, kind: str, platform: str, deployment: str, spot: int
) -> None:
    found = EC2.read(charged(usage_type, operation, system=system, zone="eu-central-1a", schedule="office"))
    assert found == Seen(
        kind, Decimal(2), platform, deployment, "eu-central-1a", "office", Decimal(spot), covered=Decimal(1)
    )


@pytest.mark.parametrize(
    ("usage_type", "operation"),
    [
        ("EBS:VolumeUsage.gp3", "CreateVolume"),
        ("EUC1-DataTransfer-Out-Bytes", "RunInstances"),
        ("NatGateway-Hours", "NatGateway"),
        ("HostUsage:m5", "RunInstances"),
        ("EBSOptimized:m3.large", "Hourly"),
        ("ElasticIP:IdleAddress", "AssociateAddressVPC"),
    ],
)
def test_other_charges_are_none_of_instances(usage_type: str, operation: str) -> None:
    assert EC2.read(charged(usage_type, operation)) is None
