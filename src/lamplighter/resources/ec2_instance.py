"""EC2 instances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lamplighter.errors import AwsError, NotSupported
from lamplighter.pricing.price import ec2_key
from lamplighter.resources.batch import isolate
from lamplighter.resources.ec2_health import passed_checks
from lamplighter.resources.ec2_standing import VALUES_AT_ONCE, volumes_and_addresses
from lamplighter.resources.ec2_types import misfits, start_with_types, traits_of
from lamplighter.resources.kind import Permissions, Resource, Result, Search, Session, partition_of, tags_of
from lamplighter.resources.metrics import MEASURE, Metric, cpu, network
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.resources.tag_calls import TaggedByEc2
from lamplighter.schedules.decision import Live

_LIVE = {
    "pending": Live.STARTING,
    "running": Live.RUNNING,
    "stopping": Live.STOPPING,
    "shutting-down": Live.GONE,
    "stopped": Live.STOPPED,
    "terminated": Live.GONE,
}


class Ec2Instance(TaggedByEc2):
    """EC2 instances with an EBS root; hibernated where asked and possible, else stopped."""

    name: ClassVar[str] = "ec2-instance"
    title: ClassVar[str] = "EC2 instance"
    why: ClassVar[str] = "A stopped instance costs no instance hours; its EBS volumes and Elastic IP addresses go on."
    source: ClassVar[str] = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=("ec2:DescribeInstances",),
        start=("ec2:StartInstances",),
        stop=("ec2:StopInstances",),
        health=("ec2:DescribeInstanceStatus",),
        tag=("ec2:CreateTags", "ec2:DeleteTags"),
        resize=("ec2:DescribeInstanceTypes", "ec2:DescribeInstanceTypeOfferings", "ec2:ModifyInstanceAttribute"),
        cost=("ec2:DescribeVolumes", "ec2:DescribeAddresses"),
        measure=MEASURE,
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"stopped"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"running"})
    batch: ClassVar[int] = 50
    since: ClassVar[str] = "0.1.0"
    metrics: ClassVar[tuple[Metric, ...]] = (cpu("AWS/EC2", "InstanceId"), *network("AWS/EC2", "InstanceId"))
    standing = volumes_and_addresses

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find instances that are not terminated; AWS does the filtering."""
        if search.ids is not None:
            name, wanted = "instance-id", sorted(search.ids)
        elif search.schedules is not None:
            name, wanted = f"tag:{search.tag}", sorted(search.schedules)
        else:
            name, wanted = "tag-key", [search.tag]
        for first in range(0, len(wanted), VALUES_AT_ONCE):
            filters = [
                {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
                {"Name": name, "Values": wanted[first : first + VALUES_AT_ONCE]},
            ]
            for reservation in session.pages("ec2", "describe_instances", "Reservations", Filters=filters):
                for instance in reservation["Instances"]:
                    # To a filter `*` and `?` in a schedule's name are wildcards.
                    if search.wants(instance["InstanceId"], tags_of(instance.get("Tags"))):
                        yield _resource(instance, session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One StartInstances call for all of them; see `start_with_types` for those that are to get another type."""
        return start_with_types(session, resources)

    def unfit(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, Mapping[str, str]]:
        """One DescribeInstanceTypes and one DescribeInstanceTypeOfferings call for all of them."""
        return misfits(session, resources)

    def stop(self, session: Session, resources: Sequence[Resource], how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One StopInstances call for those to be stopped, one for those to be hibernated.

        An instance that AWS refuses to hibernate is stopped instead, and its result says so.
        """

        def call(ids: Sequence[str], *, sleep: bool) -> object:
            extra = {"Hibernate": True} if sleep else {}
            return session.call("ec2", "stop_instances", InstanceIds=list(ids), **extra)

        sleepers = [resource.id for resource in resources if how.hibernate and resource.can_hibernate]
        plain = [resource.id for resource in resources if resource.id not in sleepers]
        failed: dict[str, AwsError | None] = {}
        notes = dict.fromkeys(sleepers, "hibernated")
        if sleepers:
            slept = isolate(sleepers, lambda ids: call(ids, sleep=True))
            refused = [instance for instance, error in slept.items() if isinstance(error, NotSupported)]
            notes.update({instance: f"stopped, not hibernated: {slept[instance]}" for instance in refused})
            failed.update({instance: error for instance, error in slept.items() if instance not in refused})
            plain += refused
        if how.hibernate:
            unprepared = "stopped: the instance is not set up for hibernation"
            notes.update({each.id: unprepared for each in resources if not each.can_hibernate})
        if plain:
            failed.update(isolate(plain, lambda ids: call(ids, sleep=False)))
        return [Result(instance, error, "" if error else notes.get(instance, "")) for instance, error in failed.items()]

    def healthy(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, bool | None]:
        """Whether the checks of both the system and the instance are passed."""
        return passed_checks(session, resources)


def _resource(instance: Mapping[str, Any], session: Session, tag: str) -> Resource:
    tags = tags_of(instance.get("Tags"))
    target, instance_id, state = session.target, instance["InstanceId"], instance["State"]["Name"]
    system = instance.get("PlatformDetails") or ("Windows" if instance.get("Platform") == "windows" else "Linux/UNIX")
    return Resource(
        kind=Ec2Instance.name,
        id=instance_id,
        arn=f"arn:{partition_of(target.region)}:ec2:{target.region}:{target.account}:instance/{instance_id}",
        account=target.account,
        region=target.region,
        name=tags.get("Name") or instance_id,
        tags=tags,
        schedule=tags.get(tag),
        live=_LIVE.get(state, Live.BUSY),
        state=state,
        instance_type=instance["InstanceType"],
        prices=(ec2_key(target.region, instance["InstanceType"], system),) if _is_on_demand(instance) else (),
        can_hibernate=bool(instance.get("HibernationOptions", {}).get("Configured")),
        unsupported=_unsupported(instance, tags),
        lit_since=instance.get("LaunchTime") if state in ("pending", "running") else None,
        traits=traits_of(instance),
    )


def _is_on_demand(instance: Mapping[str, Any]) -> bool:
    """Whether list prices on demand, for shared tenancy, are what it costs; Spot and dedicated hardware differ."""
    tenancy = instance.get("Placement", {}).get("Tenancy") or "default"
    return not instance.get("InstanceLifecycle") and tenancy == "default"


def _unsupported(instance: Mapping[str, Any], tags: Mapping[str, str]) -> str | None:
    group = tags.get("aws:autoscaling:groupName")
    if group:
        return f"it belongs to Auto Scaling group {group}, which would replace it; tag the group instead"
    if instance.get("RootDeviceType") == "instance-store":
        return "its root device is an instance store, so it cannot be stopped"
    return None
