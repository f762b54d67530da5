"""The rules of the contract that every engine applies alike: keys, data, conditions, ranges.

Pure functions. Limits are DynamoDB's, or stay below them whatever the shape of the data: a list of empty lists takes
1.5 times its JSON there, so 256 KiB of JSON always fit into an item of 400 KB and 2.5 MiB into a transaction of 4 MB.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NoReturn

from lamplighter.errors import StoreCorrupt, VersionConflict
from lamplighter.store.table import JSON, Expect, Put, Sentinel, Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PARTITION_BYTES: Final = 2_048
SORT_BYTES: Final = 1_024
DATA_BYTES: Final = 262_144
DATA_DEPTH: Final = 29
NUMBER_DIGITS: Final = 38
TRANSACT_WRITES: Final = 100
TRANSACT_BYTES: Final = 2_621_440

_TABLE = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_LAST = chr(0x10FFFF)


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f"{text} is a float")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
_DECODER = json.JSONDecoder(parse_float=_refuse_float, parse_constant=_refuse_float)


def check_table(table: str) -> None:
    """Refuse (ValueError) what cannot be the name of a table."""
    if not _TABLE.fullmatch(table):
        raise ValueError(f"table name {table!r} is not 1 to 128 letters, digits, '_', '.' or '-'")


def check_text(what: str, text: str) -> int:
    """Size of a text in bytes of UTF-8; TypeError if it is no text, ValueError if it has no UTF-8 form."""
    if not isinstance(text, str):
        raise TypeError(f"{what}: {type(text).__name__} is not a text")
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"{what}: half of a surrogate pair cannot be stored") from error


def check_partition(table: str, partition: str) -> None:
    """Refuse (ValueError, TypeError) what cannot be a partition of a table."""
    check_table(table)
    _check_key("partition", partition, PARTITION_BYTES)


def check_key(table: str, partition: str, sort: str) -> None:
    """Refuse (ValueError, TypeError) what cannot be the key of an item."""
    check_partition(table, partition)
    _check_key("sort", sort, SORT_BYTES)


def _check_key(what: str, text: str, limit: int) -> None:
    if not 0 < (size := check_text(what, text)) <= limit:
        raise ValueError(f"{what} key is empty" if size == 0 else f"{what} key has {size} bytes, more than {limit}")


def check_limit(limit: int | None) -> None:
    """Refuse (ValueError) a negative number of items."""
    if limit is not None and limit < 0:
        raise ValueError(f"limit {limit} is negative")


def check_expect(expect: Expect) -> None:
    """Refuse (TypeError, ValueError) what cannot be a condition."""
    if isinstance(expect, Sentinel):
        return
    if isinstance(expect, bool) or not isinstance(expect, int):
        raise TypeError(f"expect {expect!r} is neither a version, nor NEW, nor ANY")
    if expect < 1:
        raise ValueError(f"expect {expect}: versions begin at 1; say NEW for an item that must not exist")


def check_write(write: Write) -> str:
    """Refuse what breaks the rules; otherwise the JSON text of a `Put`, and an empty one of a `Delete`."""
    check_key(write.table, write.partition, write.sort)
    check_expect(write.expect)
    return encode(write.data) if isinstance(write, Put) else ""


def check_unconditional(write: Put) -> str:
    """As `check_write`, for `put_many`: a condition is refused (ValueError)."""
    if write.expect is not Sentinel.ANY:
        raise ValueError(f"put_many keeps no conditions, but {where(write)} has expect={write.expect!r}: use transact")
    return check_write(write)


def check_transaction(writes: Sequence[Write]) -> list[str]:
    """Refuse what no transaction may hold; otherwise the text of each write, as `check_write` gives it."""
    if len(writes) > TRANSACT_WRITES:
        raise ValueError(f"{len(writes)} writes in one transaction, more than {TRANSACT_WRITES}")
    texts = [check_write(write) for write in writes]
    seen: set[tuple[str, str, str]] = set()
    for write in writes:
        key = (write.table, write.partition, write.sort)
        if key in seen:
            raise ValueError(f"two writes of {where(write)} in one transaction")
        seen.add(key)
    if (size := sum(len(text.encode()) for text in texts)) > TRANSACT_BYTES:
        raise ValueError(f"{size} bytes of JSON in one transaction, more than {TRANSACT_BYTES}")
    return texts


def encode(data: Mapping[str, JSON]) -> str:
    """The JSON text of an item's data; TypeError and ValueError name the path of what cannot be stored."""
    plain = dict(data)
    _check_value(plain, "data", 1)
    text = _ENCODER.encode(plain)
    if (size := len(text.encode())) > DATA_BYTES:
        raise ValueError(f"data has {size} bytes of JSON, more than {DATA_BYTES}")
    return text


