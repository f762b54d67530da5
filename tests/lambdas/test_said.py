"""What handlers really write, when they run: every metric and field that alarms, dashboard and queries ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any

import pytest
from tests.deploy.test_watch import PREFIX, WIDGETS, alarms, of_dashboard, substituted
from tests.lambdas.conftest import Answers, Context, Hub, Stack, event
from tests.lambdas.test_data import DataHub
from tests.lambdas.test_ingest import arrived, bill, manifest
from tests.lambdas.test_saved import STORY
from tests.lambdas.test_saved import written as lived
from tests.scheduler.conftest import HERE, THERE

from lamplighter.deploy.handlers import HANDLERS
from lamplighter.deploy.metrics import METRICS, SERVICE
from lamplighter.deploy.queries import INSIGHTS, OURS, PLATFORM, POWERTOOLS, QUERIES
from lamplighter.errors import AccessDenied, AwsError
from lamplighter.lambdas import clock, collect, custom_resource, events, ingest, passes, remote, report

__all__ = ["bill"]
pytestmark = pytest.mark.slow

Line = dict[str, Any]
Lines = Mapping[str, list[Line]]


class Log:
    """Lines by handler."""

    def __init__(self) -> None:
        self.lines: dict[str, list[Line]] = {name: [] for name in HANDLERS}

    def of(self, handler: str, call: Callable[[], object]) -> None:
        """Keep what a call writes."""
        written = StringIO()
        with redirect_stdout(written):
            call()
        self.lines[handler] += [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def said(answers: Answers, bill: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Every handler ran: in good times and in bad ones."""
    log, hub = Log(), Hub()
    machine = hub.cloud.instance(at=HERE, tags={"Team": "shop"})
    hub.cloud.instance(at=THERE, schedule="nobody")
    _days(log, hub)
    hub.cloud.before = lambda _at, asked, _ids: AwsError("busy") if asked == "stop_instances" else None
    hub.clock.at(18, day=1)
    log.of("passes", lambda: passes.answer(event("queue"), Context(), hub.runtime))
    hub.cloud.before = lambda at, _asked, _ids: AccessDenied("no") if at == THERE else None
    log.of("passes", lambda: passes.answer(event("queue"), Context(), hub.runtime))
    log.of("passes", lambda: passes.answer({"Records": "x"}, Context(), hub.runtime))
    log.of("passes", lambda: passes.answer(event("queue"), Context(timedelta(seconds=5)), hub.runtime))
    for each in (event("tag_changed"), event("tag_changed"), {"source": "nobody"}):
        log.of("events", partial(events.answer, each, hub.runtime))
    wish = {"account": HERE.account, "region": HERE.region, "instances": [machine], "author": "ada"}
    for late in ({}, {"time": "2026-01-01T00:00:00Z"}):
        log.of("remote", partial(remote.answer, {"action": "stop", **wish, **late}, Context(), hub.runtime))
    stack = Stack(answers)
    log.of("custom_resource", stack.create)
    log.of("custom_resource", lambda: custom_resource.answer({}, Context(), stack.hub.runtime))
    _data(log, bill, monkeypatch)
    return log.lines


def _days(log: Log, hub: Hub) -> None:
    """A day, a night and a morning."""
    for hour, day in ((9, 0), (18, 0), (8, 1)):
        hub.clock.at(hour, day=day)
        log.of("passes", lambda: passes.answer(event("queue"), Context(), hub.runtime))
        log.of("clock", lambda: clock.answer({}, hub.runtime))


def _data(log: Log, bill: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    from lamplighter.usage.registry import collectors

    data = DataHub()
    data.cloud.instance(state="running")
    only = {"ec2": collectors()["ec2"]}
    monkeypatch.setattr("lamplighter.usage.registry.collectors", lambda: only)
    log.of("collect", lambda: collect.answer({}, Context(), data.runtime))
    log.of("ingest", lambda: ingest.answer({}, Context(), data.runtime))
    data.bucket.objects.update(bill)
    for _ in range(2):
        log.of("ingest", lambda: ingest.answer(arrived(manifest(bill)), Context(), data.runtime))
    data.clock.at(6, 30, day=2)
    lived(data, *STORY)
    log.of("report", lambda: report.answer({}, Context(), data.runtime))


def paths(value: Any, before: str = "") -> Iterator[str]:
    """Fields of a line as Logs Insights names them: members with dots, and numbers of lists."""
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = {str(number): each for number, each in enumerate(value)}.items()
    else:
        yield before
        return
    if before:
        yield before
    for name, each in pairs:
        yield from paths(each, f"{before}.{name}" if before else name)


def written(lines: Iterable[Line]) -> dict[tuple[str, str], set[str]]:
    """Metrics of lines, by service and name, and the fields beside each."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            [dimensions] = directive["Dimensions"]
            names = {each["Name"] for each in directive["Metrics"]}
            for name in names:
                assert isinstance(line[name], list)
                assert set(dimensions) == {SERVICE, *METRICS[name].dimensions}, name
                found.setdefault((line[SERVICE], name), set()).update(set(line) - names - {"_aws", *dimensions})
    return found


def test_everything_that_is_asked_for_is_written(said: Lines) -> None:
    wrote = written(line for lines in said.values() for line in lines)
    assert wrote == {(metric.service, name): set(metric.fields) for name, metric in METRICS.items()}
    for handler, lines in said.items():
        declared = {name for name, metric in METRICS.items() if metric.handler == handler}
        assert declared <= {name for _, name in written(lines)}, handler
    asked = _asked()
    assert len(asked) > len(METRICS)
    assert [each for each in asked if each not in wrote] == []
    fields = {handler: {path for line in lines for path in paths(line)} for handler, lines in said.items()}
    for handler, names in OURS.items():
        assert names <= fields[handler], handler
    _queries(fields)


def _asked() -> list[tuple[str, str]]:
    """(dimension, name) of our metrics that alarms and widgets ask for."""
    found = [(name, dimensions) for namespace, name, dimensions in of_dashboard() if namespace == PREFIX]
    for alarm in alarms():
        if substituted(alarm["Namespace"]) == PREFIX:
            dimensions = {each["Name"]: substituted(each["Value"]) for each in alarm["Dimensions"]}
            found.append((alarm["MetricName"], dimensions))
    return [(dimensions[SERVICE], name) for name, dimensions in found]


def _queries(fields: Mapping[str, set[str]]) -> None:
    """Each names fields that lines of its functions have; what it looks for in lines is there to be found."""
    texts = {name: (query.text, query.of) for name, query in QUERIES.items()}
    for widget in WIDGETS:
        if widget["type"] == "log":
            query = widget["properties"]["query"]
            [source] = re.findall(r"SOURCE '/aws/lambda/lamp-([a-z-]+)'", query)
            texts[widget["properties"]["title"]] = (query, (source.replace("-", "_"),))
    for name, (text, handlers) in texts.items():
        known = set().union(*(fields[handler] for handler in handlers)) | INSIGHTS | PLATFORM | {"exception_name"}
        bare = re.sub(r'"[^"]*"|/[^/]*/|\'[^\']*\'', "", text)
        made = set(re.findall(r"\bas (\w+)", bare))
        named = {word for word in re.findall(r"@?[A-Za-z_][\w.]*", bare) if f"{word}(" not in bare}
        assert named - known - made - WORDS == set(), name
    assert POWERTOOLS - {"exception", "exception_name"} <= fields["passes"]


WORDS = {
    *("fields", "filter", "stats", "sort", "limit", "and", "or", "in", "like", "as", "by", "asc", "desc", "ispresent"),
    *("SOURCE", "h"),
}
