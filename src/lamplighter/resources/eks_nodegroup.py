"""EKS managed node groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from lamplighter.errors import NotFound
from lamplighter.pricing.price import PriceKey, ec2_key
from lamplighter.resources.group_sizes import SIZE_TAG, one_by_one, size_to_restore
from lamplighter.resources.kind import Kind, Permissions, Resource, Result, Search, Session, nothing_stands
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.schedules.decision import Live

_SYSTEMS = {"AL2": "Linux", "BOTTLEROCKET": "Linux", "WINDOWS": "Windows"}
"""By the beginning of the AMI type; what a custom image runs is not known."""


class EksNodegroup(Kind):
    """EKS managed node groups, set to no nodes and back; their maximum stays, since EKS wants at least 1.

    While pods wait, a Cluster Autoscaler may therefore light it again. A start takes its size from the tag
    `lamplighter:size`, which is the user's stated wish, else from what was remembered at the last stop.
    """

    name: ClassVar[str] = "eks-nodegroup"
    title: ClassVar[str] = "EKS node group"
    why: ClassVar[str] = "A node group without nodes costs no instance hours; the cluster's hourly fee goes on."
    source: ClassVar[str] = "https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupConfig.html"
    permissions: ClassVar[Permissions] = Permissions(
        discover=("eks:ListClusters", "eks:ListNodegroups", "eks:DescribeNodegroup"),
        start=("eks:UpdateNodegroupConfig",),
        stop=("eks:UpdateNodegroupConfig",),
        tag=("tag:TagResources", "tag:UntagResources", "eks:TagResource", "eks:UntagResource"),
    )
    may_start_from: ClassVar[frozenset[str]] = frozenset({"ACTIVE, no nodes", "DEGRADED, no nodes"})
    may_stop_from: ClassVar[frozenset[str]] = frozenset({"ACTIVE", "DEGRADED"})
    batch: ClassVar[int] = 10
    since: ClassVar[str] = "0.1.0"
    standing = nothing_stands

    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find node groups, by `cluster/node group`; EKS filters nothing, so each takes a call of its own."""
        for cluster in session.pages("eks", "list_clusters", "clusters"):
            for node_group in _of_cluster(session, cluster):
                found = _resource(node_group, session, search.tag)
                own = (found.id, node_group["nodegroupName"], found.arn.rpartition("/")[2])
                if any(search.wants(each, found.tags) for each in own):
                    yield found

    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """One UpdateNodegroupConfig call each."""

        def act(resource: Resource) -> str:
            size, origin = size_to_restore(resource, (SIZE_TAG,))
            _resize(session, resource, size)
            return f"size {'-'.join(map(str, size.values()))} {origin}"

        return one_by_one(resources, act)

    def stop(self, session: Session, resources: Sequence[Resource], _how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """One UpdateNodegroupConfig call each."""
        return one_by_one(resources, lambda resource: _resize(session, resource, {"min": 0, "desired": 0}))

    def healthy(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, bool | None]:  # noqa: ARG002 - the status says it
        """Whether it is active; a degraded one is lit, but not as it should be."""
        return {each.id: each.live is Live.RUNNING and each.state == "ACTIVE" for each in resources}


def _of_cluster(session: Session, cluster: str) -> Iterator[Mapping[str, Any]]:
    """The node groups of a cluster; what is deleted between two calls is left out."""
    try:
        names = list(session.pages("eks", "list_nodegroups", "nodegroups", clusterName=cluster))
    except NotFound:
        return
    for name in names:
        try:
            answer = session.call("eks", "describe_nodegroup", clusterName=cluster, nodegroupName=name)
        except NotFound:
            continue
        yield answer["nodegroup"]


def _resize(session: Session, resource: Resource, size: Mapping[str, int]) -> str:
    """Set only the given sizes; what is not given stays."""
    cluster, _, name = resource.id.partition("/")
    sizes = {f"{key}Size": number for key, number in size.items()}
    session.call("eks", "update_nodegroup_config", clusterName=cluster, nodegroupName=name, scalingConfig=sizes)
    return ""


def _resource(node_group: Mapping[str, Any], session: Session, tag: str) -> Resource:
    id_ = f"{node_group['clusterName']}/{node_group['nodegroupName']}"
    tags, sizes = dict(node_group.get("tags") or {}), node_group["scalingConfig"]
    status, desired = node_group["status"], sizes["desiredSize"]
    return Resource(
        kind=EksNodegroup.name,
        id=id_,
        arn=node_group["nodegroupArn"],
        account=session.target.account,
        region=session.target.region,
        name=tags.get("Name") or id_,
        tags=tags,
        schedule=tags.get(tag),
        live=_live(status, desired),
        state=status if desired else f"{status}, no nodes",
        instance_type=", ".join(node_group.get("instanceTypes") or ()),
        prices=_prices(node_group, session.target.region) * desired,
        unsupported=_unsupported(node_group),
        size={"min": str(sizes["minSize"]), "desired": str(desired)},
    )


def _live(status: str, desired: int) -> Live:
    """EKS does not say how many nodes have joined; while it works on a group, it refuses another change."""
    match status:
        case "ACTIVE" | "DEGRADED":
            return Live.RUNNING if desired else Live.STOPPED
        case "CREATING" | "UPDATING":
            return Live.STARTING if desired else Live.STOPPING
        case "DELETING":
            return Live.GONE
    return Live.BUSY


def _prices(node_group: Mapping[str, Any], region: str) -> tuple[PriceKey, ...]:
    """The price of one node: on demand, EKS takes the first type it can get; Spot and capacity blocks differ."""
    ami, types = node_group.get("amiType") or "", node_group.get("instanceTypes")
    system = next((name for beginning, name in _SYSTEMS.items() if ami.startswith(beginning)), None)
    if system is None or not types or node_group.get("capacityType") != "ON_DEMAND":
        return ()
    return (ec2_key(region, types[0], system),)


def _unsupported(node_group: Mapping[str, Any]) -> str | None:
    if node_group["status"] in ("CREATE_FAILED", "DELETE_FAILED"):
        return f"its status is {node_group['status']}, from which EKS does not scale it"
    if (node_group.get("warmPoolConfig") or {}).get("enabled") and node_group["scalingConfig"]["desiredSize"]:
        return "it has a warm pool, which keeps instances after a stop; disable the pool to have the group scheduled"
    return None
