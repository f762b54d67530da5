from __future__ import annotations

from decimal import Decimal

import pytest
from tests.resources.conftest import tags, warehouse
from tests.usage.conftest import charged, counted, looked, values

from lamplighter.usage.collector import Around, Seen
from lamplighter.usage.collectors.redshift import RedshiftUsage

REDSHIFT = RedshiftUsage()
ZONE = {"AvailabilityZone": "eu-west-1a"}


def test_nodes_are_counted_by_type_zone_and_schedule() -> None:
    found = [
        warehouse("a", **ZONE),
        warehouse("b", "resizing", NumberOfNodes=4, **ZONE),
        warehouse("c", MultiAZ="Enabled", NodeType="ra3.4xlarge", Tags=[]),
    ]
    samples = looked(REDSHIFT, {"describe_clusters": found})
    assert counted(samples) == {
        ("ra3.xlplus", "", "", "eu-west-1a", "office"): (6, 0, 0),
        ("ra3.4xlarge", "", "", "", ""): (4, 0, 0),
    }
    assert {each.hours for each in samples} == {24}


@pytest.mark.parametrize("status", ["creating", "deleting", "pausing", "resuming", "incompatible-network"])
def test_what_is_not_charged_is_not_counted(status: str) -> None:
    assert looked(REDSHIFT, {"describe_clusters": [warehouse("a", status)]}) == []


def test_paused_clusters_stand_beside_if_a_schedule_did_it() -> None:
    found = [warehouse("a", "paused"), warehouse("b", "paused", Tags=tags(Schedule="none")), warehouse("c", "paused")]
    around = Around("Schedule", frozenset({"office"}), {"redshift-cluster/c": "running"})
    samples = looked(REDSHIFT, {"describe_clusters": found}, around)
    assert list(counted(samples).values()) == [(0, 0, 2)]


def test_the_key_is_that_of_the_table() -> None:
    assert values(REDSHIFT, Seen("dc2.8xlarge")) == {"redshift": "dc2.8xlarge"}


@pytest.mark.parametrize("usage_type", ["EUC1-Node:dc2.8xlarge", "Node:dc2.8xlarge"])
def test_node_hours_of_a_bill(usage_type: str) -> None:
    found = REDSHIFT.read(charged(usage_type, "RunComputeNode:0001", zone="a", schedule="office"))
    assert found == Seen("dc2.8xlarge", Decimal(2), zone="a", schedule="office", covered=Decimal(1))


@pytest.mark.parametrize("usage_type", ["EUC1-RMS:ra3.4xlarge", "Redshift:ServerlessUsage", "PaidSnapshots"])
def test_other_charges_are_none_of_nodes(usage_type: str) -> None:
    assert REDSHIFT.read(charged(usage_type)) is None
