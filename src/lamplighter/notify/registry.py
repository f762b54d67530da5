"""Finds the senders: every `Sender` in a module of this package, and those that entry points bring."""

from __future__ import annotations

import logging
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

import lamplighter.notify as package
from lamplighter.errors import LamplighterError, SendError
from lamplighter.families import by_name, member_classes
from lamplighter.notify import references
from lamplighter.notify.message import Message
from lamplighter.notify.sender import Means, Sender

ENTRY_POINT = "lamplighter.senders"

log = logging.getLogger("lamplighter.notify")


@cache
def senders() -> MappingProxyType[str, Sender]:
    """All senders by the schemes of their addresses, in order.

    Raises:
        UsageError: two senders have the same scheme, or an entry point is not a sender.
    """
    made = [member() for member in member_classes(package, Sender, ENTRY_POINT)]  # type: ignore[type-abstract]
    return by_name(
        ((scheme, sender) for sender in made for scheme in sender.schemes),
        "two senders take addresses that begin with {}:",
    )


def sender_of(to: str) -> Sender:
    """The sender for an address.

    Raises:
        ValueError: no sender knows it.
    """
    scheme = to.partition(":")[0]
    found = senders()
    if scheme not in found:
        close = get_close_matches(scheme, found, n=1)
        said = f"did you mean {close[0]}:?" if close else f"it begins with {', '.join(f'{name}:' for name in found)}"
        # The rest of the text may be a secret.
        raise ValueError(f"an address does not begin with {scheme[:20]!r}; {said}")
    return found[scheme]


def check_address(to: str) -> None:
    """Look at an address, without sending.

    Raises:
        ValueError: it is none; the text says what is wrong.
    """
    sender_of(to).check(to)


def permissions_of(to: str) -> tuple[str, ...]:
    """The IAM actions that sending to an address calls, sorted.

    Raises:
        ValueError: it is no address.
    """
    sender = sender_of(to)
    sender.check(to)
    kept = {action for kind in references.PERMISSIONS.values() for action in kind}
    used = {action for reference in sender.references(to) for action in references.permissions_of(reference)}
    return tuple(sorted({action for action in sender.permissions if action not in kept} | used))


def send(to: str, message: Message, means: Means) -> str:
    """Send a message.

    Returns:
        What is worth saying although it was sent, or empty.

    Raises:
        LamplighterError: it was not sent, or it is not known whether it was; also when a sender is at fault.
    """
    try:
        sender = sender_of(to)
        sender.check(to)
        return sender.send(to, message, means)
    except LamplighterError:
        raise
    except Exception as bug:
        log.debug("unexpected %s", type(bug).__name__, exc_info=True)
        raise SendError(
            f"unexpected {type(bug).__name__}: {' '.join(str(bug).split())}",
            hint="check the address with `lamp schedules validate`; else this is a bug in the sender",
        ) from bug