def _check_value(value: object, path: str, depth: int) -> None:
    match value:
        case list() | dict() if depth > DATA_DEPTH:
            raise ValueError(f"{path}: nested deeper than {DATA_DEPTH} levels")
        case list():
            for index, member in enumerate(value):
                _check_value(member, f"{path}[{index}]", depth + 1)
        case dict():
            for name, member in value.items():
                if check_text(f"{path}: name {name!r}", name) == 0:
                    raise ValueError(f"{path}: a name is empty")
                _check_value(member, f"{path}.{name}", depth + 1)
        case _:
            _check_scalar(value, path)


def _check_scalar(value: object, path: str) -> None:
    match value:
        case None | bool():
            return
        case str():
            check_text(path, value)
        case int():
            if abs(value) >= 10**NUMBER_DIGITS:
                raise ValueError(f"{path}: a number of more than {NUMBER_DIGITS} digits")
        case float():
            raise TypeError(f"{path}: float {value!r} is not exact; store a text")
        case _:
            raise TypeError(f"{path}: {type(value).__name__} is not None, bool, int, str, list or dict")


def decode(text: str, place: str) -> dict[str, JSON]:
    """The data of a stored text; `StoreCorrupt` naming the place if it is none."""
    try:
        data = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise StoreCorrupt(f"{place}: stored data cannot be read: {error}", hint=DAMAGED) from error
    if not isinstance(data, dict):
        raise StoreCorrupt(f"{place}: stored data is no JSON object", hint=DAMAGED)
    return data


DAMAGED: Final = "the file was left as it is: run `lamp doctor`, and bring back a backup"


def where(write: Write) -> str:
    """Name of a write's key for messages: `table/partition/sort`."""
    return f"{write.table}/{write.partition}/{write.sort}"


def next_version(write: Write, current: int | None) -> int:
    """Version after a write.

    Args:
        write: the write, with its condition.
        current: version of the item now; None if there is none.

    Raises:
        VersionConflict: the condition does not hold.
    """
    match write.expect:
        case Sentinel.ANY:
            holds, wanted = True, ""
        case Sentinel.NEW:
            holds, wanted = current is None, "no item"
        case version:
            holds, wanted = current == version, f"version {version}"
    if not holds:
        found = "no item" if current is None else f"version {current}"
        raise VersionConflict(
            f"{where(write)}: expected {wanted}, found {found}", hint="read it again and repeat the change"
        )
    return (current or 0) + 1


def span(prefix: str, after: str | None, *, descending: bool) -> tuple[str, str | None]:
    """The half-open range of sort keys that a query asks for.

    Returns:
        (first, end): sort keys with first <= key < end, or first <= key if end is None. Texts compare by code point
        in Python, which is the order of their UTF-8 bytes.
    """
    check_text("prefix", prefix)
    first, end = prefix, _after_prefix(prefix)
    if after is not None:
        check_text("after", after)
        if not descending:
            first = max(first, after + "\0")
        elif end is None or after < end:
            end = after
    return first, end


def _after_prefix(prefix: str) -> str | None:
    stem = prefix.rstrip(_LAST)
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    # Code points D800 to DFFF are surrogates, which no UTF-8 text holds.
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)
