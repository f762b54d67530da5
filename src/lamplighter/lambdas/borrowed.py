"""The lake in S3, borrowed: brought to the function's disk under a lease, and put back when all went well."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

from lamplighter.errors import LakeError
from lamplighter.lambdas.runtime import MARGIN, SCRATCH, Context, Runtime, new_run, remaining

if TYPE_CHECKING:
    from lamplighter.store.lease import Lease

LEASE: Final = timedelta(minutes=16)
"""Longer than a function can live: whoever holds it is at work, or dead."""

_NAME: Final = "lake"
_PAUSE: Final = 10


@contextmanager
def lake(
    with_: Runtime,
    context: Context,
    *,
    periods: Collection[str] | None,
    tables: Collection[str] | None = None,
    writes: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Path]:
    """The months of the lake as a local folder.

    Args:
        with_: connections; LAMPLIGHTER_LAKE says where the lake is.
        context: of the call: it is waited for as long as time allows.
        periods: months, YYYY-MM; None for all.
        tables: names of tables and folders; None for all.
        writes: whether changes are to be put back; a reader needs no lease.
        sleep: waits for that many seconds.

    Raises:
        LakeError: others hold it until there is no time left, or it is damaged.
        LeaseLost: it took longer than the lease; nothing was put back.
        AwsError: S3 refuses or does not answer.
    """
    from lamplighter.lake.mirror import address_of, bring, put_back

    address = address_of(with_.need("LAMPLIGHTER_LAKE"))
    held = _wait(with_, context, sleep) if writes else None
    folder = Path(mkdtemp(prefix="lake-", dir=SCRATCH))
    try:
        brought = bring(with_.objects(), address, folder, periods=periods, tables=tables)
        yield folder
        if held is not None:
            from lamplighter.store.lease import renew

            held = renew(with_.store, held, now=with_.clock(), ttl=LEASE)
            put_back(with_.objects(), brought)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            from lamplighter.store.lease import release

            release(with_.store, held)


def _wait(with_: Runtime, context: Context, sleep: Callable[[float], None]) -> Lease:
    from lamplighter.store.lease import acquire

    while True:
        held = acquire(with_.store, _NAME, new_run(), now=with_.clock(), ttl=LEASE)
        if held is not None:
            return held
        if remaining(context) < 2 * MARGIN:
            raise LakeError("others are at work in the lake", hint="the function is called again by itself")
        sleep(_PAUSE)
