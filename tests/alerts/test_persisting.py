"""Errors that are told only when several passes have met them, and addresses that keep a record of each."""

from __future__ import annotations

import pytest
from tests.alerts.conftest import Bell, MakeTower
from tests.alerts.test_errors import NO_CAPACITY, fail, told
from tests.scheduler.conftest import HERE, THERE, Cloud

from lamplighter.alerts.addresses import addresses
from lamplighter.alerts.outbox import waiting
from lamplighter.alerts.overview import overview
from lamplighter.errors import AccessDenied, Throttled

THIRD = "[{to: 'bell:ops', about: [errors], after: 3}]"


def test_the_third_pass_tells_it(tower: MakeTower) -> None:
    made = tower(THIRD)
    web = made.cloud.instance(name="web")
    fail(made, NO_CAPACITY)
    assert made.pass_(8) == []
    # It says something else: it goes on all the same.
    fail(made, Throttled("Rate exceeded", code="Throttling"))
    assert made.pass_(8, 5) == []
    assert made.preview(8, 9) == []
    [message] = made.pass_(8, 10)
    assert told([message]) == [("new", f"web ({web})", "Rate exceeded")]
    assert made.pass_(8, 15) == []
    fail(made, None)
    assert told(made.pass_(8, 20)) == [("over", f"web ({web})", "it is well again")]
    # Counting begins anew.
    fail(made, NO_CAPACITY, "stop_instances")
    assert made.pass_(18) == []
    assert made.pass_(18, 5) == []
    assert len(made.pass_(18, 10)) == 1


def test_what_is_well_in_between_is_counted_anew_and_never_told(tower: MakeTower) -> None:
    made = tower(THIRD)
    made.cloud.instance()
    fail(made, NO_CAPACITY)
    assert made.pass_(8) == []
    assert made.pass_(8, 5) == []
    fail(made, None)
    assert made.pass_(8, 10) == []
    fail(made, NO_CAPACITY, "stop_instances")
    assert made.pass_(18) == []
    assert made.pass_(18, 5) == []


def test_a_pass_that_does_not_look_there_does_not_count(tower: MakeTower) -> None:
    made = tower(THIRD, cloud=Cloud(HERE, THERE))
    there = made.cloud.instance(at=THERE)
    fail(made, NO_CAPACITY)
    assert made.pass_(8) == []
    for minute in (5, 10, 15):
        assert made.pass_(8, minute, whole=False, accounts=[HERE.account]) == []
    assert made.pass_(8, 20) == []
    assert told(made.pass_(8, 25)) == [("new", there, "Insufficient capacity.")]


def test_the_most_impatient_rule_counts(tower: MakeTower) -> None:
    made = tower(
        "[{to: 'bell:ops', about: [errors], after: 3},"
        " {to: 'bell:ops', about: [errors], after: 2, accounts: ['444455556666']}]",
        cloud=Cloud(HERE, THERE),
    )
    here, there = made.cloud.instance(), made.cloud.instance(at=THERE)
    fail(made, NO_CAPACITY)
    assert made.pass_(8) == []
    assert told(made.pass_(8, 5)) == [("new", there, "Insufficient capacity.")]
    assert told(made.pass_(8, 10)) == [("new", here, "Insufficient capacity.")]
    [row] = overview(made.stage.world.config.notify, made.stage.plain)
    assert (row.after, row.errors) == (2, 2)


def test_a_digest_does_not_wait(tower: MakeTower) -> None:
    made = tower("[{to: 'bell:ops', about: [errors, digest], after: 3}]")
    made.cloud.instance()
    fail(made, NO_CAPACITY)
    assert [message.kind for message in made.pass_(8)] == ["digest"]


# --- a record of each -------------------------------------------------------------------------------

EACH = "[{to: 'bell:ops', about: [errors]}]"


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bell keeps a record of each trouble."""
    monkeypatch.setattr(Bell, "apart", lambda _: True)


@pytest.mark.usefixtures("apart")
def test_a_message_for_each_trouble(tower: MakeTower) -> None:
    made = tower(EACH)
    ids = sorted(made.cloud.instance() for _ in range(2))
    fail(made, AccessDenied("no", code="UnauthorizedOperation", hint="allow it"))
    messages = sorted(made.pass_(8), key=lambda one: one.trouble.key if one.trouble else "")
    troubles = [message.trouble for message in messages]
    assert [trouble and trouble.key for trouble in troubles] == [f"{HERE.key}#ec2-instance/{each}" for each in ids]
    first = troubles[0]
    assert first is not None
    arn = f"arn:aws:ec2:{HERE.region}:{HERE.account}:instance/{ids[0]}"
    assert (first.over, first.reason, first.hint, first.look, first.arn, first.account, first.region) == (
        False,
        "start failed: no",
        "allow it",
        f"lamp why {arn}",
        arn,
        HERE.account,
        HERE.region,
    )
    fail(made, None)
    over = [message.trouble for message in made.pass_(8, 5)]
    assert [(each and each.over, each and each.reason) for each in over] == [(True, "it is well again")] * 2


@pytest.mark.usefixtures("apart")
def test_the_end_takes_the_place_of_a_beginning_that_was_never_sent(tower: MakeTower) -> None:
    made = tower(EACH)
    made.cloud.instance()
    fail(made, NO_CAPACITY)
    made.refuse()
    assert made.pass_(8) == []
    [address] = addresses(made.stage.world.config.notify)
    [pending] = waiting(made.stage.plain, address)
    assert pending.message.trouble is not None
    assert not pending.message.trouble.over
    fail(made, None)
    made.mend()
    # Were both sent, in whatever order, something could stay open for ever.
    [message] = made.pass_(8, 5)
    assert message.trouble is not None
    assert message.trouble.over
    assert made.outbox() == []


@pytest.mark.usefixtures("apart")
def test_where_to_look_at_what_is_no_resource(tower: MakeTower) -> None:
    made = tower(EACH)
    fail(made, AccessDenied("AssumeRole is refused", service="sts"), "describe_instances", HERE)
    [message] = made.pass_(8)
    assert message.trouble is not None
    assert message.trouble.look == f"lamp plan --account {HERE.account} --region {HERE.region}"
