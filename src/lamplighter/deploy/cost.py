"""What a deployment costs to run, as a model: from an estate to quantities of a month, and to money.

Nothing is free here: free tiers are of an account, and others use them too. A month has 730 hours. Every message is
taken to be a call of its own, every call of a pass to wait for the one before: both are upper bounds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from lamplighter.deploy.alarms import ALARMS
from lamplighter.deploy.cost_facts import fact
from lamplighter.deploy.handlers import HANDLERS, Every, Handler, Queue
from lamplighter.deploy.metrics import METRICS
from lamplighter.deploy.unit_prices import REGION, unit_prices
from lamplighter.errors import UsageError
from lamplighter.store.dynamodb_layout import TABLES

HOURS: Final = Decimal(730)
"""Of a month."""

DAYS: Final = HOURS / 24
OURS: Final = "lamplighter"
SCHEDULING: Final = ("clock", "passes", "events", "watching", "standing")
"""The parts that schedule; the others collect, load bills and report."""

PARTS: Final = (*SCHEDULING, "collecting", "bills", "reports")
FREQUENCIES: Final = (1, 2, 5, 10, 15, 30, 60)
GB: Final = Decimal(10**9)
_MEMORY_OF_A_GB: Final = 1024
_FREE_DISK: Final = 512


@dataclass(frozen=True, slots=True)
class Estate:
    """What runs, and how it is looked after.

    Attributes:
        accounts: how many.
        regions: in each.
        resources: that the schedules could switch, in all.
        scheduled: percent of them that have a schedule.
        schedules: different ones in one account and region, each with its own times.
        transitions: of a schedule, a day; two on each of five weekdays are 1.43.
        kinds: of resources that are looked for.
        frequency: minutes between looks at what can need one between transitions; 1, 2, 5, 10, 15, 30 or 60.
        watched: percent of the targets that hold such resources (idle guards, maintenance windows, `enforced`).
        reconcile: hours between passes of everything.
        events: that lead to a look, a day and target, beside those of our own acts.
        collect: whether usage is counted each hour.
        bill_lines: lines of a month's bill; 0 for none.
        reports: workbooks a month.
        log_days: how long logs are kept.
        watch: whether there is the stack with the dashboard and the alarms.
        explorer: pages of Cost Explorer that are asked for in a month.
        scanned: GB that Athena scans in a month.
        region: where the hub stands.
    """

    accounts: int = 10
    regions: int = 2
    resources: int = 1000
    scheduled: Decimal = Decimal(100)
    schedules: int = 2
    transitions: Decimal = Decimal("1.43")
    kinds: int = 10
    frequency: int = 5
    watched: Decimal = Decimal(0)
    reconcile: int = 4
    events: Decimal = Decimal(2)
    collect: bool = True
    bill_lines: int = 1_000_000
    reports: int = 30
    log_days: int = 90
    watch: bool = True
    explorer: int = 0
    scanned: Decimal = Decimal(0)
    region: str = REGION

    def __post_init__(self) -> None:
        for name in ("accounts", "regions", "schedules", "kinds", "reconcile", "log_days"):
            _check(getattr(self, name) >= 1, name, getattr(self, name), "from 1 on")
        for name in ("resources", "transitions", "events", "bill_lines", "reports", "explorer", "scanned"):
            value = Decimal(getattr(self, name))
            _check(value.is_finite() and value >= 0, name, getattr(self, name), "from 0 on")
        for name in ("scheduled", "watched"):
            value = getattr(self, name)
            _check(value.is_finite() and 0 <= value <= 100, name, value, "a percentage, 0 to 100")
        known = ", ".join(map(str, FREQUENCIES))
        good = re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d+", self.region) is not None
        _check(good, "region", self.region, "a region code, for example eu-central-1")
        _check(self.frequency in FREQUENCIES, "frequency", self.frequency, f"one of {known} minutes")

    @property
    def targets(self) -> int:
        """Accounts times regions."""
        return self.accounts * self.regions

    @property
    def lit(self) -> Decimal:
        """Resources with a schedule."""
        return self.resources * self.scheduled / 100

    @property
    def changes(self) -> Decimal:
        """Starts and stops a month."""
        return self.lit * self.transitions * DAYS

    @property
    def intervals(self) -> Decimal:
        """How often the frequency comes round in a month."""
        return HOURS * 60 / self.frequency


def _check(good: bool, name: str, value: object, wanted: str) -> None:
    if not good:
        raise UsageError(f"{name.replace('_', ' ')} is {value}", hint=f"it must be {wanted}")


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of a month, and what it costs.

    Attributes:
        system: `lamplighter`, or whom it is compared with.
        part: of the system, one of `PARTS`.
        price: name of the unit price.
        what: it is for.
        quantity: units a month.
        unit: what is counted.
        usd: its cost; None if the price is not known.
        estimated: whether the price or a number behind the quantity is an estimate.
    """

    system: str
    part: str
    price: str
    what: str
    quantity: Decimal
    unit: str
    usd: Decimal | None
    estimated: bool


