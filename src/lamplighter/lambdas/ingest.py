"""Ingest: a bill that arrived in S3 goes into the lake, month by month, or is refused with its reason.

Reading it takes no lease: the lake is borrowed when all of the bill is staged. What time does not suffice for, or what
others in the lake leave no time for, goes on in a new call. A bill that is not newer than what is there is left out, so
events may come twice, late and in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import BillError, LakeBusy, NoRoom, Overtaken
from lamplighter.lambdas.again import call_again
from lamplighter.lambdas.borrowed import lake
from lamplighter.lambdas.runtime import MARGIN, Context, Meters, Runtime, logger, remaining, runtime
from lamplighter.lambdas.scratch import scratch

if TYPE_CHECKING:
    from lamplighter.billing.arrived import Arrived
    from lamplighter.billing.load import Loaded
    from lamplighter.billing.portions import Progress
    from lamplighter.lake.mirror import Address

MOST: Final = 12
"""Calls that one bill may take; Lambda ends what calls itself 16 times in a row."""

AGAIN: Final = "x_number"
"""Member of the event of a call that goes on: how many calls there were before."""


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of the function."""

    bucket: str
    key: str
    number: int
    event: Mapping[str, Any]
    context: Context
    with_: Runtime


def answer(event: object, context: Context, with_: Runtime) -> Mapping[str, Any]:
    """One object that arrived.

    Args:
        event: `Object Created` of S3, by EventBridge; with `AGAIN` when a call before handed it on.
        context: of the call.
        with_: connections.

    Returns:
        What was done: `loaded` with its months, `superseded` or `refused` with the reason, `waits` for the manifest,
        `goes on` in a new call, or `parked`.

    Raises:
        LamplighterError: S3, the lake or the store failed; the same event again is harmless.
    """
    from lamplighter.billing.arrived import is_bill

    told = event if isinstance(event, dict) else {}
    match told:
        case {"source": "aws.s3", "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}}:
            if not is_bill(key):
                return {"did": "waits", "key": key}
            number = told.get(AGAIN, 0)
            return _ingest(_Call(bucket, key, number if isinstance(number, int) else 0, told, context, with_))
    return _park(with_, event, "parked", "it is no object of S3 that was created")


def _ingest(call: _Call) -> Mapping[str, Any]:
    from lamplighter.billing.arrived import look_at
    from lamplighter.billing.portions import clear, place_of
    from lamplighter.lake.mirror import address_of

    with_, session = call.with_, call.with_.objects()
    place, month = None, None
    try:
        with scratch("bill") as folder:
            arrived = look_at(session, call.bucket, call.key, folder)
            place, month = place_of(arrived, address_of(with_.need("LAMPLIGHTER_LAKE"))), arrived.month
            _refuse_overtaken(with_, arrived)
            return _load(call, arrived, place, folder)
    except Overtaken as late:
        _tidy_up(call, month)
        said = _superseded(with_, call, late)
    except (BillError, NoRoom) as error:
        # Tried again it would be refused again.
        reason = f"{error.message}; {error.hint}" if error.hint else error.message
        said = _park(with_, {"bucket": call.bucket, "key": call.key}, "refused", reason)
    if place is not None:
        clear(session, place)
    return said


def _refuse_overtaken(with_: Runtime, arrived: Arrived) -> None:
    """Before anything of the bill is read; when it is published, it is looked at again.

    Raises:
        Overtaken: the same report has brought the same telling of the month, or a newer one.
    """
    from lamplighter.billing.load import not_newer
    from lamplighter.billing.records import loads_of
    from lamplighter.billing.versions import Standing, standing_of_report
    from lamplighter.lake.columns import PARTITION
    from lamplighter.lake.mirror import address_of, peek
    from lamplighter.lake.months import CHARGES, RECORD

    if arrived.month is None:
        return
    path = f"{CHARGES}/{PARTITION}={arrived.month}/{RECORD}"
    told = peek(with_.objects(), address_of(with_.need("LAMPLIGHTER_LAKE")), path)
    how, there = standing_of_report(arrived.bill.version, loads_of(told or {}))
    if how is not Standing.NEW:
        raise Overtaken(not_newer(how, arrived.bill.version, there, f"the charges for {arrived.month}"))


def _tidy_up(call: _Call, month: str | None) -> None:
    """If a call before died at the very end, this is its second try: take away what it has left of the month before."""
    from lamplighter.lake.columns import PARTITION
    from lamplighter.lake.mirror import address_of, left_over
    from lamplighter.lake.months import CHARGES

    address = address_of(call.with_.need("LAMPLIGHTER_LAKE"))
    if month is not None and left_over(call.with_.objects(), address, f"{CHARGES}/{PARTITION}={month}"):
        with lake(call.with_, call.context, periods=[month], tables=[CHARGES]):
            logger().info("bill", extra={"did": "tidied up", "month": month})


def _load(call: _Call, arrived: Arrived, place: Address, folder: Path) -> Mapping[str, Any]:
    from lamplighter.billing.portions import clear, keep_fresh, stage_arrived

    with_, context, session = call.with_, call.context, call.with_.objects()
    progress = stage_arrived(session, arrived, folder, place, lambda: remaining(context) - MARGIN)
    if progress.staged is None:
        if call.number >= MOST:
            raise BillError(f"{MOST} calls did not suffice for {call.key}", hint="load it on a machine: lamp bill load")
        return _go_on(call, progress)
    try:
        loaded = _publish(call, progress)
    except LakeBusy:
        keep_fresh(session, place, folder, progress.fresh)
        if call.number >= MOST:
            # The bill is in order: Lambda calls again, and who sends the dead letter anew finds it staged.
            raise
        return _go_on(call, progress)
    if progress.kept:
        clear(session, place)
    meters = Meters(with_.environ)
    meters.add("MonthsLoaded", len(loaded.months))
    meters.write()
    said = {"did": "loaded", "months": [each.period for each in loaded.months], "rows": loaded.rows_loaded}
    logger().info("bill", extra={**said, "key": call.key, "quarantined": loaded.quarantined.rows})
    return said


def _go_on(call: _Call, progress: Progress) -> Mapping[str, Any]:
    call_again(call.with_, call.context, {**call.event, AGAIN: call.number + 1})
    said = {"did": "goes on", "staged": progress.done, "of": progress.of, "number": call.number + 1}
    logger().info("bill", extra={**said, "key": call.key})
    return said


def _publish(call: _Call, progress: Progress) -> Loaded:
    """Prove and publish; rows that cannot be read are put back into the lake also when the bill is refused."""
    from lamplighter.billing.load import months_of, publish
    from lamplighter.lake.months import CHARGES, QUARANTINE

    staged, tables = progress.staged or (), [CHARGES, QUARANTINE]
    with lake(call.with_, call.context, periods=months_of(staged), tables=tables, needs=progress.finishing) as here:
        try:
            return publish(staged, here, at=call.with_.clock(), newer_only=True)
        except BillError as error:
            refused = error
    raise refused


def _superseded(with_: Runtime, call: _Call, late: Overtaken) -> Mapping[str, Any]:
    meters = Meters(with_.environ)
    meters.add("BillsSuperseded")
    meters.write()
    said = {"did": "superseded", "reason": late.message}
    logger().info("bill", extra={**said, "key": call.key})
    return said


def _park(with_: Runtime, what: object, did: str, reason: str) -> Mapping[str, Any]:
    from lamplighter.scheduler.parked import park

    park(with_.store, "ingest", what, reason, at=with_.clock())
    logger().error(f"{did}: {reason}")
    meters = Meters(with_.environ)
    meters.add("BillsRefused")
    meters.write()
    return {"did": did, "reason": reason}
