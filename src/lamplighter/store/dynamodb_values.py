"""Between the JSON of an item and DynamoDB's attribute values; pure functions.

Source of the forms: DynamoDB API reference, "AttributeValue". A list is `L`, an object `M`, a number `N` as text.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import StoreCorrupt
from lamplighter.store.dynamodb_layout import DATA, VERSION, WRITE, Layout
from lamplighter.store.rules import NUMBER_DIGITS
from lamplighter.store.table import JSON, Item

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREIGN: Final = "it was left as it is: delete it if it is not Lamplighter's, else restore the table to an earlier time"


def attribute(value: JSON) -> dict[str, Any]:
    """The attribute value of what the rules of the store allow."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": str(value)}
        case list():
            return {"L": [attribute(member) for member in value]}
        case dict():
            return {"M": {name: attribute(member) for name, member in value.items()}}


def plain(value: Mapping[str, Any]) -> JSON:
    """The JSON of an attribute value, names sorted.

    Raises:
        ValueError: sets, bytes, fractions: nothing that a store writes.
    """
    ((kind, inner),) = value.items()
    match kind, inner:
        case "NULL", _:
            return None
        case "BOOL", bool():
            return inner
        case "N", str():
            return _whole(inner)
        case "S", str():
            return inner
        case "L", list():
            return [plain(member) for member in inner]
        case "M", dict():
            return {name: plain(inner[name]) for name in sorted(inner)}
    raise ValueError(f"{kind} is not what a store writes")


def _whole(text: str) -> int:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error
    if not number.is_finite() or number.adjusted() >= NUMBER_DIGITS or number != number.to_integral_value():
        raise ValueError(f"{text} is not a whole number")
    return int(number)


def flat_attributes(layout: Layout, data: Mapping[str, JSON]) -> dict[str, Any]:
    """The attributes of an item that has them side by side, without its keys and what is the store's own."""
    return {layout.attribute(name): attribute(value) for name, value in data.items()}


def _flat(layout: Layout, raw: Mapping[str, Any]) -> dict[str, JSON]:
    own = (*layout.keys, VERSION, WRITE)
    return {name: plain(raw[held]) for name, held in sorted((layout.name(key), key) for key in raw if key not in own)}


def read_item(table: str, layout: Layout, raw: Mapping[str, Any]) -> tuple[Item, str]:
    """An item as DynamoDB gave it, and the id of its last write.

    Raises:
        StoreCorrupt: it is no item of the store.
    """
    try:
        partition = str(raw[layout.partition]["S"])
        sort = layout.sole if layout.sort is None else str(raw[layout.sort]["S"])
    except KeyError as error:
        raise StoreCorrupt(f"{table}: an item has other keys than the store's", hint=FOREIGN) from error
    key = (table, partition, sort)
    try:
        version, write = plain(raw[VERSION]), plain(raw[WRITE])
        data = _flat(layout, raw) if layout.flat else plain(raw[DATA])
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"{table}/{partition}/{sort}: no item of the store: {error}", hint=FOREIGN, key=key
        ) from error
    if not isinstance(data, dict) or isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise StoreCorrupt(f"{table}/{partition}/{sort}: no item of the store", hint=FOREIGN, key=key)
    return Item(partition, sort, data, version), str(write)
