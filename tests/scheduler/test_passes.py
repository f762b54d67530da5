from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, KINDS, MONDAY, OFFICE, THERE, Cloud, Stage, contents, decisions

from lamplighter.aws.targets import TargetFailure
from lamplighter.errors import (
    AccessDenied,
    AwsError,
    DefinitionError,
    GuardrailError,
    LeaseLost,
    OutcomeUnknown,
    StoreUnavailable,
    UsageError,
)
from lamplighter.scheduler.passes import LEASE, PASSES, last_passes, run_pass
from lamplighter.store import journal
from lamplighter.store.lease import find

STRICT = OFFICE.replace("{periods: office}", "{periods: office, enforced: true}")


def test_a_day_of_an_office(stage: Stage) -> None:
    instance = stage.cloud.instance()
    database = stage.cloud.database("orders")
    cluster = stage.cloud.cluster("shop")
    for hour, minute in [(7, 0), (8, 0), (8, 5), (12, 0), (18, 0), (18, 5), (23, 0)]:
        stage.run(hour, minute)

    assert stage.cloud.wasted == []
    assert [(effect.id, effect.action) for effect in stage.cloud.effects] == [
        (instance, "start"),
        (cluster, "start"),
        (database, "start"),
        (instance, "stop"),
        (cluster, "stop"),
        (database, "stop"),
    ]
    assert stage.journal() == [
        (instance, "start", "done"),
        (cluster, "start", "done"),
        (database, "start", "done"),
        (instance, "stop", "done"),
        (cluster, "stop", "done"),
        (database, "stop", "done"),
    ]
    assert [stage.stored(id_) for id_ in (instance, database, cluster)] == ["stopped"] * 3


def test_each_first_sight_is_written_once(stage: Stage) -> None:
    lit, dark = stage.cloud.instance(state="running"), stage.cloud.instance(state="stopped")
    stage.run(8)
    stage.run(8, 5)

    seen = [entry for entry in stage.journal(seen=True) if entry[1] == "seen"]
    assert sorted(seen) == sorted([(lit, "seen", "done"), (dark, "seen", "done")])
    states = {e.resource: e.state for e in journal.read(stage.plain, HERE.key) if e.action == "seen"}
    assert states == {f"ec2-instance/{lit}": "running", f"ec2-instance/{dark}": "stopped"}


def test_nothing_to_do_only_looks_and_writes_only_lease_and_record(stage: Stage) -> None:
    stage.cloud.instance()
    stage.cloud.database("orders")
    stage.run(8)
    stage.run(8, 5)
    before = contents(stage.plain)
    stage.cloud.calls.clear()

    report = stage.run(8, 10)

    after = contents(stage.plain)
    assert {operation for _, operation, _ in stage.cloud.calls} == {
        "describe_instances",
        "describe_db_instances",
        "describe_db_clusters",
    }
    assert len(stage.cloud.calls) == 3
    for table in ("state", "intents", "journal", "overrides"):
        assert after[table] == before[table], table
    assert [item.data["fence"] for item in after["leases"]] == [3]
    assert [item.version for item in after[PASSES]] == [item.version + 1 for item in before[PASSES]] == [3]
    assert not report.partial
    assert report.targets[0].done == []


def test_the_record_of_a_pass(stage: Stage) -> None:
    good = stage.cloud.instance()
    bad = stage.cloud.instance()
    stage.cloud.before = lambda _t, op, ids: (
        AccessDenied(f"not {bad}") if op == "start_instances" and bad in ids else None
    )
    stage.cloud.unresolved = (TargetFailure("777788889999", AccessDenied("no role")),)
    stage.run(8)

    [item] = contents(stage.plain)[PASSES]
    assert item.sort == HERE.key
    assert item.data == {
        "run": "run-1",
        "at": "2026-11-23T08:00:00+00:00",
        "finished": "2026-11-23T08:00:00+00:00",
        "targets": 1,
        "resources": 2,
        "done": 1,
        "waiting": 0,
        "failed": 1,
        "failed_targets": [HERE.key],
        "unresolved": ["777788889999"],
        "tagged": 0,
        "tag_warnings": [],
        "refused": "",
    }
    assert (stage.cloud.state(good), stage.cloud.state(bad)) == ("running", "stopped")


