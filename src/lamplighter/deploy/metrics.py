"""The metrics that handlers write (CloudWatch embedded metric format): dashboards and alarms are made from this.

A metric has one dimension, `service`: CloudWatch bills each value of any other as a metric of its own, and alarms over
all of them again. By account they are summed from the lines of the log, in which the account stands as a field. Money
has its currency as a second one: amounts of two currencies are not to be added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

NAMESPACE: Final = "Lamplighter"
"""Where POWERTOOLS_METRICS_NAMESPACE says nothing."""

SERVICE: Final = "service"
"""The dimension that every metric has: the handler it belongs to, as its function is named."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: in CloudWatch.
        unit: as CloudWatch spells it.
        handler: which it belongs to.
        title: what it counts.
        fields: what the line of the log says beside the value, for queries; no dimension.
        dimensions: what it has beside `service`.
        daily: whether it is the value of a whole day, written with the last minute of that day as its time. It is
            written again on the days after, so the greatest of a day counts and not their sum: who repeats it adds
            nothing.
    """

    name: str
    unit: str
    handler: str
    title: str
    fields: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    daily: bool = False

    @property
    def service(self) -> str:
        """The value of its dimension, whoever writes it."""
        return self.handler.replace("_", "-")


_ALL = (
    Metric("Ticks", "Count", "clock", "times the clock looked"),
    Metric("TargetsDue", "Count", "clock", "messages sent for targets that were due"),
    Metric("TargetsUnresolved", "Count", "clock", "accounts or regions that could not be made into targets"),
    Metric("SecondsToNext", "Seconds", "clock", "until the next transition, when the clock went to sleep"),
    Metric("AgeOfLastPass", "Seconds", "clock", "since the last pass over a whole target, where it is longest ago"),
    Metric("Passes", "Count", "passes", "passes of a target that came to their end", ("account",)),
    Metric("ResourcesFound", "Count", "passes", "resources with a schedule that a pass looked at", ("account",)),
    Metric("ResourcesStarted", "Count", "passes", "resources started", ("account",)),
    Metric("ResourcesStopped", "Count", "passes", "resources stopped", ("account",)),
    Metric("ActionsFailed", "Count", "passes", "starts and stops that failed", ("account",)),
    Metric("TargetsFailed", "Count", "passes", "passes in which the target or a part of it failed", ("account",)),
    Metric("PassesRefused", "Count", "passes", "passes refused by a guardrail", ("account",)),
    Metric("PassDuration", "Milliseconds", "passes", "time that a pass took"),
    Metric("MessageAge", "Seconds", "passes", "age of a message when it was taken up"),
    Metric("MessagesLate", "Count", "passes", "messages past their deadline; decided anew by the present"),
    Metric("PassesHandedOn", "Count", "passes", "passes whose rest went back to the queue"),
    Metric("EventsTaken", "Count", "events", "events that led to a look at a target"),
    Metric("EventsNeedless", "Count", "events", "events that tell nothing new: repeated, or of an act of ours"),
    Metric("Parked", "Count", "events", "events and messages of a shape that nobody knows"),
    Metric("Looks", "Count", "collect", "looks taken at a service in a target"),
    Metric("LooksFailed", "Count", "collect", "looks that failed: what was in use is not known"),
    Metric("MonthsLoaded", "Count", "ingest", "months of a bill that were published"),
    Metric("BillsSuperseded", "Count", "ingest", "bills left out: the same, or a newer one, was there already"),
    Metric("BillsRefused", "Count", "ingest", "bills that could not be read, or whose totals do not agree"),
    Metric("HoursSaved", "None", "report", "hours saved a day: what was out, summed over resources", daily=True),
    Metric(
        "MoneySaved",
        "None",
        "report",
        "money saved a day, by list prices, where the price is known",
        dimensions=("currency",),
        daily=True,
    ),
    Metric("ResourcesUnpriced", "None", "report", "resources whose price is not known, a day: hours only", daily=True),
    Metric("TargetsUnmeasured", "Count", "report", "targets whose savings could not be measured"),
    Metric("ReportsWritten", "Count", "report", "workbooks written"),
    Metric("StackRequests", "Count", "custom_resource", "requests of CloudFormation that were done"),
    Metric("StackRequestsFailed", "Count", "custom_resource", "requests of CloudFormation answered with FAILED"),
    Metric("RemoteCalls", "Count", "remote", "commands run"),
    Metric("PlainEventsFailed", "Count", "remote", "plain events of schedules that failed in a try, or were refused"),
)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType({each.name: each for each in _ALL})
"""Every metric, by name. `Parked` of `events` is written by `passes` and `remote` too: one costs less than three."""
