"""What IAM lets an action be narrowed to: resources, tags, conditions; and why some cannot be narrowed.

Texts hold names in `${...}` as CloudFormation's Fn::Sub does: parameters of templates and pseudo parameters. Regions of
what lies in member accounts stay open: one role serves every region of its account.

Source: AWS Service Authorization Reference, as of 2026-04: resource types of each action, and whether they take the
condition key `aws:ResourceTag`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lamplighter.resources.rds_snapshots import PREFIX as SNAPSHOT_PREFIX
from lamplighter.resources.rds_snapshots import TAG as SNAPSHOT_TAG

EVERYTHING: Final = ("*",)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a permission reaches.

    Attributes:
        resources: ARNs with `${...}`; `EVERYTHING` where IAM knows no resources for the action.
        tag: key of the tag that the resource must have, with `${...}`; empty for any resource.
        optional: whether a stack may let it reach resources without the tag.
        conditions: further ones: operator, key, value.
        reason: why it is not narrower; of `EVERYTHING` only.
    """

    resources: tuple[str, ...]
    tag: str = ""
    optional: bool = False
    conditions: tuple[tuple[str, str, str], ...] = ()
    reason: str = field(default="", compare=False)


def there(service: str, *resources: str) -> tuple[str, ...]:
    """ARNs in every region of the account that holds the stack."""
    return tuple(f"arn:${{AWS::Partition}}:{service}:*:${{AWS::AccountId}}:{resource}" for resource in resources)


def scheduled(*arns: str) -> Scope:
    """Resources with the schedule tag; others where the stack says so."""
    return Scope(arns, tag="${TagName}", optional=True)


def _all(reason: str) -> Scope:
    return Scope(EVERYTHING, reason=reason)


_LISTS: Final = "IAM knows no resource types for it: what is listed is filtered by tag in the request or after it"
_READS: Final = "IAM knows no resource types for it; it reads and changes nothing"
_TAGGING: Final = (
    "the Tagging API knows no resource types; it calls the tagging action of each service for us, which is narrowed"
)

INSTANCES: Final = there("ec2", "instance/*")
DATABASES: Final = there("rds", "db:*")
CLUSTERS: Final = there("rds", "cluster:*")
DB_SNAPSHOTS: Final = there("rds", "snapshot:*")
CLUSTER_SNAPSHOTS: Final = there("rds", "cluster-snapshot:*")
OWN_DB_SNAPSHOTS: Final = there("rds", f"snapshot:{SNAPSHOT_PREFIX}*")
OWN_CLUSTER_SNAPSHOTS: Final = there("rds", f"cluster-snapshot:{SNAPSHOT_PREFIX}*")
GROUPS: Final = there("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")
SERVICES: Final = there("ecs", "service/*")
NODE_GROUPS: Final = there("eks", "nodegroup/*/*/*")
WAREHOUSES: Final = there("redshift", "cluster:*")
NOTEBOOKS: Final = there("sagemaker", "notebook-instance/*")
WINDOWS: Final = there("ssm", "maintenancewindow/*")

