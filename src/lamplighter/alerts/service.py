"""After a pass: who has to be told what, and telling it. Never a reason for a pass to fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from lamplighter.alerts import told
from lamplighter.alerts.addresses import Address, addresses
from lamplighter.alerts.compose import Desk, errors_message, message, shared_ids, trouble_message, upcoming_message
from lamplighter.alerts.digest import Digest, Prices, digest
from lamplighter.alerts.outbox import Line, Outcome, deliver, enqueue, forget_strangers, waiting
from lamplighter.alerts.render import Renderer
from lamplighter.alerts.troubles import Health, failure, health
from lamplighter.alerts.upcoming import Outlook, Stop, coming_stops
from lamplighter.alerts.words import zone_of
from lamplighter.errors import LamplighterError, VersionConflict
from lamplighter.notify.message import Message
from lamplighter.notify.registry import sender_of
from lamplighter.pricing.book import PriceBook
from lamplighter.scheduler.passes import PassReport, World
from lamplighter.store.lease import Lease, acquire, release, renew
from lamplighter.store.table import NEW, Store, Write

if TYPE_CHECKING:
    from lamplighter.notify.sender import Means

log = logging.getLogger("lamplighter.alerts")

LEASE: Final = timedelta(minutes=5)
"""How long an address stays leased when its pass dies; renewed before each message."""

_AT_ONCE = 90
"""Writes of a transaction, below DynamoDB's limit of 100."""

