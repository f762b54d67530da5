"""The alarm of the clock: as it should be, off, past, gone."""

from __future__ import annotations

import pytest
from tests.deploy.health.conftest import DENIED, health

from lamplighter.errors import NotFound

TYPE = "Custom::LamplighterClock"


def alarm(expression: str = "at(2026-11-27T09:00:00)", state: str = "ENABLED") -> tuple[str, str, str]:
    return health(TYPE, "lit/lit-wake", get_schedule={"State": state, "ScheduleExpression": expression})


def test_set_to_what_comes() -> None:
    assert alarm() == ("ok", "on; set to 2026-11-27 09:00 UTC", "")
    assert alarm("at(2026-11-27T07:50:00)")[0] == "ok", "that tick may still be at work"


def test_off() -> None:
    hint = "enable it, unless it was put off on purpose (SchedulingActive)"
    assert alarm(state="DISABLED") == ("fail", "it is off; set to 2026-11-27 09:00 UTC", hint)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("at(2026-11-27T07:40:00)", "on; set to 2026-11-27 07:40 UTC, which is past"),
        ("rate(1 hour)", "on; it is set to no time"),
    ],
)
def test_one_that_will_not_ring(expression: str, text: str) -> None:
    status, said, hint = alarm(expression)
    assert (status, said) == ("fail", text)
    assert "docs/runbook.md" in hint


def test_gone_and_refused() -> None:
    gone = health(TYPE, "lit/lit-wake", get_schedule=NotFound("none"))
    assert gone[:2] == ("fail", "it is not there")
    assert gone[2].startswith("the clock's next tick makes"), "deployed again the stack would not change, nor call it"
    assert health(TYPE, "lit/lit-wake", get_schedule=DENIED)[0] == "not known"
