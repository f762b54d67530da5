"""The digest of a pass: sent when something was done, or when what is wrong has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.alerts.conftest import Bell, MakeTower
from tests.alerts.test_errors import NO_CAPACITY, fail
from tests.scheduler.conftest import HERE, THERE, Cloud

from lamplighter.alerts import after_pass
from lamplighter.errors import PriceBookError
from lamplighter.notify.message import Message
from lamplighter.scheduler import adjust
from lamplighter.scheduler.plan import Step, held_back

ONLY = "[{to: 'bell:ops', about: [digest]}]"


def counts(messages: Sequence[Message]) -> list[tuple[int, int, int, int]]:
    """(started, stopped, errors, held) of each digest."""
    assert {message.kind for message in messages} <= {"digest"}
    data: list[Any] = [message.data for message in messages]
    return [(one["started"], one["stopped"], one["errors"], one["held"]) for one in data]


def test_a_day(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(name="web")
    made.cloud.instance("left")
    assert made.pass_(7) == []
    assert counts(made.pass_(8)) == [(1, 0, 0, 0)]
    assert made.pass_(8, 5) == []
    assert counts(made.pass_(18)) == [(0, 1, 0, 0)]
    assert made.pass_(18, 5) == []


def test_what_goes_on_failing_is_told_once(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(name="web")
    fail(made, NO_CAPACITY)
    assert counts(made.pass_(8)) == [(0, 0, 1, 0)]
    assert made.pass_(8, 5) == []
    made.cloud.instance("running", name="other", state="running")
    assert made.pass_(8, 10) == []
    # When something is done, what is still wrong stands beside it.
    made.cloud.database("orders")
    assert counts(made.pass_(8, 15)) == [(1, 0, 1, 0)]
    assert made.pass_(8, 20) == []
    fail(made, None)
    assert counts(made.pass_(8, 25)) == [(1, 0, 0, 0)]
    fail(made, NO_CAPACITY, "stop_instances")
    assert counts(made.pass_(18)) == [(0, 1, 1, 0)]


def test_a_pass_over_a_part_does_not_tell_the_rest_anew(tower: MakeTower) -> None:
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    made.cloud.instance()
    made.cloud.instance(at=THERE)
    fail(made, NO_CAPACITY)
    assert counts(made.pass_(8)) == [(0, 0, 2, 0)]
    assert made.pass_(8, 5, accounts=[HERE.account], whole=False) == []
    assert made.pass_(8, 10) == []


def test_a_pass_that_is_refused(tower: MakeTower) -> None:
    made = tower(ONLY, more="guardrails: {max_changes: 0}\n")
    made.cloud.instance()
    [message] = made.pass_(8)
    assert message.subject == "Lamplighter: 0 stopped, 0 started, 1 error (refused)"
    assert "It was refused, and nothing was done: the pass would change 1 resources" in message.text
    assert made.pass_(8, 5) == []


def test_what_is_held_back_is_in_it_and_no_reason_for_it(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(scene: adjust.Scene, steps: list[Step]) -> list[Step]:
        keep = [step.acts and step.resource.name == "busy" for step in steps]
        return [
            held_back(step, "it is in use", "idle", at=scene.at) if held else step
            for step, held in zip(steps, keep, strict=True)
        ]

    monkeypatch.setattr(adjust, "ADJUSTMENTS", (busy,))
    made = tower(ONLY)
    made.cloud.instance(name="busy")
    assert made.pass_(8) == []
    made.cloud.instance(name="web")
    [message] = made.pass_(8, 5)
    assert counts([message]) == [(1, 0, 0, 1)]
    assert ": period office is on; but it is in use (office)\n" in message.text


def test_money_an_hour(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance("stopped", state="running", name="priced")
    made.cloud.instance("stopped", state="running", name="odd", InstanceType="x9.huge")
    made.cloud.instance("running", state="stopped", name="lit")
    [message] = made.pass_(8)
    # m5.large, Linux, eu-west-1, on demand.
    money = {"less": "0.11 USD", "more": "0.11 USD", "unknown": 1, "estimated": False}
    assert message.data["money"] == money
    assert "What was stopped costs 0.11 USD less each hour on demand; its storage goes on." in message.text
    assert "What was started costs 0.11 USD each hour on demand." in message.text
    assert "The price of 1 of them is not known and not counted." in message.text


def test_a_price_book_that_is_damaged_loses_no_digest(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance()
    report = made.stage.run(8)

    def damaged() -> Any:
        raise PriceBookError("the price book is damaged")

    told = after_pass(made.stage.world, report, made.means, prices=damaged)
    assert [line.subject for line in told.lines] == ["Lamplighter: 0 stopped, 1 started"]
    assert [warning.message for warning in told.warnings] == ["the price book is damaged"]
    assert "costs" not in Bell.rung[0][1].text


def test_accounts_and_schedules_of_a_rule(tower: MakeTower) -> None:
    made = tower(
        "[{to: 'bell:there', about: [digest], accounts: ['444455556666']},"
        " {to: 'bell:strict', about: [digest], schedules: strict},"
        " {to: 'bell:nobody', about: [digest], accounts: ['999999999999']}]",
        cloud=Cloud(HERE, THERE),
    )
    for schedule in ("office", "office", "strict"):
        made.cloud.instance(schedule)
    made.cloud.instance(at=THERE)
    first, second = made.pass_(8)
    assert counts([first, second]) == [(1, 0, 0, 0), (1, 0, 0, 0)]
    assert first.data["left"] == second.data["left"] == 0
    assert "444455556666 us-east-1" in first.text
    assert "111122223333 eu-west-1" in second.text


def test_a_great_pass_is_one_message_of_bounded_length(tower: MakeTower) -> None:
    made = tower(ONLY)
    for number in range(300):
        made.cloud.instance(name=f"web-{number}")
    [message] = made.pass_(8)
    assert counts([message]) == [(300, 0, 0, 0)]
    assert "... and 250 more: `lamp journal` and `lamp plan` show all." in message.text
    assert message.text.count("\n") < 70
