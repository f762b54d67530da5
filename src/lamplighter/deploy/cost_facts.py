"""What the calculator of running costs multiplies: counted facts, each with the test that holds it, and assumptions.

Units of DynamoDB: reads of 4 KB, writes of 1 KB, as `tests/deploy/metering.py` counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

_TEST: Final = "tests/deploy/test_cost_facts.py::test_"


@dataclass(frozen=True, slots=True)
class Fact:
    """One number.

    Attributes:
        value: it.
        what: it counts.
        held_by: the test that counts it again, or the document that says so; empty for an assumption.
    """

    value: Decimal
    what: str
    held_by: str = ""

    @property
    def estimated(self) -> bool:
        """Whether nobody counted it."""
        return not self.held_by


def _counted(value: str, what: str, test: str) -> Fact:
    return Fact(Decimal(value), what, _TEST + test)


_REFERENCE: Final = "the AWS Instance Scheduler 3.2.8, read and measured"

FACTS: Final[Mapping[str, Fact]] = MappingProxyType(
    {
        "tick.reads": _counted("9", "read units of a tick with nothing due", "a_tick_with_nothing_due"),
        "tick.writes": _counted("1", "write units of a tick", "a_tick_with_nothing_due"),
        "tick.calls": _counted("10", "calls to the store by a tick with nothing due", "a_tick_with_nothing_due"),
        "tick.alarm": _counted("2", "calls that set the next alarm", "a_tick_with_nothing_due"),
        "tick.log": _counted("690", "bytes of log of a tick, at most", "a_tick_with_nothing_due"),
        "due.reads": _counted("10", "read units of a tick with something due, beside the roster", "a_tick_that_is_due"),
        "due.calls": _counted("12", "calls to the store by such a tick", "a_tick_that_is_due"),
        "reconcile.reads": _counted(
            "17", "read units of a tick that asks for everything, beside the roster", "a_tick_that_asks_for_everything"
        ),
        "reconcile.calls": _counted("18", "calls to the store by such a tick", "a_tick_that_asks_for_everything"),
        "roster.reads": _counted("0.05", "read units of the roster for each target, at most", "a_tick_that_is_due"),
        "send.targets": _counted("10", "messages of one call to SQS", "a_tick_that_is_due"),
        "pass.reads": _counted("7", "read units of a pass, beside its states", "a_pass_in_which_nothing_changes"),
        "state.reads": _counted("0.12", "read units of the state of one resource, at most", "a_pass_that_changes"),
        "pass.writes": _counted("4", "write units of a pass", "a_pass_in_which_nothing_changes"),
        "pass.calls": _counted("11", "calls to the store by a pass", "a_pass_in_which_nothing_changes"),
        "noted.writes": _counted(
            "3", "write units of a pass over a whole target, the first of an hour", "a_pass_that_is_noted"
        ),
        "pass.log": _counted("1300", "bytes of log of a pass, at most", "a_pass_in_which_nothing_changes"),
        "kind.calls": _counted("1", "calls to AWS for each kind that nothing is found of", "each_kind_is_asked_once"),
        "change.writes": _counted("8", "write units of a start or stop", "a_pass_that_changes"),
        "change.calls": _counted(
            "0.12", "calls of a start or stop: batches of 50, and the store's", "a_pass_that_changes"
        ),
        "change.log": _counted("220", "bytes of log of a start or stop, at most", "a_pass_that_changes"),
        "event.reads": _counted("3", "read units of an event", "an_event_of_our_own_act"),
        "event.calls": _counted("3", "calls to the store by an event", "an_event_of_our_own_act"),
        "event.log": _counted("440", "bytes of log of an event, at most", "an_event_of_our_own_act"),
        "saved.reads": _counted(
            "0.13", "read units of a line of the journal when savings are measured, at most", "a_day_that_is_measured"
        ),
        "saved.writes": _counted("0.5", "write units for each resource then, at most", "a_day_that_is_measured"),
        "saved.log": _counted(
            "300", "bytes of log for each account, team and day then, at most", "a_day_that_is_measured"
        ),
        "look.calls": _counted("5", "calls to AWS by an hourly collection, for each target", "a_collection"),
        "look.daily": _counted("3", "more of them once a day", "a_collection"),
        "look.reads": _counted("12", "read units of an hourly collection, for each target", "a_collection"),
        "look.writes": _counted("10", "write units of it, for each target", "a_collection"),
        "look.items": _counted("5", "items that it leaves, for each target", "a_collection"),
        "look.files": _counted("2", "files that it leaves in the lake", "a_collection"),
        "change.items": _counted("1", "lines of the journal that a start or stop leaves", "a_pass_that_changes"),
        "look.threads": Fact(Decimal(25), "looks at a time", "benchmarks/bench_collect.py"),
        "cpu.call": Fact(
            Decimal("0.003"), "seconds of a whole processor for a call: the SDK's work", "benchmarks/bench_collect.py"
        ),
        "cpu.resource": Fact(Decimal("0.001"), "seconds of a whole processor for a resource of a pass"),
        "latency": Fact(Decimal("0.05"), "seconds until AWS answers a call; DynamoDB is faster"),
        "cold": Fact(Decimal("0.8"), "seconds of a whole processor for a cold start"),
        "processor": Fact(
            Decimal(1769), "MB of memory that come with one processor", "AWS Lambda developer guide, Configure memory"
        ),
        "platform.log": Fact(Decimal(600), "bytes that Lambda logs of each call"),
        "bill.seconds": Fact(
            Decimal(60), "seconds in which a function loads a million lines of a bill; 23 on 2 processors were measured"
        ),
        "bill.deliveries": Fact(Decimal(90), "times a month that AWS delivers the bill anew, three a day"),
        "bill.bytes": Fact(Decimal(100), "bytes of a line of a bill in the lake"),
        "replaced.days": Fact(
            Decimal(30), "days that S3 keeps files that were replaced", "templates/state.yaml, NoncurrentDays"
        ),
        "report.seconds": Fact(Decimal(60), "seconds in which a workbook is written"),
        "item.bytes": Fact(Decimal(700), "bytes of an item that stays: a line of the journal, an hour of usage"),
        "kept.months": Fact(Decimal(12), "months of items and bills that are stored"),
        "queue.polls": Fact(Decimal(15), "receives a minute while the queue is empty: five pollers, 20 seconds each"),
        "message.requests": Fact(Decimal(2), "requests for each message: received, deleted"),
        "key.requests": Fact(Decimal(12), "uses of the key an hour for each table and queue: one in five minutes"),
        "is.calls": Fact(Decimal(4), "calls of a request when nothing changes", _REFERENCE),
        "is.bytes": Fact(Decimal(300), "bytes of a row of its registry", _REFERENCE),
        "is.log": Fact(Decimal(814), "bytes of log for each resource and interval", _REFERENCE),
        "is.metrics": Fact(Decimal(3), "custom metrics for each service and type", _REFERENCE),
        "is.events": Fact(Decimal(2), "events that it publishes for each action", _REFERENCE),
        "is.memory": Fact(Decimal(512), "MB of its functions", _REFERENCE),
        "is.services": Fact(Decimal(3), "services that each have a request of their own", _REFERENCE),
    }
)
"""Every number, by name."""


def fact(name: str) -> Decimal:
    """The value of a fact.

    Raises:
        KeyError: there is none of this name.
    """
    return FACTS[name].value
