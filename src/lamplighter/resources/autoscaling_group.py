"""EC2 Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lamplighter.pricing.price import PriceKey
from lamplighter.resources.autoscaling_listing import find_groups, members_of
from lamplighter.resources.ec2_instance import Ec2Instance
from lamplighter.resources.group_sizes import NAMES, SIZE_TAG, one_by_one, size_to_restore
from lamplighter.resources.kind import Permissions, Resource, Result, Search, Session, nothing_stands, tags_of
from lamplighter.resources.metrics import MEASURE, Metric, cpu
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.resources.tag_calls import TaggedByAutoScaling
from lamplighter.schedules.decision import Live


class AutoscalingGroup(TaggedByAutoScaling):
    """Auto Scaling groups, set to 0-0-0 and back; a stop terminates the instances and what is on them.

    A start takes its size from the tag `lamplighter:size` or `IS-MinDesiredMax`, a stated wish, else as remembered.
    """

    name: ClassVar[str] = "autoscaling-group"
    title: ClassVar[str] = "Auto Scaling group"
    why: ClassVar[str] = "A group of size 0 costs no instance hours; load balancers and volumes that are kept go on."
    source: ClassVar[str] = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=("autoscaling:DescribeAutoScalingGroups", "ec2:DescribeInstances"),
        start=("autoscaling:UpdateAutoScalingGroup",),
        stop=("autoscaling:UpdateAutoScalingGroup",),
        tag=("autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"),
        measure=MEASURE,
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"0-0-0"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"InService"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"
    metrics: ClassVar[tuple[Metric, ...]] = (cpu("AWS/EC2", "AutoScalingGroupName"),)
    standing = nothing_stands

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find groups, AWS doing the filtering; then what their instances cost, in one more listing."""
        found = find_groups(session, search)
        # A group tells neither operating system nor Spot: its instances do.
        ids = frozenset(member["InstanceId"] for group in found for member in members_of(group))
        prices = {each.id: each.prices for each in Ec2Instance().discover(session, Search(search.tag, ids=ids))}
        for group in found:
            yield _resource(group, prices, session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One UpdateAutoScalingGroup call each."""

        def act(resource: Resource) -> str:
            size, origin = size_to_restore(resource, (SIZE_TAG, "IS-MinDesiredMax"))
            _resize(session, resource, size)
            return f"size {'-'.join(map(str, size.values()))} {origin}"

        return one_by_one(resources, act)

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One UpdateAutoScalingGroup call each."""
        return one_by_one(resources, lambda resource: _resize(session, resource, dict.fromkeys(NAMES, 0)))


def _resize(session: Session, resource: Resource, size: Mapping[str, int]) -> str:
    sizes = {"MinSize": size["min"], "DesiredCapacity": size["desired"], "MaxSize": size["max"]}
    session.call("autoscaling", "update_auto_scaling_group", AutoScalingGroupName=resource.id, **sizes)
    return ""


def _size(group: Mapping[str, Any]) -> dict[str, int]:
    return {"min": group["MinSize"], "desired": group["DesiredCapacity"], "max": group["MaxSize"]}


def _resource(
    group: Mapping[str, Any], prices: Mapping[str, tuple[PriceKey, ...]], session: Session, tag: str
) -> Resource:
    tags, members = tags_of(group.get("Tags")), members_of(group)
    live, state = _live(group, members)
    priced = [prices.get(m["InstanceId"], ()) for m in members if not m["LifecycleState"].startswith("Terminating")]
    return Resource(
        kind=AutoscalingGroup.name,
        id=group["AutoScalingGroupName"],
        arn=group["AutoScalingGroupARN"],
        account=session.target.account,
        region=session.target.region,
        name=tags.get("Name") or group["AutoScalingGroupName"],
        tags=tags,
        schedule=tags.get(tag),
        live=live,
        state=state,
        instance_type=", ".join(sorted({member["InstanceType"] for member in members if member.get("InstanceType")})),
        # The sum of some of its instances would be shown as that of all.
        prices=tuple(key for keys in priced for key in keys) if all(priced) else (),
        unsupported=_unsupported(group, tags, members),
        size={name: str(number) for name, number in _size(group).items()},
    )


def _live(group: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> tuple[Live, str]:
    if group.get("Status"):
        return (Live.GONE if group["Status"] == "Delete in progress" else Live.BUSY), group["Status"]
    if not any(_size(group).values()):
        if not members:
            return Live.STOPPED, "0-0-0"
        held = all(each.get("ProtectedFromScaleIn") for each in members)
        return (Live.PARTLY, "0-0-0, but protected") if held else (Live.STOPPING, "Terminating")
    ready = [int(each.get("WeightedCapacity") or 1) for each in members if each["LifecycleState"] == "InService"]
    return (Live.RUNNING, "InService") if sum(ready) >= group["DesiredCapacity"] else (Live.STARTING, "Pending")


def _unsupported(group: Mapping[str, Any], tags: Mapping[str, str], members: Sequence[Mapping[str, Any]]) -> str | None:
    """Source: Auto Scaling User Guide, "Suspend and resume processes", "Warm pools", "Instance scale-in protection"."""
    if tags.get("eks:nodegroup-name"):
        return f"it belongs to EKS node group {tags['eks:nodegroup-name']}; tag the node group instead"
    suspended = {process["ProcessName"] for process in group.get("SuspendedProcesses") or ()}
    if "Launch" in suspended:
        return "its Launch process is suspended, so a start would start nothing; resume the process"
    if not any(_size(group).values()):
        return None
    if "Terminate" in suspended:
        return "its Terminate process is suspended, so a stop would stop nothing; resume the process"
    if group.get("WarmPoolConfiguration"):
        return "it has a warm pool, which keeps instances after a stop; delete the pool to have the group scheduled"
    protected = sum(bool(each.get("ProtectedFromScaleIn")) for each in members)
    if protected:
        return f"{protected} of its {len(members)} instances are protected from scale-in and would outlive a stop"
    return None
