"""Passes that tell at the same time, as those of a deployment do, one for each target: everything, and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from tests.alerts.conftest import Bell, MakeTower, Tower, contents
from tests.alerts.test_delivery import kinds, trouble
from tests.alerts.test_errors import NO_CAPACITY, fail, told
from tests.scheduler.conftest import HERE, THERE, Cloud, Killed

from lamplighter.alerts import Told, after_pass
from lamplighter.alerts.addresses import addresses
from lamplighter.alerts.outbox import deliver, enqueue, waiting
from lamplighter.alerts.told import TABLE
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, SendError
from lamplighter.notify.message import Message
from lamplighter.notify.message import Trouble as Record
from lamplighter.scheduler.passes import PassReport
from lamplighter.store.table import Write

ERRORS = "[{to: 'bell:ops', about: [errors]}]"


def tell(made: Tower, report: PassReport) -> Told:
    """As the handler of passes does."""
    return after_pass(made.stage.world, report, made.means, whole=False)


def one_by_one(report: PassReport) -> list[PassReport]:
    """What passes over each target alone would report."""
    return [replace(report, run=f"{report.run}-{n}", targets=[each]) for n, each in enumerate(report.targets)]


def at_once(made: Tower, reports: Sequence[PassReport]) -> list[Told]:
    start, found = Barrier(len(reports)), []

    def work(report: PassReport) -> None:
        start.wait()
        found.append(tell(made, report))

    threads = [Thread(target=work, args=(report,)) for report in reports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def during(made: Tower, work: Callable[[], object]) -> None:
    """Let something happen while the next message is sent."""

    def ring(_to: str, _message: Message) -> None:
        made.mend()
        work()

    Bell.ring = ring


def test_two_at_once_tell_once(tower: MakeTower) -> None:
    made = tower("[{to: 'bell:ops', about: [errors, upcoming]}]")
    trouble(made)
    report = made.stage.run(17, 45)
    found = at_once(made, [replace(report, run=f"run-x{number}") for number in range(8)])
    assert kinds([message for _, message in Bell.rung]) == ["errors", "upcoming"]
    assert [warning.message for told in found for warning in told.warnings] == []
    assert made.outbox() == []


@pytest.mark.parametrize("rules", ["[{to: 'bell:ops'}]", "[{to: 'bell:ops'}, {to: 'bell:boss'}]"])
def test_fifty_at_once_tell_all_of_it(tower: MakeTower, rules: str) -> None:
    places = [Target(f"{number:012}", "eu-west-1") for number in range(50)]
    made = tower(rules, cloud=Cloud(*places))
    scarce = [made.cloud.instance("running", at=place) for place in places]
    for place in places:
        made.cloud.instance("office", state="running", at=place)
        made.cloud.database(f"orders-{place.account}", "stopped", at=place, state="available")
    fail(made, NO_CAPACITY)
    reports = one_by_one(made.stage.run(17, 45))
    found = at_once(made, reports)
    assert [warning.message for told in found for warning in told.warnings] == []
    for to in {to for to, _ in Bell.rung}:
        mine = [message for address, message in Bell.rung if address == to]
        assert Counter(kinds(mine)) == {"digest": 50, "errors": 50, "upcoming": 50}
        errors = [message for message in mine if message.kind == "errors"]
        assert sorted(label for _, label, _ in told(errors)) == sorted(scarce)
        assert {message.data["run"] for message in mine if message.kind == "digest"} == {each.run for each in reports}
    assert len(Bell.rung) == 150 * rules.count("to:")
    assert made.outbox() == []


def test_what_comes_while_another_pass_sends_is_sent_by_that_one(tower: MakeTower) -> None:
    made = tower("[{to: 'bell:ops', about: [digest, errors]}]", cloud=Cloud(HERE, THERE))
    for place in (HERE, THERE):
        made.cloud.instance(at=place)
        made.cloud.instance("running", at=place)
    fail(made, NO_CAPACITY, target=THERE)
    first, second = one_by_one(made.stage.run(8))
    left: list[Told] = []
    during(made, lambda: left.append(tell(made, second)))
    sent = tell(made, first)
    assert left == [Told([], ())]
    assert kinds([message for _, message in Bell.rung]) == ["digest", "digest", "errors"]
    assert [line.outcome.value for line in sent.lines] == ["sent"] * 3
    assert made.outbox() == []


def test_what_one_that_dies_leaves_is_sent_by_whoever_comes_next(tower: MakeTower) -> None:
    made = tower(ERRORS, cloud=Cloud(HERE, THERE))
    for place in (HERE, THERE):
        made.cloud.instance(at=place)
    fail(made, NO_CAPACITY)
    first, second = one_by_one(made.stage.run(8))

    def dies() -> None:
        tell(made, second)
        raise Killed

    during(made, dies)
    with pytest.raises(Killed):
        tell(made, first)
    assert len(made.outbox()) == 2
    made.stage.clock.now += timedelta(minutes=6)
    assert len(tell(made, replace(second, run="next")).lines) == 2
    assert made.outbox() == []


def test_what_cannot_be_sent_is_not_tried_again_by_the_same_pass(tower: MakeTower) -> None:
    made = tower(ERRORS, cloud=Cloud(HERE, THERE))
    for place in (HERE, THERE):
        made.cloud.instance(at=place)
    fail(made, NO_CAPACITY)
    first, second = one_by_one(made.stage.run(8))
    tries: list[str] = []

    def refuse(_to: str, message: Message) -> None:
        if not tries:
            tries.append(message.key)
            tell(made, second)
        raise SendError("the rope is broken")

    Bell.ring = refuse
    assert [line.outcome.value for line in tell(made, first).lines] == ["waits"]
    assert len(made.outbox()) == 2
    made.mend()
    assert len(tell(made, replace(first, run="next")).lines) == 2


def rival(made: Tower, monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> list[int]:
    """Let another pass tell after this one has read what was told, and before it writes; counts transactions."""
    real, times = made.stage.store.transact, [0]

    def transact(writes: Sequence[Write]) -> None:
        times[0] += 1
        if times[0] == 1:
            work()
        real(writes)

    monkeypatch.setattr(made.stage.store, "transact", transact)
    return times


def test_what_another_pass_told_meanwhile_is_no_news(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tower(ERRORS)
    web = made.cloud.instance(name="web")
    fail(made, NO_CAPACITY)
    report = made.stage.run(8)
    more = replace(report.targets[0], failures={"rds-instance": AccessDenied("not allowed")})
    rival(made, monkeypatch, lambda: tell(made, replace(report, run="rival")))
    assert tell(made, replace(report, targets=[more])).warnings == ()
    found = [told([message]) for _, message in Bell.rung]
    assert found == [
        [("new", f"web ({web})", "Insufficient capacity.")],
        [("new", "rds-instance", "not allowed")],
    ]


def test_passes_at_once_count_as_one(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tower("[{to: 'bell:ops', about: [errors], after: 3}]")
    made.cloud.instance()
    fail(made, NO_CAPACITY)
    report = made.stage.run(8)
    rival(made, monkeypatch, lambda: tell(made, replace(report, run="rival")))
    assert tell(made, report).warnings == ()
    assert [item.data["passes"] for item in contents(made.stage.plain, TABLE)] == [1]
    assert made.pass_(8, 5) == []
    assert len(made.pass_(8, 10)) == 1


def test_a_message_that_changes_while_it_is_sent_is_sent_again(tower: MakeTower) -> None:
    made = tower(ERRORS)
    [address] = addresses(made.stage.world.config.notify)
    now = made.stage.clock.now

    def record(reason: str, *, over: bool) -> Message:
        about = Record("web", over=over, reason=reason)
        return Message(f"key-{reason}", "errors", now, reason, reason, None, {}, about)

    def write(message: Message) -> None:
        made.stage.plain.transact([enqueue(address, message)])

    write(record("broken", over=False))
    during(made, lambda: write(record("well", over=True)))
    for _ in range(2):
        [line] = deliver(made.stage.plain, address, made.means, now, lambda: None)
        assert line.outcome.value == "sent"
    assert [message.subject for _, message in Bell.rung] == ["broken", "well"]
    assert waiting(made.stage.plain, address) == []

    write(record("broken", over=False))

    def broken(_to: str, _message: Message) -> None:
        write(record("well", over=True))
        raise SendError("no")

    Bell.ring = broken
    list(deliver(made.stage.plain, address, made.means, now, lambda: None))
    [left] = waiting(made.stage.plain, address)
    assert (left.message.subject, left.attempts) == ("well", 0)


def test_where_there_is_nothing_to_send_nothing_is_written(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tower()
    made.cloud.instance(state="running")
    report = made.stage.run(12)

    def writes(*_: Any, **__: Any) -> None:
        raise AssertionError

    for name in ("put", "transact", "delete"):
        monkeypatch.setattr(made.stage.store, name, writes)
    assert tell(made, report) == Told([], ())


def test_more_errors_than_one_transaction_holds_are_told_in_one_message(tower: MakeTower) -> None:
    made = tower(ERRORS)
    for _ in range(120):
        made.cloud.instance()
    fail(made, NO_CAPACITY)
    [message] = made.pass_(8)
    assert "120" in message.subject
    assert len(made.remembered()) == 120
    assert made.pass_(8, 5) == []
