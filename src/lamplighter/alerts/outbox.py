"""The outbox: messages that are to be sent, and sending them.

A message is written here together with what remembers that it was told, and taken away after it was sent. So a crash
can make it be sent twice, and cannot lose it. A lease on the address keeps two passes from sending at once; writing
needs none, so a message may change while an earlier form of it is sent: then it stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, cast

from lamplighter.alerts.addresses import Address
from lamplighter.alerts.words import digest_of
from lamplighter.errors import LamplighterError, StoreCorrupt, VersionConflict
from lamplighter.notify.message import Message, Trouble, cut_to
from lamplighter.notify.registry import send
from lamplighter.store.table import ANY, JSON, NEW, Item, Put, Store

if TYPE_CHECKING:
    from lamplighter.notify.sender import Means

TABLE: Final = "outbox"
PARTITION: Final = "outbox"

KEPT: Final = timedelta(hours=24)
"""What could not be sent for so long is given up."""
MOST: Final = 100
"""So many messages wait for one address; when there are more, the oldest are given up."""

_OVER = "what it tells of is over"

_PART = 48_000
"""Bytes of each part of a message. In an item, which holds 256 KiB of JSON, a text takes up to twice its size."""


class Outcome(StrEnum):
    """What became of a message."""

    SENT = "sent"
    WAITS = "waits"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one message, or of all for an address.

    Attributes:
        to: the address.
        subject: of the message; empty for what concerns the address as a whole.
        outcome: sent, waits (for the next pass) or given up.
        error: why it was not sent, or None.
        note: what is worth saying although it was sent.
    """

    to: str
    subject: str
    outcome: Outcome
    error: LamplighterError | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that waits.

    Attributes:
        message: what is to be sent.
        attempts: how often that failed.
        error: how it failed last.
        until: aware datetime from which on there is no use in it; None if there is always.
        item: as it is stored.
    """

    message: Message
    attempts: int
    error: str
    until: datetime | None
    item: Item


def enqueue(address: Address, message: Message, until: datetime | None = None) -> Put:
    """The write that puts a message into the outbox; it fails if the same message waits already.

    Of messages about one trouble the last one is kept: whoever keeps a record of it needs only its present state.

    Args:
        address: to whom.
        message: what.
        until: aware datetime from which on there is no use in it; None if there is always.
    """
    text = json.dumps(message.data, ensure_ascii=False)
    html = message.html if message.html is not None and len(message.html.encode(errors="replace")) <= _PART else None
    data: dict[str, JSON] = {
        "to": address.to,
        "key": message.key,
        "kind": message.kind,
        "at": message.at.isoformat(),
        "subject": _storable(message.subject)[:500],
        "text": cut_to(_storable(message.text), _PART),
        "html": _storable(html) if html is not None else None,
        "data": cast("JSON", message.data) if len(text.encode(errors="replace")) <= _PART else {"cut": len(text)},
        "trouble": cast("JSON", asdict(message.trouble)) if message.trouble else None,
        "until": until.isoformat() if until else "",
        "attempts": 0,
        "error": "",
    }
    about, expect = (message.trouble.key, ANY) if message.trouble else (message.key, NEW)
    return Put(TABLE, PARTITION, f"{address.key}#{message.kind}#{digest_of(about)}", data, expect)


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which have no UTF-8 form."""
    return text.encode(errors="replace").decode()


def waiting(store: Store, address: Address) -> list[Pending]:
    """What waits for an address: what failed least first, then the oldest.

    Raises:
        StoreCorrupt: an item is not a message.
    """
    found = [_pending(item) for item in store.query(TABLE, PARTITION, prefix=f"{address.key}#")]
    return sorted(found, key=lambda one: (one.attempts, one.message.at, one.item.sort))


def deliver(
    store: Store, address: Address, means: Means, now: datetime, still_mine: Callable[[], None]
) -> Iterator[Line]:
    """Send what waits for an address, until one cannot be sent.

    Args:
        store: holds the outbox.
        address: whose messages.
        means: what senders work with.
        now: aware datetime.
        still_mine: renews the lease on the address before each message; raises LeaseLost.

    Yields:
        What became of each message that was tried, or is given up.
    """
    messages = waiting(store, address)
    for number, one in enumerate(messages):
        still_mine()
        message = one.message
        if one.until is not None and now >= one.until:
            _replace(store, one)
            yield Line(address.to, message.subject, Outcome.GIVEN_UP, LamplighterError(_OVER))
            continue
        try:
            note = send(address.to, message, means)
        except LamplighterError as error:
            too_old = now - message.at > KEPT
            tried = {**one.item.data, "attempts": one.attempts + 1, "error": error.message[:2_000]}
            _replace(store, one, None if too_old else tried)
            outcome = Outcome.GIVEN_UP if too_old else Outcome.WAITS
            yield Line(address.to, message.subject, outcome, error)
            yield from _too_many(store, address, messages[number + 1 :], error)
            return
        _replace(store, one)
        yield Line(address.to, message.subject, Outcome.SENT, note=note)


def _replace(store: Store, one: Pending, data: Mapping[str, JSON] | None = None) -> None:
    """Change a message, or take it out; one that another pass has written anew meanwhile stays as it is."""
    with suppress(VersionConflict):
        if data is None:
            store.delete(TABLE, PARTITION, one.item.sort, expect=one.item.version)
        else:
            store.put(TABLE, PARTITION, one.item.sort, data, expect=one.item.version)


def _too_many(store: Store, address: Address, rest: list[Pending], error: LamplighterError) -> Iterator[Line]:
    for one in sorted(rest, key=lambda one: one.message.at)[: max(0, len(rest) + 1 - MOST)]:
        _replace(store, one)
        yield Line(address.to, one.message.subject, Outcome.GIVEN_UP, error)


def forget_strangers(store: Store, known: frozenset[str], now: datetime) -> list[Line]:
    """Give up what has waited too long for addresses that no rule names any more."""
    lines = []
    for item in store.query(TABLE, PARTITION):
        if item.sort.partition("#")[0] in known:
            continue
        one = _pending(item)
        if now - one.message.at > KEPT:
            _replace(store, one)
            error = LamplighterError("no rule names this address any more")
            lines.append(Line(str(item.data["to"]), one.message.subject, Outcome.GIVEN_UP, error))
    return lines


def _trouble(data: JSON) -> Trouble | None:
    """As it was stored; one that cannot be read is a KeyError or ValueError, as everything of a message is."""
    if not isinstance(data, dict):
        return None
    texts = {name: str(data[name]) for name in ("key", "reason", "hint", "look", "arn", "account", "region")}
    return Trouble(over=data["over"] is True, **texts)


def _pending(item: Item) -> Pending:
    data = item.data
    try:
        html = data["html"]
        content = data["data"]
        message = Message(
            str(data["key"]),
            str(data["kind"]),
            datetime.fromisoformat(str(data["at"])),
            str(data["subject"]),
            str(data["text"]),
            html if isinstance(html, str) else None,
            content if isinstance(content, dict) else {},
            _trouble(data.get("trouble")),
        )
        until = datetime.fromisoformat(str(data["until"])) if data.get("until") else None
        return Pending(message, int(str(data["attempts"])), str(data["error"]), until, item)
    except (KeyError, ValueError) as error:
        raise StoreCorrupt(
            f"the message {item.sort} cannot be read: {error}",
            hint="restore the store from a backup, or delete the item from the outbox",
        ) from error
