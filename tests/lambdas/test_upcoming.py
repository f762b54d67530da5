"""Deployed as on a laptop: what will be put out soon is told once, in time, though nothing else is due then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.lambdas.conftest import Context, Hub
from tests.lambdas.test_passes import batch
from tests.scheduler.conftest import HERE, OFFICE

from lamplighter.lambdas import clock, passes

TELLING = OFFICE + "notify: {lead: 45m, rules: [{to: 'file:told.jsonl', about: [upcoming]}]}\n"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub with one machine that is lit in working hours, on a Monday at 9:00 UTC, looked at once."""
    monkeypatch.setattr(passes, "SCRATCH", tmp_path)
    hub = Hub(TELLING)
    hub.cloud.instance(at=HERE, name="web-1")
    run(hub)
    return hub


def run(hub: Hub) -> list[str]:
    """A tick and the passes that it asks for: why it did."""
    before = len(hub.sent)
    clock.answer({}, hub.runtime)
    new = hub.sent[before:]
    for each in new:
        passes.answer(batch(each.text()), Context(), hub.runtime)
    return [each.why for each in new]


def told(folder: Path) -> list[str]:
    path = folder / "told.jsonl"
    return [json.loads(line)["text"] for line in path.read_text().splitlines()] if path.exists() else []


def test_a_stop_is_told_in_time(hub: Hub, tmp_path: Path) -> None:
    hub.clock.at(16, 58)
    run(hub)  # the reconciliation that is due by then
    hub.clock.at(17, 3)
    run(hub)
    assert told(tmp_path) == []
    assert hub.alarm == "at(2026-11-23T17:15:00)"
    hub.clock.at(17, 15)
    assert run(hub) == ["upcoming"]
    (text,) = told(tmp_path)
    assert "web-1" in text
    assert "2026-11-23 18:00" in text
    assert hub.cloud.effects[-1].action == "start", "it was only told"
    assert hub.alarm == "at(2026-11-23T18:00:00)"
    hub.clock.at(18)
    assert run(hub) == ["transition"]
    assert hub.cloud.effects[-1].action == "stop"
    assert len(told(tmp_path)) == 1