def test_the_last_pass_of_each_target_is_kept_and_one_over_several() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    for minute in range(0, 50, 10):
        stage.run(8, minute, accounts=[(HERE if minute in (0, 30) else THERE).account])
    stage.run(7)
    stage.run(7, 30)
    assert len(contents(stage.plain)[PASSES]) == 3
    found = [(str(each["at"])[11:16], each["targets"]) for each in last_passes(stage.plain)]
    assert found == [("08:40", 1), ("08:30", 1), ("07:30", 2)], "the newest first"


def test_a_dry_run_writes_nothing_and_calls_nothing_that_changes(stage: Stage) -> None:
    for state in ("running", "stopped"):
        stage.cloud.instance(state=state)
    stage.cloud.database("orders", state="available")
    stage.run(7)
    gone = stage.cloud.instance()
    stage.run(7, 5)
    del stage.cloud.instances[HERE.key][gone]
    lost = stage.cloud.instance()
    stage.clock.at(8)
    stage.kill_after("start_instances")
    assert len(stage.intents()) == 3
    before = contents(stage.plain)
    stage.cloud.calls.clear()

    report = stage.run(12, dry_run=True)

    assert contents(stage.plain) == before
    assert stage.cloud.writes == []
    assert {id_: action for id_, (action, _) in decisions(report).items() if action != "none"} == {"orders": "start"}
    assert stage.stored(lost) is None
    assert all(target.done == () for target in report.targets)


