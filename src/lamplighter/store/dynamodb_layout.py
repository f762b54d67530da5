"""How the store lies in DynamoDB, as data: one table for each table of the store, its keys, and who may do what.

`TABLES` says which tables there are; templates of a deployment, `lamp doctor` and local set-up are made from it. The
store's table `journal` is the table `lamplighter-journal` if the prefix is `lamplighter`. Tables of their own, rather
than one for all: a scan of one does not read the others, each has permissions and backups of its own, and those whose
keys have a name for others (`AWSCost`) keep it.

An item is its keys and `data` (a map), `version` (a number) and `write` (an id of the last write, see
`lamplighter.store.dynamodb`). In the tables that others read as well what `data` would hold are attributes of the item.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA: Final = "data"
VERSION: Final = "version"
WRITE: Final = "write"

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class Layout:
    """How one table of the store lies in DynamoDB.

    Attributes:
        partition: attribute of the partition key, a text.
        sort: attribute of the sort key, a text; None for a table that has none.
        sole: the sort key that all items of a table without sort key have in the store.
        flat: whether what an item holds are attributes of the item, not of the one map `data`. An item is then written
            whole, and a write without condition reads the version first.
    """

    partition: str = "partition"
    sort: str | None = "sort"
    sole: str = "value"
    flat: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The attributes of the key."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)

    def attribute(self, name: str) -> str:
        """The attribute of a flat item that holds what is under a name: the same, but for the names that are taken.

        Those get a `_` in front, and so do those that would read like one of them (`version`, `_version`, ...).
        """
        return f"_{name}" if self._taken(name) else name

    def name(self, attribute: str) -> str:
        """The name under which a flat item's attribute is held; the other way of `attribute`."""
        return attribute[1:] if self._taken(attribute) else attribute

    def _taken(self, name: str) -> bool:
        return name.lstrip("_") in (*self.keys, VERSION, WRITE)


PLAIN: Final = Layout()

TABLES: Final[Mapping[str, Layout]] = {
    "AWSCost": Layout("awsResource", "time", flat=True),
    "AWSCostMap": Layout("id", None, flat=True),
    "calendars": PLAIN,
    "clock": PLAIN,
    "cost-explorer": PLAIN,
    "definitions": PLAIN,
    "intents": PLAIN,
    "journal": PLAIN,
    "leases": PLAIN,
    "outbox": PLAIN,
    "overrides": PLAIN,
    "parked": PLAIN,
    "passes": PLAIN,
    "savings": PLAIN,
    "sizes": PLAIN,
    "state": PLAIN,
    "told": PLAIN,
}
"""Every table of the store and its keys; what does not stand here has the keys of `PLAIN`."""

PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "get": ("dynamodb:GetItem",),
    "get_many": ("dynamodb:BatchGetItem",),
    "query": ("dynamodb:Query",),
    "partitions": ("dynamodb:Scan",),
    "put": ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:GetItem"),
    "put_many": ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:GetItem"),
    "delete": ("dynamodb:DeleteItem", "dynamodb:GetItem"),
    # A transaction needs what its parts need (DynamoDB developer guide, "Using IAM with DynamoDB transactions").
    "transact": ("dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:GetItem"),
    "look_at_tables": ("dynamodb:DescribeTable",),
    "create_tables": ("dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateContinuousBackups"),
}
"""IAM actions by what is called: PutItem where a table is flat, UpdateItem elsewhere. GetItem beside a write tells what
was found when a condition did not hold, and in a flat table which version a write without condition takes."""


def check_prefix(prefix: str) -> str:
    """The prefix, if it can begin names of tables.

    Raises:
        UsageError: it cannot.
    """
    if not _PREFIX.fullmatch(prefix):
        raise UsageError(
            f"{prefix!r} is no prefix of tables",
            hint="say dynamodb://lamplighter: up to 100 letters, digits, '_', '.' or '-'",
        )
    return prefix


def table_name(prefix: str, table: str) -> str:
    """Name in DynamoDB of a table of the store."""
    return f"{prefix}-{table}"


def table_request(name: str, layout: Layout) -> dict[str, Any]:
    """What CreateTable is asked: billed by request, encrypted with the account's own key for DynamoDB."""
    keys = [(layout.partition, "HASH")] + ([] if layout.sort is None else [(layout.sort, "RANGE")])
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        "BillingMode": "PAY_PER_REQUEST",
        "SSESpecification": {"Enabled": True, "SSEType": "KMS"},
    }
