"""What was saved is told once a day, and a day that is told again adds nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.lambdas.conftest import ENVIRON, Context, Hub
from tests.lambdas.test_data import DataHub
from tests.lambdas.test_passes import batch
from tests.savings.test_measure import BOOK, YUAN, entry, seen
from tests.scheduler.conftest import HERE, OFFICE, THERE

from lamplighter.deploy.metrics import METRICS
from lamplighter.errors import StoreUnavailable
from lamplighter.lambdas import passes, report
from lamplighter.lambdas.runtime import Meters
from lamplighter.lambdas.saved import NO_TEAM, NOT_KNOWN, tell_saved
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import ec2_key
from lamplighter.scheduler.messages import Message
from lamplighter.store import journal
from lamplighter.store.journal import Entry

ODD = ec2_key("eu-west-1", "odd.large")


def written(hub: Hub, *entries: Entry) -> None:
    for target in (HERE, THERE):
        hub.store.put("clock", "roster", target.key, {"schedules": ["office"]})
    hub.store.put_many([journal.put(each) for each in entries])


def told(hub: Hub, capsys: pytest.CaptureFixture[str], book: PriceBook = BOOK) -> list[dict[str, Any]]:
    """The lines of one call, in order."""
    capsys.readouterr()
    meters = Meters(ENVIRON)
    tell_saved(hub.runtime, book, meters)
    meters.write()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def values(lines: list[dict[str, Any]], name: str) -> dict[tuple[str, ...], float]:
    """Values of a metric by the time that they are of, to the minute, and by dimensions beside the service."""
    found: dict[tuple[str, ...], float] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            if name in {each["Name"] for each in directive["Metrics"]}:
                at = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
                (names,) = directive["Dimensions"]
                assert set(names) == {"service", *METRICS[name].dimensions}
                key = (f"{at:%d %H:%M}", *(line[each] for each in METRICS[name].dimensions))
                assert key not in found
                found[key] = line[name][0]
    return found


def said(lines: list[dict[str, Any]], message: str, day: str) -> list[Mapping[str, Any]]:
    return [line for line in lines if line.get("message") == message and line["day"] == day]


@pytest.fixture
def hub() -> Hub:
    """A hub on Wednesday, at 6:30 UTC."""
    made = Hub()
    made.clock.at(6, 30, day=2)
    return made


STORY = (
    replace(seen(-30, "running"), team="web"),
    replace(entry(20, "stop"), team="web"),
    replace(entry(32, "start"), team="web"),
    seen(-5, "stopped", resource="i-2", target=THERE.key, keys=(YUAN,)),
    replace(seen(0, "stopped", resource="i-3", keys=(ODD,)), team=""),
)


def test_the_last_whole_days_are_told_with_their_last_minute(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    written(hub, *STORY)
    lines = told(hub, capsys)
    assert values(lines, "HoursSaved") == {("22 23:59",): 5, ("23 23:59",): 52, ("24 23:59",): 56}
    # Currencies are not added, and what has no known price is not zero but counted beside.
    assert values(lines, "MoneySaved") == {
        ("22 23:59", "USD"): 0,
        ("22 23:59", "CNY"): 3.5,
        ("23 23:59", "USD"): 0.4,
        ("23 23:59", "CNY"): 16.8,
        ("24 23:59", "USD"): 0.8,
        ("24 23:59", "CNY"): 16.8,
    }
    assert values(lines, "ResourcesUnpriced") == {("22 23:59",): 0, ("23 23:59",): 1, ("24 23:59",): 1}
    hours = said(lines, "hours saved", "2026-11-23")
    assert [(each["account"], each["team"], each["hours"], each["resources"], each["unpriced"]) for each in hours] == [
        (HERE.account, NO_TEAM, 24, 1, 1),
        (HERE.account, "web", 4, 1, 0),
        (THERE.account, NOT_KNOWN, 24, 1, 0),
    ]
    assert [(each["starts"], each["stops"]) for each in hours] == [(0, 0), (0, 1), (0, 0)]
    money = said(lines, "money saved", "2026-11-23")
    assert [(each["account"], each["team"], each["currency"], each["money"]) for each in money] == [
        (HERE.account, "web", "USD", 0.4),
        (THERE.account, NOT_KNOWN, "CNY", 16.8),
    ]


def test_told_again_it_is_the_same(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    written(hub, *STORY)
    first, again = told(hub, capsys), told(hub, capsys)
    for name in ("HoursSaved", "MoneySaved", "ResourcesUnpriced"):
        assert values(first, name) == values(again, name) != {}
    hub.clock.now += timedelta(days=1)
    later = values(told(hub, capsys), "MoneySaved")
    known = values(first, "MoneySaved")
    assert {key: later[key] for key in later.keys() & known.keys()} == {
        key: value for key, value in known.items() if not key[0].startswith("22")
    }


def test_without_any_known_price_no_money_is_told(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    written(hub, STORY[-1])
    lines = told(hub, capsys)
    assert values(lines, "MoneySaved") == {}
    assert values(lines, "ResourcesUnpriced")["24 23:59",] == 1
    assert said(lines, "money saved", "2026-11-24") == []


def test_where_no_pass_was_yet_nothing_is_told(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(hub, capsys)
    assert values(lines, "HoursSaved") == values(lines, "MoneySaved") == {}


def test_a_journal_that_cannot_be_read_stops_no_other_target(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    written(hub, *STORY)
    hub.store.put(journal.TABLE, THERE.key, "2026-11-23T01:00:00.000000Z#x", {"foreign": True})
    lines = told(hub, capsys)
    assert values(lines, "HoursSaved")["24 23:59",] == 32
    (count,) = values(lines, "TargetsUnmeasured").values()
    assert count == 1


def test_the_team_is_that_of_the_tag_at_the_time_of_the_pass(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.define("team_tag: Owner\n" + OFFICE)
    hub.clock.at(20)
    hub.cloud.instance(state="running", at=HERE, tags={"Owner": "search"})
    passes.answer(batch(Message(HERE, "reconcile", hub.clock.now).text()), Context(), hub.runtime)
    hub.clock.at(6, 30, day=2)
    lines = told(hub, capsys)
    (line,) = said(lines, "hours saved", "2026-11-24")
    assert (line["account"], line["team"], line["hours"]) == (HERE.account, "search", 24)


def test_the_report_tells_it_and_says_what_could_not_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    data = DataHub()
    data.clock.at(6, 30, day=2)
    written(data, *STORY)
    data.store.put(journal.TABLE, THERE.key, "2026-11-23T01:00:00.000000Z#x", {"foreign": True})
    answer = report.answer({}, Context(), data.runtime)
    assert answer["unmeasured"] == 1
    assert answer["key"].startswith("reports/2026/11/")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert values(lines, "HoursSaved")["24 23:59",] == 32
    assert [line["message"] for line in lines if line.get("level") == "WARNING"] == [
        f"the journal of {THERE.key} holds an item that is no entry: 2026-11-23T01:00:00.000000Z#x"
    ]


def test_what_does_not_fit_is_a_failure_of_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    data = DataHub()
    data.clock.at(6, 30, day=2)
    types = [ec2_key("eu-west-1", f"x{number}.24xlarge") for number in range(4_500)]
    written(data, *STORY, seen(-40, "running", resource="i-9", target=THERE.key, keys=types))
    answer = report.answer({}, Context(), data.runtime)
    assert answer["unmeasured"] == 1
    assert answer["key"].startswith("reports/2026/11/")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert values(lines, "HoursSaved")["24 23:59",] == 32
    (warning,) = [line for line in lines if line.get("level") == "WARNING"]
    assert THERE.key in warning["message"]
    assert "i-9" in warning["message"]
    assert warning["hint"]


def test_a_store_that_fails_is_an_error_but_the_workbook_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = DataHub()
    data.clock.at(6, 30, day=2)
    written(data, *STORY)

    def fail(*_: object) -> None:
        raise StoreUnavailable("there is no table lamplighter-savings")

    monkeypatch.setattr(data.store, "put_many", fail)
    with pytest.raises(StoreUnavailable, match="no table"):
        report.answer({}, Context(), data.runtime)
    assert [key for key in data.bucket.objects if key.startswith("reports/2026/11/")]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert values(lines, "ReportsWritten") != {}
    # What is told without some targets would be too little.
    assert values(lines, "HoursSaved") == {}
