"""The way to a command's store; and the clock of a deployment, woken for what was written into it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lamplighter.cli.options import Output
from lamplighter.cli.show import Printer
from lamplighter.errors import LamplighterError, NotFound, UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.aws.access import Aws
    from lamplighter.cli.context import Settings
    from lamplighter.scheduler.tick import Asleep
    from lamplighter.store.dynamodb_calls import Connection
    from lamplighter.store.table import Store


class Way:
    """The way to a store in AWS: with the own credentials, in the region of its address or in the home region.

    Args:
        chosen: the options. A command that lacks some takes their variables: all must find one and the same store.
    """

    def __init__(self, chosen: Settings) -> None:
        self._profile = chosen.profile or os.environ.get("LAMPLIGHTER_PROFILE")
        self._url = chosen.endpoint_url or os.environ.get("LAMPLIGHTER_ENDPOINT_URL")
        self._region: str | None = None

    def __call__(self, region: str | None, endpoint: str | None) -> Connection:
        """Go there.

        Raises:
            UsageError: nobody says in which region the store is.
        """
        from lamplighter.aws.targets import Target
        from lamplighter.store.dynamodb_calls import Connection

        self._region, self._url = region, endpoint or self._url
        # The store repeats calls itself: it must know which answers were lost.
        aws = self._aws(retries=0)
        if aws.region is None:
            raise UsageError("the store's address names no region", hint="add ?region=eu-west-1, or set AWS_REGION")
        self._region = aws.region
        return Connection(aws.session_as(Target("store", aws.region), None), aws.region, aws.close)

    def _aws(self, retries: int = 5) -> Aws:
        from lamplighter.aws.access import Aws

        return Aws(profile=self._profile, region=self._region, endpoint_url=self._url, retries=retries)

    def wake(self, store: Store, now: datetime) -> None:
        """Wake the clock of a deployment if it does not know of what is in its store; where it cannot be, say so.

        Args:
            store: that the way led to; one that is not in AWS has no clock.
            now: aware datetime.
        """
        from lamplighter.aws.targets import Target
        from lamplighter.scheduler.alarm import SOONEST, set_alarm
        from lamplighter.scheduler.tick import asleep

        if self._region is None:
            return
        printer, sleeping = Printer(Output.TABLE), None
        try:
            sleeping = asleep(store, now)
            if sleeping is None:
                return
            with self._aws() as aws:
                session = aws.session_as(Target("own", self._region), None)
                rings = set_alarm(session, sleeping.alarm, now + SOONEST, now=now)
        except LamplighterError as error:
            printer.warn(f"the clock could not be woken: {error.message}")
            if error.hint:
                printer.note(f"hint: {error.hint}")
            when = _at_the_latest(sleeping, error, now)
            printer.note(f"what was written takes effect at the clock's next tick{when}")
            return
        if rings:
            printer.note("the clock is woken: what was written takes effect within a minute or two")
        else:
            printer.warn("scheduling is switched off (SchedulingActive): what was written waits until it is on")


def _at_the_latest(sleeping: Asleep | None, error: LamplighterError, now: datetime) -> str:
    """Until when the clock sleeps, where that is known and it has an alarm."""
    if sleeping is None or isinstance(error, NotFound):
        return ""
    if sleeping.until < now:
        return f", which was due at {sleeping.until:%Y-%m-%d %H:%M} UTC"
    return f", at the latest {sleeping.until:%Y-%m-%d %H:%M} UTC"
