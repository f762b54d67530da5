"""A session that answers what a test says and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from lamplighter.aws.access import Aws, TargetSession
from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.kind import Kind, Resource, Result, Search

HERE = Target("111122223333", "eu-west-1")

Answer = Callable[..., Mapping[str, Any]]


class Recorder:
    """Pages by operation, answers to calls, and everything asked for: (service, operation, parameters)."""

    def __init__(
        self, pages: Mapping[str, list[Any]] | None = None, answer: Answer | None = None, target: Target = HERE
    ) -> None:
        self._pages = pages or {}
        self._answer = answer or (lambda *_, **__: {})
        self._target = target
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []

    @property
    def target(self) -> Target:
        return self._target

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        self.asked.append((service, operation, params))
        return self._answer(operation, **params)

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        self.asked.append((service, operation, params))
        yield from self._pages.get(operation, [])

    @property
    def operations(self) -> list[str]:
        return [operation for _, operation, _ in self.asked]


def tags(**pairs: str) -> list[dict[str, str]]:
    """Tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def instance(id_: str = "i-0123456789abcdef0", state: str = "running", **more: Any) -> dict[str, Any]:
    """A DescribeInstances answer for one instance, cut to what is read and a little beside it."""
    codes = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
    return {
        "InstanceId": id_,
        "InstanceType": "m5.large",
        "ImageId": "ami-12345678",
        "State": {"Name": state, "Code": codes.get(state, 0)},
        "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
        "PlatformDetails": "Linux/UNIX",
        "RootDeviceType": "ebs",
        "HibernationOptions": {"Configured": False},
        "Tags": tags(Schedule="office"),
        **more,
    }


def status(id_: str = "i-0123456789abcdef0", instance: str | None = "ok", system: str | None = "ok") -> dict[str, Any]:
    """A DescribeInstanceStatus answer for one instance; None leaves a check out."""
    checks = {"InstanceStatus": instance, "SystemStatus": system}
    return {"InstanceId": id_, **{name: {"Status": word} for name, word in checks.items() if word}}


def type_facts(name: str = "m5.xlarge", architecture: str = "x86_64", **more: Any) -> dict[str, Any]:
    """What DescribeInstanceTypes says of one type, cut to what is read; a current one on Nitro if not said."""
    network = {"EnaSupport": "required", "MaximumNetworkInterfaces": 4, **more.pop("NetworkInfo", {})}
    return {
        "InstanceType": name,
        "ProcessorInfo": {"SupportedArchitectures": [architecture]},
        "SupportedVirtualizationTypes": ["hvm"],
        "SupportedBootModes": ["legacy-bios", "uefi"],
        "NitroTpmSupport": "supported",
        "NitroEnclavesSupport": "supported",
        "NetworkInfo": network,
        **more,
    }


def offerings(*names: str, zone: str = "eu-west-1a") -> list[dict[str, str]]:
    """What DescribeInstanceTypeOfferings says of one zone."""
    return [{"InstanceType": name, "LocationType": "availability-zone", "Location": zone} for name in names]


def reservation(*instances: Mapping[str, Any]) -> dict[str, Any]:
    """A reservation holding them."""
    return {"ReservationId": "r-0123456789abcdef0", "OwnerId": HERE.account, "Instances": list(instances)}


def volume(id_: str = "vol-1", type_: str = "gp3", size: int = 100, *instances: str, **more: Any) -> dict[str, Any]:
    """A DescribeVolumes answer for one volume, attached to these instances."""
    attached = [{"InstanceId": each, "State": "attached", "DeleteOnTermination": True} for each in instances]
    return {"VolumeId": id_, "VolumeType": type_, "Size": size, "State": "in-use", "Attachments": attached, **more}


def database(name: str = "orders", status: str = "available", **more: Any) -> dict[str, Any]:
    """A DescribeDBInstances answer for one database."""
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceArn": f"arn:aws:rds:eu-west-1:111122223333:db:{name}",
        "DBInstanceClass": "db.m5.large",
        "DBInstanceStatus": status,
        "Engine": "postgres",
        "MultiAZ": False,
        "ReadReplicaDBInstanceIdentifiers": [],
        "TagList": tags(Schedule="office"),
        **more,
    }


def cluster(name: str = "shop", status: str = "available", **more: Any) -> dict[str, Any]:
    """A DescribeDBClusters answer for one cluster."""
    return {
        "DBClusterIdentifier": name,
        "DBClusterArn": f"arn:aws:rds:eu-west-1:111122223333:cluster:{name}",
        "Status": status,
        "Engine": "aurora-mysql",
        "EngineMode": "provisioned",
        "TagList": tags(Schedule="office"),
        **more,
    }


