from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.resources.conftest import Recorder
from tests.usage.conftest import AROUND, charged, counted, looked, values

from lamplighter.usage.collector import Seen
from lamplighter.usage.collectors.opensearch import OpenSearchUsage

SEARCH = OpenSearchUsage()


def domain(count: int = 3, kind: str = "m4.large.search", **more: Any) -> dict[str, Any]:
    """What DescribeDomains says of one domain."""
    config = {"InstanceType": kind, "InstanceCount": count, "DedicatedMasterEnabled": False, "WarmEnabled": False}
    return {
        "DomainName": "logs",
        "Created": True,
        "Deleted": False,
        "ClusterConfig": {**config, **more.pop("ClusterConfig", {})},
        **more,
    }


def answered(*domains: dict[str, Any]) -> Any:
    return lambda *_, **__: {"DomainStatusList": list(domains)}


def test_data_master_and_warm_nodes_are_counted() -> None:
    masters = {"DedicatedMasterEnabled": True, "DedicatedMasterType": "m4.large.search", "DedicatedMasterCount": 3}
    warm = {"WarmEnabled": True, "WarmType": "ultrawarm1.medium.search", "WarmCount": 2}
    off = {"DedicatedMasterType": "c4.large.search", "DedicatedMasterCount": 3}
    found = answered(
        domain(ClusterConfig=masters),
        domain(ClusterConfig=warm),
        domain(1, "r5.large.search", ClusterConfig=off),
        domain(1, "r5.large.elasticsearch"),
        domain(Deleted=True),
        domain(Created=False),
    )
    samples = looked(SEARCH, {"list_domain_names": [{"DomainName": "logs"}]}, answer=found)
    assert counted(samples) == {
        ("m4.large.search", "", "", "", ""): (3 + 3 + 3, 0, 0),
        ("ultrawarm1.medium.search", "", "", "", ""): (2, 0, 0),
        ("r5.large.search", "", "", "", ""): (2, 0, 0),
    }
    assert {each.hours for each in samples} == {24}


def test_five_domains_are_asked_about_at_once() -> None:
    names = [f"d{number}" for number in range(7)]
    session = Recorder({"list_domain_names": [{"DomainName": name} for name in names]}, answered())
    assert list(SEARCH.look(session, AROUND)) == []
    assert [params for _, _, params in session.asked[1:]] == [{"DomainNames": names[:5]}, {"DomainNames": names[5:]}]


def test_the_key_has_the_suffix_it_began_with() -> None:
    assert values(SEARCH, Seen("m4.large.search")) == {"es": "m4.large.elasticsearch"}


@pytest.mark.parametrize(
    "usage_type", ["EUC1-ESInstance:m4.large", "ESInstance:m4.large.search", "HeavyUsage:m4.large"]
)
def test_instance_hours_of_a_bill(usage_type: str) -> None:
    assert SEARCH.read(charged(usage_type, "ESDomain")) == Seen("m4.large.search", Decimal(2), covered=Decimal(1))


def test_other_charges_are_none_of_nodes() -> None:
    assert SEARCH.read(charged("ES:GP3-Storage")) is None
