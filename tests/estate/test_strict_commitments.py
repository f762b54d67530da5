from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lamplighter.errors import UsageError
from lamplighter.estate.presets import deny
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe, refusal

NODE: dict[str, Any] = {"ReservedNodeId": "n", "NodeType": "dc2.large", "StartTime": "2026-03-01T00:00:00"}
PLAN = {"savingsPlanId": "p", "savingsPlanType": "Compute", "commitment": "1.5"}
PERIOD = {"Start": "2026-11-01", "End": "2026-11-02"}


def rows(service: str, *found: dict[str, Any], region: str = REGION) -> dict[str, Any]:
    return {"service": service, "account": MANAGEMENT, "region": region, "rows": list(found)}


def test_lists_are_empty_until_something_is_planted(estate: EstateProbe) -> None:
    assert estate.client("ec2").describe_reserved_instances()["ReservedInstances"] == []
    assert estate.client("rds").describe_reserved_db_instances()["ReservedDBInstances"] == []
    assert estate.client("elasticache").describe_reserved_cache_nodes()["ReservedCacheNodes"] == []
    assert estate.client("opensearch").describe_reserved_instances()["ReservedInstances"] == []
    assert estate.client("redshift").describe_reserved_nodes()["ReservedNodes"] == []
    assert estate.client("savingsplans").describe_savings_plans()["savingsPlans"] == []


def test_rows_belong_to_an_account_and_a_region_and_plans_to_all_regions(estate: EstateProbe) -> None:
    planted = {"lists": [rows("redshift", NODE), rows("savingsplans", PLAN)]}
    assert estate.control.plant_commitments(planted) == {"rows": 2, "pages": 0}
    [node] = estate.client("redshift").describe_reserved_nodes()["ReservedNodes"]
    assert (node["NodeType"], node["StartTime"]) == ("dc2.large", datetime(2026, 3, 1, tzinfo=UTC))
    assert estate.client("redshift", region="us-east-1").describe_reserved_nodes()["ReservedNodes"] == []
    for region in (REGION, "us-west-2"):
        [plan] = estate.client("savingsplans", region=region).describe_savings_plans()["savingsPlans"]
        assert plan["commitment"] == "1.5"
    estate.control.reset()
    assert estate.client("savingsplans").describe_savings_plans()["savingsPlans"] == []


def test_lists_come_in_pages(estate: EstateProbe) -> None:
    estate.control.plant_commitments({"lists": [rows("redshift", *[NODE] * 5)], "page": 2})
    pages = estate.client("redshift").get_paginator("describe_reserved_nodes").paginate()
    assert [len(page["ReservedNodes"]) for page in pages] == [2, 2, 1]


def test_what_is_asked_beside_pages_is_refused_and_not_passed_over(estate: EstateProbe) -> None:
    with pytest.raises(ClientError) as refused:
        estate.client("savingsplans").describe_savings_plans(states=["active"])
    assert refusal(refused.value) == ("NotImplemented", "the simulated AWS does not know states here", 501)


def test_rows_that_no_client_could_read_are_not_planted(estate: EstateProbe) -> None:
    with pytest.raises(UsageError, match="NodeKind"):
        estate.control.plant_commitments({"lists": [rows("redshift", {"NodeKind": "dc2.large"})]})
    with pytest.raises(UsageError, match="no list of memorydb"):
        estate.control.plant_commitments({"lists": [rows("memorydb")]})


def test_an_account_can_be_refused(estate: EstateProbe) -> None:
    estate.control.inject(deny(MANAGEMENT, "savingsplans:DescribeSavingsPlans"))
    with pytest.raises(ClientError) as refused:
        estate.client("savingsplans").describe_savings_plans()
    assert refused.value.response["Error"]["Code"].startswith("AccessDenied")


def test_calls_are_written_down_by_their_names(estate: EstateProbe) -> None:
    estate.client("opensearch").describe_reserved_instances()
    estate.client("savingsplans").describe_savings_plans()
    calls = estate.control.calls()
    assert calls.count("DescribeReservedInstances", service="es") == 1
    assert calls.count("DescribeSavingsPlans", service="savingsplans") == 1


def test_cost_explorer_answers_what_was_planted_page_by_page(estate: EstateProbe) -> None:
    client = estate.client("ce")
    with pytest.raises(ClientError) as refused:
        client.get_savings_plans_coverage(TimePeriod=PERIOD)
    assert refusal(refused.value)[0] == "DataUnavailableException"
    pages = [{"SavingsPlansCoverages": [{"Coverage": {"OnDemandCost": cost}}]} for cost in ("1", "2")]
    estate.control.plant_commitments({"costs": {"GetSavingsPlansCoverage": pages}})
    first = client.get_savings_plans_coverage(TimePeriod=PERIOD)
    second = client.get_savings_plans_coverage(TimePeriod=PERIOD, NextToken=first["NextToken"])
    costs = [page["SavingsPlansCoverages"][0]["Coverage"]["OnDemandCost"] for page in (first, second)]
    assert costs == ["1", "2"]
    assert "NextToken" not in second
