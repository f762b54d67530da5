from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, OFFICE, THERE, Cloud, Stage, contents, decisions

from lamplighter.aws.targets import TargetFailure
from lamplighter.errors import AccessDenied, AwsError, DefinitionError, NotFound
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.passes import LEASE, TargetReport
from lamplighter.scheduler.why import why
from lamplighter.schedules.decision import Action
from lamplighter.store import journal
from lamplighter.store.lease import acquire, find


def order(stage: Stage, ids: Sequence[str], action: Action = Action.START, **options: Any) -> list[TargetReport]:
    found = start_or_stop(stage.world, ids, action, run="hand", author="ada", **options)
    stage.cloud.settle()
    return found


def test_start_and_stop_are_journalled_and_leave_the_stored_state(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    before = contents(stage.plain, "state")

    [report] = order(stage, [id_])
    assert [(done.step.resource.id, done.error) for done in report.done] == [(id_, None)]
    assert stage.cloud.state(id_) == "running"
    order(stage, [id_], Action.STOP)
    assert stage.cloud.state(id_) == "stopped"

    after = contents(stage.plain, "state")
    assert [item.data["stored"] for item in after["state"]] == [item.data["stored"] for item in before["state"]]
    assert stage.journal() == [(id_, "start", "done"), (id_, "stop", "done")]
    assert {entry.reason for entry in journal.read(stage.plain, HERE.key) if entry.action != "seen"} == {
        "asked for by ada"
    }
    assert stage.intents() == []


def test_to_the_schedule_it_is_by_hand(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    order(stage, [id_])
    assert decisions(stage.run(7, 30)) == {id_: ("none", "unchanged")}
    stage.run(8)
    assert decisions(stage.run(18)) == {id_: ("stop", "schedule")}


def test_by_id_name_and_arn_tagged_or_not() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    tagged, plain = stage.cloud.instance(name="web"), stage.cloud.instance(None)
    far = stage.cloud.instance(at=THERE)
    database = stage.cloud.database("orders")
    arn = f"arn:aws:ec2:{THERE.region}:{THERE.account}:instance/{far}"
    reports = order(stage, ["web", plain, arn, database])
    assert [report.target for report in reports] == [HERE, THERE]
    assert sorted(effect.id for effect in stage.cloud.effects) == sorted([tagged, plain, far, database])


def test_one_that_is_named_twice_is_called_once(stage: Stage) -> None:
    id_ = stage.cloud.instance(name="web")
    order(stage, [id_, "web", id_])
    assert [effect.id for effect in stage.cloud.effects] == [id_]


def test_a_name_that_two_kinds_share_does_not_hide_another_name(stage: Stage) -> None:
    stage.cloud.database("shop")
    stage.cloud.clusters[HERE.key]["shop"] = stage.cloud.thing("shop")
    web = stage.cloud.instance(name="web")
    [report] = order(stage, ["shop", "web"], dry_run=True)
    assert sorted(step.resource.key for step in report.steps) == [
        f"ec2-instance/{web}",
        "rds-cluster/shop",
        "rds-instance/shop",
    ]


def test_what_cannot_or_need_not_be_done_is_said(stage: Stage) -> None:
    running, pending = stage.cloud.instance(state="running"), stage.cloud.instance(state="pending")
    stopping = stage.cloud.instance(state="stopping")
    member = stage.cloud.instance(tags={"aws:autoscaling:groupName": "web"})
    [report] = order(stage, [running, pending, stopping, member])
    reasons = {step.resource.id: (step.decision.rule, step.decision.reason) for step in report.steps}
    assert reasons == {
        running: ("by-hand", "asked for by ada; it is running already"),
        pending: ("by-hand", "asked for by ada; it is starting already"),
        stopping: ("wait", "asked for by ada; it is stopping, try again later"),
        member: (
            "unsupported",
            "it belongs to Auto Scaling group web, which would replace it; tag the group instead",
        ),
    }
    assert stage.cloud.effects == []
    assert not any(contents(stage.plain).values())


def test_one_that_is_missing_lets_nothing_be_done(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    with pytest.raises(NotFound, match="not found in 1 targets: i-nobody, webb"):
        order(stage, [id_, "i-nobody", "webb"])
    assert stage.cloud.effects == []


def test_one_that_is_missing_where_an_account_could_not_be_entered(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.cloud.unresolved = (TargetFailure("777788889999", AccessDenied("no role")),)
    with pytest.raises(AccessDenied):
        order(stage, [id_, "i-nobody"])
    assert stage.cloud.effects == []
    order(stage, [id_])
    assert stage.cloud.state(id_) == "running"


def test_one_that_is_missing_where_a_kind_could_not_be_asked_is_not_called_missing(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.cloud.before = lambda _t, operation, _i: AccessDenied("no rds") if "db" in operation else None
    [report] = order(stage, [id_, "orders"])
    assert set(report.failures) == {"rds-instance", "rds-cluster"}
    assert report.failed
    assert stage.cloud.state(id_) == "running"
    [alone] = order(stage, [id_], Action.STOP)
    assert not alone.failed


def test_a_target_that_cannot_be_asked_stops_no_other() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    id_ = stage.cloud.instance(at=THERE)
    stage.cloud.before = lambda target, *_: AccessDenied("no") if target == HERE else None
    reports = order(stage, [id_, "i-other"])
    assert [(report.target, report.failed) for report in reports] == [(HERE, True), (THERE, False)]
    assert stage.cloud.state(id_) == "running"


def test_a_dry_run_does_nothing(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    [report] = order(stage, [id_], dry_run=True)
    assert [step.acts for step in report.steps] == [True]
    assert report.done == ()
    assert stage.cloud.writes == []
    assert not any(contents(stage.plain).values())


def test_a_failure_leaves_the_stored_state(stage: Stage) -> None:
    id_ = stage.cloud.instance(state="running")
    stage.run(9)
    refusal = AwsError("no", code="Denied")
    stage.cloud.before = lambda _t, operation, _i: refusal if operation == "stop_instances" else None
    [report] = order(stage, [id_], Action.STOP)
    assert [done.error for done in report.done] == [refusal]
    assert stage.stored(id_) == "running"
    assert stage.journal() == [(id_, "stop", "failed")]


def test_while_a_pass_works_there_it_waits(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    acquire(stage.plain, f"target/{HERE.key}", "other", now=stage.clock.now, ttl=LEASE)
    [report] = order(stage, [id_])
    assert "another pass is at work here" in str(report.error)
    assert stage.cloud.effects == []
    stage.clock.now += LEASE
    order(stage, [id_])
    lease = find(stage.plain, f"target/{HERE.key}")
    assert lease is not None
    assert lease.holder == ""


def test_it_looks_again_once_it_holds_the_target(stage: Stage) -> None:
    """A pass may have come between the first look and the lease."""
    id_ = stage.cloud.instance()
    stage.run(7)
    looks: list[str] = []

    def meanwhile(_target: object, operation: str, _ids: object) -> None:
        if operation.startswith("describe"):
            looks.append(operation)
        if len(looks) == 3:
            looks.append("pass")
            stage.run(8)

    stage.cloud.after = meanwhile
    [report] = order(stage, [id_])
    assert looks[3] == "pass"
    assert stage.cloud.wasted == []
    assert [effect.action for effect in stage.cloud.effects] == ["start"]
    assert [step.decision.reason for step in report.steps] == ["asked for by ada; it is running already"]


def test_what_a_dead_pass_left_is_settled_first(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.clock.at(8)
    stage.kill_after("start_instances")
    assert len(stage.intents()) == 1
    stage.clock.now += LEASE
    order(stage, [id_], Action.STOP)
    assert stage.journal()[-2:] == [(id_, "start", "found"), (id_, "stop", "done")]
    assert stage.stored(id_) == "running"
    assert stage.intents() == []


def test_a_failure_while_looking_again_is_the_targets(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    seen: list[str] = []

    def fail(_target: object, operation: str, _ids: object) -> AwsError | None:
        seen.append(operation)
        return AccessDenied("no more") if len(seen) > 3 else None

    stage.cloud.before = fail
    [report] = order(stage, [id_])
    assert isinstance(report.error, AccessDenied)
    assert stage.cloud.effects == []


def test_hibernation(stage: Stage) -> None:
    sleepy = stage.cloud.instance(state="running", HibernationOptions={"Configured": True})
    plain = stage.cloud.instance(state="running")
    [report] = order(stage, [sleepy, plain], Action.STOP, hibernate=True)
    assert {done.step.resource.id: done.note for done in report.done} == {
        sleepy: "hibernated",
        plain: "stopped: the instance is not set up for hibernation",
    }


def test_only_some_targets() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    here, there = (stage.cloud.instance(name="web", at=target) for target in (HERE, THERE))
    order(stage, ["web"], accounts=(THERE.account,))
    assert (stage.cloud.state(here), stage.cloud.state(there)) == ("stopped", "running")


def test_a_file_that_is_not_fit_is_refused_before_any_account_is_asked(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.define(OFFICE + "guardrails: {max_changes: many}\n")
    with pytest.raises(DefinitionError, match="not fit"):
        order(stage, [id_])
    with pytest.raises(DefinitionError, match="not fit"):
        why(stage.world, id_, at=stage.clock())
    assert stage.cloud.calls == []