def test_a_dry_run_looks_into_another_time(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.clock.at(3)

    report = stage.run(dry_run=True, at=MONDAY + timedelta(hours=9))

    assert decisions(report) == {id_: ("start", "schedule")}
    assert report.at == MONDAY + timedelta(hours=9)


@pytest.mark.parametrize(
    ("limits", "running"),
    [("max_changes: 3", 0), ("max_changes: 4", 4), ("max_changes_percent: 79", 0), ("max_changes_percent: 80", 4)],
)
def test_guardrails_refuse_the_whole_pass(limits: str, running: int) -> None:
    stage = Stage(OFFICE + f"guardrails: {{{limits}}}\n", cloud=Cloud(HERE, THERE))
    ids = [stage.cloud.instance(at=HERE) for _ in range(2)] + [stage.cloud.instance(at=THERE) for _ in range(2)]
    stage.cloud.instance("running", state="running")

    report = stage.run(8)

    assert sum(stage.cloud.state(id_) == "running" for id_ in ids) == running
    assert (report.refused is not None) == (running == 0)
    if running == 0:
        after = contents(stage.plain)
        assert isinstance(report.refused, GuardrailError)
        assert {table for table, items in after.items() if items} == {"leases", PASSES}
        assert after[PASSES][0].data["refused"] == str(report.refused)
        assert all(item.data["holder"] == "" for item in after["leases"])
        assert stage.cloud.writes == []


def test_guardrails_say_which_actions_are_allowed(stage: Stage) -> None:
    stage.define(OFFICE + "guardrails: {actions: [stop]}\n")
    dark = stage.cloud.instance()
    lit = stage.cloud.instance("stopped", state="running")

    report = stage.run(8)

    assert decisions(report) == {dark: ("none", "guardrail"), lit: ("stop", "schedule")}
    assert "guardrails.actions does not allow to start" in report.steps[0].decision.reason
    assert stage.stored(dark) == "unknown"
    stage.define(OFFICE)
    assert decisions(stage.run(8, 5))[dark] == ("start", "schedule")


def test_opt_out(stage: Stage) -> None:
    id_ = stage.cloud.instance(tags={"lamplighter:opt-out": ""})
    report = stage.run(8)
    assert decisions(report) == {id_: ("none", "opt-out")}
    assert stage.cloud.state(id_) == "stopped"

    stage.define(OFFICE + "guardrails: {opt_out_tag: hands-off}\n")
    assert decisions(stage.run(8, 5)) == {id_: ("start", "schedule")}


def test_a_schedule_that_is_unknown_or_not_valid_is_visible_and_stops_no_other() -> None:
    stage = Stage(OFFICE + "  broken: {periods: nothing}\n")
    ids = [stage.cloud.instance(name, state="running") for name in ("office", "broken", "nowhere")]

    report = stage.run(20)

    assert decisions(report) == {
        ids[0]: ("stop", "schedule"),
        ids[1]: ("none", "invalid-schedule"),
        ids[2]: ("none", "unknown-schedule"),
    }
    reasons = [step.decision.reason for step in report.steps]
    assert reasons[1] == "schedule 'broken' is not valid: period 'nothing' is not defined or not valid"
    assert reasons[2] == "schedule 'nowhere' is not defined"
    assert [stage.cloud.state(id_) for id_ in ids] == ["stopped", "running", "running"]


def test_a_file_with_wrong_guardrails_is_refused_before_anything_is_asked(stage: Stage) -> None:
    stage.define(OFFICE + "guardrails: {max_changes: many}\n")
    with pytest.raises(DefinitionError) as refusal:
        stage.run(8)
    assert [problem.where for problem in refusal.value.problems] == ["guardrails.max_changes"]
    assert stage.cloud.calls == []
    assert not any(contents(stage.plain).values())


def test_what_is_gone_is_forgotten_and_counts_as_new_when_it_comes_back(stage: Stage) -> None:
    stage.define(OFFICE.replace("{periods: office}", "{periods: office, stop_new_instances: false}"))
    id_ = stage.cloud.instance()
    stage.run(8)
    thing = stage.cloud.instances[HERE.key].pop(id_)
    stage.run(9)

    assert stage.record(id_) is None
    assert stage.journal()[-1] == (id_, "gone", "done")
    stage.run(9, 5)
    assert stage.journal()[-1] == (id_, "gone", "done")
    assert len(stage.journal()) == 2

    stage.cloud.instances[HERE.key][id_] = thing
    assert decisions(stage.run(19)) == {id_: ("none", "new-left-alone")}
    assert stage.stored(id_) == "stopped"


def test_what_lost_its_tag_is_gone(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.thing(id_).tags.clear()
    stage.run(19)
    assert stage.journal()[-1] == (id_, "gone", "done")
    assert stage.cloud.state(id_) == "running"


def test_a_kind_that_cannot_be_listed_forgets_nothing(stage: Stage) -> None:
    id_, database = stage.cloud.instance(), stage.cloud.database("orders")
    stage.run(8)
    stage.cloud.before = lambda _t, op, _i: AccessDenied("no") if op == "describe_db_instances" else None
    report = stage.run(18)

    assert set(report.targets[0].failures) == {"rds-instance"}
    assert report.partial
    assert stage.stored(database) == "running"
    assert (stage.cloud.state(id_), stage.cloud.state(database)) == ("stopped", "available")
    stage.cloud.before = lambda *_: None
    stage.run(18, 5)
    assert stage.cloud.state(database) == "stopped"


def test_an_answer_that_a_kind_cannot_read_stops_only_that_kind(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.cloud.database("orders", DBInstanceClass=None, Engine=None)
    report = stage.run(8)

    [failure] = report.targets[0].failures.values()
    assert isinstance(failure, AwsError)
    assert "rds-instance: unexpected AttributeError" in str(failure)
    assert stage.cloud.state(id_) == "running"


def test_a_filtered_pass_forgets_and_changes_nothing_else() -> None:
    stage = Stage(OFFICE + "  lab: {periods: office}\n")
    office, lab = stage.cloud.instance("office"), stage.cloud.instance("lab")
    gone = stage.cloud.instance("lab")
    stage.run(8)
    del stage.cloud.instances[HERE.key][gone]

    report = stage.run(18, schedules=frozenset({"office"}))

    assert decisions(report) == {office: ("stop", "schedule")}
    assert (stage.stored(office), stage.stored(lab), stage.stored(gone)) == ("stopped", "running", "running")
    stage.run(18, 5)
    assert (stage.stored(lab), stage.stored(gone)) == ("stopped", None)


def test_a_pass_for_what_is_known_asks_only_where_it_was_seen() -> None:
    stage = Stage(OFFICE + "  lab: {periods: office}\n", cloud=Cloud(HERE, THERE))
    office, lab = stage.cloud.instance("office", at=HERE), stage.cloud.instance("lab", at=THERE)
    stage.cloud.database("orders", "lab", at=THERE)
    stage.run(8)
    new = stage.cloud.instance("office", state="running", at=THERE)
    stage.cloud.calls.clear()

    report = stage.run(18, schedules=frozenset({"office"}), known_only=True)

    assert [target.target for target in report.targets] == [HERE]
    assert [operation for _, operation, _ in stage.cloud.calls] == ["describe_instances", "stop_instances"]
    assert [stage.cloud.state(id_) for id_ in (office, lab, new)] == ["stopped", "running", "running"]
    stage.run(18, 5)
    assert [stage.cloud.state(id_) for id_ in (office, lab, new)] == ["stopped", "stopped", "stopped"]


def test_a_pass_over_some_targets_leaves_the_others() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    here, there = stage.cloud.instance(at=HERE), stage.cloud.instance(at=THERE)
    report = stage.run(8, accounts=(THERE.account,))
    assert [target.target for target in report.targets] == [THERE]
    assert (stage.cloud.state(here), stage.cloud.state(there)) == ("stopped", "running")
    stage.run(8, 5, regions=(HERE.region,))
    assert stage.cloud.state(here) == "running"


def test_another_schedule_tag_makes_it_new() -> None:
    stage = Stage(
        """
periods: {day: {begintime: 08:00, endtime: 18:00}, late: {begintime: 14:00, endtime: 22:00}}
schedules:
  day: {periods: day}
  late: {periods: late, stop_new_instances: false}
"""
    )
    id_ = stage.cloud.instance("day")
    stage.run(8)
    stage.cloud.thing(id_).tags["Schedule"] = "late"

    assert decisions(stage.run(9)) == {id_: ("none", "new-left-alone")}
    assert (stage.stored(id_), stage.cloud.state(id_)) == ("stopped", "running")


def test_a_tag_that_changes_and_changes_back_is_a_change_too() -> None:
    stage = Stage(OFFICE.replace("{periods: office}", "{periods: office, stop_new_instances: false}"))
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.thing(id_).tags["Schedule"] = "no-such"
    stage.run(9)
    assert (stage.stored(id_), stage.record(id_) and stage.record(id_).schedule) == ("unknown", "no-such")  # type: ignore[union-attr]
    before = contents(stage.plain, "state")
    stage.run(9, 5)
    assert contents(stage.plain, "state") == before
    stage.cloud.thing(id_).tags["Schedule"] = "office"
    assert decisions(stage.run(19)) == {id_: ("none", "new-left-alone")}


def test_a_failed_start_is_tried_again_until_it_works(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    refusal = AwsError("InsufficientInstanceCapacity", code="InsufficientInstanceCapacity")
    stage.cloud.before = lambda _t, op, _i: refusal if op == "start_instances" else None
    for minute in (0, 5):
        report = stage.run(8, minute)
        assert [done.error for done in report.targets[0].done] == [refusal]
    record = stage.record(id_)
    assert record is not None
    assert (record.stored.value, record.error) == ("start_failed", str(refusal))

    stage.cloud.before = lambda *_: None
    stage.run(8, 10)
    record = stage.record(id_)
    assert record is not None
    assert (record.stored.value, record.error) == ("running", "")
    assert stage.journal() == [(id_, "start", "failed"), (id_, "start", "failed"), (id_, "start", "done")]


@pytest.mark.parametrize("effect", [True, False])
def test_an_unknown_outcome_is_settled_by_the_next_pass(stage: Stage, effect: bool) -> None:
    stage.define(OFFICE.replace("{periods: office}", "{periods: office, retain_running: true}"))
    id_ = stage.cloud.instance()
    stage.run(7)
    lost = OutcomeUnknown("the answer was lost")

    def answer(_target: object, operation: str, _ids: object) -> AwsError | None:
        return lost if operation == "start_instances" else None

    if effect:
        stage.cloud.after = answer
    else:
        stage.cloud.before = answer
    report = stage.run(8)
    [done] = report.targets[0].done
    assert (done.error, done.open) == (lost, True)
    assert report.partial
    assert len(stage.intents()) == 1
    assert stage.stored(id_) == "stopped"

    stage.cloud.before = stage.cloud.after = lambda *_: None
    stage.run(8, 5)
    stage.run(18)

    expected = [(id_, "start", "found")] if effect else [(id_, "start", "not-done"), (id_, "start", "done")]
    assert stage.journal() == [*expected, (id_, "stop", "done")]
    assert stage.cloud.wasted == []
    assert stage.cloud.state(id_) == "stopped"
    assert stage.intents() == []


def test_a_failing_target_stops_no_other() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    here, there = stage.cloud.instance(at=HERE), stage.cloud.instance(at=THERE)
    stage.cloud.before = lambda target, *_: AccessDenied("no") if target == HERE else None
    report = stage.run(8)
    assert [bool(target.failures) for target in report.targets] == [True, False]
    assert (stage.cloud.state(here), stage.cloud.state(there)) == ("stopped", "running")


def test_the_lease_of_another_run_keeps_a_target_untouched(stage: Stage) -> None:
    from lamplighter.store.lease import acquire

    id_ = stage.cloud.instance()
    stage.clock.at(8)
    acquire(stage.plain, f"target/{HERE.key}", "other", now=stage.clock.now, ttl=LEASE)
    report = stage.run()
    assert "another pass is at work here" in str(report.targets[0].error)
    assert stage.cloud.calls == []
    assert stage.cloud.state(id_) == "stopped"
    stage.clock.now += LEASE
    stage.run()
    assert stage.cloud.state(id_) == "running"


def test_leases_are_given_back_even_when_one_cannot_be() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    stage.cloud.instance(at=HERE)
    inner = stage.store.put

    def put(table: str, partition: str, sort: str, data: Any, **options: Any) -> Any:
        if table == "leases" and HERE.key in partition and data["holder"] == "":
            raise StoreUnavailable("locked")
        return inner(table, partition, sort, data, **options)

    stage.store.put = put  # type: ignore[method-assign]
    report = stage.run(8)
    assert not report.partial
    leases = {target: find(stage.plain, f"target/{target.key}") for target in (HERE, THERE)}
    assert [lease.holder if lease else None for lease in leases.values()] == ["run-1", ""]


def test_a_late_pass_decides_for_the_time_at_which_it_holds_the_lease(stage: Stage) -> None:
    """The original froze the time in its message: a 16:55 request that came after the 17:00 stop started again."""
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.clock.at(17, 59)
    targets = stage.world.aws.targets

    def slow(*args: Any, **options: Any) -> Any:
        stage.clock.at(18, 3)
        return targets(*args, **options)

    stage.run(18, 1)
    stage.clock.at(17, 59)
    stage.world.aws.targets = slow  # type: ignore[method-assign]
    report = stage.run()
    assert report.at == MONDAY + timedelta(hours=17, minutes=59)
    assert stage.cloud.state(id_) == "stopped"
    assert stage.journal() == [(id_, "start", "done"), (id_, "stop", "done")]


def test_a_pass_that_was_paused_past_its_lease_does_not_act(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    seen = stage.cloud.after

    def nap(_target: object, operation: str, _ids: object) -> None:
        if operation == "describe_db_clusters":
            stage.clock.now += LEASE
        return seen(HERE, "", ())  # type: ignore[return-value]

    stage.cloud.after = nap
    report = stage.run(17, 58)

    assert isinstance(report.targets[0].error, LeaseLost)
    assert [isinstance(done.error, LeaseLost) and done.note for done in report.targets[0].done] == ["not tried"]
    assert stage.cloud.writes == []
    assert stage.intents() == []
    stage.cloud.after = seen
    stage.run(18, 5)
    assert stage.cloud.effects == []
    assert stage.stored(id_) == "stopped"


def test_a_pass_that_lost_its_lease_while_it_slept_does_not_act(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    stage.clock.at(8)

    def rival(_target: object, operation: str, _ids: object) -> None:
        if operation == "describe_db_clusters":
            stage.cloud.after = lambda *_: None
            stage.clock.now += LEASE
            run_pass(stage.world, run="rival")
            stage.cloud.settle()
            stage.clock.now -= LEASE

    stage.cloud.after = rival
    report = stage.run()

    assert isinstance(report.targets[0].error, LeaseLost)
    assert [(effect.id, effect.action) for effect in stage.cloud.effects] == [(id_, "start")]
    assert stage.journal() == [(id_, "start", "done")]


def test_a_pass_that_lost_its_lease_forgets_nothing(stage: Stage) -> None:
    gone, _ = stage.cloud.instance(), stage.cloud.instance()
    stage.run(7)
    thing = stage.cloud.instances[HERE.key].pop(gone)

    def nap(_target: object, operation: str, _ids: object) -> None:
        if operation == "describe_db_clusters":
            stage.clock.now += LEASE
            stage.cloud.instances[HERE.key][gone] = thing

    stage.cloud.after = nap
    report = stage.run(8)
    assert isinstance(report.targets[0].error, LeaseLost)
    assert stage.stored(gone) == "stopped"
    assert stage.journal() == []


def test_a_conflict_on_one_record_does_not_lose_the_others(stage: Stage) -> None:
    ids = [stage.cloud.instance() for _ in range(3)]
    quiet = [stage.cloud.instance("ignore") for _ in range(2)]
    stage.run(7)
    states = {item.sort: item for item in contents(stage.plain, "state")["state"]}

    def meddle(_target: object, operation: str, _ids: object) -> None:
        if operation == "start_instances":
            for id_ in (ids[1], quiet[0]):
                key = f"ec2-instance/{id_}"
                stage.plain.put("state", HERE.key, key, states[key].data)

    stage.cloud.after = meddle
    for id_ in quiet:
        stage.cloud.thing(id_).tags["Schedule"] = "no-such"
    report = stage.run(8)
    assert not report.partial
    assert [stage.stored(id_) for id_ in ids] == ["running", "stopped", "running"]
    assert [item.sort for item in stage.intents()] == [f"ec2-instance/{ids[1]}"]
    assert [stage.record(id_).schedule for id_ in quiet] == ["ignore", "no-such"]  # type: ignore[union-attr]

    stage.cloud.after = lambda *_: None
    stage.run(8, 5)
    assert [stage.stored(id_) for id_ in ids] == ["running"] * 3
    assert [outcome for _, action, outcome in stage.journal() if action == "start"] == ["done", "found", "done"]
    assert [stage.record(id_).schedule for id_ in quiet] == ["no-such", "no-such"]  # type: ignore[union-attr]
    assert stage.cloud.wasted == []


def test_a_store_that_fails_after_the_call_is_told_as_unknown_and_ends_the_target(stage: Stage) -> None:
    first, second = stage.cloud.instance(), stage.cloud.database("orders")
    stage.run(7)
    inner, broken = stage.store.transact, StoreUnavailable("disk full")

    def transact(writes: Any) -> None:
        if any(write.table == "journal" for write in writes):
            raise broken
        inner(writes)

    stage.store.transact = transact  # type: ignore[method-assign]
    report = stage.run(8)
    [target] = report.targets
    assert target.error is broken
    assert [(done.step.resource.id, done.error, done.open, done.note) for done in target.done] == [
        (first, broken, True, "not known whether it took effect; the next pass will look"),
        (second, broken, False, "not tried"),
    ]
    stage.store.transact = inner  # type: ignore[method-assign]
    stage.run(8, 5)
    assert stage.journal() == [(first, "start", "found"), (second, "start", "done")]
    assert stage.cloud.wasted == []


def test_a_store_that_fails_on_what_is_only_remembered_is_an_error_of_the_target(stage: Stage) -> None:
    stage.cloud.instance()
    quiet = stage.cloud.instance("ignore")
    inner, broken = stage.store.transact, StoreUnavailable("disk full")

    def transact(writes: Any) -> None:
        if any(quiet in write.sort for write in writes):
            raise broken
        inner(writes)

    stage.store.transact = transact  # type: ignore[method-assign]
    report = stage.run(8)
    assert report.targets[0].error is broken
    assert [done.error for done in report.targets[0].done] == [None]
    assert report.partial


def test_a_store_that_fails_while_forgetting_keeps_what_was_done(stage: Stage) -> None:
    gone, id_ = stage.cloud.instance(), stage.cloud.instance()
    stage.run(7)
    del stage.cloud.instances[HERE.key][gone]
    inner, broken = stage.store.transact, StoreUnavailable("disk full")

    def transact(writes: Any) -> None:
        if any(gone in write.sort for write in writes):
            raise broken
        inner(writes)

    stage.store.transact = transact  # type: ignore[method-assign]
    report = stage.run(8)
    assert report.targets[0].error is broken
    assert [(done.step.resource.id, done.error) for done in report.targets[0].done] == [(id_, None)]


def test_a_kind_that_raises_while_it_acts_leaves_its_steps_open_and_the_others_done(stage: Stage) -> None:
    stage.cloud.instance()
    database = stage.cloud.database("orders")
    broken = KINDS["ec2-instance"]

    class Careless(type(broken)):  # type: ignore[misc]
        def start(self, *_: object) -> Any:
            raise KeyError("InstanceId")

    stage.with_kinds({**KINDS, "ec2-instance": Careless()})
    report = stage.run(8)
    assert [(done.step.resource.kind, done.open, type(done.error)) for done in report.targets[0].done] == [
        ("ec2-instance", True, AwsError),
        ("rds-instance", False, type(None)),
    ]
    assert stage.cloud.state(database) == "available"
    assert len(stage.intents()) == 1


def test_a_kind_that_forgets_a_resource_leaves_it_open(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)

    class Silent(type(KINDS["ec2-instance"])):  # type: ignore[misc]
        def start(self, *_: object) -> Any:
            return []

    stage.with_kinds({"ec2-instance": Silent()})
    [done] = stage.run(8).targets[0].done
    assert (done.open, type(done.error)) == (True, OutcomeUnknown)
    stage.with_kinds(KINDS)
    stage.run(8, 5)
    assert stage.journal() == [(id_, "start", "not-done"), (id_, "start", "done")]


def test_many_at_once_are_called_in_batches_of_the_kind(stage: Stage) -> None:
    ids = [stage.cloud.instance() for _ in range(120)]
    stage.run(8)
    sizes = [len(called) for _, operation, called in stage.cloud.calls if operation == "start_instances"]
    assert sizes == [50, 50, 20]
    assert all(stage.cloud.state(id_) == "running" for id_ in ids)
    assert len(stage.journal()) == 120


def test_enforced_undoes_what_is_done_by_hand(stage: Stage) -> None:
    stage.define(STRICT)
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.by_hand(id_, "stopped")
    stage.run(9)
    assert stage.cloud.state(id_) == "running"
    stage.run(18)
    stage.cloud.by_hand(id_, "running")
    stage.run(19)
    assert stage.cloud.state(id_) == "stopped"


def test_what_is_done_by_hand_is_kept_until_the_next_change(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.by_hand(id_, "stopped")
    stage.run(9)
    assert stage.cloud.state(id_) == "stopped"
    stage.run(18)
    stage.cloud.by_hand(id_, "running")
    stage.run(19)
    assert stage.cloud.state(id_) == "running"
    stage.run(8, day=1)
    stage.run(18, day=1)
    assert stage.cloud.state(id_) == "stopped"


def test_a_transition_that_takes_its_time_is_waited_for(stage: Stage) -> None:
    id_ = stage.cloud.instance(state="running")
    stage.run(17, 59)
    stage.cloud.thing(id_).state = "pending"
    report = stage.run(18, settle=False)
    assert decisions(report) == {id_: ("none", "wait")}
    stage.cloud.settle()
    assert decisions(stage.run(18, 5)) == {id_: ("stop", "schedule")}


def test_the_error_of_a_target_is_of_that_target_only() -> None:
    stage = Stage(cloud=Cloud(HERE, THERE))
    there = stage.cloud.instance(at=THERE)
    session = stage.world.aws.session

    def refuse(target: Any) -> Any:
        if target == HERE:
            raise UsageError("no")
        return session(target)

    stage.world.aws.session = refuse  # type: ignore[method-assign]
    report = stage.run(8)
    assert [str(target.error or "") for target in report.targets] == ["no", ""]
    assert stage.cloud.state(there) == "running"
    lease = find(stage.plain, f"target/{HERE.key}")
    assert lease is not None
    assert lease.holder == ""
