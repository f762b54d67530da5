"""The alarms, as data: what each looks at, when it goes off, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lamplighter.deploy.metrics import METRICS, Metric

LAMBDA: Final = "AWS/Lambda"
SQS: Final = "AWS/SQS"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    Attributes:
        name: of it, after the prefix.
        means: what it tells, and what to do.
        metric: in the namespace.
        statistic: as CloudWatch spells it.
        above: it goes off when the metric is above this.
        period: seconds that one value is of.
        of: how many values are looked at.
        bad: how many of them must be above.
        namespace: of AWS; empty for Lamplighter's own metrics.
        dimensions: of AWS's metric: name and value with `${...}`.
        silent: whether it goes off when the metric is missing or zero, instead of above something.
    """

    name: str
    means: str
    metric: str
    statistic: str = "Sum"
    above: int = 0
    period: int = 300
    of: int = 1
    bad: int = 1
    namespace: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()
    silent: bool = False

    @property
    def own(self) -> Metric | None:
        """The metric of Lamplighter that it looks at."""
        return None if self.namespace else METRICS[self.metric]


_QUARTER: Final = 900
_HOUR: Final = 3600

ALARMS: Final = (
    Alarm(
        "dead-letters",
        "Something could not be done after every retry. Look at the messages of the queue, then send them back.",
        "ApproximateNumberOfMessagesVisible",
        "Maximum",
        namespace=SQS,
        dimensions=(("QueueName", "${Prefix}-dead-letters"),),
    ),
    Alarm(
        "late-passes",
        "Messages wait longer than 15 minutes: passes are slow, or functions are throttled.",
        "ApproximateAgeOfOldestMessage",
        "Maximum",
        above=900,
        of=3,
        bad=3,
        namespace=SQS,
        dimensions=(("QueueName", "${Prefix}-passes"),),
    ),
    Alarm(
        "clock-silent",
        "The clock has not looked for 3 hours: nothing is lit or put out. Look at its log and at the schedules.",
        "Ticks",
        period=_HOUR,
        of=3,
        bad=3,
        silent=True,
    ),
    Alarm(
        "actions-failed",
        "Starts or stops fail again and again. The log says which, and why; `lamp why` says it of one resource.",
        "ActionsFailed",
        period=_QUARTER,
        of=4,
        bad=3,
    ),
    Alarm(
        "targets-failed",
        "Accounts or regions cannot be worked on: a role is missing, or refuses.",
        "TargetsFailed",
        period=_QUARTER,
        of=4,
        bad=3,
    ),
    Alarm(
        "targets-unresolved",
        "It is not known which accounts or regions to work on: AWS Organizations refuses, or a region is unknown.",
        "TargetsUnresolved",
        period=_HOUR,
        of=5,
        bad=2,
    ),
    Alarm("passes-refused", "A guardrail refused a pass: more would have changed than is allowed.", "PassesRefused"),
    Alarm("looks-failed", "What was in use is not known for some hours.", "LooksFailed", period=_HOUR, of=3, bad=3),
    Alarm("bills-refused", "A bill was not loaded: it cannot be read, or its totals do not agree.", "BillsRefused"),
    Alarm(
        "parked",
        "Events or messages came whose shape nobody knows, or plain events that were too old; the log has them.",
        "Parked",
        period=_HOUR,
    ),
    Alarm(
        "stack-requests-failed",
        "A stack could not make or change a schedule; its events say why.",
        "StackRequestsFailed",
    ),
)
"""Every alarm but those of functions, which are alike (`of_function`)."""


def of_function(function: str) -> Alarm:
    """The alarm of one function: it fails again and again, rather than once."""
    return Alarm(
        f"{function}-errors",
        f"The function {function} fails: an error that it does not handle, or its time is up. Look at its log.",
        "Errors",
        of=3,
        bad=2,
        namespace=LAMBDA,
        dimensions=(("FunctionName", f"${{Prefix}}-{function}"),),
    )
