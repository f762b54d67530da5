"""EC2 instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from lamplighter.lake.usage import UsageSample
from lamplighter.pricing.price import ec2_key
from lamplighter.resources.kind import Session, tags_of
from lamplighter.usage.collector import HOURLY, ONE, ZERO, Around, Charged, Collector, Seen

_METER: Final = re.compile(r"(?:^|-)(BoxUsage|HeavyUsage|SpotUsage|DedicatedUsage|HostBoxUsage)(?::(.+))?$")
_TENANCIES: Final = MappingProxyType({"DedicatedUsage": "dedicated", "HostBoxUsage": "host"})
_SYSTEMS: Final = MappingProxyType(
    {
        "00g0": "Red Hat BYOL Linux",
        "0010": "Red Hat Enterprise Linux",
        "1010": "Red Hat Enterprise Linux with HA",
        "1014": "Red Hat Enterprise Linux with SQL Server Standard and HA",
        "1110": "Red Hat Enterprise Linux with SQL Server Enterprise and HA",
        "0014": "Red Hat Enterprise Linux with SQL Server Standard",
        "0210": "Red Hat Enterprise Linux with SQL Server Web",
        "0110": "Red Hat Enterprise Linux with SQL Server Enterprise",
        "0100": "SQL Server Enterprise",
        "0004": "SQL Server Standard",
        "0200": "SQL Server Web",
        "000g": "SUSE Linux",
        "0g00": "Ubuntu Pro",
        "0002": "Windows",
        "0800": "Windows BYOL",
        "0102": "Windows with SQL Server Enterprise",
        "0006": "Windows with SQL Server Standard",
        "0202": "Windows with SQL Server Web",
    }
)
"""Codes of RunInstances; Linux/UNIX has none. Source: EC2 User Guide, "AMI billing information fields"."""
_IMAGES_AT_ONCE: Final = 100


class Ec2Usage(Collector):
    """Instances that run, by type, zone, operating system, tenancy and schedule; Spot and put out beside them."""

    service: ClassVar[str] = "ec2"
    title: ClassVar[str] = "EC2 instances"
    why: ClassVar[str] = "Running instances are what Reserved Instances and Savings Plans can cover."
    source: ClassVar[str] = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html"
    since: ClassVar[str] = "0.1.0"
    hours: ClassVar[int] = HOURLY
    keys: ClassVar[tuple[str, ...]] = ("ec2", "ec2os")
    permissions: ClassVar[tuple[str, ...]] = ("ec2:DescribeInstances", "ec2:DescribeImages")
    product: ClassVar[str] = "AmazonEC2"

    def look(self, session: Session, around: Around) -> Iterator[Seen]:
        """One list; images are asked for only where an instance does not say its system and its image is new."""
        states = [{"Name": "instance-state-name", "Values": ["running", "stopped"]}]
        found = [
            instance
            for reservation in session.pages("ec2", "describe_instances", "Reservations", Filters=states)
            for instance in reservation["Instances"]
        ]
        systems = _systems(session, found, around)
        for instance in found:
            schedule = tags_of(instance.get("Tags")).get(around.tag, "")
            running = instance["State"]["Name"] == "running"
            if running or around.put_out(f"ec2-instance/{instance['InstanceId']}", schedule):
                yield _seen(instance, schedule, systems.get(instance["ImageId"], "Linux/UNIX"), running=running)

    def read(self, charged: Charged) -> Seen | None:
        """Instance hours; the system by the operation's code, which tells software with it from the system alone."""
        meter = _METER.search(charged.usage_type)
        code, _, _ = charged.operation.removeprefix("RunInstances").removeprefix(":").partition(":")
        if meter is None or not charged.operation.startswith("RunInstances"):
            return None
        # Spot lines may have a code of their own in its place: RunInstances:SV001.
        system = _SYSTEMS.get(code) or charged.system or "Linux/UNIX"
        kind = meter[2] or charged.instance_type or "m1.small"
        spot = meter[1] == "SpotUsage"
        return Seen(
            kind,
            charged.quantity,
            ec2_key("", kind, system).operating_system,
            _TENANCIES.get(meter[1], "default"),
            charged.zone,
            charged.schedule,
            spot=charged.quantity if spot else ZERO,
            covered=charged.covered,
        )

    def values(self, sample: UsageSample) -> Mapping[str, str]:
        """By type and zone, and by operating system and type."""
        system = sample.platform.lower().replace(" ", "-")
        return {"ec2": f"{sample.resource_type}:{sample.zone}", "ec2os": f"{system}-{sample.resource_type}"}


def _systems(session: Session, found: list[Mapping[str, Any]], around: Around) -> dict[str, str]:
    """Operating systems by image, of the instances that do not say theirs."""
    silent: dict[str, str] = {}
    unknown: set[str] = set()
    for instance in found:
        image, said = instance["ImageId"], instance.get("PlatformDetails")
        if said:
            around.learn(image, said)
        elif known := around.known(image):
            silent[image] = known
        elif instance.get("Platform") == "windows":
            silent[image] = "Windows"
        else:
            unknown.add(image)
    wanted = sorted(unknown - set(silent))
    for first in range(0, len(wanted), _IMAGES_AT_ONCE):
        # By filter: images that are gone are then missing in the answer, and not an error.
        named = [{"Name": "image-id", "Values": wanted[first : first + _IMAGES_AT_ONCE]}]
        for image in session.pages("ec2", "describe_images", "Images", Filters=named):
            if system := image.get("PlatformDetails"):
                silent[image["ImageId"]] = system
                around.learn(image["ImageId"], system)
    return silent


def _seen(instance: Mapping[str, Any], schedule: str, system: str, *, running: bool) -> Seen:
    placement, kind = instance.get("Placement", {}), instance["InstanceType"]
    lifecycle = instance.get("InstanceLifecycle")
    # A block of capacity is paid for when it is booked: nothing that is bought for hours covers it.
    tenancy = "capacity-block" if lifecycle == "capacity-block" else placement.get("Tenancy") or "default"
    said = instance.get("PlatformDetails") or system
    one = Seen(
        kind, ZERO, ec2_key("", kind, said).operating_system, tenancy, placement.get("AvailabilityZone", ""), schedule
    )
    if not running:
        return replace(one, scheduled_off=ONE)
    return replace(one, quantity=ONE, spot=Decimal(lifecycle == "spot"))