ACTING: Final[Mapping[str, tuple[Scope, ...]]] = {
    "ec2:StartInstances": (
        scheduled(*INSTANCES),
        # Asked for as well where the image has a self-managed licence; a licence has no schedule tag.
        Scope(there("license-manager", "license-configuration:*")),
    ),
    "ec2:StopInstances": (scheduled(*INSTANCES),),
    "ec2:ModifyInstanceAttribute": (scheduled(*INSTANCES),),
    "ec2:CreateTags": (scheduled(*INSTANCES),),
    "ec2:DeleteTags": (scheduled(*INSTANCES),),
    "rds:StartDBInstance": (scheduled(*DATABASES),),
    "rds:StopDBInstance": (scheduled(*DATABASES),),
    "rds:StartDBCluster": (scheduled(*CLUSTERS),),
    "rds:StopDBCluster": (scheduled(*CLUSTERS),),
    "rds:AddTagsToResource": (scheduled(*DATABASES, *CLUSTERS),),
    "rds:RemoveTagsFromResource": (scheduled(*DATABASES, *CLUSTERS),),
    "autoscaling:UpdateAutoScalingGroup": (scheduled(*GROUPS),),
    "autoscaling:CreateOrUpdateTags": (scheduled(*GROUPS),),
    "autoscaling:DeleteTags": (scheduled(*GROUPS),),
    "application-autoscaling:RegisterScalableTarget": (
        # A scalable target has tags of its own, not those of its service; UpdateService beside it needs the service's.
        Scope(
            there("application-autoscaling", "scalable-target/*"),
            conditions=(("StringEquals", "application-autoscaling:service-namespace", "ecs"),),
        ),
    ),
    "ecs:UpdateService": (scheduled(*SERVICES),),
    "ecs:TagResource": (scheduled(*SERVICES),),
    "ecs:UntagResource": (scheduled(*SERVICES),),
    "eks:UpdateNodegroupConfig": (scheduled(*NODE_GROUPS),),
    "eks:TagResource": (scheduled(*NODE_GROUPS),),
    "eks:UntagResource": (scheduled(*NODE_GROUPS),),
    "redshift:PauseCluster": (scheduled(*WAREHOUSES),),
    "redshift:ResumeCluster": (scheduled(*WAREHOUSES),),
    "redshift:CreateTags": (scheduled(*WAREHOUSES),),
    "redshift:DeleteTags": (scheduled(*WAREHOUSES),),
    "sagemaker:StartNotebookInstance": (scheduled(*NOTEBOOKS),),
    "sagemaker:StopNotebookInstance": (scheduled(*NOTEBOOKS),),
    "sagemaker:AddTags": (scheduled(*NOTEBOOKS),),
    "sagemaker:DeleteTags": (scheduled(*NOTEBOOKS),),
    "tag:TagResources": (_all(_TAGGING),),
    "tag:UntagResources": (_all(_TAGGING),),
}
"""What changes resources."""

SNAPSHOTS: Final[Mapping[str, tuple[Scope, ...]]] = {
    # StopDBInstance makes the snapshot of an instance itself, without tags to ask for: it is known by its name.
    "rds:StopDBInstance": (Scope(OWN_DB_SNAPSHOTS),),
    "rds:CreateDBSnapshot": (scheduled(*DATABASES), Scope(OWN_DB_SNAPSHOTS)),
    "rds:CreateDBClusterSnapshot": (
        scheduled(*CLUSTERS),
        Scope(OWN_CLUSTER_SNAPSHOTS, conditions=(("StringLike", f"aws:RequestTag/{SNAPSHOT_TAG}", "*"),)),
    ),
    "rds:DeleteDBClusterSnapshot": (Scope(OWN_CLUSTER_SNAPSHOTS, tag=SNAPSHOT_TAG),),
    "rds:DeleteDBSnapshot": (Scope(OWN_DB_SNAPSHOTS, tag=SNAPSHOT_TAG),),
    # Any tags: a database may say that its snapshots take over its own.
    "rds:AddTagsToResource": (Scope((*OWN_DB_SNAPSHOTS, *OWN_CLUSTER_SNAPSHOTS)),),
    "rds:ListTagsForResource": (Scope((*OWN_DB_SNAPSHOTS, *OWN_CLUSTER_SNAPSHOTS)),),
    "rds:DescribeDBSnapshots": (Scope((*DATABASES, *DB_SNAPSHOTS)),),
    "rds:DescribeDBClusterSnapshots": (Scope((*CLUSTERS, *CLUSTER_SNAPSHOTS)),),
}
"""What snapshots before a stop take; AddTagsToResource reaches other resources for it than for tags of databases."""

