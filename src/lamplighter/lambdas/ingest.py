"""Ingest: a bill that arrived in S3 goes into the lake, month by month, or is refused with its reason."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from lamplighter.errors import BillError
from lamplighter.lambdas.borrowed import lake
from lamplighter.lambdas.runtime import SCRATCH, Context, Meters, Runtime, logger, runtime


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(event: object, context: Context, with_: Runtime) -> Mapping[str, Any]:
    """One object that arrived.

    Args:
        event: `Object Created` of S3, by EventBridge.
        context: of the call.
        with_: connections.

    Returns:
        What was done: `loaded` with its months, `refused` with the reason, `waits` for the manifest, or `parked`.

    Raises:
        LamplighterError: S3, the lake or the store failed; the same event again is harmless.
    """
    from lamplighter.billing.arrived import is_bill

    match event:
        case {"source": "aws.s3", "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            if not is_bill(key):
                return {"did": "waits", "key": key}
            return _load(bucket, key, context, with_)
    return _park(with_, event, "parked", "it is no object of S3 that was created")


def _load(bucket: str, key: str, context: Context, with_: Runtime) -> Mapping[str, Any]:
    from lamplighter.billing.arrived import fetch_arrived, month_of
    from lamplighter.billing.load import load
    from lamplighter.lake.months import CHARGES

    month = month_of(key)
    folder = Path(mkdtemp(prefix="bill-", dir=SCRATCH))
    try:
        fetch_arrived(with_.objects(), bucket, key, folder)
        with lake(with_, context, periods=[month] if month else None, tables=[CHARGES, "quarantine"]) as place:
            loaded = load([str(folder)], place, at=with_.clock())
    except BillError as error:
        # Tried again it would be refused again.
        return _park(with_, {"bucket": bucket, "key": key}, "refused", str(error))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    meters = Meters(with_.environ)
    meters.add("MonthsLoaded", len(loaded.months))
    meters.write()
    said = {"did": "loaded", "months": [each.period for each in loaded.months], "rows": loaded.rows_loaded}
    logger().info("bill", extra={**said, "key": key, "quarantined": loaded.quarantined.rows})
    return said


def _park(with_: Runtime, what: object, did: str, reason: str) -> Mapping[str, Any]:
    from lamplighter.scheduler.parked import park

    park(with_.store, "ingest", what, reason, at=with_.clock())
    logger().error(f"{did}: {reason}")
    meters = Meters(with_.environ)
    meters.add("BillsRefused")
    meters.write()
    return {"did": did, "reason": reason}
