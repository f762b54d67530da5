"""Dashboard and alarms look at metrics that are written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lamplighter.deploy.alarms import ALARMS, LAMBDA, SQS
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.metrics import METRICS
from lamplighter.deploy.needs import dashed
from lamplighter.deploy.queries import QUERIES

RESOURCES: dict[str, Any] = TEMPLATES["watch"].data["Resources"]
PREFIX, REGION = "lamp", "eu-central-1"
FUNCTIONS = {f"{PREFIX}-{dashed(handler)}" for handler in HANDLERS.values()}
QUEUES = {f"{PREFIX}-passes", f"{PREFIX}-dead-letters"}


def substituted(value: Any) -> Any:
    if isinstance(value, dict):
        if "Fn::Sub" in value:
            return value["Fn::Sub"].replace("${Prefix}", PREFIX).replace("${AWS::Region}", REGION)
        if value == {"Ref": "Prefix"}:
            return PREFIX
        return {key: substituted(each) for key, each in value.items()}
    return [substituted(each) for each in value] if isinstance(value, list) else value


WIDGETS = json.loads(substituted(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]))["widgets"]


def searched(expression: str, period: int) -> tuple[str, str, dict[str, str]]:
    """What a search looks for: the value of a dimension that may have any is none."""
    found = re.fullmatch(
        r"""SEARCH\('\{"([\w-]+)",([\w,]+)\} MetricName="(\w+)" service="([\w-]+)"', '(\w+)', (\d+)\)""", expression
    )
    assert found, expression
    assert (found[5], int(found[6])) == ("Maximum", period)
    dimensions = dict.fromkeys(found[2].split(","), "")
    return found[1], found[3], {**dimensions, "service": found[4]}


def of_dashboard() -> list[tuple[str, str, dict[str, str]]]:
    found = []
    for widget in WIDGETS:
        for series in widget["properties"].get("metrics", []):
            if isinstance(series[0], dict):
                found.append(searched(series[0]["expression"], widget["properties"]["period"]))
                continue
            namespace, metric, *rest = series[:-1]
            found.append((namespace, metric, dict(zip(rest[::2], rest[1::2], strict=True))))
    return found


def check(namespace: str, metric: str, dimensions: dict[str, str]) -> None:
    if namespace == PREFIX:
        known = METRICS[metric]
        assert dimensions == {"service": dashed(HANDLERS[known.handler]), **dict.fromkeys(known.dimensions, "")}
    elif namespace == SQS:
        assert metric in ("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage")
        assert dimensions["QueueName"] in QUEUES
    else:
        assert namespace == LAMBDA
        assert metric in ("Errors", "Duration", "Throttles")
        assert dimensions["FunctionName"] in FUNCTIONS


def test_the_dashboard_shows_metrics_that_are_written() -> None:
    for namespace, metric, dimensions in of_dashboard():
        check(namespace, metric, dimensions)


def test_the_dashboard_shows_every_metric_queue_and_function() -> None:
    shown = of_dashboard()
    assert {metric for namespace, metric, _ in shown if namespace == PREFIX} == set(METRICS)
    assert {each["QueueName"] for namespace, _, each in shown if namespace == SQS} == QUEUES
    assert {each["FunctionName"] for namespace, _, each in shown if namespace == LAMBDA} == FUNCTIONS


def test_what_was_done_by_account_is_read_from_the_logs() -> None:
    # As an alarm or a metric of each account would cost more than all the rest: CloudWatch bills every value.
    (widget,) = [each for each in WIDGETS if each["properties"].get("title") == "by account"]
    query = widget["properties"]["query"]
    assert query.startswith("SOURCE '/aws/lambda/lamp-passes' | ")
    assert query.endswith(" by account")
    assert set(re.findall(r"sum\((\w+)\.0\)", query)) == {
        each.name for each in METRICS.values() if each.fields == ("account",)
    }


def test_a_value_of_a_day_is_shown_as_it_is_however_often_it_was_written() -> None:
    daily = [each for each in WIDGETS if each["properties"].get("period") == 86_400]
    assert len(daily) == sum(each.daily for each in METRICS.values()) == 3
    for widget in daily:
        (series,) = widget["properties"]["metrics"]
        assert "'Maximum'" in series[0]["expression"] if len(series) == 1 else series[-1] == {"stat": "Maximum"}
    body = json.loads(substituted(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]))
    # Else CloudWatch shows three hours, and chooses periods by itself.
    assert (body["start"], body["periodOverride"]) == ("-P7D", "inherit")


@pytest.mark.parametrize("field", ["account", "team"])
def test_what_was_saved_is_read_from_the_logs(field: str) -> None:
    shown = {each["properties"]["title"]: each["properties"]["query"] for each in WIDGETS if each["type"] == "log"}
    source = "SOURCE '/aws/lambda/lamp-report' | "
    assert shown[f"started, stopped and hours saved, by {field}"] == source + QUERIES[f"hours saved by {field}"].text
    assert shown[f"money saved by list prices, by {field}"] == source + QUERIES[f"money saved by {field}"].text
    for text in shown.values():
        if "saved" in text:
            # A day that is told again is taken once, and currencies are not added.
            first, last = (part.strip() for part in text.split("| stats ")[1:])
            assert re.match(r"latest.* by day, account, team(, currency)? *\|?$", first)
            assert last.split("|")[0].strip().endswith(", currency") == ("money" in text)


def test_widgets_lie_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in WIDGETS:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_every_name_of_a_queue_is_that_of_the_hub() -> None:
    hub = TEMPLATES["hub"].data["Resources"]
    assert {substituted(hub[name]["Properties"]["QueueName"]) for name in ("PassQueue", "DeadLetterQueue")} == QUEUES


def alarms() -> list[dict[str, Any]]:
    return [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]


def test_alarms_look_at_metrics_that_are_written() -> None:
    for alarm in alarms():
        dimensions = {each["Name"]: substituted(each["Value"]) for each in alarm["Dimensions"]}
        check(substituted(alarm["Namespace"]), alarm["MetricName"], dimensions)


def test_alarms_say_what_they_mean_and_tell_the_topic() -> None:
    assert len(alarms()) == len(ALARMS) + len(HANDLERS)
    for alarm in alarms():
        assert alarm["AlarmDescription"].endswith(".")
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "TopicArn"}]
        # CloudWatch looks at no more than a day, and a week for periods of an hour and more.
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= 86_400
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]


@pytest.mark.parametrize(
    ("name", "breaching"), [("ClockSilentAlarm", "breaching"), ("DeadLettersAlarm", "notBreaching")]
)
def test_silence_of_the_clock_is_what_its_alarm_hears(name: str, breaching: str) -> None:
    assert RESOURCES[name]["Properties"]["TreatMissingData"] == breaching


def test_a_clock_that_only_reconciles_is_not_silent() -> None:
    clock = next(alarm for alarm in ALARMS if alarm.name == "clock-silent")
    most = TEMPLATES["hub"].data["Parameters"]["ClockSchedule"]["Default"]
    hours = re.fullmatch(r"rate\((\d+) hours?\)", most)
    assert hours
    assert clock.of * clock.period >= 2 * int(hours[1]) * 3600


def test_queries_read_the_logs_that_they_are_about() -> None:
    found = {
        substituted(each["Properties"]["Name"]): each["Properties"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Logs::QueryDefinition"
    }
    assert set(found) == {f"lamp/{name}" for name in QUERIES}
    for name, query in QUERIES.items():
        made = found[f"lamp/{name}"]
        assert made["QueryString"] == query.text
        wanted = {f"/aws/lambda/lamp-{dashed(HANDLERS[handler])}" for handler in query.of}
        assert {substituted(group) for group in made["LogGroupNames"]} == wanted
