"""What the parts of a deployment beside scheduling cost: collecting usage, loading bills, writing reports, asking."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from lamplighter.deploy.cost import DAYS, GB, HOURS, OURS, Estate, Line, function, line, seconds, table
from lamplighter.deploy.cost_facts import fact
from lamplighter.deploy.handlers import HANDLERS

_REQUESTS_OF_A_FILE: Final = 4
"""Of S3 to write one: listed, written, read back, tidied up."""

_DAYS: Final = 3
"""How many days of savings each report tells."""


def beside(estate: Estate) -> Iterator[Line]:
    """Quantities of a month."""
    if estate.collect:
        yield from _collecting(estate)
    if estate.bill_lines:
        yield from _bills(estate)
    if estate.reports or estate.explorer or estate.scanned:
        yield from _reports(estate)


def _collecting(estate: Estate) -> Iterator[Line]:
    handler, looks = HANDLERS["collect"], estate.targets * HOURS
    calls = looks * fact("look.calls") + estate.targets * DAYS * fact("look.daily")
    # Entering each account, once an hour.
    calls += estate.accounts * HOURS
    slower = max(Decimal(1), fact("processor") / handler.memory)
    # Looks go on beside each other, but share the function's processor; then items are written, 20 a call.
    own = (calls * fact("cpu.call") + HOURS * fact("cold")) * slower
    waiting = calls * fact("latency") / min(fact("look.threads"), Decimal(estate.targets))
    waiting += 2 * looks * fact("look.items") / 20 * fact("latency")
    yield from function(estate, handler, "collecting", HOURS, own + waiting, HOURS * fact("pass.log"))
    yield from table(estate, "collecting", looks * fact("look.reads"), looks * fact("look.writes"))
    files = HOURS * fact("look.files") * _REQUESTS_OF_A_FILE
    yield line(OURS, "collecting", "scheduler.calls", "once an hour", HOURS, region=estate.region)
    yield line(OURS, "collecting", "s3.writes", "files in the lake", files, counted=False, region=estate.region)


def _bills(estate: Estate) -> Iterator[Line]:
    handler, loads = HANDLERS["ingest"], fact("bill.deliveries")
    # Each delivery has the month so far: half of it, on an average.
    lines = loads * estate.bill_lines / 2
    spent = lines / 10**6 * fact("bill.seconds") + seconds(Decimal(0), Decimal(0), handler.memory, cold=loads)
    yield from function(estate, handler, "bills", loads, spent, loads * fact("pass.log"))
    stored = estate.bill_lines * fact("kept.months") * fact("bill.bytes") / GB
    # What a delivery takes the place of stays as a version: lines of a month's deliveries, for as long as that.
    versions = lines * fact("replaced.days") / DAYS * fact("bill.bytes") / GB
    files = loads * _REQUESTS_OF_A_FILE
    yield line(OURS, "bills", "s3.storage", "bills of a year", stored, counted=False, region=estate.region)
    yield line(OURS, "bills", "s3.storage", "months that were replaced", versions, counted=False, region=estate.region)
    yield line(OURS, "bills", "s3.writes", "files in the lake", files, counted=False, region=estate.region)
    yield line(OURS, "bills", "events.published", "bills that arrive", loads, region=estate.region)


def _reports(estate: Estate) -> Iterator[Line]:
    handler, count = HANDLERS["report"], Decimal(estate.reports)
    spent = count * fact("report.seconds") + seconds(Decimal(0), Decimal(0), handler.memory, cold=count)
    if estate.reports:
        told = count * _DAYS * 2 * estate.accounts
        yield from function(
            estate, handler, "reports", count, spent, count * fact("pass.log") + told * fact("saved.log")
        )
        # What was kept of each resource, and the days since.
        read = estate.lit + (_DAYS + 1) * estate.changes / DAYS
        yield from table(
            estate, "reports", count * read * fact("saved.reads"), count * estate.lit * fact("saved.writes")
        )
        yield line(OURS, "reports", "s3.writes", "workbooks", count, region=estate.region)
    if estate.explorer:
        yield line(OURS, "reports", "explorer.pages", "pages of Cost Explorer", estate.explorer, region=estate.region)
    if estate.scanned:
        yield line(OURS, "reports", "athena.scanned", "scanned by Athena", estate.scanned, region=estate.region)
