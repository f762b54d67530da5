"""The saved queries of CloudWatch Logs Insights, as data: templates make them from this.

Functions write JSON lines: those of Powertools' logger, those of metrics (embedded metric format, see `metrics`), and
Lambda's own. `FIELDS` says which fields a line has; queries use no others.
Source of the language: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.metrics import METRICS


@dataclass(frozen=True, slots=True)
class Query:
    """One saved query.

    Attributes:
        name: of it, after the prefix.
        purpose: the question it answers.
        text: in the language of Logs Insights.
        handlers: whose logs it looks at; all when empty.
    """

    name: str
    purpose: str
    text: str
    handlers: tuple[str, ...] = ()

    @property
    def of(self) -> tuple[str, ...]:
        """The handlers whose logs it looks at."""
        return self.handlers or tuple(HANDLERS)


INSIGHTS: Final = frozenset({"@timestamp", "@message", "@log", "@logStream"})
"""Fields that Logs Insights adds to every line."""

POWERTOOLS: Final = frozenset({"level", "location", "message", "timestamp", "service", "exception", "exception_name"})
"""Fields of Powertools' logger (Logger documentation, "Standard structured keys")."""

PLATFORM: Final = frozenset(
    {
        "type",
        "record.requestId",
        "record.status",
        "record.metrics.durationMs",
        "record.metrics.initDurationMs",
        "record.metrics.maxMemoryUsedMB",
        "record.metrics.memorySizeMB",
    }
)
"""Fields of Lambda's own lines (Lambda developer guide, "Telemetry API Event schema", platform.report)."""

OURS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "clock": frozenset({"messages", "next", "unresolved"}),
        "passes": frozenset(
            {"run", "target", "why", "late", "resources", "done", "waiting", "errors.0", "refused", "again"}
        ),
        "events": frozenset({"did", "what", "target", "seconds_old", "key"}),
        "report": frozenset(
            {"day", "team", "hours", "resources", "starts", "stops", "unpriced", "currency", "money", "estimated"}
        ),
    }
)
"""Fields of our own lines, by handler: `extra` of the line that says what a call did."""

FIELDS: Final = (
    INSIGHTS
    | POWERTOOLS
    | PLATFORM
    # In the embedded format a value is a list of one.
    | frozenset(f"{name}.0" for name in METRICS)
    | frozenset(name for metric in METRICS.values() for name in metric.fields)
    | frozenset(name for names in OURS.values() for name in names)
)
"""Every field that a query may name."""


def by_field(field: str) -> str:
    """A query of the logs: the sums of every metric that has a field, by its values."""
    summed = [each for each in METRICS.values() if field in each.fields]
    # In the embedded format a value is a list of one.
    sums = ", ".join(f"sum({each.name}.0) as {each.name[0].lower()}{each.name[1:]}" for each in summed)
    return f"filter ispresent({field}) and ispresent({summed[0].name}.0) | stats {sums} by {field}"


def saved_hours(field: str) -> str:
    """A query of the logs: what was done and hours saved, by account or team; a day that is told again counts once."""
    counts = {"hours": "hours_saved", "starts": "started", "stops": "stopped", "unpriced": "days_without_price"}
    told = ", ".join(f"latest({name}) as of_{name}" for name in counts)
    sums = ", ".join(f"sum(of_{name}) as {shown}" for name, shown in counts.items())
    return (
        f'filter message = "hours saved" | stats {told} by day, account, team '
        f"| stats {sums} by {field} | sort hours_saved desc"
    )


def saved_money(field: str) -> str:
    """The same of money, by list prices; what has no known price is in none of the sums."""
    return (
        'filter message = "money saved" | stats latest(money) as saved by day, account, team, currency '
        f"| stats sum(saved) as money_saved by {field}, currency | sort money_saved desc"
    )


_NEWEST: Final = "sort @timestamp desc | limit 200"
_OF_PASSES: Final = 'filter message = "pass"'
_REPORT: Final = 'filter type = "platform.report"'

