"""Metrics as kinds name them."""

from __future__ import annotations

import pytest

from lamplighter.resources.metrics import connections, cpu, network
from lamplighter.resources.registry import kinds


def test_the_dimensions_of_a_metric_are_the_parts_of_an_id() -> None:
    assert cpu("AWS/EC2", "InstanceId").values("i-1") == (("InstanceId", "i-1"),)
    assert cpu("AWS/EC2", "AutoScalingGroupName").values("a/b") == (("AutoScalingGroupName", "a/b"),)
    wanted = (("ClusterName", "shop"), ("ServiceName", "web"))
    assert cpu("AWS/ECS", "ClusterName", "ServiceName").values("shop/web") == wanted
    with pytest.raises(ValueError, match="zip"):
        cpu("AWS/ECS", "ClusterName", "ServiceName").values("web")


def test_what_is_asked_of_each_measure() -> None:
    assert (cpu("N", "D").name, cpu("N", "D").statistic) == ("CPUUtilization", "Average")
    assert (connections("N", "D").name, connections("N", "D").statistic) == ("DatabaseConnections", "Maximum")
    assert [(one.name, one.statistic) for one in network("N", "D")] == [("NetworkIn", "Sum"), ("NetworkOut", "Sum")]


def test_the_metrics_there_are() -> None:
    """Source: the metrics pages of the user guides of EC2, ECS, RDS, Aurora, DocumentDB, Neptune and Redshift."""
    found = {
        name: [f"{metric.namespace} {metric.name} {' '.join(metric.dimensions)}" for metric in kind.metrics]
        for name, kind in kinds().items()
    }
    assert found == {
        "autoscaling-group": ["AWS/EC2 CPUUtilization AutoScalingGroupName"],
        "docdb-cluster": [
            "AWS/DocDB CPUUtilization DBClusterIdentifier",
            "AWS/DocDB DatabaseConnections DBClusterIdentifier",
        ],
        "ec2-instance": [
            "AWS/EC2 CPUUtilization InstanceId",
            "AWS/EC2 NetworkIn InstanceId",
            "AWS/EC2 NetworkOut InstanceId",
        ],
        "ecs-service": ["AWS/ECS CPUUtilization ClusterName ServiceName"],
        "eks-nodegroup": [],
        "neptune-cluster": ["AWS/Neptune CPUUtilization DBClusterIdentifier"],
        "rds-cluster": [
            "AWS/RDS CPUUtilization DBClusterIdentifier",
            "AWS/RDS DatabaseConnections DBClusterIdentifier",
        ],
        "rds-instance": [
            "AWS/RDS CPUUtilization DBInstanceIdentifier",
            "AWS/RDS DatabaseConnections DBInstanceIdentifier",
        ],
        "redshift-cluster": [
            "AWS/Redshift CPUUtilization ClusterIdentifier",
            "AWS/Redshift DatabaseConnections ClusterIdentifier",
        ],
        "sagemaker-notebook": [],
    }