_TRIES = 10
"""How many times what is to be told is worked out, while others tell of the same things."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told after a pass.

    Attributes:
        lines: what became of each message that was tried.
        warnings: what else went wrong, for people.
    """

    lines: Sequence[Line] = ()
    warnings: Sequence[LamplighterError] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to tell.

    Attributes:
        message: what goes into the outbox, or None.
        writes: what is remembered with it, under conditions on what was read.
        until: from when on there is no use in the message; None if there is always.
        vital: whether it is worked out anew when a condition no longer holds; else it is left out.
    """

    message: Message | None
    writes: Sequence[Write] = ()
    until: datetime | None = None
    vital: bool = True


@dataclass(slots=True)
class _Round:
    """One round of telling: what is known of the pass, and what went wrong in telling it."""

    world: World
    desk: Desk
    run: str
    health: Health
    report: PassReport | None
    prices: Prices
    outlook: Outlook = field(default_factory=Outlook)
    planned: bool = False
    warnings: list[LamplighterError] = field(default_factory=list)

    def digest(self, address: Address) -> Digest | None:
        """The digest for an address that wants one."""
        if self.report is None or not address.about("digest"):
            return None
        found = digest(address, self.report, self.health, self.prices, planned=self.planned)
        if found.error is not None and found.error.message not in {warning.message for warning in self.warnings}:
            self.warnings.append(found.error)
        return found

    def digest_message(self, address: Address, found: Digest) -> Message:
        """The message of a digest: one a pass."""
        return message(self.desk, address, "digest", [self.run], found.context)


def after_pass(
    world: World, report: PassReport, means: Means, *, whole: bool = True, prices: Prices = PriceBook.bundled
) -> Told:
    """Tell what a pass did, what went wrong and what comes; raises nothing but interrupts.

    Args:
        world: what the pass worked with.
        report: of a pass that was no dry run.
        means: what senders work with.
        whole: whether the pass was not limited to some accounts, regions or schedules.
        prices: opens the price book.
    """
    if not world.config.notify.rules:
        return Told()
    warnings: list[LamplighterError] = []
    with _fenced("messages", warnings):
        found = _round(world, report, means, whole=whole, prices=prices)
        lines = _tell_all(found, means)
        return Told(lines, (*found.warnings, *found.desk.renderer.errors.values()))
    return Told((), warnings)


def after_failure(world: World, error: LamplighterError, means: Means, *, run: str) -> Told:
    """Tell that a pass ended with an error, so that there is no report; raises nothing but interrupts."""
    if not world.config.notify.rules:
        return Told()
    warnings: list[LamplighterError] = []
    with _fenced("messages", warnings):
        desk = _desk(world, means, world.clock())
        found = _Round(world, desk, run, failure(error), None, PriceBook.bundled)
        lines = _tell_all(found, means)
        return Told(lines, (*found.warnings, *desk.renderer.errors.values()))
    return Told((), warnings)


def preview(
    world: World, report: PassReport, means: Means, *, whole: bool = True, prices: Prices = PriceBook.bundled
) -> tuple[list[tuple[Address, Message]], Sequence[LamplighterError]]:
    """What would be sent after a pass, by address; nothing is sent or written.

    Args:
        world: what the dry run worked with.
        report: of a dry run; what it would do is told as if it were done.
        means: where own templates are.
        whole: as for `after_pass`.
        prices: opens the price book.

    Returns:
        The messages, and what went wrong in making them.

    Raises:
        StoreError: the store failed.
    """
    found = _round(world, report, means, whole=whole, prices=prices)
    found.planned = True
    messages: list[tuple[Address, Message]] = []
    for address in addresses(world.config.notify):
        planned = found.digest(address)
        drafts = [*_drafts(found, address, planned)]
        if planned is not None and planned.done:
            drafts = [Draft(found.digest_message(address, planned)), *drafts]
        messages += [(address, draft.message) for draft in drafts if draft.message is not None]
    return messages, (*found.warnings, *found.desk.renderer.errors.values())


def _desk(world: World, means: Means, at: datetime) -> Desk:
    notify = world.config.notify
    own = means.folder / notify.templates if notify.templates else None
    return Desk(Renderer(own), notify, zone_of(world.config), at)


def _round(world: World, report: PassReport, means: Means, *, whole: bool, prices: Prices) -> _Round:
    desk = _desk(world, means, report.at)
    known = health(report, world.config.problems, world.store, whole=whole)
    found = _Round(world, desk, report.run, known, report, prices)
    wanting = [address for address in addresses(desk.notify) if address.about("upcoming")]
    if wanting:
        # What every one of them was told already need not be asked again.
        common = frozenset.intersection(*(told.told_stops(address, world.store) for address in wanting))
        found.outlook = coming_stops(world, report, at=report.at, lead=desk.notify.lead, told=common)
        found.warnings += found.outlook.errors.values()
    return found


def _tell_all(found: _Round, means: Means) -> list[Line]:
    everybody = addresses(found.desk.notify)
    lines: list[Line] = []
    for address in everybody:
        with _fenced(address.to, found.warnings):
            lines += _tell(found, address, means)
    with _fenced("messages", found.warnings):
        lines += forget_strangers(
            found.world.store, frozenset(address.key for address in everybody), found.world.clock()
        )
    return lines


def _tell(found: _Round, address: Address, means: Means) -> Iterator[Line]:
    """Write down what an address has to be told, whoever else does so now; then send what waits for it."""
    store = found.world.store
    own = found.digest(address)
    if own is not None and own.done:
        # What was done is known to this pass only.
        _keep(store, address, Draft(found.digest_message(address, own)))
    for number in range(1, _TRIES + 1):
        try:
            for draft in _drafts(found, address, own):
                with nullcontext() if draft.vital else suppress(VersionConflict):
                    _keep(store, address, draft)
            break
        except VersionConflict:
            # Another pass told something meanwhile: that is no news any more.
            if number == _TRIES:
                raise
    with suppress(VersionConflict):
        for chunk in _chunks(told.outdated(address, store, found.desk.at)):
            store.transact(chunk)
    yield from _send(found, address, means)


def _send(found: _Round, address: Address, means: Means) -> Iterator[Line]:
    """Send what waits for an address, until nothing does or something cannot be sent; or leave it to who is sending.

    Who finds the address leased has written its messages before that, and who holds it looks again after giving it
    back: so one of the two finds them.
    """
    store, clock = found.world.store, found.world.clock
    while waiting(store, address):
        held = acquire(store, f"notify/{address.key}", found.run, now=clock(), ttl=LEASE)
        if held is None:
            return
        leases = [held]

        def still_mine(leases: list[Lease] = leases) -> None:
            leases[:] = [renew(store, leases[0], now=clock(), ttl=LEASE)]

        outcomes = set()
        try:
            for line in deliver(store, address, means, clock(), still_mine):
                outcomes.add(line.outcome)
                yield line
        finally:
            _give_back(store, leases[0])
        if Outcome.WAITS in outcomes:
            return


def _keep(store: Store, address: Address, draft: Draft) -> None:
    """Write a message and what it tells, in one transaction as far as one holds that.

    Raises:
        VersionConflict: what is remembered changed since it was read; what was not written by then is not.
    """
    chunks = _chunks(draft.writes)
    if draft.message is not None:
        put = enqueue(address, draft.message, draft.until)
        if put.expect is NEW and store.get(put.table, put.partition, put.sort) is not None:
            log.debug("%s: %s waits already", address.to, draft.message.subject)
        else:
            store.transact([put, *(chunks.pop(0) if chunks else ())])
    for chunk in chunks:
        store.transact(chunk)


def _chunks(writes: Sequence[Write]) -> list[Sequence[Write]]:
    return [writes[start : start + _AT_ONCE] for start in range(0, len(writes), _AT_ONCE)]


def _drafts(found: _Round, address: Address, own: Digest | None) -> Iterator[Draft]:
    """What an address has to be told that follows from what was told before."""
    store, desk = found.world.store, found.desk
    counts: Sequence[Write] = ()
    if address.about("errors"):
        findings = told.news_for(address, "errors", found.health, store, desk.at)
        for made, several in _about_errors(desk, address, findings.news):
            yield Draft(made, told.remember_news(address, "errors", several, desk.at))
        counts = findings.counts
    if own is not None:
        news = told.news_for(address, "digest", found.health, store, desk.at).news
        # What is over is no reason for a digest, and one in which something was done is in the outbox already.
        worth = not own.done and any(each.trouble is not None for each in news)
        if news:
            writes = told.remember_news(address, "digest", news, desk.at)
            yield Draft(found.digest_message(address, own) if worth else None, writes)
    stops = _stops_for(found, address)
    if stops:
        assert found.report is not None
        shared = shared_ids((step.resource.id, step.resource.arn) for step in found.report.steps)
        made = upcoming_message(desk, address, stops, shared)
        yield Draft(made, told.remember_stops(address, stops, desk.at), max(stop.at for stop in stops))
    if counts:
        # The last, so that a pass that works out anew what it tells does not count twice.
        yield Draft(None, counts, vital=False)


def _about_errors(desk: Desk, address: Address, news: Sequence[told.News]) -> Iterator[tuple[Message, list[told.News]]]:
    """Messages about errors, and what each tells: one about all, or one about each."""
    if sender_of(address.to).apart():
        yield from ((trouble_message(desk, address, each), [each]) for each in news)
    elif news:
        yield errors_message(desk, address, news), list(news)


def _stops_for(found: _Round, address: Address) -> list[Stop]:
    known = told.told_stops(address, found.world.store) if found.outlook.stops else frozenset()
    return [
        stop
        for stop in found.outlook.stops
        if stop.key not in known and address.covers("upcoming", stop.target, stop.resource.schedule or "")
    ]


def _give_back(store: Store, lease: Lease) -> None:
    try:
        release(store, lease)
    except LamplighterError as error:
        log.warning("the lease on %s could not be given back: %s", lease.name, error)


@contextmanager
def _fenced(what: str, warnings: list[LamplighterError]) -> Iterator[None]:
    """Turn whatever goes wrong into a warning."""
    try:
        yield
    except LamplighterError as error:
        warnings.append(LamplighterError(f"{what}: {error.message}", hint=error.hint))
    except Exception as bug:
        log.debug("%s: unexpected %s", what, type(bug).__name__, exc_info=True)
        warnings.append(
            LamplighterError(
                f"{what}: unexpected {type(bug).__name__}: {' '.join(str(bug).split())}",
                hint="this is a bug in Lamplighter: please report it with the output of -vv",
            )
        )


__all__ = ["Line", "Outcome", "Told", "after_failure", "after_pass", "preview"]
