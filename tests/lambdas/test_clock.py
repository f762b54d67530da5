"""The clock's handler: it sends what is due and sets its alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from tests.lambdas.conftest import ENVIRON, Hub, metrics
from tests.scheduler.conftest import HERE, OFFICE, THERE

from lamplighter.errors import DefinitionError, UsageError
from lamplighter.lambdas.clock import RECONCILE, answer
from lamplighter.scheduler.asked import ask_for_all
from lamplighter.scheduler.messages import Message
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.tick import Asleep, asleep
from lamplighter.schedules.overrides import Hold, Override


def test_first_every_target_then_only_what_is_due(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer({}, hub.runtime) == {"messages": 2, "next": "2026-11-23T09:05:00+00:00", "unresolved": 0}
    assert [(each.target, each.why) for each in hub.sent] == [(HERE, "definitions"), (THERE, "definitions")]
    assert hub.alarm == "at(2026-11-23T09:05:00)"
    wrote = metrics(capsys.readouterr().out)
    assert (wrote["Ticks"], wrote["TargetsDue"], wrote["SecondsToNext"]) == (1, 2, 300)
    hub.store.put("clock", "roster", HERE.key, {"schedules": ["office"], "watch": False})
    hub.sent.clear()
    hub.clock.at(9, 5)
    answer({}, hub.runtime)
    assert hub.sent == []
    assert hub.alarm == "at(2026-11-23T13:00:00)"
    hub.clock.at(13)
    answer({}, hub.runtime)
    hub.sent.clear()
    hub.clock.at(18)
    answer({"unknown": ["shape"]}, hub.runtime)
    assert [each.why for each in hub.sent] == ["reconcile", "reconcile"]


def test_it_makes_its_alarm_where_that_is_missing_and_keeps_its_name(hub: Hub) -> None:
    del hub.aws.scheduler.schedules["wake"]
    answer({}, hub.runtime)
    assert hub.alarm == "at(2026-11-23T09:05:00)"
    assert hub.aws.scheduler.schedule["Target"]["Arn"] == hub.aws.scheduler.schedules["clock"]["Target"]["Arn"]
    hub.define(OFFICE + "# changed")
    assert asleep(hub.store, hub.clock.now) == Asleep("lamplighter/wake", hub.clock.now + timedelta(minutes=5))


def test_after_a_slow_tick_the_alarm_is_still_to_come(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(messages: Sequence[Message]) -> None:
        hub.clock.at(9, 12)

    monkeypatch.setattr("lamplighter.scheduler.messages.send", lambda session, queue, messages: slow(messages))
    assert answer({}, hub.runtime)["next"] == "2026-11-23T09:05:00+00:00"
    assert hub.alarm == "at(2026-11-23T09:12:05)"


def _define(hub: Hub) -> None:
    hub.define(OFFICE + "# changed")


def _join(hub: Hub) -> None:
    ask_for_all(hub.store, hub.clock.now + timedelta(minutes=10))


def _override(hub: Hub) -> None:
    at = hub.clock.now
    set_override(hub.store, Override("o1", Hold.RUNNING, "i-1", at + timedelta(hours=1), "", "ada", at))


def _tick(hub: Hub) -> None:
    hub.store.put("clock", "clock", "next", {"version": 1, "wakes": {}})


@pytest.mark.parametrize("meanwhile", [_define, _join, _override, _tick])
def test_what_changes_during_a_tick_is_looked_at_at_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Hub], None]
) -> None:
    monkeypatch.setattr("lamplighter.scheduler.messages.send", lambda *_: meanwhile(hub))
    answer({}, hub.runtime)
    assert hub.alarm == "at(2026-11-23T09:00:05)"


def test_what_is_asked_for_while_all_is_looked_at_is_kept(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    answer({}, hub.runtime)
    monkeypatch.setattr("lamplighter.scheduler.messages.send", lambda *_: _join(hub))
    answer(RECONCILE, hub.runtime)
    assert hub.alarm == "at(2026-11-23T09:00:05)"
    monkeypatch.undo()
    hub.clock.now += timedelta(seconds=5)
    answer({}, hub.runtime)
    hub.clock.at(9, 9)
    assert answer({}, hub.runtime)["next"] == "2026-11-23T09:10:00+00:00"


def test_people_can_ask_for_every_target(hub: Hub) -> None:
    answer({}, hub.runtime)
    hub.sent.clear()
    hub.clock.now += timedelta(minutes=10)
    assert answer(RECONCILE, hub.runtime)["messages"] == 2
    assert answer({}, hub.runtime)["messages"] == 0


def test_the_rhythm_is_that_of_the_variables() -> None:
    hub = Hub(environ={**ENVIRON, "LAMPLIGHTER_FREQUENCY": "30", "LAMPLIGHTER_RECONCILE": "1"})
    answer({}, hub.runtime)
    assert hub.alarm == "at(2026-11-23T09:30:00)"
    hub.clock.at(9, 31)
    answer({}, hub.runtime)
    assert hub.alarm == "at(2026-11-23T10:00:00)"


def test_a_rhythm_that_is_none_is_said() -> None:
    hub = Hub(environ={**ENVIRON, "LAMPLIGHTER_FREQUENCY": "often"})
    with pytest.raises(UsageError, match="LAMPLIGHTER_FREQUENCY is 'often'"):
        answer({}, hub.runtime)


def test_without_an_alarm_it_still_ticks() -> None:
    hub = Hub(environ={**ENVIRON, "LAMPLIGHTER_WAKE": ""})
    assert answer({}, hub.runtime)["messages"] == 2
    assert hub.aws.scheduler.updates == 0


def test_definitions_that_are_not_fit_for_use_are_an_error(hub: Hub) -> None:
    hub.define("targets: {accounts: [12]}")
    with pytest.raises(DefinitionError, match="not fit for use"):
        answer({}, hub.runtime)
    assert hub.sent == []


def test_a_missing_variable_is_said() -> None:
    hub = Hub(environ={**ENVIRON, "LAMPLIGHTER_QUEUE_URL": ""})
    with pytest.raises(UsageError, match="LAMPLIGHTER_QUEUE_URL is not set"):
        answer({}, hub.runtime)
