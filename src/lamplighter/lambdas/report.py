"""Report: what was saved, for the dashboard; and the workbook of a month, in the lake's bucket under `reports/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import LamplighterError, UsageError
from lamplighter.lambdas.borrowed import lake
from lamplighter.lambdas.runtime import Context, Meters, Runtime, logger, runtime
from lamplighter.lambdas.saved import tell_saved
from lamplighter.lambdas.scratch import scratch

if TYPE_CHECKING:
    from lamplighter.pricing.book import PriceBook

REPORTS: Final = "reports/"
NEEDS: Final = timedelta(minutes=5)
"""What bringing a month, its workbook and putting back take."""

_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def handler(event: object, context: Context) -> Mapping[str, Any]:
    """What Lambda calls."""
    return answer(event, context, runtime())


def answer(event: object, context: Context, with_: Runtime) -> Mapping[str, Any]:
    """What was saved on the last days, and one workbook; neither waits for the other.

    Args:
        event: `{"period": "YYYY-MM", "organization": "name for titles"}`, both if wanted; else the month that has
            begun, on its first three days the one before.
        context: of the call.
        with_: connections.

    Returns:
        Where the workbook lies, and in how many targets savings could not be measured.

    Raises:
        UsageError: the period is none.
        LamplighterError: the lake cannot be read, S3 or the store failed.
    """
    from lamplighter.lake.mirror import address_of
    from lamplighter.pricing.book import PriceBook
    from lamplighter.reports.ri_usage.gather import gathered
    from lamplighter.reports.ri_usage.report import write_report

    given = event if isinstance(event, dict) else {}
    now = with_.clock()
    period = str(given.get("period") or f"{now - timedelta(days=3):%Y-%m}")
    if not _MONTH.fullmatch(period):
        raise UsageError(f"{period!r} is no month", hint="write YYYY-MM")
    book = PriceBook.bundled()
    unmeasured, failed = _tell_saved(with_, book)
    bucket = address_of(with_.need("LAMPLIGHTER_LAKE")).bucket
    schedules = with_.configuration().loaded.schedules
    with scratch("report") as out:
        with (
            lake(with_, context, periods=[period], needs=NEEDS) as folder,
            gathered(folder, period, str(given.get("organization") or ""), book, now, schedules=schedules) as facts,
        ):
            path = write_report(facts, out)
        key = f"{REPORTS}{period[:4]}/{period[5:]}/{path.name}"
        with_.session().call("s3", "put_object", Bucket=bucket, Key=key, Body=path.read_bytes())
    meters = Meters(with_.environ)
    meters.add("ReportsWritten")
    meters.write()
    said = {"bucket": bucket, "key": key, "recommends": facts.recommendation is not None, "unmeasured": unmeasured}
    logger().info("report", extra={**said, "warnings": list(facts.warnings)[:20]})
    if failed is not None:
        raise failed
    return said


def _tell_saved(with_: Runtime, book: PriceBook) -> tuple[int, LamplighterError | None]:
    """In how many targets savings could not be measured; and why none were, which is no reason for no workbook."""
    meters = Meters(with_.environ)
    try:
        unmeasured = tell_saved(with_, book, meters)
    except LamplighterError as error:
        logger().warning(f"what was saved is not told: {error}", hint=error.hint)
        return 0, error
    meters.write()
    for each in unmeasured:
        logger().warning(str(each), hint=each.hint)
    return len(unmeasured), None
