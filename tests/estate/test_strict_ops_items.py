"""OpsItems of the simulated AWS: one open for a deduplication string and a resource, found by what can be searched."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lamplighter.estate.presets import deny
from lamplighter.estate.testing import MANAGEMENT, EstateProbe, refusal


def made(estate: EstateProbe, mark: str = "a", about: str = "", **changes: Any) -> str:
    """The id of a new OpsItem with a deduplication string, about a resource."""
    data = {"/aws/dedup": {"Value": json.dumps({"dedupString": mark}), "Type": "SearchableString"}} if mark else {}
    if about:
        data["/aws/resources"] = {"Value": json.dumps([{"arn": about}]), "Type": "SearchableString"}
    data["color"] = {"Value": mark or "none", "Type": "SearchableString"}
    data["hidden"] = {"Value": "x", "Type": "String"}
    asked = {"Title": f"title {mark}", "Description": "d", "Source": "tests", "OperationalData": data, **changes}
    return str(estate.client("ssm").create_ops_item(**asked)["OpsItemId"])


def listed(estate: EstateProbe, **filters: list[str]) -> list[str]:
    """The ids that filters by equality find."""
    asked = [{"Key": key, "Values": values, "Operator": "Equal"} for key, values in filters.items()]
    pages = estate.client("ssm").get_paginator("describe_ops_items").paginate(OpsItemFilters=asked)
    return [one["OpsItemId"] for page in pages for one in page["OpsItemSummaries"]]


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return refusal(error.value)[0]


def test_an_open_item_keeps_others_with_its_string_and_resource_away(estate: EstateProbe) -> None:
    first = made(estate, "a", "arn:1")
    ssm = estate.client("ssm")
    for status in ("Open", "InProgress"):
        ssm.update_ops_item(OpsItemId=first, Status=status)
        with pytest.raises(ClientError) as error:
            made(estate, "A", "arn:1")
        assert refused(error) == "OpsItemAlreadyExistsException"
    others = [made(estate, "a", "arn:2"), made(estate, "b", "arn:1"), made(estate, ""), made(estate, "")]
    assert len({first, *others}) == 5
    ssm.update_ops_item(OpsItemId=first, Status="Resolved")
    assert made(estate, "a", "arn:1") not in {first, *others}
    assert estate.client("ssm", region="us-east-1").describe_ops_items()["OpsItemSummaries"] == []
    estate.control.reset()
    assert listed(estate) == []


def test_an_item_is_read_and_changed(estate: EstateProbe) -> None:
    id_ = made(estate, Severity="2", Category="Availability")
    ssm = estate.client("ssm")
    estate.control.advance(60)
    ssm.update_ops_item(
        OpsItemId=id_,
        Title="another",
        OperationalData={"more": {"Value": "y", "Type": "String"}},
        OperationalDataToDelete=["hidden"],
    )
    item = ssm.get_ops_item(OpsItemId=id_)["OpsItem"]
    assert (item["Title"], item["Severity"], item["Status"], item["Version"]) == ("another", "2", "Open", "2")
    assert set(item["OperationalData"]) == {"/aws/dedup", "color", "more"}
    assert (item["LastModifiedTime"] - item["CreatedTime"]).total_seconds() == 60
    [shown] = ssm.describe_ops_items()["OpsItemSummaries"]
    assert set(shown["OperationalData"]) == {"/aws/dedup", "color"}
    assert "Description" not in shown


def test_items_are_found_by_filters_and_in_pages(estate: EstateProbe) -> None:
    ids = [made(estate, mark) for mark in ("a", "b", "c")]
    estate.client("ssm").update_ops_item(OpsItemId=ids[2], Status="Resolved")
    assert listed(estate, Status=["Open", "InProgress"]) == ids[:2]
    assert listed(estate, OperationalData=['{"key":"color","value":"b"}']) == [ids[1]]
    assert listed(estate, OperationalData=['{"key":"hidden","value":"x"}']) == []
    assert listed(estate, Status=["Resolved"], Source=["tests"]) == [ids[2]]
    pages = estate.client("ssm").get_paginator("describe_ops_items").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["OpsItemSummaries"]) for page in pages] == [2, 1]


def test_what_is_no_ops_item_is_refused(estate: EstateProbe) -> None:
    ssm = estate.client("ssm")
    for key in ("aws-mine", "/ssm/x", "amazon"):
        with pytest.raises(ClientError) as error:
            made(estate, OperationalData={key: {"Value": "x", "Type": "String"}})
        assert refused(error) == "OpsItemInvalidParameterException"
    for one in ({"Value": " "}, {"Value": "x" * 20_481}):
        with pytest.raises(ClientError) as error:
            made(estate, OperationalData={"mine": {**one, "Type": "String"}})
        assert refused(error) == "OpsItemInvalidParameterException"
    with pytest.raises(ClientError) as error:
        ssm.get_ops_item(OpsItemId="oi-0123456789ab")
    assert refused(error) == "OpsItemNotFoundException"
    with pytest.raises(ClientError) as error:
        ssm.update_ops_item(OpsItemId="oi-0123456789ab", Status="Resolved")
    assert refused(error) == "OpsItemNotFoundException"
    id_ = made(estate)
    with pytest.raises(ClientError) as error:
        ssm.update_ops_item(OpsItemId=id_, OperationalDataToDelete=["/aws/dedup"])
    assert refused(error) == "OpsItemInvalidParameterException"
    with pytest.raises(ClientError) as error:
        listed(estate, OperationalData=["color"])
    assert refused(error) == "OpsItemInvalidParameterException"
    with pytest.raises(ClientError) as error:
        listed(estate, CreatedBy=["me"])
    assert refused(error) == "NotImplemented"


def test_an_account_can_be_refused(estate: EstateProbe) -> None:
    estate.control.inject(deny(MANAGEMENT, "ssm:CreateOpsItem"))
    with pytest.raises(ClientError) as error:
        made(estate)
    assert refused(error).startswith("AccessDenied")
    assert estate.client("ssm").describe_ops_items()["OpsItemSummaries"] == []
