"""A session that answers what a test says and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lamplighter.aws.targets import Target

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

    def call(self, service: str, operation: str, **params: Any) -> Mapping[str, Any]:
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


def reservation(*instances: Mapping[str, Any]) -> dict[str, Any]:
    """A reservation holding them."""
    return {"ReservationId": "r-0123456789abcdef0", "OwnerId": HERE.account, "Instances": list(instances)}


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
