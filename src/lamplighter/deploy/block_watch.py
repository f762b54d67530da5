"""Dashboard, alarms and saved queries in the template `watch`, made from the metrics that handlers write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from lamplighter.deploy.alarms import ALARMS, SQS, Alarm, of_function
from lamplighter.deploy.block_parts import logical, tags
from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.metrics import METRICS, SERVICE, Metric
from lamplighter.deploy.needs import dashed
from lamplighter.deploy.queries import QUERIES, by_field, saved_hours, saved_money
from lamplighter.deploy.yamls import If, Ref, Row, Sub, plain

_WIDTH: Final = 24
_HIGH: Final = 6
_HOUR: Final = 3600
_DAY: Final = 86_400
_SPAN: Final = '"start": "-P7D", "periodOverride": "inherit"'
"""What is told once a day would not be in the three hours that CloudWatch shows by itself."""

_HEAD: Final = (
    "# ${Prefix}\\nWhat was lit and put out, what that saved, what failed, and how late. "
    "`lamp doctor` looks at the parts; the log groups are `/aws/lambda/${Prefix}-*`."
)


def dashboard() -> dict[str, Any]:
    """The dashboard: every metric of every handler, the queues, the functions, and what was done in each account."""
    lines = ",\n".join(f"    {json.dumps(widget)}" for widget in _laid_out(list(_widgets())))
    head = (
        f'{{"type": "text", "x": 0, "y": 0, "width": {_WIDTH}, "height": 2, "properties": {{"markdown": "{_HEAD}"}}}}'
    )
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": Sub("${Prefix}"),
                "DashboardBody": Sub(f'{{\n  {_SPAN},\n  "widgets": [\n    {head},\n{lines}\n  ]\n}}\n'),
            },
        }
    }


def _widgets() -> Iterator[tuple[int, dict[str, Any]]]:
    """(width, properties) of each."""
    for metric in METRICS.values():
        yield 8, {"title": metric.title, "metrics": [_series(metric)], **({"period": _DAY} if metric.daily else {})}
    queues = [[SQS, name, "QueueName", f"${{Prefix}}-{queue}", {"stat": "Maximum"}] for queue, name in _WAITING]
    yield 12, {"title": "messages that wait, and dead letters", "metrics": queues}
    for name, statistic, title in (
        ("Errors", "Sum", "functions: errors"),
        ("Duration", "Maximum", "functions: longest call, in milliseconds"),
        ("Throttles", "Sum", "functions: calls put off"),
    ):
        series = [
            ["AWS/Lambda", name, "FunctionName", f"${{Prefix}}-{dashed(each)}", {"stat": statistic}]
            for each in HANDLERS.values()
        ]
        yield 12, {"title": title, "metrics": series}
    yield _WIDTH, _by_account()
    for field in ("account", "team"):
        yield 12, _saved("started, stopped and hours saved", field, saved_hours(field))
        yield 12, _saved("money saved by list prices", field, saved_money(field))


_WAITING: Final = (
    ("passes", "ApproximateNumberOfMessagesVisible"),
    ("passes", "ApproximateAgeOfOldestMessage"),
    ("dead-letters", "ApproximateNumberOfMessagesVisible"),
)


def _series(metric: Metric) -> list[Any]:
    if metric.dimensions:
        # One line for each value that there is, whatever they are.
        names = ",".join((SERVICE, *metric.dimensions))
        wanted = f'{{"${{Prefix}}",{names}}} MetricName="{metric.name}" {SERVICE}="{metric.service}"'
        period = _DAY if metric.daily else _HOUR
        return [{"expression": f"SEARCH('{wanted}', '{_statistic(metric)}', {period})", "id": metric.name.lower()}]
    return ["${Prefix}", metric.name, SERVICE, metric.service, {"stat": _statistic(metric)}]


def _by_account() -> dict[str, Any]:
    (handler,) = {each.handler for each in METRICS.values() if "account" in each.fields}
    source = f"SOURCE '/aws/lambda/${{Prefix}}-{dashed(HANDLERS[handler])}'"
    return {"title": "by account", "query": f"{source} | {by_field('account')}", "view": "table"}


def _saved(title: str, field: str, query: str) -> dict[str, Any]:
    source = f"SOURCE '/aws/lambda/${{Prefix}}-{dashed(HANDLERS['report'])}'"
    return {"title": f"{title}, by {field}", "query": f"{source} | {query}", "view": "table"}


def _statistic(metric: Metric) -> str:
    return "Sum" if metric.unit == "Count" and not metric.daily else "Maximum"


def _laid_out(widgets: Sequence[tuple[int, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Widgets side by side, a new row where one does not fit."""
    x, y = 0, 2
    for width, properties in widgets:
        if x + width > _WIDTH:
            x, y = 0, y + _HIGH
        common: dict[str, Any] = {"region": "${AWS::Region}"}
        if "metrics" in properties:
            common |= {"view": "timeSeries", "period": _HOUR}
        yield {
            "type": "metric" if "metrics" in properties else "log",
            "x": x,
            "y": y,
            "width": width,
            "height": _HIGH,
            "properties": {**common, **properties},
        }
        x += width


def alarms() -> dict[str, Any]:
    """The alarms; what they say goes to the topic."""
    every = (*ALARMS, *(of_function(dashed(handler)) for handler in HANDLERS.values()))
    return {f"{logical(alarm.name)}Alarm": _alarm(alarm) for alarm in every}


def _alarm(alarm: Alarm) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AlarmName": Sub(f"${{Prefix}}-{alarm.name}"),
        "AlarmDescription": alarm.means,
        "ComparisonOperator": "LessThanThreshold" if alarm.silent else "GreaterThanThreshold",
        "Threshold": 1 if alarm.silent else alarm.above,
        "EvaluationPeriods": alarm.of,
        "DatapointsToAlarm": alarm.bad,
        "TreatMissingData": "breaching" if alarm.silent else "notBreaching",
        "ActionsEnabled": If(["IsActive", True, False]) if alarm.silent else True,
        "AlarmActions": [Ref("TopicArn")],
        "OKActions": [Ref("TopicArn")],
        **_looked_at(alarm),
        "Tags": tags("watch"),
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": found}


def _looked_at(alarm: Alarm) -> dict[str, Any]:
    own = alarm.own
    dimensions_of = alarm.dimensions if own is None else ((SERVICE, own.service),)
    return {
        "Namespace": alarm.namespace or Ref("Prefix"),
        "MetricName": alarm.metric,
        "Dimensions": [Row(Name=name, Value=plain(value)) for name, value in dimensions_of],
        "Statistic": alarm.statistic,
        "Period": alarm.period,
    }


def queries() -> dict[str, Any]:
    """The saved queries, each over the logs that it looks at."""
    return {
        f"{logical(each.name.replace(' ', '-'))}Query": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "Name": Sub(f"${{Prefix}}/{each.name}"),
                "LogGroupNames": [Sub(f"/aws/lambda/${{Prefix}}-{dashed(HANDLERS[name])}") for name in each.of],
                "QueryString": each.text,
            },
        }
        for each in QUERIES.values()
    }
