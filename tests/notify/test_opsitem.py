"""OpsItems in a double of OpsCenter; what is asked and answered is held to the service's model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.validate import validate_parameters
from tests.models import check_request, operation_model, operation_name
from tests.notify.conftest import note

from lamplighter.errors import AwsError, Throttled
from lamplighter.notify.message import Message, Trouble
from lamplighter.notify.opsitem import OpsItem
from lamplighter.notify.registry import permissions_of, send
from lamplighter.notify.sender import Means

TO = "opsitem:eu-central-1"
ARN = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc"
KEY = "111122223333/eu-west-1#ec2-instance/i-0abc"


@dataclass
class OpsCenter:
    """OpsItems of one region: one open item for each deduplication string, as OpsCenter has it.

    Attributes:
        items: by id.
        asked: (region, action) in order.
        lost: so many creations take effect and are answered with an error.
        late: whether the list does not show anything yet.
    """

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lost: int = 0
    late: bool = False
    region: str = ""

    def __call__(self, region: str) -> OpsCenter:
        self.region = region
        return self

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        model = operation_model(service, operation)
        check_request(service, operation, params)
        self.asked.append((self.region, f"{service}:{operation_name(service, operation)}"))
        answer: dict[str, Any] = getattr(self, f"_{operation}")(params)
        validate_parameters(answer, model.output_shape)
        return answer

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        yield from self.call(service, operation, **params)[key]

    def _create_ops_item(self, params: dict[str, Any]) -> dict[str, Any]:
        dedup = params["OperationalData"]["/aws/dedup"]
        assert set(json.loads(dedup["Value"])) == {"dedupString"}
        for item in self.items.values():
            if item["OperationalData"]["/aws/dedup"] == dedup and item["Status"] != "Resolved":
                raise AwsError("there is one", code="OpsItemAlreadyExistsException")
        made = f"oi-{len(self.items):012x}"
        self.items[made] = {**params, "OpsItemId": made, "Status": "Open"}
        if self.lost:
            self.lost -= 1
            raise Throttled("busy")
        return {"OpsItemId": made}

    def _update_ops_item(self, params: dict[str, Any]) -> dict[str, Any]:
        item = self.items[params["OpsItemId"]]
        more = params.pop("OperationalData", {})
        item |= {**params, "OperationalData": {**item["OperationalData"], **more}}
        return {}

    def _describe_ops_items(self, params: dict[str, Any]) -> dict[str, Any]:
        [data, status] = params["OpsItemFilters"]
        assert (data["Key"], status["Key"]) == ("OperationalData", "Status")
        wanted = json.loads(data["Values"][0])
        shown = ("OpsItemId", "Status", "OperationalData", "Title")
        found = [
            {name: item[name] for name in shown}
            for item in self.items.values()
            if item["OperationalData"][wanted["key"]]["Value"] == wanted["value"] and item["Status"] in status["Values"]
        ]
        return {"OpsItemSummaries": [] if self.late else found}


def about(reason: str = "stop failed: no", *, over: bool = False, **changes: Any) -> Message:
    trouble = Trouble(KEY, over=over, reason=reason)
    if not over:
        look = f"lamp why {ARN}"
        trouble = Trouble(KEY, False, reason, "allow ec2:StopInstances", look, ARN, "111122223333", "eu-west-1")
    return note(trouble=trouble, **changes)


def test_from_beginning_to_end() -> None:
    center = OpsCenter()
    means = Means(center)
    assert send(f"{TO}?severity=2", about(), means) == "made oi-000000000000"
    [item] = center.items.values()
    assert (item["Title"], item["Source"], item["Category"], item["Severity"], item["Status"]) == (
        "Lamplighter: stop failed",
        "Lamplighter",
        "Availability",
        "2",
        "Open",
    )
    assert item["Description"].splitlines() == [
        f"Resource: {ARN}",
        "Account: 111122223333",
        "Region: eu-west-1",
        "Reason: stop failed: no",
        "Hint: allow ec2:StopInstances",
        f"Look with: lamp why {ARN}",
        "",
        "web-1 cannot be stopped",
    ]
    data = item["OperationalData"]
    assert json.loads(data["/aws/resources"]["Value"]) == [{"arn": ARN}]
    assert {name: one["Type"] for name, one in data.items() if not name.startswith("lamplighter-")} == {
        "/aws/dedup": "SearchableString",
        "/aws/resources": "SearchableString",
        "lamplighter": "SearchableString",
    }
    assert data["lamplighter-account"]["Value"] == "111122223333"
    # It says something else: the same OpsItem.
    assert send(TO, about("stop failed: never"), means) == ""
    assert "Reason: stop failed: never" in center.items["oi-000000000000"]["Description"]
    assert send(TO, about("it is well again", over=True), means) == "resolved oi-000000000000"
    assert item["Status"] == "Resolved"
    assert item["OperationalData"]["lamplighter-over"]["Value"] == "it is well again"
    # Told again after a crash: nothing is left to do.
    assert send(TO, about(over=True), means) == ""
    assert len(center.items) == 1
    # A new failure of the same thing is a new OpsItem.
    assert send(TO, about(), means) == "made oi-000000000001"
    assert {region for region, _ in center.asked} == {"eu-central-1"}
    assert {action for _, action in center.asked} == set(permissions_of(TO)) == set(OpsItem.permissions)


def test_an_answer_that_is_lost_makes_no_second_one() -> None:
    center = OpsCenter(lost=1)
    with pytest.raises(Throttled):
        send(TO, about(), Means(center))
    center.late = True
    assert send(TO, about(), Means(center)) == ""
    center.late = False
    assert send(TO, about(), Means(center)) == ""
    assert len(center.items) == 1


def test_what_others_opened_is_left_alone() -> None:
    center = OpsCenter()
    send(TO, about(), Means(center))
    other = note(trouble=Trouble("111122223333/eu-west-1#ec2-instance/i-0def", False, "x"))
    send(TO, other, Means(center))
    send(TO, about(over=True), Means(center))
    assert [item["Status"] for item in center.items.values()] == ["Resolved", "Open"]
    assert "/aws/resources" not in center.items["oi-000000000001"]["OperationalData"]


def test_a_test_leaves_nothing_open() -> None:
    center = OpsCenter()
    assert send(TO, note(key="test 1", kind="test"), Means(center)) == "made oi-000000000000 and resolved it"
    assert [item["Status"] for item in center.items.values()] == ["Resolved"]


def test_long_texts_are_cut_where_opscenter_has_limits() -> None:
    center = OpsCenter()
    send(TO, about(text="ü" * 5_000, subject="y" * 3_000), Means(center))
    [item] = center.items.values()
    assert "more characters]" in item["Description"]
    assert item["Description"].startswith(f"Resource: {ARN}\n")


@pytest.mark.parametrize("to", ["opsitem:", "opsitem:home", "opsitem:eu-west-1?severity=5", "opsitem:eu-west-1?x=1"])
def test_what_is_no_address(to: str) -> None:
    with pytest.raises(ValueError, match="names no region"):
        OpsItem().check(to)
