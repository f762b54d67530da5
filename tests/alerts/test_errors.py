"""Errors: told once, told again when they change, and told once when they are over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.alerts.conftest import MakeTower, Tower
from tests.scheduler.conftest import HERE, THERE, Cloud, Killed

from lamplighter.alerts import after_failure
from lamplighter.aws.targets import Target, TargetFailure
from lamplighter.errors import AccessDenied, AwsError, CapacityUnavailable, NotFound, Throttled
from lamplighter.notify.message import Message

ONLY = "[{to: 'bell:ops', about: [errors]}]"


def told(messages: Sequence[Message]) -> list[tuple[str, ...]]:
    """(change, label, what or why) of everything that is told about errors."""
    found: list[tuple[str, ...]] = []
    for message in messages:
        assert message.kind == "errors"
        data: Any = message.data
        for group in data["groups"]:
            found += [(group["change"], one["label"], group["message"]) for one in group["subjects"]]
        found += [("over", one["label"], one["reason"]) for one in data["over"]]
    return found


def fail(made: Tower, error: AwsError | None, operation: str = "start_instances", target: Target | None = None) -> None:
    """From now on an operation fails; with None it works."""

    def before(at: Target, asked: str, _ids: Sequence[str]) -> AwsError | None:
        return error if asked == operation and target in (None, at) else None

    made.cloud.before = before


NO_CAPACITY = CapacityUnavailable("Insufficient capacity.", code="InsufficientInstanceCapacity", hint="wait")


def test_once_and_on_change_and_when_it_is_over(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance(name="web")
    fail(made, NO_CAPACITY)
    label = f"web ({web})"
    assert told(made.pass_(8)) == [("new", label, "Insufficient capacity.")]
    for minute in (5, 10):
        assert made.pass_(8, minute) == []
    fail(made, AccessDenied("not allowed (request 1f0c9f5e-0000-4000-8000-000000000001)", code="UnauthorizedOperation"))
    [message] = made.pass_(8, 15)
    assert told([message]) == [("changed", label, "not allowed (request 1f0c9f5e-0000-4000-8000-000000000001)")]
    assert "since Mon 2026-11-23 08:00 UTC; before: Insufficient capacity." in message.text
    # The same but for the id of the request.
    fail(made, AccessDenied("not allowed (request 2a0c9f5e-0000-4000-8000-000000000002)", code="UnauthorizedOperation"))
    assert made.pass_(8, 20) == []
    fail(made, None)
    [message] = made.pass_(8, 25)
    assert told([message]) == [("over", label, "it is well again")]
    assert "It was: start failed: not allowed" in message.text
    assert made.pass_(8, 30) == []
    fail(made, NO_CAPACITY, "stop_instances")
    assert told(made.pass_(18)) == [("new", label, "Insufficient capacity.")]


def test_what_says_the_same_stands_together(tower: MakeTower) -> None:
    made = tower(ONLY)
    for name in "abc":
        made.cloud.instance(name=name)
    fail(made, AccessDenied("no", code="UnauthorizedOperation", hint="allow ec2:StartInstances"))
    [message] = made.pass_(8)
    data: Any = message.data
    [group] = data["groups"]
    assert [one["label"][:1] for one in group["subjects"]] == ["a", "b", "c"]
    assert message.subject == "Lamplighter: errors: 3 new"
    assert "  allow ec2:StartInstances\n" in message.text
    assert message.text.count("UnauthorizedOperation") == 1


def test_only_half_of_it_is_over(tower: MakeTower) -> None:
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    here, there = made.cloud.instance(), made.cloud.instance(at=THERE)
    fail(made, NO_CAPACITY)
    assert [change for change, _, _ in told(made.pass_(8))] == ["new", "new"]
    fail(made, NO_CAPACITY, target=THERE)
    assert told(made.pass_(8, 5)) == [("over", here, "it is well again")]
    fail(made, None)
    assert told(made.pass_(8, 10)) == [("over", there, "it is well again")]


def test_a_kind_and_a_target(tower: MakeTower) -> None:
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    web = made.cloud.instance(name="web")
    fail(made, NO_CAPACITY)
    made.pass_(8)
    fail(made, Throttled("Rate exceeded", code="Throttling"), "describe_instances", HERE)
    assert told(made.pass_(8, 5)) == [("new", "ec2-instance", "Rate exceeded")]
    # The instance was not met; nothing is known about it.
    assert made.pass_(8, 10) == []
    fail(made, AccessDenied("AssumeRole is refused", service="sts", code="AccessDenied"), "describe_instances", HERE)
    assert told(made.pass_(8, 15)) == [("new", "111122223333/eu-west-1", "AssumeRole is refused")]
    fail(made, None)
    found = told(made.pass_(8, 20))
    assert sorted(found) == [
        ("over", "111122223333/eu-west-1", "it is well again"),
        ("over", "ec2-instance", "it is well again"),
        ("over", f"web ({web})", "it is well again"),
    ]


def test_what_is_gone_is_over_but_only_if_everything_was_looked_at(tower: MakeTower) -> None:
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    web = made.cloud.instance()
    fail(made, NO_CAPACITY)
    made.pass_(8)
    made.cloud.instances[HERE.key].clear()
    assert made.pass_(8, 5, whole=False, schedules=frozenset({"office"})) == []
    assert made.pass_(8, 10, accounts=[THERE.account], whole=False) == []
    assert told(made.pass_(8, 15)) == [("over", web, "it is no longer there")]
    made.cloud.instance(at=THERE)
    made.pass_(8, 20)
    made.cloud.targets = (HERE,)
    assert [(change, why) for change, _, why in told(made.pass_(8, 25))] == [("over", "it is no longer looked at")]


def test_what_is_gone_from_a_target_is_over_when_that_target_was_looked_at(tower: MakeTower) -> None:
    # As in a deployed stack, where each pass is of one target.
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    here, there = made.cloud.instance(), made.cloud.instance(at=THERE)
    fail(made, NO_CAPACITY)
    made.pass_(8)
    for place in (HERE, THERE):
        made.cloud.instances[place.key].clear()
    first = made.pass_(8, 5, accounts=[HERE.account], regions=[HERE.region], whole=False)
    assert told(first) == [("over", here, "it is no longer there")]
    fail(made, Throttled("Rate exceeded"), "describe_instances")
    [(change, what, _)] = told(made.pass_(8, 10, accounts=[THERE.account], whole=False))
    assert (change, what) == ("new", "ec2-instance")
    fail(made, None)
    found = told(made.pass_(8, 15, accounts=[THERE.account], whole=False))
    assert {name for _, name, _ in found} == {"ec2-instance", there}


def test_what_waits_is_not_over(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance()
    fail(made, NO_CAPACITY)
    made.pass_(8)
    fail(made, None)
    made.cloud.by_hand(web, "stopping")
    assert made.pass_(8, 5) == []
    made.cloud.by_hand(web, "running")
    assert told(made.pass_(8, 10)) == [("over", web, "it is well again")]


def test_a_pass_that_is_refused(tower: MakeTower) -> None:
    made = tower(ONLY, more="guardrails: {max_changes: 1}\n")
    for _ in range(2):
        made.cloud.instance()
    [message] = made.pass_(8)
    assert message.subject == "Lamplighter: the pass was refused: the pass"
    assert told([message]) == [("new", "the pass", "the pass would change 2 resources; guardrails allow 1")]
    # One more is no other error.
    made.cloud.instance()
    assert made.pass_(8, 5) == []
    assert told(made.pass_(18)) == [("over", "the pass", "it is well again")]


def test_accounts_that_cannot_be_found_out_about(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.unresolved = (TargetFailure("organization", AccessDenied("ListAccounts is refused")),)
    assert told(made.pass_(8)) == [("new", "organization", "ListAccounts is refused")]
    assert made.pass_(8, 5, whole=False) == []
    made.cloud.unresolved = ()
    assert made.pass_(8, 10, whole=False) == []
    assert told(made.pass_(8, 15)) == [("over", "organization", "it did not happen again")]


def test_while_accounts_are_hidden_nobody_is_gone(tower: MakeTower) -> None:
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    made.cloud.instance(at=THERE)
    fail(made, NO_CAPACITY)
    made.pass_(8)
    made.cloud.targets = (HERE,)
    made.cloud.unresolved = (TargetFailure("organization", AccessDenied("ListAccounts is refused")),)
    assert told(made.pass_(8, 5)) == [("new", "organization", "ListAccounts is refused")]


def test_schedules_that_cannot_be_used(tower: MakeTower) -> None:
    made = tower(ONLY)
    typo = made.cloud.instance("ofice", name="typo")
    assert told(made.pass_(8)) == [("new", f"typo ({typo})", "schedule 'ofice' is not defined")]
    assert made.pass_(8, 5) == []
    made.cloud.thing(typo).tags["Schedule"] = "office"
    assert told(made.pass_(8, 10)) == [("over", f"typo ({typo})", "it is well again")]


def test_definitions_that_are_wrong(tower: MakeTower) -> None:
    made = tower(ONLY)
    right = made.stage.world
    made.cloud.instance("bad", name="web")
    made.stage.define("""
