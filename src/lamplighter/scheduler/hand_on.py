"""Handing a pass on: in one target one chain of passes, whoever asks.

The tick, an event and another pass may each ask for a pass of a target in which something waits. Each pass that finds
it waiting would hand on, and each of what it hands on again. So the pass that was handed on last stands in the store,
one mark for each target. A pass that is still to come speaks for all who want no more than it does: not earlier, not
for more schedules, not for longer. Who is covered by it does not ask for another; who wants more asks for both, and
what was handed on before that is over when it is received.

A message is sent first and marked after that. So a mark never promises what is not in the queue: who dies in between,
is delivered twice, or does so at the same time as others, leaves a message too many, never one too few. One too many
hands nothing on, because by then another one is to come. A mark is believed only until its pass is due, because what
has begun may have looked before that which is wanted now.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from lamplighter.errors import StoreError, UsageError
from lamplighter.scheduler import roster
from lamplighter.scheduler.mended import mended
from lamplighter.scheduler.messages import Message, parse
from lamplighter.scheduler.take import AGAIN, DEADLINE, MOST, MOST_RETRIES, SOON, Taken
from lamplighter.store.table import NEW, Item, Store

log = logging.getLogger("lamplighter.scheduler")

MARKS: Final = "handed"

MARGIN: Final = timedelta(seconds=5)
"""How long before it is due a pass may have begun, because clocks differ."""


def hand_on(store: Store, taken: Taken, send: Callable[[Message, int], None], *, at: datetime) -> bool:
    """Ask for the next pass of a target, unless one is to come that will do.

    Args:
        store: the marks.
        taken: a pass that ended.
        send: puts a message into the queue, to be received after so many seconds.
        at: now, aware.

    Returns:
        Whether a message was sent.

    Raises:
        AwsError: the message did not get into the queue; nothing is marked.
        StoreError: the mark could not be read; nothing was sent.
    """
    if taken.again is None:
        return False
    wanted, key = taken.again, taken.again.target.key
    mark = _mark(store, key)
    coming = _coming(mark, wanted, at)
    if coming is not None and _covers(coming, wanted, at):
        return False
    later = taken.delay > MARGIN.seconds
    if later and coming is not None:
        # That one is over when it is received: this one is for both.
        wanted = _both(wanted, coming)
    send(wanted, taken.delay)
    if later:
        try:
            store.put(roster.TABLE, MARKS, key, {"message": wanted.text()}, expect=mark.version if mark else NEW)
        except StoreError as error:
            # Another pass was faster, or the store failed: one message too many may be on its way.
            log.info("%s: what was handed on is not marked: %s", key, error)
    return True


def overtaken(store: Store, message: Message, *, at: datetime) -> bool:
    """Whether a pass that was handed on need not be run: another one that is due no earlier, and soon, will do.

    Raises:
        StoreError: the mark could not be read.
    """
    if message.why != AGAIN:
        return False
    other = _marked(_mark(store, message.target.key), message)
    if other is None or other == message or other.at < message.at:
        return False
    names = None if at - message.at > DEADLINE else message.schedules
    return _covers(other, replace(message, schedules=names), at)


def _mark(store: Store, key: str) -> Item | None:
    """The mark of a target; one that is none of ours promises nothing, and makes room for the next."""
    return mended(store, roster.TABLE, lambda: store.get(roster.TABLE, MARKS, key))


def _coming(mark: Item | None, wanted: Message, at: datetime) -> Message | None:
    """The pass of a mark, if it cannot have begun."""
    found = _marked(mark, wanted)
    return found if found is not None and found.at > at + MARGIN else None


def _marked(mark: Item | None, wanted: Message) -> Message | None:
    """The pass of a mark; None for a mark that cannot be read."""
    text = mark.data.get("message") if mark else None
    try:
        found = parse(text) if isinstance(text, str) else None
    except UsageError:
        return None
    return found if found is not None and found.target == wanted.target else None


def _covers(coming: Message, wanted: Message, at: datetime) -> bool:
    """Whether a pass that is to come does all that is wanted, as soon or soon.

    It need not have as many hand-ons left as the one that is wanted, but half of all; or else every look that asks for
    one would begin a new chain.
    """
    wide = coming.schedules is None or (wanted.schedules is not None and wanted.schedules <= coming.schedules)
    lasts = coming.number <= max(wanted.number, MOST // 2) and coming.failures <= max(
        wanted.failures, MOST_RETRIES // 2
    )
    return coming.at <= max(wanted.at, at + timedelta(seconds=SOON)) and wide and lasts


def _both(wanted: Message, coming: Message) -> Message:
    names = None if wanted.schedules is None or coming.schedules is None else wanted.schedules | coming.schedules
    number, failures = min(wanted.number, coming.number), min(wanted.failures, coming.failures)
    return replace(wanted, schedules=names, number=number, failures=failures)
