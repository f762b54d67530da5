"""An OpsItem of Systems Manager OpsCenter for each trouble: made once, kept up to date, resolved when it is over."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from lamplighter.errors import AwsError
from lamplighter.notify.message import Message, Trouble, cut_to, one_line
from lamplighter.notify.sender import Caller, Means, Sender

_ADDRESS = re.compile(r"opsitem:([a-z]{2}(?:-[a-z]+)+-\d)(?:\?severity=([1-4]))?", re.ASCII)
_TITLE: Final = 1_024
_TEXT: Final = 2_048
"""Characters (API reference, CreateOpsItem); counted in bytes here, which are no fewer."""

_OPEN: Final = ("Open", "InProgress")
_KEY: Final = "lamplighter"
"""Our own searchable key beside `/aws/dedup`: OpsItems are found by it, so that nothing has to be remembered."""


class OpsItem(Sender):
    """OpsCenter in one region of the own account; Application Manager and the account's incident tools show it."""

    name = "opsitem"
    schemes = ("opsitem",)
    title = "OpsCenter OpsItem"
    why = "An error that goes on becomes a work item with an owner and a history, and closes itself when it is over."
    source = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateOpsItem.html"
    address = "opsitem: and a region; ?severity=1 to 4, 3 when left out"
    example = "opsitem:eu-central-1?severity=2"
    permissions = ("ssm:CreateOpsItem", "ssm:DescribeOpsItems", "ssm:UpdateOpsItem")
    since = "0.1.0"

    def check(self, to: str) -> None:
        """Look at an address."""
        if _ADDRESS.fullmatch(to) is None:
            raise ValueError(f"{to!r} names no region, or a severity that is not 1 to 4; write {self.example}")

    def apart(self) -> bool:
        """One OpsItem a trouble."""
        return True

    def send(self, to: str, message: Message, means: Means) -> str:
        """Bring the OpsItem of a trouble to its present state; repeating it changes nothing.

        A message about no trouble, as a test is, makes an OpsItem and resolves it.
        """
        found = _ADDRESS.fullmatch(to)
        assert found is not None
        region, severity = found.groups()
        session = means.session(region)
        trouble = message.trouble or Trouble(message.key, over=False, reason=message.subject)
        key = sha256(trouble.key.encode()).hexdigest()
        known = _open_ones(session, key)
        if trouble.over:
            for each in known:
                data = {f"{_KEY}-over": _text(trouble.reason)}
                session.call("ssm", "update_ops_item", OpsItemId=each, Status="Resolved", OperationalData=data)
            return f"resolved {', '.join(known)}" if known else ""
        content = {
            "Title": cut_to(one_line(message.subject), _TITLE) or "Lamplighter",
            "Description": _description(message, trouble),
            "Severity": severity or "3",
        }
        if known:
            for each in known:
                session.call("ssm", "update_ops_item", OpsItemId=each, **content)
            return ""
        made = _create(session, {**content, "OperationalData": _data(trouble, key)})
        if message.trouble is None and made:
            session.call("ssm", "update_ops_item", OpsItemId=made, Status="Resolved")
        return f"made {made}{'' if message.trouble else ' and resolved it'}" if made else ""


def _open_ones(session: Caller, key: str) -> list[str]:
    filters = [
        {"Key": "OperationalData", "Values": [json.dumps({"key": _KEY, "value": key})], "Operator": "Equal"},
        {"Key": "Status", "Values": list(_OPEN), "Operator": "Equal"},
    ]
    found = session.pages("ssm", "describe_ops_items", "OpsItemSummaries", OpsItemFilters=filters)
    # Asked again here: a filter that a service did not understand must not close what others opened.
    return [
        str(each["OpsItemId"])
        for each in found
        if each.get("Status") in _OPEN and each.get("OperationalData", {}).get(_KEY, {}).get("Value") == key
    ]


def _create(session: Caller, content: Mapping[str, Any]) -> str:
    """The id of the new OpsItem; empty if there is one already, which its deduplication string says."""
    try:
        made = session.call("ssm", "create_ops_item", Source="Lamplighter", Category="Availability", **content)
    except AwsError as error:
        # An attempt whose answer was lost may have made it, and the list of OpsItems follows late.
        if error.code != "OpsItemAlreadyExistsException":
            raise
        return ""
    return str(made["OpsItemId"])


def _description(message: Message, trouble: Trouble) -> str:
    rows = (
        ("Resource", trouble.arn),
        ("Account", trouble.account),
        ("Region", trouble.region),
        ("Reason", trouble.reason),
        ("Hint", trouble.hint),
        ("Look with", trouble.look),
    )
    # What is to be found in any case stands before the text, which may be cut.
    facts = "\n".join(f"{name}: {value}" for name, value in rows if value)
    return cut_to(f"{facts}\n\n{message.text}", _TEXT)


def _data(trouble: Trouble, key: str) -> dict[str, dict[str, str]]:
    data = {
        "/aws/dedup": _text(json.dumps({"dedupString": f"{_KEY}-{key}"}), searchable=True),
        _KEY: _text(key, searchable=True),
    }
    if trouble.arn:
        data["/aws/resources"] = _text(json.dumps([{"arn": trouble.arn}]), searchable=True)
    named = {"account": trouble.account, "region": trouble.region, "hint": trouble.hint, "look": trouble.look}
    data |= {f"{_KEY}-{name}": _text(value) for name, value in named.items() if value}
    return data


def _text(value: str, *, searchable: bool = False) -> dict[str, str]:
    return {"Value": value, "Type": "SearchableString" if searchable else "String"}