def line(
    system: str,
    part: str,
    price: str,
    what: str,
    quantity: Decimal | int,
    *,
    counted: bool = True,
    region: str = REGION,
) -> Line:
    """A quantity with its cost.

    Args:
        system: whose.
        part: of it.
        price: name of the unit price.
        what: it is for.
        quantity: units a month.
        counted: whether the numbers behind the quantity were counted.
        region: where it is used; prices of other regions than us-east-1 are estimates.
    """
    unit = unit_prices()[price]
    amount = Decimal(quantity)
    usd = Decimal(0) if not amount else None if unit.usd is None else amount * unit.usd
    estimated = unit.estimated or not counted or region != REGION
    return Line(system, part, price, what, amount, unit.unit, usd, estimated)


def total(lines: Iterable[Line]) -> Decimal:
    """USD of what is known."""
    return sum((each.usd for each in lines if each.usd is not None), Decimal(0))


def seconds(calls: Decimal, resources: Decimal, memory: int, cold: Decimal = Decimal(0)) -> Decimal:
    """How long a function works: calls one after the other, and its own work on its share of a processor.

    Args:
        calls: to AWS and the store.
        resources: that are decided about.
        memory: of the function, MB.
        cold: share of the calls of the function that start cold.
    """
    slower = max(Decimal(1), fact("processor") / memory)
    own = calls * fact("cpu.call") + resources * fact("cpu.resource") + cold * fact("cold")
    return calls * fact("latency") + own * slower


def ceiling(number: Decimal) -> Decimal:
    """The next whole number."""
    return number.to_integral_value(ROUND_CEILING)


def lamplighter(estate: Estate) -> list[Line]:
    """Everything that a deployment uses in a month."""
    from lamplighter.deploy.cost_beside import beside

    return [
        *_clock(estate),
        *_passes(estate),
        *_events(estate),
        *_watching(estate),
        *_standing(estate),
        *beside(estate),
    ]


def function(
    estate: Estate, handler: Handler, part: str, requests: Decimal, spent: Decimal, log: Decimal
) -> Iterator[Line]:
    """What calls of a function cost.

    Args:
        estate: which.
        handler: the function.
        part: it works for.
        requests: calls a month.
        spent: seconds of all of them.
        log: bytes that it writes itself.
    """
    memory, where = Decimal(handler.memory) / _MEMORY_OF_A_GB, estate.region
    name = handler.name.replace("_", " ")
    disk = Decimal(max(0, handler.disk - _FREE_DISK)) / _MEMORY_OF_A_GB
    logged = (log + requests * fact("platform.log")) / GB
    kept = logged * estate.log_days / DAYS
    yield line(OURS, part, "lambda.requests", f"calls of {name}", requests, region=where)
    yield line(OURS, part, "lambda.gb-seconds", f"work of {name}", spent * memory, counted=False, region=where)
    if disk:
        yield line(OURS, part, "lambda.disk", f"disk of {name}", spent * disk, counted=False, region=where)
    yield line(OURS, part, "logs.ingested", f"log of {name}", logged, counted=False, region=where)
    yield line(OURS, part, "logs.stored", f"log of {name}", kept, counted=False, region=where)


def table(estate: Estate, part: str, reads: Decimal, writes: Decimal) -> Iterator[Line]:
    """What reading and writing the store costs."""
    yield line(OURS, part, "dynamodb.reads", "the store is read", reads, region=estate.region)
    yield line(OURS, part, "dynamodb.writes", "the store is written", writes, region=estate.region)


@dataclass(frozen=True, slots=True)
class Asked:
    """Passes that are asked for in a month, by reason."""

    transition: Decimal
    reconcile: Decimal
    watch: Decimal
    event: Decimal

    @property
    def all(self) -> Decimal:
        """Of every reason."""
        return self.transition + self.reconcile + self.watch + self.event


def asked(estate: Estate) -> Asked:
    """How many passes are asked for. Where nothing is due and nothing is watched, the frequency has no part in it."""
    due = min(Decimal(estate.targets), estate.lit)
    return Asked(
        due * estate.schedules * estate.transitions * DAYS,
        estate.targets * HOURS / estate.reconcile,
        ceiling(estate.targets * estate.watched / 100) * estate.intervals,
        estate.targets * estate.events * DAYS,
    )


