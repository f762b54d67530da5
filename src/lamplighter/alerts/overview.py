"""Each address at a glance: what it is told, what waits for it, what it knows to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.alerts import told
from lamplighter.alerts.addresses import Address, addresses
from lamplighter.alerts.outbox import waiting
from lamplighter.notify.definitions import TOPICS, NotifyDefinition
from lamplighter.notify.registry import permissions_of, sender_of
from lamplighter.store.table import Store


@dataclass(frozen=True, slots=True)
class Overview:
    """One address.

    Attributes:
        to: as it stands in the file.
        sender: name of the sender.
        about: topics.
        after: by how many passes in a row an error must have been met before it is told.
        accounts: the only ones, over all rules; empty for all.
        schedules: the same.
        waiting: messages in the outbox.
        last_error: how the last attempt failed; empty if nothing waits.
        errors: what it was told to be wrong and is not over.
        permissions: IAM actions that sending there calls.
    """

    to: str
    sender: str
    about: tuple[str, ...]
    after: int
    accounts: tuple[str, ...]
    schedules: tuple[str, ...]
    waiting: int
    last_error: str
    errors: int
    permissions: tuple[str, ...]


def overview(notify: NotifyDefinition, store: Store) -> list[Overview]:
    """Every address of the rules.

    Raises:
        StoreError: the store failed.
    """
    return [_overview(address, store) for address in addresses(notify)]


def _overview(address: Address, store: Store) -> Overview:
    pending = waiting(store, address)
    items = store.query(told.TABLE, told.errors_partition(address, "errors"))
    return Overview(
        address.to,
        sender_of(address.to).name,
        tuple(topic for topic in TOPICS if address.about(topic)),
        address.after,
        _joined(tuple(rule.accounts for rule in address.rules)),
        _joined(tuple(rule.schedules for rule in address.rules)),
        len(pending),
        next((one.error for one in reversed(pending) if one.error), ""),
        sum(item.data.get("wrong") is True for item in items),
        permissions_of(address.to),
    )


def _joined(several: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    """The union of conditions; none as soon as one rule has none."""
    return tuple(sorted({one for names in several for one in names})) if all(several) else ()
