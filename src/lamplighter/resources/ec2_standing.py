"""What goes on being paid while EC2 instances are out: their EBS volumes and Elastic IP addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lamplighter.pricing.price import address_key, ebs_key
from lamplighter.resources.kind import Kind, Resource, Session, Standing

VALUES_AT_ONCE = 200
"""Values that one filter takes (EC2 API reference, "Filter")."""
_GP3_IOPS, _GP3_MIBPS = 3_000, 125
"""Part of every gp3 volume (EBS User Guide, "General Purpose SSD volumes")."""
_IO2_TIERS = ((0, 32_000, "io2-iops"), (32_000, 64_000, "io2-iops-tier2"), (64_000, None, "io2-iops-tier3"))
"""From, to, and what an IOPS in between is called (Amazon EBS pricing, "io2")."""


def volumes_and_addresses(
    kind: Kind,  # noqa: ARG001 - the method `standing` of EC2 instances
    session: Session,
    resources: Sequence[Resource],
) -> Mapping[str, tuple[Standing, ...]]:
    """Volumes and addresses of instances, in two calls for every 200 of them.

    A volume attached to several of them counts for one, for it is paid once. Addresses that AWS assigns at each start
    are given back by a stop, and those of one's own pool are free; only Elastic IP addresses of AWS's pool go on.

    Raises:
        AwsError: a call failed.
    """
    ids = sorted(resource.id for resource in resources)
    found: dict[str, list[Standing]] = {id_: [] for id_ in ids}
    counted: set[str] = set()
    for first in range(0, len(ids), VALUES_AT_ONCE):
        some = ids[first : first + VALUES_AT_ONCE]
        attached = [{"Name": "attachment.instance-id", "Values": some}]
        for volume in session.pages("ec2", "describe_volumes", "Volumes", Filters=attached):
            owners = sorted(each["InstanceId"] for each in volume["Attachments"] if each.get("InstanceId") in found)
            if owners and volume["VolumeId"] not in counted:
                counted.add(volume["VolumeId"])
                found[owners[0]] += _volume(volume, session.target.region)
        associated = [{"Name": "instance-id", "Values": some}]
        for address in session.pages("ec2", "describe_addresses", "Addresses", Filters=associated):
            if address.get("InstanceId") in found and (address.get("PublicIpv4Pool") or "amazon") == "amazon":
                found[address["InstanceId"]].append(Standing(address_key(session.target.region), Decimal(1)))
    return {id_: tuple(parts) for id_, parts in found.items()}


def _volume(volume: Mapping[str, Any], region: str) -> Iterator[Standing]:
    kind = volume["VolumeType"]
    yield Standing(ebs_key(region, kind), Decimal(volume["Size"]))
    iops = int(volume.get("Iops") or 0)
    if kind == "gp3":
        if iops > _GP3_IOPS:
            yield Standing(ebs_key(region, "gp3-iops"), Decimal(iops - _GP3_IOPS))
        mibps = int(volume.get("Throughput") or 0)
        if mibps > _GP3_MIBPS:
            yield Standing(ebs_key(region, "gp3-throughput"), Decimal(mibps - _GP3_MIBPS) / 1024)
    elif kind == "io1" and iops:
        yield Standing(ebs_key(region, "io1-iops"), Decimal(iops))
    elif kind == "io2":
        for low, high, name in _IO2_TIERS:
            part = (iops if high is None else min(iops, high)) - low
            if part > 0:
                yield Standing(ebs_key(region, name), Decimal(part))