periods: {bad: {begintime: 08:00, endtime: 08:00}}
schedules: {bad: {periods: bad}}
notify: {rules: [{to: 'bell:ops', about: [errors]}]}
""")
    found = told(made.pass_(8))
    assert [(change, label.split(" ")[0]) for change, label, _ in found] == [
        ("new", "periods.bad.endtime"),
        ("new", "schedules.bad.periods"),
        ("new", "web"),
    ]
    assert found[0][2].startswith("line 2: ")
    assert made.pass_(8, 5) == []
    made.stage.world = right
    assert {change for change, _, _ in told(made.pass_(8, 10))} == {"over", "changed"}


def test_a_start_that_does_not_last(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance(name="web")
    made.pass_(8)
    made.cloud.by_hand(web, "stopped")
    found = told(made.pass_(8, 5))
    text = "started at 08:00 UTC, and out again: it could not start, or was stopped by hand"
    assert found == [("new", f"web ({web})", text)]
    assert made.pass_(8, 10) == []
    # Time alone does not make it well.
    assert made.pass_(9) == []
    made.cloud.by_hand(web, "running")
    assert told(made.pass_(9, 5)) == [("over", f"web ({web})", "it is well again")]


@pytest.mark.parametrize("minutes", [25, 200])
def test_a_later_stop_by_hand_is_no_trouble(minutes: int, tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance()
    made.pass_(8)
    made.cloud.by_hand(web, "stopped")
    assert made.pass_(8 + minutes // 60, minutes % 60) == []


def test_what_was_found_lit_and_stopped_by_hand_is_no_trouble(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance(state="running")
    made.pass_(8)
    made.cloud.by_hand(web, "stopped")
    assert made.pass_(8, 5) == []


def test_another_pass_at_work_is_no_trouble(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance()
    fail(made, NO_CAPACITY)
    made.pass_(8)
    made.stage.kill_after("describe_db_clusters")
    fail(made, None)
    assert made.pass_(8, 1) == []
    assert made.report is not None
    assert made.report.partial
    assert told(made.pass_(8, 10)) == [("over", web, "it is well again")]


def test_accounts_and_schedules_of_a_rule(tower: MakeTower) -> None:
    made = tower(
        "[{to: 'bell:there', about: [errors], accounts: ['444455556666']},"
        " {to: 'bell:strict', about: [errors], schedules: strict}]",
        cloud=Cloud(HERE, THERE),
    )
    strict, there = made.cloud.instance("strict"), made.cloud.instance(at=THERE)
    made.cloud.instance()
    fail(made, NO_CAPACITY)
    first, second = made.pass_(8)
    assert told([first]) == [("new", there, "Insufficient capacity.")]
    assert told([second]) == [("new", strict, "Insufficient capacity.")]
    # What concerns a whole target concerns every schedule in it.
    fail(made, Throttled("Rate exceeded"), "describe_instances", HERE)
    first, second = made.pass_(8, 5)
    assert told([first]) == [("over", there, "it is well again")]
    assert told([second]) == [("new", "ec2-instance", "Rate exceeded")]


def test_a_pass_that_failed_as_a_whole(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.stage.clock.at(8)
    expired = NotFound("the credentials have expired", code="ExpiredToken", hint="log in")
    first = after_failure(made.stage.world, expired, made.means, run="x-1")
    assert [line.subject for line in first.lines] == ["Lamplighter: the pass failed: the pass"]
    made.stage.clock.at(8, 5)
    assert after_failure(made.stage.world, expired, made.means, run="x-2").lines == []
    assert told(made.pass_(8, 10)) == [("over", "the pass", "it is well again")]


def test_two_hundred_errors_are_one_message_of_bounded_length(tower: MakeTower) -> None:
    made = tower(ONLY)
    ids = [made.cloud.instance(name=f"web-{number}") for number in range(200)]
    fail(made, AccessDenied("no", code="UnauthorizedOperation"))
    [message] = made.pass_(8)
    assert message.subject == "Lamplighter: errors: 200 new"
    assert "  - ... and 150 more\n" in message.text
    assert message.text.count("\n") < 70
    assert len(made.remembered()) == len(ids)
    assert made.pass_(8, 5) == []
    fail(made, None)
    [message] = made.pass_(8, 10)
    assert message.subject == "Lamplighter: errors: 200 over"
    assert "... and 150 more: `lamp notify list`" in message.text


def test_a_killed_pass_tells_nothing_and_the_next_one_all(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance()
    made.cloud.reaper.arm(12)
    with pytest.raises(Killed):
        made.pass_(8)
    made.cloud.reaper.arm(None)
    fail(made, NO_CAPACITY)
    assert told(made.pass_(8, 10)) == [("new", web, "Insufficient capacity.")]