def group(
    name: str = "web", size: str = "1-2-4", states: Sequence[str] = ("InService",) * 2, **more: Any
) -> dict[str, Any]:
    """A DescribeAutoScalingGroups answer for one group of that size, its instances (`i-0`, ...) in these states."""
    low, desired, high = map(int, size.split("-"))
    members = [
        {
            "InstanceId": f"i-{number}",
            "InstanceType": "m5.large",
            "AvailabilityZone": "eu-west-1a",
            "LifecycleState": state,
            "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": False,
        }
        for number, state in enumerate(states)
    ]
    return {
        "AutoScalingGroupName": name,
        "AutoScalingGroupARN": "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:"
        f"0a1b2c3d-1111-2222-3333-444455556666:autoScalingGroupName/{name}",
        "MinSize": low,
        "DesiredCapacity": desired,
        "MaxSize": high,
        "Instances": members,
        "SuspendedProcesses": [],
        "NewInstancesProtectedFromScaleIn": False,
        "Tags": tags(Schedule="office"),
        **more,
    }


def node_group(name: str = "workers", size: str = "1-2-4", status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    """What DescribeNodegroup says of one node group of that size, in cluster `shop`."""
    low, desired, high = map(int, size.split("-"))
    return {
        "nodegroupName": name,
        "nodegroupArn": "arn:aws:eks:eu-west-1:111122223333:"
        f"nodegroup/shop/{name}/a8c75f2f-1111-2222-3333-444455556666",
        "clusterName": "shop",
        "status": status,
        "capacityType": "ON_DEMAND",
        "scalingConfig": {"minSize": low, "maxSize": high, "desiredSize": desired},
        "instanceTypes": ["m5.large"],
        "amiType": "AL2023_x86_64_STANDARD",
        "resources": {"autoScalingGroups": [{"name": f"eks-{name}-a8c75f2f"}]},
        "health": {"issues": []},
        "tags": {"Schedule": "office"},
        **more,
    }


def service(name: str = "api", desired: int = 3, running: int | None = None, **more: Any) -> dict[str, Any]:
    """What DescribeServices says of one service of cluster `shop`; as many tasks run as are desired, if not said."""
    return {
        "serviceArn": f"arn:aws:ecs:eu-west-1:111122223333:service/shop/{name}",
        "serviceName": name,
        "clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/shop",
        "status": "ACTIVE",
        "desiredCount": desired,
        "runningCount": desired if running is None else running,
        "pendingCount": 0,
        "launchType": "FARGATE",
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY", "failedTasks": 0, "rolloutState": "COMPLETED"}],
        "taskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/api:1",
        "tags": [{"key": "Schedule", "value": "office"}],
        **more,
    }


def scalable_target(name: str = "api", low: int = 1, high: int = 4) -> dict[str, Any]:
    """What DescribeScalableTargets says of the count of a service of cluster `shop`."""
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/shop/{name}",
        "ScalableDimension": "ecs:service:DesiredCount",
        "MinCapacity": low,
        "MaxCapacity": high,
        "SuspendedState": {"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": False},
    }


def notebook(name: str = "lab", status: str = "InService") -> dict[str, Any]:
    """What ListNotebookInstances says of one notebook instance."""
    return {
        "NotebookInstanceName": name,
        "NotebookInstanceArn": f"arn:aws:sagemaker:eu-west-1:111122223333:notebook-instance/{name.lower()}",
        "NotebookInstanceStatus": status,
        "InstanceType": "ml.t3.medium",
        "Url": f"{name}.notebook.eu-west-1.sagemaker.aws",
    }


def warehouse(name: str = "dwh", status: str = "available", **more: Any) -> dict[str, Any]:
    """What DescribeClusters of Redshift says of one cluster of two nodes."""
    return {
        "ClusterIdentifier": name,
        "NodeType": "ra3.xlplus",
        "ClusterStatus": status,
        "ClusterAvailabilityStatus": "Available",
        "AutomatedSnapshotRetentionPeriod": 1,
        "NumberOfNodes": 2,
        "VpcId": "vpc-12345678",
        "MultiAZ": "Disabled",
        "Tags": tags(Schedule="office"),
        **more,
    }


@pytest.fixture(scope="module")
def probe() -> Iterator[EstateProbe]:
    """A simulated AWS for the tests of one module."""
    with start_thread() as server:
        found = EstateProbe(server)
        yield found
        found.close()


@pytest.fixture(scope="module")
def aws(probe: EstateProbe) -> Iterator[Aws]:
    with Aws(region=REGION, environ=probe.server.environment, retries=0) as found:
        yield found


@pytest.fixture
def estate(probe: EstateProbe) -> EstateProbe:
    """The simulated AWS, empty."""
    probe.fresh()
    return probe


@pytest.fixture
def session(estate: EstateProbe, aws: Aws) -> TargetSession:
    return aws.session(Target(MANAGEMENT, REGION))


def find(kind: Kind, session: TargetSession, **search: Any) -> dict[str, Resource]:
    """What a kind finds, by id."""
    return {resource.id: resource for resource in kind.discover(session, Search("Schedule", **search))}


def errors(results: Sequence[Result]) -> dict[str, type[AwsError] | None]:
    """The class of each result's error, by id."""
    return {result.id: type(result.error) if result.error else None for result in results}
