"""The fleet as data: big enough, varied enough, the same for the same seed, and made of things that exist."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.errors import UsageError
from lamplighter.estate import fleet as fleet_module
from lamplighter.estate.fleet import (
    IMAGES,
    IMAGES_FILE,
    REGIONS,
    SCHEDULE_TAG,
    DatabaseCluster,
    DatabaseServer,
    Fleet,
    Machines,
    make_fleet,
)
from lamplighter.estate.fleet_accounts import ACCOUNTS, MANAGEMENT
from lamplighter.estate.fleet_workloads import WORKLOADS
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey
from lamplighter.pricing.specs import find_type

ENTERED = {account.id for account in ACCOUNTS if account.entered}
ODD = {None, "broken-hours", "ignore", "nightly", "office-hours-munich"}


def tagged(fleet: Fleet) -> int:
    """How many members of the fleet have a schedule that works and stand alone."""
    machines = sum(one.count for one in fleet.machines if one.tags.get(SCHEDULE_TAG) not in ODD)
    replicated = {one.spec.replica_of for one in fleet.databases if one.spec.replica_of}
    databases = [one for one in fleet.databases if one.spec.replica_of is None and one.id not in replicated]
    return machines + len(databases) + len(fleet.clusters)


@settings(max_examples=40, deadline=None)
@given(st.integers())
def test_every_seed_gives_a_fleet_of_four_hundred(seed: int) -> None:
    assert tagged(make_fleet(seed)) >= 400


@given(st.integers())
@settings(max_examples=10, deadline=None)
def test_sizes_and_types_stay_within_the_workloads(seed: int) -> None:
    bounds = {(load.account, tier.name): tier for load in WORKLOADS for tier in load.tiers}
    for group in make_fleet(seed).machines:
        tier = bounds[group.account, group.name]
        assert tier.low <= group.count <= tier.high
        assert group.instance_type in tier.types


def test_the_same_seed_gives_the_same_fleet_and_another_a_different_one() -> None:
    assert make_fleet(2026) == make_fleet(2026)
    assert make_fleet(2026) != make_fleet(2027)


def test_a_region_is_drawn_by_itself() -> None:
    whole, alone = make_fleet(2026), make_fleet(2026, ("us-east-1",))
    assert alone.machines == tuple(one for one in whole.machines if one.region == "us-east-1")


def test_the_parts_in_the_targets_are_the_whole() -> None:
    whole = make_fleet(2026)
    parts = [whole.at(account, region) for account in sorted(ENTERED) for region in REGIONS]
    assert Counter(one for part in parts for one in (m.name + m.account + m.region for m in part.machines)) == Counter(
        one.name + one.account + one.region for one in whole.machines
    )
    assert sum(len(part.databases) for part in parts) == len(whole.databases)
    assert sum(len(part.clusters) for part in parts) == len(whole.clusters)
    assert all(sum(one.count for one in part.machines) >= 20 for part in parts)


def test_the_fleet_is_varied() -> None:
    fleet = make_fleet(2026)
    assert len({one.instance_type for one in fleet.machines}) >= 15
    assert {one.image for one in fleet.machines} == {"linux", "linux-arm64", "windows"}
    assert {one.spec.engine for one in fleet.databases} == {"mysql", "postgres", "mariadb"}
    assert {one.spec.multi_az for one in fleet.databases} == {True, False}
    assert {one.spec.engine for one in fleet.clusters} == {"aurora-mysql", "aurora-postgresql"}
    assert {len(one.members) for one in fleet.clusters} == {1, 2, 3}
    assert {one.tags["Environment"] for one in fleet.machines} == {"production", "staging", "test", "development"}
    assert {one.account for one in fleet.machines} == ENTERED


def test_names_are_unique_where_they_must_be() -> None:
    fleet = make_fleet(2026)
    names = Counter((m.account, m.region, name) for m in fleet.machines for name in m.names)
    databases = Counter((d.account, d.region, d.id) for d in fleet.databases)
    databases.update((c.account, c.region, name) for c in fleet.clusters for name, _ in c.members)
    assert set(names.values()) == set(databases.values()) == {1}


def test_every_member_says_whose_it_is() -> None:
    fleet = make_fleet(2026)
    members: list[Machines | DatabaseServer | DatabaseCluster] = [*fleet.machines, *fleet.databases, *fleet.clusters]
    for one in members:
        assert set(one.tags) - {SCHEDULE_TAG} == {"Environment", "Team", "Owner", "Service", "Spend_Category"}
        assert one.tags["Owner"] == f"{one.tags['Team']}@example.com"


def test_there_are_members_that_nobody_can_schedule() -> None:
    values = Counter(one.tags.get(SCHEDULE_TAG) for one in make_fleet(2026).machines for _ in one.names)
    assert {name: values[name] for name in ODD} == {
        None: 8,
        "broken-hours": 1,
        "ignore": 3,
        "nightly": 2,
        "office-hours-munich": 2,
    }


def test_hibernating_machines_can_hibernate() -> None:
    sleepers = [one for one in make_fleet(2026).machines if one.hibernates]
    assert {one.name for one in sleepers} == {"desktop", "notebook"}
    for one in sleepers:
        facts = find_type(one.instance_type)
        assert facts is not None
        assert facts.hibernation
        # The memory must fit on the root volume, beside 30 GiB of everything else.
        assert facts.memory_mib / 1024 + 30 <= one.root_gib


@settings(max_examples=10, deadline=None)
@given(st.integers())
def test_images_have_the_architecture_of_the_type(seed: int) -> None:
    for one in make_fleet(seed).machines:
        facts = find_type(one.instance_type)
        assert facts is not None
        assert ("arm64" in facts.architectures) == (one.image == "linux-arm64")


def test_everything_has_a_price() -> None:
    book = PriceBook.bundled()
    missing = []
    for region in REGIONS:
        for load in WORKLOADS:
            wanted = [
                PriceKey("ec2", region, kind, operating_system="Windows" if tier.windows else "Linux")
                for tier in load.tiers
                for kind in tier.types
            ]
            wanted += [
                PriceKey("rds", region, one.kind, "", one.engine, "multi-az" if one.multi_az else "single-az")
                for one in load.databases
            ]
            wanted += [
                PriceKey("rds", region, kind, "", one.engine, "single-az")
                for one in load.clusters
                for kind in one.classes
            ]
            missing += [key for key in wanted if book.find(key) is None]
    assert missing == []


@pytest.mark.slow
def test_the_simulated_aws_knows_the_types() -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

    kinds = {kind for load in WORKLOADS for tier in load.tiers for kind in tier.types}
    for region in REGIONS:
        offered = {one["InstanceType"] for one in INSTANCE_TYPE_OFFERINGS["region"][region]}
        assert kinds <= offered
    assert kinds <= set(INSTANCE_TYPES)


def test_replicas_follow_their_source() -> None:
    ids = [one.id for one in make_fleet(2026).databases]
    for one in make_fleet(2026).databases:
        if one.spec.replica_of is not None:
            assert ids.index(one.spec.replica_of) < ids.index(one.id)


def test_the_images_are_described() -> None:
    described = {one["ami_id"]: one for one in json.loads(IMAGES_FILE.read_text())}
    assert set(described) == set(IMAGES.values())
    assert described[IMAGES["windows"]]["platform"] == "windows"
    assert described[IMAGES["linux-arm64"]]["architecture"] == "arm64"
    assert "platform" not in described[IMAGES["linux"]]


def test_the_management_account_comes_first_and_one_account_is_not_entered() -> None:
    assert ACCOUNTS[0].id == MANAGEMENT
    assert [account.id for account in ACCOUNTS if not account.entered] == ["999988887777"]
    assert ACCOUNTS[1].seed() == {
        "id": "444455556666",
        "name": "people",
        "ou": "Workloads/Internal",
        "email": "people@example.com",
    }


def test_an_unknown_instance_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_module, "find_type", lambda _: None)
    with pytest.raises(UsageError, match="instance type"):
        make_fleet(2026)
