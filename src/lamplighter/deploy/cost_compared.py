"""What the AWS Instance Scheduler costs for the same estate, by its own way of working and the same unit prices.

Its way, read from version 3.2.8 and measured with 200 instances: in each interval the orchestrator reads the
configuration and the whole registry, then calls a function for each account, region and service with a registered
resource, one after the other; that function makes four calls if nothing changes, and logs a line for each resource.
Start-ups, retries and SNS are left out, and its metrics are those of one type of each service: to its advantage.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from lamplighter.deploy.cost import DAYS, GB, Estate, Line, ceiling, line, seconds
from lamplighter.deploy.cost_facts import fact
from lamplighter.errors import UsageError

THEIRS: Final = "instance-scheduler"
_UNIT: Final = 4096
_PAGE: Final = 10**6
_MEMORY_OF_A_GB: Final = 1024


def instance_scheduler(estate: Estate, took: Decimal | None = None) -> list[Line]:
    """Everything that it uses in a month.

    Args:
        estate: the same.
        took: mean seconds of a request; None to work them out as for Lamplighter's passes.

    Raises:
        UsageError: a request cannot take so long.
    """
    if took is not None and took < 0:
        raise UsageError(f"request seconds is {took}", hint="it must be from 0 on")
    return [*_orchestrator(estate), *_requests(estate, took), *_watching(estate)]


def requests(estate: Estate) -> Decimal:
    """Accounts, regions and services with at least one registered resource."""
    services = min(fact("is.services"), Decimal(estate.kinds))
    return min(estate.targets * services, ceiling(estate.lit))


def _function(estate: Estate, part: str, what: str, calls: Decimal, spent: Decimal, log: Decimal) -> Iterator[Line]:
    where, memory = estate.region, fact("is.memory") / _MEMORY_OF_A_GB
    logged = (log + calls * fact("platform.log")) / GB
    kept = logged * estate.log_days / DAYS
    yield line(THEIRS, part, "lambda.requests", f"calls of {what}", calls, region=where)
    yield line(THEIRS, part, "lambda.gb-seconds", f"work of {what}", spent * memory, counted=False, region=where)
    yield line(THEIRS, part, "logs.ingested", f"log of {what}", logged, counted=False, region=where)
    yield line(THEIRS, part, "logs.stored", f"log of {what}", kept, counted=False, region=where)


def _orchestrator(estate: Estate) -> Iterator[Line]:
    each, size = estate.intervals, estate.lit * fact("is.bytes")
    calls = 2 + ceiling(size / _PAGE) + requests(estate)
    spent = each * seconds(calls, Decimal(0), int(fact("is.memory")))
    yield from _function(estate, "clock", "the orchestrator", each, spent, Decimal(0))
    # Eventually consistent: half a unit for 4 KB.
    reads = each * (ceiling(size / _UNIT) + 2) / 2
    yield line(THEIRS, "clock", "dynamodb.reads", "configuration and registry", reads, region=estate.region)
    yield line(THEIRS, "clock", "scheduler.calls", "intervals", each, region=estate.region)


def _requests(estate: Estate, took: Decimal | None) -> Iterator[Line]:
    where, count = estate.region, requests(estate)
    every = count * estate.intervals
    own = seconds(every * fact("is.calls"), estate.lit * estate.intervals, int(fact("is.memory")))
    # Each start or stop puts an item, one after the other.
    own += seconds(estate.changes, Decimal(0), int(fact("is.memory")))
    spent = own if took is None else every * took
    log = estate.lit * estate.intervals * fact("is.log")
    yield from _function(estate, "passes", "its requests", every, spent, log)
    share = estate.lit * fact("is.bytes") / count / _UNIT if count else Decimal(0)
    reads = every * ceiling(share) / 2
    yield line(THEIRS, "passes", "dynamodb.reads", "registry", reads, region=where)
    yield line(THEIRS, "passes", "dynamodb.writes", "registry", estate.changes, region=where)
    told = estate.changes * fact("is.events")
    yield line(THEIRS, "events", "events.published", "of each action", told, region=where)


def _watching(estate: Estate) -> Iterator[Line]:
    services = min(fact("is.services"), Decimal(estate.kinds))
    series = services * fact("is.metrics")
    what = "metrics, if there is one type of each service"
    yield line(THEIRS, "watching", "cloudwatch.metrics", what, series, counted=False, region=estate.region)
    yield line(THEIRS, "watching", "cloudwatch.dashboards", "the dashboard", 1, region=estate.region)
    yield line(THEIRS, "standing", "kms.keys", "the key", 1, region=estate.region)
