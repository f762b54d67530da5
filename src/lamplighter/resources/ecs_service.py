"""ECS services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from lamplighter.resources.ecs_listing import DIMENSION, SCALING, find_services, find_targets, id_of, service_tags
from lamplighter.resources.group_sizes import NAMES, SIZE_TAG, one_by_one, size_to_restore
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session, nothing_stands
from lamplighter.resources.metrics import MEASURE, Metric, cpu
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.schedules.decision import Live


class EcsService(Kind):
    """ECS services, set to no tasks and back; where Application Auto Scaling sets their count, its bounds as well.

    A start takes its size from the tag `lamplighter:size`, else from what was remembered at the last stop. Services
    that CodeDeploy or another controller deploys are scheduled alike: UpdateService sets the count of each of them.
    """

    name: ClassVar[str] = "ecs-service"
    title: ClassVar[str] = "ECS service"
    why: ClassVar[str] = (
        "Without tasks, Fargate charges no vCPU and no memory; how much that is, is unknown: its prices are not in the "
        "price book. Tasks on EC2 have no price of their own, and their instances go on, as load balancers do."
    )
    source: ClassVar[str] = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=(
            "ecs:ListClusters",
            "ecs:ListServices",
            "ecs:DescribeServices",
            "application-autoscaling:DescribeScalableTargets",
        ),
        start=("application-autoscaling:RegisterScalableTarget", "ecs:UpdateService"),
        stop=("application-autoscaling:RegisterScalableTarget", "ecs:UpdateService"),
        tag=("tag:TagResources", "tag:UntagResources", "ecs:TagResource", "ecs:UntagResource"),
        measure=MEASURE,
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"ACTIVE, no tasks"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"ACTIVE"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"
    metrics: ClassVar[tuple[Metric, ...]] = (cpu("AWS/ECS", "ClusterName", "ServiceName"),)
    standing = nothing_stands

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find services, then their scalable targets; ids are `cluster/service`."""
        services = find_services(session, search)
        targets = find_targets(session, services)
        for service in services:
            yield _resource(service, targets.get(id_of(service)), session, search.tag)

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """For each the bounds, then the count."""

        def act(resource: Resource) -> str:
            size, origin = size_to_restore(_readable(resource), (SIZE_TAG,))
            _resize(session, resource, size)
            return f"{size['desired']} tasks {origin}"

        return one_by_one(resources, act)

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """For each the bounds, so that no scaling lights it again, then the count."""
        return one_by_one(resources, lambda resource: _resize(session, resource, dict.fromkeys(NAMES, 0)))


def _resize(session: Session, resource: Resource, size: Mapping[str, int]) -> str:
    """Either call may be repeated: it says what shall be, not what shall change."""
    cluster, _, name = resource.id.partition("/")
    if "max" in resource.size:
        bounds = {"MinCapacity": size["min"], "MaxCapacity": size["max"]}
        session.call(SCALING, "register_scalable_target", ResourceId=f"service/{resource.id}", **bounds, **DIMENSION)
    session.call("ecs", "update_service", cluster=cluster, service=name, desiredCount=size["desired"])
    return ""


def _readable(resource: Resource) -> Resource:
    """The resource as `size_to_restore` reads it: a count alone may be its tag, and sizes go up.

    A count outside of its bounds is put inside, as Application Auto Scaling does ("RegisterScalableTarget"). Bounds
    that came after the stop stay as they are.
    """
    tag = resource.tags.get(SIZE_TAG, "").strip()
    if tag.isdigit() and "max" not in resource.size:
        return replace(resource, tags={**resource.tags, SIZE_TAG: f"{tag}-{tag}-{tag}"})
    kept = {**resource.size, **resource.restore}
    if not resource.restore or "max" not in resource.size or not all(value.isdigit() for value in kept.values()):
        return resource
    inside = min(max(int(kept["desired"]), int(kept["min"])), int(kept["max"]))
    return replace(resource, restore={**kept, "desired": str(inside)})


def _resource(service: Mapping[str, Any], target: Mapping[str, Any] | None, session: Session, tag: str) -> Resource:
    tags, id_ = service_tags(service), id_of(service)
    live, state = _live(service, target)
    size = {"desired": service["desiredCount"]}
    if target is not None:
        size = {"min": target["MinCapacity"], **size, "max": target["MaxCapacity"]}
    providers = [each["capacityProvider"] for each in service.get("capacityProviderStrategy") or ()]
    return Resource(
        kind=EcsService.name,
        id=id_,
        arn=service["serviceArn"],
        account=session.target.account,
        region=session.target.region,
        name=tags.get("Name") or id_,
        tags=tags,
        schedule=tags.get(tag),
        live=live,
        state=state,
        instance_type=service.get("launchType") or ", ".join(providers),
        unsupported=_unsupported(service),
        size={name: str(number) for name, number in size.items()},
    )


def _live(service: Mapping[str, Any], target: Mapping[str, Any] | None) -> tuple[Live, str]:
    status, desired = service["status"], service["desiredCount"]
    running, pending = service["runningCount"], service["pendingCount"]
    if status != "ACTIVE":
        return (Live.GONE if status in ("DRAINING", "INACTIVE") else Live.BUSY), status
    if desired:
        if running >= desired:
            return Live.RUNNING, status
        # Tasks that fail again and again are started for ever; a stop must not wait for them.
        failing = any(each.get("failedTasks") for each in service.get("deployments") or ())
        live = Live.STARTING if pending and not failing else Live.RUNNING
        return live, f"{status}, {running} of {desired} tasks"
    if running or pending:
        return Live.STOPPING, f"{status}, {running + pending} tasks left"
    if target and target["MaxCapacity"] and not target["MinCapacity"]:
        return Live.RUNNING, f"{status}, no tasks needed"  # its scaling may light it at any time
    return Live.STOPPED, f"{status}, no tasks"


def _unsupported(service: Mapping[str, Any]) -> str | None:
    """Source: ECS Developer Guide, "Scheduling strategy"; ECS API reference, `resourceManagementType` of a service."""
    if service.get("schedulingStrategy") == "DAEMON":
        return "it is a daemon: one task on each container instance, and no count to set; schedule the instances"
    if service.get("resourceManagementType") == "ECS":
        return "it is an Express Mode service, whose tasks and bounds ECS manages itself"
    return None