_ALL: Final = (
    Query(
        "failures",
        "What failed, the newest first; choose the day in the console.",
        "fields @timestamp, service, message, exception_name, @message "
        f'| filter level in ["ERROR", "CRITICAL"] or ispresent(errors.0) | {_NEWEST}',
    ),
    Query(
        "warnings",
        "What was odd without failing: parked events, messages that could not be sent.",
        f'fields @timestamp, service, message | filter level = "WARNING" | {_NEWEST}',
    ),
    Query(
        "failing targets",
        "Which accounts and regions fail, how often, and with which error last.",
        f"{_OF_PASSES} and ispresent(errors.0) | stats count(*) as passes, latest(errors.0) as error by target "
        "| sort passes desc",
        ("passes",),
    ),
    Query(
        "largest targets",
        "Which accounts and regions take the most work: how many passes, and how many resources in the largest.",
        f"{_OF_PASSES} | stats count(*) as passes, max(resources) as most by target | sort most desc | limit 50",
        ("passes",),
    ),
    Query(
        "accounts",
        "What every metric of passes adds up to in each account.",
        by_field("account"),
        ("passes",),
    ),
    Query(
        "done by account",
        "What was started and stopped in each account, and what of it failed.",
        "filter ispresent(ResourcesStarted.0) | stats sum(ResourcesStarted.0) as started, "
        "sum(ResourcesStopped.0) as stopped, sum(ActionsFailed.0) as failed, sum(Passes.0) as passes by account "
        "| sort started desc",
        ("passes",),
    ),
    *(
        Query(
            f"hours saved by {field}",
            f"What was started and stopped of each {field} on whole days, the hours that its resources were out, and "
            "the days of resources without a known price.",
            saved_hours(field),
            ("report",),
        )
        for field in ("account", "team")
    ),
    *(
        Query(
            f"money saved by {field}",
            f"What that saved by list prices, for each {field} and currency; unknown prices are in no sum.",
            saved_money(field),
            ("report",),
        )
        for field in ("account", "team")
    ),
    Query(
        "left alone",
        "Passes that left something as it was, and why: refused by a guardrail, waiting, late. `lamp why` tells it of "
        "one resource.",
        f'{_OF_PASSES} and (refused != "" or waiting > 0 or @message like /"late": ?true/) '
        f"| fields @timestamp, target, why, refused, waiting, late, errors.0 | {_NEWEST}",
        ("passes",),
    ),
    Query(
        "throttling",
        "Where AWS asks for patience, by the hour.",
        "filter @message like /Throttl|Rate exceeded|TooManyRequests|RequestLimitExceeded|SlowDown/ "
        "| stats count(*) as lines by service, bin(1h)",
    ),
    Query(
        "cold starts",
        "How often functions began anew, and how long that took, in milliseconds.",
        f"{_REPORT} | stats count(*) as calls, count(record.metrics.initDurationMs) as cold, "
        "pct(record.metrics.initDurationMs, 95) as p95, max(record.metrics.initDurationMs) as longest by @log "
        "| sort cold desc",
    ),
    Query(
        "slowest calls",
        "The longest call of each function, in milliseconds.",
        f"{_REPORT} | stats max(record.metrics.durationMs) as longest, pct(record.metrics.durationMs, 95) as p95, "
        "count(*) as calls by @log | sort longest desc",
    ),
    Query(
        "memory",
        "What each function used of the memory it has, in MB.",
        f"{_REPORT} | stats max(record.metrics.maxMemoryUsedMB) as used, max(record.metrics.memorySizeMB) as given "
        "by @log | sort used desc",
    ),
    Query(
        "out of time",
        "Calls that Lambda ended because their time was up.",
        f'{_REPORT} and record.status = "timeout" | fields @timestamp, @log, record.requestId, '
        f"record.metrics.durationMs | {_NEWEST}",
    ),
)

QUERIES: Final[Mapping[str, Query]] = MappingProxyType({each.name: each for each in _ALL})
"""Every saved query, by name."""