def _clock(estate: Estate) -> Iterator[Line]:
    handler, passes = HANDLERS["clock"], asked(estate)
    rounds = HOURS / estate.reconcile
    moments = estate.schedules * estate.transitions * DAYS if passes.transition else Decimal(0)
    due = moments + (estate.intervals if estate.watched else 0)
    idle = HOURS * len([each for each in handler.triggers if isinstance(each, Every)]) + rounds
    ticks = due + rounds + idle
    roster = ceiling(estate.targets * fact("roster.reads"))
    sends = ceiling((passes.transition + passes.reconcile + passes.watch) / fact("send.targets"))
    calls = due * fact("due.calls") + rounds * fact("reconcile.calls") + idle * fact("tick.calls")
    # Reconciling asks Organizations for its accounts, 20 a page.
    calls += ticks * fact("tick.alarm") + sends + rounds * ceiling(Decimal(estate.accounts) / 20)
    reads = due * (fact("due.reads") + roster) + rounds * (fact("reconcile.reads") + 3 * roster)
    reads += idle * fact("tick.reads")
    spent = seconds(calls, Decimal(0), handler.memory, cold=ticks)
    yield from function(estate, handler, "clock", ticks, spent, ticks * fact("tick.log"))
    yield from table(estate, "clock", reads, ticks * fact("tick.writes"))
    yield line(OURS, "clock", "scheduler.calls", "alarms", ticks, region=estate.region)
    yield line(OURS, "clock", "sqs.requests", "messages for passes", sends, region=estate.region)


def _passes(estate: Estate) -> Iterator[Line]:
    handler, every = HANDLERS["passes"], asked(estate).all
    [queue] = [each for each in handler.triggers if isinstance(each, Queue)]
    each = estate.lit / estate.targets
    rounds = every / estate.targets
    noted = min(every - asked(estate).transition, estate.targets * HOURS)
    # As many functions as work at a time start cold, each time anew.
    cold = rounds * min(queue.concurrency, estate.targets)
    calls = every * (fact("pass.calls") + estate.kinds * fact("kind.calls") + 1) + estate.changes * fact("change.calls")
    calls += noted * fact("noted.writes")
    spent = seconds(calls, every * each, handler.memory, cold=cold)
    log = every * fact("pass.log") + estate.changes * fact("change.log")
    reads = every * (fact("pass.reads") + ceiling(each * fact("state.reads")))
    writes = every * fact("pass.writes") + noted * fact("noted.writes") + estate.changes * fact("change.writes")
    yield from function(estate, handler, "passes", every, spent, log)
    yield from table(estate, "passes", reads, writes)
    requests = every * fact("message.requests")
    yield line(OURS, "passes", "sqs.requests", "messages taken", requests, counted=False, region=estate.region)


def _events(estate: Estate) -> Iterator[Line]:
    handler, passes = HANDLERS["events"], asked(estate)
    every = passes.event + estate.changes
    # What one pass has switched comes as one burst, of which the first starts cold.
    cold = min(every, passes.event + passes.transition)
    spent = seconds(every * fact("event.calls") + passes.event, Decimal(0), handler.memory, cold=cold)
    yield from function(estate, handler, "events", every, spent, every * fact("event.log"))
    yield from table(estate, "events", every * fact("event.reads"), passes.event)
    yield line(OURS, "events", "events.published", "forwarded to the hub", every, region=estate.region)
    yield line(OURS, "events", "sqs.requests", "messages for passes", passes.event, region=estate.region)


def metered_hours(estate: Estate, handler: str) -> Decimal:
    """Hours a day in which a handler writes metrics, at most: CloudWatch bills a metric for hours in which it came."""
    rounds, due = Decimal(24) / estate.reconcile, estate.schedules * estate.transitions
    events = estate.targets * estate.events
    hours = {
        "clock": 3 * rounds + due,
        "passes": rounds + due + events,
        "events": due + events,
        "collect": Decimal(24 if estate.collect else 0),
        "ingest": fact("bill.deliveries") / DAYS if estate.bill_lines else Decimal(0),
        "report": estate.reports / DAYS,
    }
    if estate.watched and handler in ("clock", "passes"):
        return Decimal(24)
    return min(Decimal(24), hours.get(handler, Decimal(1)))


def _watching(estate: Estate) -> Iterator[Line]:
    where = estate.region
    series = sum((metered_hours(estate, each.handler) / 24 for each in METRICS.values()), Decimal(0))
    yield line(OURS, "watching", "cloudwatch.metrics", "metrics of handlers", series, region=where)
    if estate.watch:
        alarms = len(ALARMS) + len(HANDLERS)
        yield line(OURS, "watching", "cloudwatch.alarms", "metrics that alarms look at", alarms, region=where)
        yield line(OURS, "watching", "cloudwatch.dashboards", "the dashboard", 1, region=where)


def _standing(estate: Estate) -> Iterator[Line]:
    where, kept = estate.region, fact("kept.months")
    looks = estate.targets * HOURS * fact("look.items") if estate.collect else Decimal(0)
    stored = (estate.changes * fact("change.items") + looks) * kept * fact("item.bytes") / GB
    polls = HOURS * 60 * fact("queue.polls")
    key = (len(TABLES) + 1) * HOURS * fact("key.requests")
    yield line(OURS, "standing", "kms.keys", "the key", 1, region=where)
    yield line(OURS, "standing", "kms.requests", "uses of the key", key, counted=False, region=where)
    yield line(OURS, "standing", "sqs.requests", "waiting for messages", polls, counted=False, region=where)
    yield line(OURS, "standing", "dynamodb.storage", "items after a year", stored, counted=False, region=where)
    yield line(OURS, "standing", "dynamodb.recovery", "their point-in-time copy", stored, counted=False, region=where)
