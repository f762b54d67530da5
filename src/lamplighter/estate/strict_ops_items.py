"""What moto lacks of Systems Manager: OpsItems of OpsCenter, by account and region.

Requests and answers are held against botocore's service model. What the model does not say follows the user guide of
Systems Manager, "Managing duplicate OpsItems", and the API reference, `CreateOpsItem` and `DescribeOpsItems`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from lamplighter.estate import wire
from lamplighter.estate.answers import Answer, Refusal

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

    from lamplighter.estate.request import AwsRequest

SERVICE: Final = "ssm"
OPEN: Final = frozenset({"Open", "InProgress"})
_DEDUP: Final = "/aws/dedup"
_RESOURCES: Final = "/aws/resources"
_AWS_KEYS: Final = (_DEDUP, _RESOURCES, "/aws/automations")
_RESERVED: Final = tuple(f"{slash}{name}" for slash in ("", "/") for name in ("amazon", "aws", "amzn", "ssm"))
_KEY: Final = 128
_VALUE: Final = 20 * 1024
_PAGE: Final = 50

Item = dict[str, Any]


@dataclass(slots=True)
class OpsItems:
    """OpsItems by (account, region) and id."""

    items: dict[tuple[str, str], dict[str, Item]] = field(default_factory=dict)

    def answer(self, request: AwsRequest, environ: WSGIEnvironment, now: datetime) -> Answer | Refusal | None:
        """The answer to a request; None when it is for moto."""
        act = _ACTIONS.get(request.action) if request.service == SERVICE else None
        if act is None:
            return None
        try:
            asked = wire.request_of(SERVICE, request.action, wire.parts(request, environ))
        except ValueError as wrong:
            return Refusal("ValidationException", str(wrong))
        here = self.items.setdefault((request.account, request.region), {})
        found = act(here, asked, request, now)
        return found if isinstance(found, Refusal) else wire.answer_of(SERVICE, request.action, found)


def _create(here: dict[str, Item], asked: Item, request: AwsRequest, now: datetime) -> Item | Refusal:
    data = asked.get("OperationalData", {})
    wrong = _wrong(data)
    if wrong is not None:
        return wrong
    mark = _mark(data)
    for item in here.values():
        if mark is not None and item["Status"] in OPEN and _mark(item["OperationalData"]) == mark:
            return Refusal("OpsItemAlreadyExistsException", f"The OpsItem already exists: {item['OpsItemId']}")
    id_ = f"oi-{len(here) + 1:012x}"
    who = f"arn:aws:iam::{request.account}:root"
    here[id_] = {
        **{name: value for name, value in asked.items() if name not in ("Tags", "AccountId")},
        "OperationalData": data,
        "OpsItemId": id_,
        "OpsItemArn": f"arn:aws:ssm:{request.region}:{request.account}:opsitem/{id_}",
        "Status": "Open",
        "Version": "1",
        **dict.fromkeys(("CreatedBy", "LastModifiedBy"), who),
        **dict.fromkeys(("CreatedTime", "LastModifiedTime"), now),
    }
    return {name: here[id_][name] for name in ("OpsItemId", "OpsItemArn")}


def _get(here: dict[str, Item], asked: Item, _request: AwsRequest, _now: datetime) -> Item | Refusal:
    item = here.get(asked["OpsItemId"])
    return _unknown(asked) if item is None else {"OpsItem": item}


def _update(here: dict[str, Item], asked: Item, request: AwsRequest, now: datetime) -> Item | Refusal:
    item = here.get(asked["OpsItemId"])
    if item is None:
        return _unknown(asked)
    data, gone = asked.pop("OperationalData", {}), asked.pop("OperationalDataToDelete", [])
    wrong = _wrong(data)
    if wrong is not None:
        return wrong
    if data.get(_DEDUP, item["OperationalData"].get(_DEDUP)) != item["OperationalData"].get(_DEDUP) or _DEDUP in gone:
        return _invalid("deduplication strings of an OpsItem can't be edited")
    item |= asked
    item["OperationalData"] = {key: one for key, one in item["OperationalData"].items() if key not in gone} | data
    item["Version"] = str(int(item["Version"]) + 1)
    item["LastModifiedTime"], item["LastModifiedBy"] = now, f"arn:aws:iam::{request.account}:root"
    return {}


def _describe(here: dict[str, Item], asked: Item, _request: AwsRequest, _now: datetime) -> Item | Refusal:
    filters = asked.get("OpsItemFilters", [])
    for one in filters:
        if (one["Key"], one["Operator"]) not in _FILTERS:
            known = ", ".join(f"{key} {operator}" for key, operator in _FILTERS)
            said = f"the simulated AWS filters OpsItems by {known}, not by {one['Key']} {one['Operator']}"
            return Refusal("NotImplemented", said, 501)
        if one["Key"] == "OperationalData" and not all(map(_pair, one["Values"])):
            return _invalid('a filter by OperationalData is {"key":"key_name","value":"a_value"}')
    found = [item for item in here.values() if all(_fits(item, one) for one in filters)]
    first = int(asked.get("NextToken") or 0)
    end = first + asked.get("MaxResults", _PAGE)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return {"OpsItemSummaries": [_summary(item) for item in found[first:end]], **more}


_ACTIONS: Final[Mapping[str, Callable[[dict[str, Item], Item, AwsRequest, datetime], Item | Refusal]]] = (
    MappingProxyType(
        {"CreateOpsItem": _create, "GetOpsItem": _get, "UpdateOpsItem": _update, "DescribeOpsItems": _describe}
    )
)


def _wrong(data: Mapping[str, Mapping[str, str]]) -> Refusal | None:
    """What is wrong with operational data (API reference, CreateOpsItem)."""
    for key, one in data.items():
        if key not in _AWS_KEYS and key.lower().startswith(_RESERVED):
            return _invalid(f"operational data keys can't begin with {', '.join(_RESERVED)}: {key}")
        if len(key) > _KEY or len(one.get("Value", "").encode()) > _VALUE:
            return _invalid(f"{key[:_KEY]}: a key has {_KEY} characters at most, a value 20 KB")
        if not one.get("Value", "").strip():
            return _invalid(f"{key}: the value is empty")
    return None


def _mark(data: Mapping[str, Mapping[str, str]]) -> tuple[str, str] | None:
    """What makes an OpsItem a duplicate: its deduplication string, whatever its case, and what it is about."""
    dedup = _pairs(data.get(_DEDUP, {}).get("Value", "")).get("dedupString")
    return (str(dedup).lower(), data.get(_RESOURCES, {}).get("Value", "")) if dedup else None


def _pairs(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pair(text: str) -> bool:
    return _pairs(text).keys() == {"key", "value"}


def _searchable(item: Item) -> dict[str, Any]:
    return {key: one for key, one in item["OperationalData"].items() if one.get("Type") == "SearchableString"}


def _has(item: Item, text: str) -> bool:
    pair = _pairs(text)
    return bool(_searchable(item).get(pair["key"], {}).get("Value") == pair["value"])


_FILTERS: Final[Mapping[tuple[str, str], Callable[[Item, str], bool]]] = MappingProxyType(
    {
        ("OperationalData", "Equal"): _has,
        ("OperationalDataKey", "Equal"): lambda item, text: text in _searchable(item),
        ("OpsItemId", "Equal"): lambda item, text: item["OpsItemId"] == text,
        ("ResourceId", "Contains"): lambda item, text: (
            text in item["OperationalData"].get(_RESOURCES, {}).get("Value", "")
        ),
        ("Source", "Equal"): lambda item, text: item["Source"] == text,
        ("Status", "Equal"): lambda item, text: item["Status"] == text,
        ("Title", "Contains"): lambda item, text: text in item["Title"],
    }
)


def _fits(item: Item, one: Mapping[str, Any]) -> bool:
    """Whether an item has one of the values of a filter."""
    return any(_FILTERS[one["Key"], one["Operator"]](item, value) for value in one["Values"])


def _summary(item: Item) -> Item:
    """What a list shows: operational data only as far as it is searchable."""
    members = wire.operation(SERVICE, "DescribeOpsItems").output_shape.members["OpsItemSummaries"].member.members
    return {name: item[name] for name in members if name in item} | {"OperationalData": _searchable(item)}


def _invalid(said: str) -> Refusal:
    return Refusal("OpsItemInvalidParameterException", said)


def _unknown(asked: Mapping[str, Any]) -> Refusal:
    return Refusal("OpsItemNotFoundException", f"{asked['OpsItemId']} doesn't exist")