LOOKING: Final[Mapping[str, tuple[Scope, ...]]] = {
    **{
        action: (_all(_LISTS),)
        for action in (
            "application-autoscaling:DescribeScalableTargets",
            "autoscaling:DescribeAutoScalingGroups",
            "dynamodb:ListTables",
            "ec2:DescribeAddresses",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceStatus",
            "ec2:DescribeInstances",
            "ec2:DescribeReservedInstances",
            "ec2:DescribeVolumes",
            "ecs:ListClusters",
            "ecs:ListServices",
            "eks:ListClusters",
            "es:DescribeReservedInstances",
            "es:ListDomainNames",
            "redshift:DescribeReservedNodes",
            "sagemaker:ListNotebookInstances",
            "ssm:DescribeMaintenanceWindows",
        )
    },
    **{
        action: (_all(_READS),)
        for action in (
            "ce:GetReservationCoverage",
            "ce:GetReservationPurchaseRecommendation",
            "ce:GetReservationUtilization",
            "ce:GetSavingsPlansCoverage",
            "ce:GetSavingsPlansPurchaseRecommendation",
            "ce:GetSavingsPlansUtilization",
            "ce:GetSavingsPlansUtilizationDetails",
            "cloudwatch:GetMetricData",
            "ec2:DescribeInstanceTypeOfferings",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRegions",
            "ec2:DescribeSubnets",
            "organizations:ListAccounts",
        )
    },
    "dynamodb:DescribeTable": (Scope(there("dynamodb", "table/*")),),
    "ecs:DescribeServices": (Scope(SERVICES),),
    "eks:DescribeNodegroup": (Scope(NODE_GROUPS),),
    "eks:ListNodegroups": (Scope(there("eks", "cluster/*")),),
    "elasticache:DescribeCacheClusters": (Scope(there("elasticache", "cluster:*")),),
    "elasticache:DescribeReservedCacheNodes": (Scope(there("elasticache", "reserved-instance:*")),),
    "es:DescribeDomains": (Scope(there("es", "domain/*")),),
    "organizations:ListAccountsForParent": (Scope(("arn:${AWS::Partition}:organizations::*:*/o-*/*",)),),
    "organizations:ListOrganizationalUnitsForParent": (Scope(("arn:${AWS::Partition}:organizations::*:*/o-*/*",)),),
    "rds:DescribeDBClusters": (Scope(CLUSTERS),),
    "rds:DescribeDBInstances": (Scope(DATABASES),),
    "rds:DescribeReservedDBInstances": (Scope(there("rds", "ri:*")),),
    "redshift:DescribeClusters": (Scope(WAREHOUSES),),
    "resource-groups:ListGroupResources": (Scope(there("resource-groups", "group/*")),),
    "sagemaker:ListTags": (Scope(NOTEBOOKS),),
    "savingsplans:DescribeSavingsPlans": (
        Scope(("arn:${AWS::Partition}:savingsplans::${AWS::AccountId}:savingsplan/*",)),
    ),
    "ssm:DescribeMaintenanceWindowTargets": (Scope(WINDOWS),),
    "ssm:DescribeMaintenanceWindowTasks": (Scope(WINDOWS),),
    # A Change Calendar may be another account's that shares it, and in another region.
    "ssm:GetDocument": (Scope(("arn:${AWS::Partition}:ssm:*:*:document/*",)),),
    "ssm:GetMaintenanceWindow": (Scope(WINDOWS),),
    "tag:GetResources": (_all(_LISTS),),
    "cloudformation:DescribeStacks": (Scope(there("cloudformation", "stack/*")),),
    "cloudformation:ListStackResources": (Scope(there("cloudformation", "stack/*")),),
}
"""What reads."""


def wildcards(scopes: Iterable[tuple[str, Scope]]) -> dict[str, str]:
    """The reason of each action that reaches everything, by action."""
    return {action: scope.reason for action, scope in scopes if scope.resources == EVERYTHING}
