"""The lake in S3, borrowed: brought to the function's disk under a lease, and put back when all went well.

The lease is short and is held by renewing it: whoever died with it lets go within minutes. Before every write to the
lake at least half of it is left, or it is renewed, or nothing more is written. Whoever waited so long for it that the
time that is left would not do for the work does not take it, and fails (`LakeBusy`): Lambda calls again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LakeBusy, LeaseLost, StoreError
from lamplighter.lambdas.runtime import MARGIN, Context, Runtime, logger, new_run, remaining
from lamplighter.lambdas.scratch import scratch

if TYPE_CHECKING:
    from lamplighter.store.lease import Lease

LEASE: Final = timedelta(minutes=3)
"""How long the lake is held without renewal."""

RENEWED: Final = LEASE / 4
"""How often it is renewed while work is under way."""

NEEDS: Final = timedelta(minutes=2)
"""What work in the lake takes that has only little to do."""

_NAME: Final = "lake"
_PAUSE: Final = 10


@contextmanager
def lake(
    with_: Runtime,
    context: Context,
    *,
    periods: Collection[str] | None,
    tables: Collection[str] | None = None,
    needs: timedelta = NEEDS,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Path]:
    """The months of the lake as a local folder.

    Args:
        with_: connections; LAMPLIGHTER_LAKE says where the lake is.
        context: of the call: it is waited for as long as time allows.
        periods: months, YYYY-MM; None for all.
        tables: names of tables and folders; None for all.
        needs: how long the work will take, bringing and putting back included.
        sleep: waits for that many seconds.

    Raises:
        LakeBusy: others hold it until what is left of the call is less than the work needs.
        LakeError: it is damaged.
        NoRoom: the disk has no room for it.
        LeaseLost: another took the lease; no more was put back, and readers see the months as they were.
        AwsError: S3 refuses or does not answer.
    """
    from lamplighter.lake.mirror import address_of, bring, put_back

    address = address_of(with_.need("LAMPLIGHTER_LAKE"))
    held = _Held(with_, _wait(with_, context, needs, sleep))
    try:
        with scratch("lake") as folder:
            brought = bring(with_.objects(), address, folder, periods=periods, tables=tables)
            yield folder
            put_back(with_.objects(), brought, held.still)
    finally:
        held.close()


class _Held:
    """A lease that is renewed until it is closed."""

    def __init__(self, with_: Runtime, lease: Lease) -> None:
        self._with, self._lease, self._lock, self._end = with_, lease, Lock(), Event()
        self._lost: LeaseLost | None = None
        self._thread = Thread(target=self._keep, name="lease of the lake", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._end.wait(RENEWED.total_seconds()):
            try:
                self._renew()
            except LeaseLost:
                return
            except StoreError as error:
                # There is time for another try.
                logger().warning(f"the lease of the lake was not renewed: {error}")

    def _renew(self) -> None:
        from lamplighter.store.lease import renew

        with self._lock:
            if self._lost is not None:
                raise self._lost
            try:
                self._lease = renew(self._with.store, self._lease, now=self._with.clock(), ttl=LEASE)
            except LeaseLost as lost:
                self._lost = lost
                raise

    def still(self) -> None:
        """Have at least half of the lease left.

        Raises:
            LeaseLost: another took it.
            StoreError: it could not be renewed.
        """
        if self._lost is not None or self._lease.until - self._with.clock() < LEASE / 2:
            self._renew()

    def close(self) -> None:
        """Give it back; one that cannot be given back ends by itself."""
        from lamplighter.store.lease import release

        self._end.set()
        self._thread.join()
        try:
            release(self._with.store, self._lease)
        except StoreError as error:
            logger().warning(f"the lease of the lake ends by itself: {error}")


def _wait(with_: Runtime, context: Context, needs: timedelta, sleep: Callable[[float], None]) -> Lease:
    from lamplighter.store.lease import acquire

    who = ""
    while remaining(context) >= needs + MARGIN:
        held = acquire(with_.store, _NAME, new_run(), now=with_.clock(), ttl=LEASE)
        if held is not None:
            return held
        who = "others are at work in the lake, and "
        sleep(_PAUSE)
    raise LakeBusy(
        f"{who}{remaining(context).total_seconds():.0f} s are too little for the work in the lake",
        hint="the function is called again by itself",
    )
