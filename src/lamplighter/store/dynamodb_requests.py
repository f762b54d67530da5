"""What DynamoDB is asked, for each thing that a store does: pure functions of the store's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lamplighter.store import rules
from lamplighter.store.dynamodb_layout import DATA, PLAIN, VERSION, WRITE, Layout, check_prefix, table_name
from lamplighter.store.dynamodb_values import attribute, flat_attributes
from lamplighter.store.table import ANY, NEW, Put, Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lamplighter.store.table import Delete

_NAMES: Final = {"#d": DATA, "#w": WRITE, "#v": VERSION}


class Requests:
    """The requests of one store.

    Args:
        prefix: what the names of the tables begin with.
        layouts: keys of tables; those not named have the keys of `PLAIN`.

    Raises:
        UsageError: the prefix cannot begin names of tables.
    """

    def __init__(self, prefix: str, layouts: Mapping[str, Layout]) -> None:
        self.prefix = check_prefix(prefix)
        self.layouts = layouts

    def layout(self, table: str) -> Layout:
        """The keys of a table."""
        return self.layouts.get(table, PLAIN)

    def name(self, table: str) -> str:
        """The name of a table in DynamoDB."""
        return table_name(self.prefix, table)

    def key(self, table: str, partition: str, sort: str) -> dict[str, Any]:
        """The key of an item.

        Raises:
            ValueError: it cannot be one; also another sort key than the sole one of a table without sort key.
        """
        rules.check_key(table, partition, sort)
        layout = self.layout(table)
        if layout.sort is not None:
            return {layout.partition: {"S": partition}, layout.sort: {"S": sort}}
        if sort != layout.sole:
            raise ValueError(f"{table} has no sort key: say {layout.sole!r}, not {sort!r}")
        return {layout.partition: {"S": partition}}

    def get(self, table: str, partition: str, sort: str) -> dict[str, Any]:
        """GetItem."""
        return {"TableName": self.name(table), "Key": self.key(table, partition, sort), "ConsistentRead": True}

    def batch(self, table: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """BatchGetItem, of keys that are all different."""
        return {"RequestItems": {self.name(table): {"Keys": list(keys), "ConsistentRead": True}}}

    def partitions(self, table: str) -> dict[str, Any]:
        """Scan, of partition keys only."""
        return {
            "TableName": self.name(table),
            "ProjectionExpression": "#p",
            "ExpressionAttributeNames": {"#p": self.layout(table).partition},
            "ConsistentRead": True,
        }

    def query(
        self, table: str, partition: str, prefix: str, after: str | None, *, descending: bool, limit: int | None
    ) -> dict[str, Any]:
        """Query, of a range that holds what is wanted, and what stands at its two ends at most besides.

        DynamoDB takes one condition on a sort key, and of two bounds only BETWEEN, which includes both.
        """
        layout = self.layout(table)
        condition, bounds = ("", {}) if layout.sort is None else _condition(prefix, after, descending=descending)
        edges = 2 if "BETWEEN" in condition else 1 if ">=" in condition else 0
        return {
            "TableName": self.name(table),
            "KeyConditionExpression": "#p = :p" + condition,
            "ExpressionAttributeNames": {"#p": layout.partition, **({"#s": layout.sort} if bounds else {})},
            "ExpressionAttributeValues": {":p": {"S": partition}, **bounds},
            "ScanIndexForward": not descending,
            "ConsistentRead": True,
            **({} if limit is None else {"Limit": limit + edges}),
        }

    def put(self, write: Put, text: str, mark: str) -> dict[str, Any]:
        """UpdateItem, which raises the version where the item is; PutItem for a flat table.

        Args:
            write: what to write. Without condition it is done unless its own mark is there already; for a flat table
                it has one.
            text: its data as JSON.
            mark: id of this write.
        """
        if self.layout(write.table).flat:
            return self._whole(write, text, mark)
        request = self._update(write, text, mark)
        if write.expect is ANY:
            request["ConditionExpression"] = "attribute_not_exists(#w) OR #w <> :w"
            request["ReturnValues"] = "UPDATED_NEW"
        return request

    def delete(self, write: Delete) -> dict[str, Any]:
        """DeleteItem."""
        return self._conditioned(write)

    def transact(self, writes: Sequence[Write], texts: Sequence[str], mark: str) -> dict[str, Any]:
        """TransactWriteItems, with the mark as its token: repeated within ten minutes, it is done once."""
        parts = [self._part(write, text, mark) for write, text in zip(writes, texts, strict=True)]
        return {"TransactItems": parts, "ClientRequestToken": mark}

    def _part(self, write: Write, text: str, mark: str) -> dict[str, Any]:
        if not isinstance(write, Put):
            return {"Delete": self.delete(write)}
        if self.layout(write.table).flat:
            return {"Put": self._whole(write, text, mark)}
        return {"Update": self._update(write, text, mark)}

    def _whole(self, write: Put, text: str, mark: str) -> dict[str, Any]:
        request = self._conditioned(write)
        key = request.pop("Key")
        layout, data = self.layout(write.table), rules.decode(text, rules.where(write))
        version = write.expect + 1 if isinstance(write.expect, int) else 1
        own = {VERSION: {"N": str(version)}, WRITE: {"S": mark}}
        return {**request, "Item": key | flat_attributes(layout, data) | own}

    def _update(self, write: Put, text: str, mark: str) -> dict[str, Any]:
        request = self._conditioned(write)
        values = {
            ":d": attribute(rules.decode(text, rules.where(write))),
            ":w": {"S": mark},
            ":one": {"N": "1"},
        }
        return {
            **request,
            "UpdateExpression": "SET #d = :d, #w = :w ADD #v :one",
            "ExpressionAttributeNames": request.get("ExpressionAttributeNames", {}) | _NAMES,
            "ExpressionAttributeValues": request.get("ExpressionAttributeValues", {}) | values,
        }

    def _conditioned(self, write: Write) -> dict[str, Any]:
        """Table, key and condition of a write."""
        request: dict[str, Any] = {
            "TableName": self.name(write.table),
            "Key": self.key(write.table, write.partition, write.sort),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if write.expect is NEW:
            request["ConditionExpression"] = "attribute_not_exists(#p)"
            request["ExpressionAttributeNames"] = {"#p": self.layout(write.table).partition}
        elif isinstance(write.expect, int):
            request["ConditionExpression"] = "#v = :v"
            request["ExpressionAttributeNames"] = {"#v": VERSION}
            request["ExpressionAttributeValues"] = {":v": {"N": str(write.expect)}}
        return request


def _condition(prefix: str, after: str | None, *, descending: bool) -> tuple[str, dict[str, Any]]:
    """The condition on the sort key, and its values.

    What is longer than any sort key may be is left out: DynamoDB refuses it, and the store looks at each key anyway.
    """
    if len(prefix.encode()) > rules.SORT_BYTES:
        prefix = ""
    if after is not None and len(after.encode()) > rules.SORT_BYTES:
        after = None
    _, end = rules.span(prefix, None, descending=descending)
    if after is not None and (end is not None and after >= end if descending else after < prefix or not after):
        after = None
    if after is None:
        return (" AND begins_with(#s, :low)", {":low": {"S": prefix}}) if prefix else ("", {})
    if not prefix:
        return (" AND #s < :after" if descending else " AND #s > :after"), {":after": {"S": after}}
    low, high = (prefix, after) if descending else (after, end)
    if high is None or len(high.encode()) > rules.SORT_BYTES:
        return " AND #s >= :low", {":low": {"S": low}}
    return " AND #s BETWEEN :low AND :high", {":low": {"S": low}, ":high": {"S": high}}
