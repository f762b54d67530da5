"""CloudWatch metrics that tell whether a resource is in use, as kinds name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Measure = Literal["cpu", "connections", "network"]

MEASURE: Final = ("cloudwatch:GetMetricData",)
"""The IAM actions with which the metrics of every kind are read."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a kind.

    Attributes:
        measure: what it tells: `cpu` in percent, `connections` as a number, `network` in bytes of a period.
        namespace: for example `AWS/EC2`.
        name: for example `CPUUtilization`.
        statistic: Average, Maximum or Sum over a period.
        dimensions: the names of its dimensions; their values are the parts of the resource's id, at slashes.
    """

    measure: Measure
    namespace: str
    name: str
    statistic: str
    dimensions: tuple[str, ...]

    def values(self, resource_id: str) -> tuple[tuple[str, str], ...]:
        """(name, value) of each dimension for a resource.

        Raises:
            ValueError: the id has fewer parts.
        """
        parts = resource_id.split("/", len(self.dimensions) - 1)
        return tuple(zip(self.dimensions, parts, strict=True))


def cpu(namespace: str, *dimensions: str) -> Metric:
    """CPU in percent; of a cluster or group the average over its members."""
    return Metric("cpu", namespace, "CPUUtilization", "Average", dimensions)


def connections(namespace: str, dimension: str) -> Metric:
    """Connections to a database; of a cluster those of the member that has the most."""
    return Metric("connections", namespace, "DatabaseConnections", "Maximum", (dimension,))


def network(namespace: str, dimension: str) -> tuple[Metric, Metric]:
    """Bytes received and sent."""
    into = Metric("network", namespace, "NetworkIn", "Sum", (dimension,))
    return into, Metric("network", namespace, "NetworkOut", "Sum", (dimension,))
