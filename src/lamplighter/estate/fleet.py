"""The fleet of the demo estate as data: which machines and databases stand where, tagged how.

The same seed gives the same fleet. What each workload is, and why it has its schedule, is told in docs/examples.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from lamplighter.errors import UsageError
from lamplighter.estate.fleet_workloads import EUROPE, WORKLOADS, Cluster, Database, Tier, Workload
from lamplighter.pricing.specs import find_type

SCHEDULE_TAG = "Schedule"
REGIONS = (EUROPE, "us-east-1")
IMAGES: Mapping[str, str] = {
    "linux": "ami-0a1b2c3d4e5f60001",
    "linux-arm64": "ami-0a1b2c3d4e5f60002",
    "windows": "ami-0a1b2c3d4e5f60003",
}
"""Machine images of the simulated AWS by name, the same in every region; described in `fleet_images.json`."""

IMAGES_FILE = Path(__file__).with_name("fleet_images.json")
"""What the simulated AWS must be started with, as MOTO_AMIS_PATH: it cannot be told of Windows over the wire."""

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Machines:
    """EC2 instances that differ in their name only; one RunInstances call.

    Attributes:
        account: 12-digit account id.
        region: region.
        zone: letter of the Availability Zone.
        name: their names are this with a number from 01.
        count: how many.
        instance_type: for example `m5.large`.
        image: key of `IMAGES`.
        hibernates: whether they are launched with hibernation configured.
        root_gib: size of the root volume in GiB.
        tags: all tags but `Name`.
    """

    account: str
    region: str
    zone: str
    name: str
    count: int
    instance_type: str
    image: str
    hibernates: bool
    root_gib: int
    tags: Tags

    @property
    def names(self) -> tuple[str, ...]:
        """The Name tags, in order."""
        return tuple(f"{self.name}-{number:02}" for number in range(1, self.count + 1))


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """An RDS DB instance outside of clusters.

    Attributes:
        account: 12-digit account id.
        region: region.
        id: DB instance identifier.
        spec: engine, class and so on.
        tags: all tags.
    """

    account: str
    region: str
    id: str
    spec: Database
    tags: Tags


@dataclass(frozen=True, slots=True)
class DatabaseCluster:
    """An Aurora cluster; its members carry its tags, most of them without the schedule.

    Attributes:
        account: 12-digit account id.
        region: region.
        id: DB cluster identifier; members are numbered.
        spec: engine and classes.
        tags: all tags.
    """

    account: str
    region: str
    id: str
    spec: Cluster
    tags: Tags

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """(DB instance identifier, class) of each member."""
        return tuple((f"{self.id}-{number}", kind) for number, kind in enumerate(self.spec.classes, 1))


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that stands beside the four systems of the templates."""

    machines: tuple[Machines, ...]
    databases: tuple[DatabaseServer, ...]
    clusters: tuple[DatabaseCluster, ...]

    def at(self, account: str, region: str) -> Fleet:
        """The part in one account and region."""
        here = (account, region)
        return Fleet(
            tuple(one for one in self.machines if (one.account, one.region) == here),
            tuple(one for one in self.databases if (one.account, one.region) == here),
            tuple(one for one in self.clusters if (one.account, one.region) == here),
        )


def make_fleet(seed: int, regions: tuple[str, ...] = REGIONS) -> Fleet:
    """The fleet of a seed: sizes and types vary within what the workloads allow.

    Args:
        seed: any whole number.
        regions: where to put it; each region is drawn by itself, so leaving one out changes no other.

    Raises:
        UsageError: an instance type is not known.
    """
    machines: list[Machines] = []
    databases: list[DatabaseServer] = []
    clusters: list[DatabaseCluster] = []
    for region in regions:
        draw = Random(f"{seed} {region}")  # noqa: S311 - a fleet is no secret
        for load in WORKLOADS:
            machines += (
                _machines(load, tier, region, index, draw)
                for index, tier in enumerate(load.tiers)
                if tier.region in (None, region)
            )
            databases += (
                DatabaseServer(load.account, region, one.name, one, _tags(load, one.environment, one.pair, region))
                for one in load.databases
                if one.region in (None, region)
            )
            clusters += (
                DatabaseCluster(load.account, region, one.name, one, _tags(load, one.environment, one.pair, region))
                for one in load.clusters
            )
    return Fleet(tuple(machines), tuple(databases), tuple(clusters))


def _machines(load: Workload, tier: Tier, region: str, index: int, draw: Random) -> Machines:
    count, instance_type = draw.randint(tier.low, tier.high), draw.choice(tier.types)
    return Machines(
        account=load.account,
        region=region,
        zone="ab"[index % 2],
        name=tier.name,
        count=count,
        instance_type=instance_type,
        image="windows" if tier.windows else _image_for(instance_type),
        hibernates=tier.hibernates,
        root_gib=80 if tier.hibernates else 60 if tier.windows else 30,
        tags=_tags(load, tier.environment, tier.pair, region),
    )


def _image_for(instance_type: str) -> str:
    facts = find_type(instance_type)
    if facts is None:
        raise UsageError(f"the fleet asks for instance type {instance_type}, which is not known")
    return "linux-arm64" if "arm64" in facts.architectures else "linux"


def _tags(load: Workload, environment: str, pair: tuple[str | None, str | None], region: str) -> Tags:
    schedule = pair[0] if region == EUROPE else pair[1]
    return dict(_tag_pairs(load, environment, schedule))


def _tag_pairs(load: Workload, environment: str, schedule: str | None) -> Iterator[tuple[str, str]]:
    if schedule is not None:
        yield SCHEDULE_TAG, schedule
    yield "Environment", environment
    yield "Team", load.team
    yield "Owner", f"{load.team}@example.com"
    yield "Service", load.service
    yield "Spend_Category", load.category
