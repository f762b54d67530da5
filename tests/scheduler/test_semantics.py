"""The examples of docs/semantics.md are what happens."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.scheduler.conftest import MONDAY, Stage, configuration
from tests.schedules.test_decision import TABLE

from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.settings import Configuration
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.timeline import State
from lamplighter.schedules.traps import warnings

PAGE = (Path(__file__).parents[2] / "docs" / "semantics.md").read_text()
BLOCKS = re.findall(r"^```([\w-]+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
STORY_YAML, TIME_YAML, ORDER_YAML = (text for language, text in BLOCKS if language == "yaml")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def lines(language: str) -> list[str]:
    return [line for text in blocks(language) for line in text.strip().splitlines()]


def test_the_base_table_is_the_one_that_is_tested() -> None:
    [table] = blocks("base-table")
    assert table.strip() == TABLE.strip()


def test_the_page_has_its_examples() -> None:
    assert (len(blocks("story")), len(lines("times")), len(lines("days")), len(lines("verdicts"))) == (20, 10, 7, 8)


def happen(stage: Stage, id_: str, what: str) -> None:
    """What a line says happened before its pass."""
    if what in ("found stopped", "started by hand", "found running", "stopped by hand"):
        lit = "running" if id_.startswith("i-") else "available"
        stage.cloud.by_hand(id_, lit if what in ("started by hand", "found running") else "stopped")
    elif what == "restarted by AWS":
        stage.cloud.restart_what_is_due()
        assert stage.cloud.state(id_) == "starting"
    elif what.startswith("no capacity for "):
        stage.cloud.short = set(what.removeprefix("no capacity for ").split(" and "))
    elif what == "capacity is back":
        stage.cloud.short.clear()
    elif what not in ("-", "killed after call"):
        words, _, length = what.rpartition(" ")
        hold = {"keep running": Hold.RUNNING, "keep stopped": Hold.STOPPED, "leave alone": Hold.LEAVE_ALONE}[words]
        until = stage.clock.now + timedelta(hours=int(length.removesuffix("h")))
        set_override(stage.plain, Override(f"{until:%d%H}", hold, id_, until, "", "ada", stage.clock.now))


@pytest.mark.parametrize("story", blocks("story"), ids=lambda text: text.splitlines()[0])
def test_stories(story: str) -> None:
    first, *steps = story.strip().splitlines()
    schedule, _, kind = first.partition(" ")
    stage = Stage(STORY_YAML)
    stage.cloud.ssm.window("patches", "cron(0 2 ? * TUE *)")
    id_ = stage.cloud.database("orders", schedule) if kind == "database" else stage.cloud.instance(schedule)
    for step in steps:
        when, before, action, stored, *types = re.split(r"\s{2,}", step.strip())
        day, clock = when.split()
        day, _, weeks = day.partition("+")
        stage.clock.at(int(clock[:2]), int(clock[3:]), DAYS.index(day) + 7 * int(weeks or 0))
        happen(stage, id_, before)
        stage.cloud.effects.clear()
        if before == "killed after call":
            stage.kill_after(f"{action}_instances")
        else:
            stage.run()
        assert [effect.action for effect in stage.cloud.effects] == ([] if action == "-" else [action]), step
        assert stage.stored(id_) == stored, step
        assert types in ([], [stage.cloud.thing(id_).extra.get("InstanceType", "m5.large")]), step
        assert stage.cloud.wasted == [], step


def test_the_story_of_an_order() -> None:
    stage = Stage(ORDER_YAML)
    tagged: list[Any] = [{"tags": {"Tier": tier, "Stack": "shop"}} for tier in ("database", "app", "web")]
    ids = {
        "databases": stage.cloud.database("orders", **tagged[0]),
        "app": stage.cloud.instance(**tagged[1]),
        "web": stage.cloud.instance(**tagged[2]),
    }
    stage.run(7)
    head, *steps = lines("order-story")
    assert head.split() == ["before", *ids]
    for step in steps:
        when, before, *expected = re.split(r"\s{2,}", step.strip())
        day, clock = when.split()
        stage.clock.at(int(clock[:2]), int(clock[3:]), DAYS.index(day))
        if before != "-":
            name, state = before.split()
            if state == "checked":
                stage.cloud.checks.pop(ids[name])
            else:
                stage.cloud.by_hand(ids[name], state)
                stage.cloud.checks |= {ids[name]: "initializing"} if state == "running" else {}
        found = {step.resource.id: step for step in stage.run(settle=False).steps}
        words = [
            "wait" if one.waits else one.decision.action.value if one.acts else "-"
            for one in (found[id_] for id_ in ids.values())
        ]
        assert words == expected, step
    assert stage.cloud.wasted == []


@pytest.mark.parametrize("line", lines("times"))
def test_times(line: str) -> None:
    name, when, state, words = re.split(r"\s{2,}", line.strip())
    schedule = configuration(TIME_YAML).loaded.schedules[name]
    at = datetime.fromisoformat(when)
    assert schedule.state_at(at).state is State(state)
    assert at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == re.match(r"\d\d:\d\d", words)[0]  # type: ignore[index]


def of_period(fields: str, more: str = "") -> Configuration:
    return configuration(f"periods:\n  p: {fields}\nschedules: {{s: {{periods: p{more}}}}}\n")


@pytest.mark.parametrize("line", lines("days"))
def test_days(line: str) -> None:
    field, month, *rest = re.split(r"\s{2,}", line.strip())
    name, _, value = field.partition(": ")
    config = of_period(f'{{{name}: "{value}"}}')
    assert config.problems == ()
    first = date.fromisoformat(f"{month}-01")
    noon = datetime(first.year, first.month, 1, 12, tzinfo=ZoneInfo("UTC"))
    matched = [
        day
        for day in range(1, monthrange(first.year, first.month)[1] + 1)
        if config.loaded.schedules["s"].state_at(noon.replace(day=day)).state is State.RUNNING
    ]
    assert matched == [int(day) for day in " ".join(rest).split()]


@pytest.mark.parametrize("line", lines("verdicts"))
def test_verdicts(line: str) -> None:
    verdict, _, fields = line.partition("  ")
    config = of_period(fields.strip())
    if verdict == "rejected":
        assert config.problems
        assert "s" in config.loaded.rejected
    else:
        assert config.problems == ()
        assert bool(warnings(config.loaded, MONDAY)) == (verdict == "warned")
