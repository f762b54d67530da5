"""`lamp doctor --stack`: what is deployed, instead of what is on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lamplighter.cli import context

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.aws.access import Aws
    from lamplighter.cli.context import Settings
    from lamplighter.deploy.check import Check
    from lamplighter.deploy.fresh import Deployed


def stack_checks(aws: Aws, chosen: Settings, stacks: Sequence[str], lake: Path | None) -> Iterator[Check]:
    """Whether the parts of stacks are there and as they should be, and have been at work lately.

    Raises:
        UsageError: no region, or more than one.
        LamplighterError: nobody knows who we are to AWS.
    """
    from lamplighter import __version__
    from lamplighter.aws.targets import Target
    from lamplighter.cli import checks
    from lamplighter.deploy import fresh
    from lamplighter.deploy.check import Status
    from lamplighter.deploy.health.part import Scene
    from lamplighter.deploy.health.registry import parts
    from lamplighter.deploy.health.stack import look_at_stack

    region = _region(aws, chosen)
    yield checks.versions()
    identity = checks.credentials(aws)
    yield identity
    if identity.status is not Status.OK:
        return
    home, now = Target(aws.own_account(), region), context.utc_now()
    yield checks.clock(aws, home, context.utc_now)
    session = aws.session_as(home, None)
    for name in dict.fromkeys(stacks):
        yield from look_at_stack(session, name, Scene(now, __version__), parts())
    found = fresh.deployed(session, stacks)
    yield from _store(found, chosen)
    yield fresh.last_collection(session, found.lake, now)
    yield _gaps(lake)


def _region(aws: Aws, chosen: Settings) -> str:
    from lamplighter.errors import UsageError

    if len(chosen.regions) > 1 or "all" in chosen.regions:
        raise UsageError("stacks are in one region", hint="name one with --region")
    region = chosen.regions[0] if chosen.regions else aws.region
    if not region:
        raise UsageError("nobody said in which region the stacks are", hint="name it with --region")
    return region


def _store(found: Deployed, chosen: Settings) -> Iterator[Check]:
    from lamplighter.cli import checks
    from lamplighter.deploy import fresh
    from lamplighter.deploy.check import Check, Status
    from lamplighter.errors import LamplighterError
    from lamplighter.scheduler.passes import last_passes

    address = chosen.store or found.store
    if not address:
        hint = "name the stack with the output Store too, or the store with --store"
        yield Check("last pass", Status.UNKNOWN, "not known: no stack says where the store is", hint)
        return
    try:
        with context.state(address, writes=False, chosen=chosen) as opened:
            yield checks.store_content(opened)
            yield fresh.last_pass(last_passes(opened), context.utc_now(), found.every)
    except LamplighterError as error:
        yield Check("last pass", Status.UNKNOWN, f"not known: {error.message}", error.hint)


def _gaps(lake: Path | None) -> Check:
    from lamplighter.deploy import fresh
    from lamplighter.deploy.check import Check, Status
    from lamplighter.errors import LamplighterError
    from lamplighter.lake.ledger import Ledger
    from lamplighter.usage.gaps import find_gaps

    if lake is None:
        hint = "copy the lake (`aws s3 sync`) and name the folder with --lake"
        return Check("usage gaps", Status.UNKNOWN, "not known: no folder of the lake is named", hint)
    try:
        with Ledger.open(lake) as ledger:
            now = context.utc_now()
            # Also behind the last look: whoever looked may have stopped.
            return fresh.usage_gaps(find_gaps(ledger, until=now), now)
    except LamplighterError as error:
        return Check("usage gaps", Status.UNKNOWN, f"not known: {error.message}", error.hint)
