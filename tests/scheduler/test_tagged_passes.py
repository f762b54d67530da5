"""Passes that write tags, over a light double: once, in few calls, and made good after a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.scheduler.conftest import HERE, OFFICE, THERE, Cloud, Stage, contents

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, CapacityUnavailable, StoreUnavailable
from lamplighter.scheduler.direct import start_or_stop
from lamplighter.scheduler.passes import PASSES, PassReport
from lamplighter.schedules.decision import Action

YAML = (
    OFFICE
    + """
tags:
  started: {last: "on {hour}:{minute} {schedule}", on: "{state}"}
  stopped: {last: "off {hour}:{minute} {schedule}"}
  errors: true
  first_seen: true
"""
)
SEEN = "lamplighter:first-seen"
CODE, MESSAGE = "lamplighter:error", "lamplighter:error-message"


@pytest.fixture
def stage() -> Stage:
    return Stage(YAML)


def tags(stage: Stage, id_: str) -> dict[str, str]:
    """Its tags without those it came with."""
    return {key: value for key, value in stage.cloud.thing(id_).tags.items() if key not in ("Schedule", "Name")}


def tag_calls(stage: Stage) -> list[str]:
    return [operation for _, operation, _ in stage.cloud.calls if "tag" in operation]


def warnings(report: PassReport) -> list[str]:
    return [warning for target in report.targets for warning in target.tagging.warnings]


def test_a_day_of_an_office_on_tags(stage: Stage) -> None:
    ids = [stage.cloud.instance(), stage.cloud.database("orders"), stage.cloud.cluster("shop")]
    seen = {SEEN: "2026-11-23T07:00:00Z"}
    for hour, expected, calls in [
        (7, seen, ["create_tags", "tag_resources", "tag_resources"]),
        (8, {**seen, "last": "on 08:00 office", "on": "running"}, ["create_tags", "tag_resources", "tag_resources"]),
        (9, {**seen, "last": "on 08:00 office", "on": "running"}, []),
        (
            18,
            {**seen, "last": "off 18:00 office"},
            ["create_tags", "delete_tags", "tag_resources", "tag_resources", "untag_resources", "untag_resources"],
        ),
        (19, {**seen, "last": "off 18:00 office"}, []),
    ]:
        stage.cloud.calls.clear()
        report = stage.run(hour)
        assert [tags(stage, id_) for id_ in ids] == [expected] * 3, hour
        assert sorted(tag_calls(stage)) == calls, hour
        assert report.targets[0].tagging.changed == (3 if calls else 0)
        assert warnings(report) == []
        assert stage.cloud.wasted == []


def test_many_take_few_calls_and_the_second_pass_none() -> None:
    stage = Stage(YAML, cloud=Cloud(HERE, THERE))
    for number in range(100):
        stage.cloud.instance(at=HERE if number % 2 else THERE)
    stage.run(8)
    assert tag_calls(stage) == ["create_tags"] * 2
    stage.cloud.calls.clear()
    stage.run(8, 5)
    assert {operation for _, operation, _ in stage.cloud.calls} <= {
        "describe_instances",
        "describe_db_instances",
        "describe_db_clusters",
    }


def test_an_idle_pass_asks_the_store_no_more_than_without_tags() -> None:
    asked: list[list[str]] = []
    for yaml in (OFFICE, YAML):
        stage = Stage(yaml)
        stage.cloud.instance()
        stage.cloud.database("orders")
        stage.run(8)
        stage.run(8, 5)
        moments: list[str] = []
        plain = stage.store._do

        def watch(work: Callable[[], Any], plain: Any = plain, moments: list[str] = moments) -> Any:
            moments.append(work.__qualname__)
            return plain(work)

        stage.store._do = watch  # type: ignore[method-assign]
        stage.run(8, 10)
        asked.append(moments)
    assert asked[0] == asked[1]
    assert asked[0]


def test_tags_make_nothing_new_and_do_not_opt_out(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(8)
    before = stage.record(id_)
    report = stage.run(8, 5)
    assert stage.record(id_) == before
    assert [step.decision.rule for step in report.steps] == ["unchanged"]
    assert stage.cloud.thing(id_).tags["Schedule"] == "office"


def test_errors_are_told_while_they_last(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    lacking = CapacityUnavailable("no room, in eu-west-1a", code="InsufficientInstanceCapacity")
    stage.cloud.before = lambda _t, op, _i: lacking if op == "start_instances" else None
    stage.run(8)
    told = {CODE: "InsufficientInstanceCapacity", MESSAGE: "no room in eu-west-1a", SEEN: "2026-11-23T08:00:00Z"}
    assert tags(stage, id_) == told

    # Another zone each time: the same error, so no call.
    lacking = CapacityUnavailable("no room, in eu-west-1b", code="InsufficientInstanceCapacity")
    stage.cloud.calls.clear()
    stage.run(8, 5)
    assert (tags(stage, id_), tag_calls(stage)) == (told, [])

    stage.cloud.before = lambda *_: None
    stage.run(8, 10)
    assert tags(stage, id_) == {SEEN: told[SEEN], "last": "on 08:10 office", "on": "running"}


def test_an_error_lasts_over_passes_that_wait_and_ends_with_what_was_wanted(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    stage.cloud.before = lambda _t, op, _i: AccessDenied("no", code="Denied") if op == "start_instances" else None
    stage.run(8)
    stage.cloud.before = lambda *_: None
    stage.cloud.by_hand(id_, "stopping")
    report = stage.run(8, 5)
    assert [step.decision.rule for step in report.steps] == ["wait"]
    assert tags(stage, id_)[CODE] == "Denied"
    stage.run(18)
    assert CODE not in tags(stage, id_)
    assert MESSAGE not in tags(stage, id_)


def test_a_schedule_that_does_not_exist_is_told_where_its_owner_looks(stage: Stage) -> None:
    id_ = stage.cloud.instance("offcie")
    stage.run(8)
    assert tags(stage, id_)[CODE] == "UnknownSchedule"
    assert tags(stage, id_)[MESSAGE] == "schedule offcie is not defined"
    stage.cloud.thing(id_).tags["Schedule"] = "office"
    stage.run(8, 5)
    assert tags(stage, id_) == {SEEN: "2026-11-23T08:00:00Z", "last": "on 08:05 office", "on": "running"}


def test_what_is_left_alone_gets_no_tags(stage: Stage) -> None:
    ids = [
        stage.cloud.instance("ignore"),
        stage.cloud.instance(tags={"lamplighter:opt-out": ""}),
        stage.cloud.instance(tags={"aws:autoscaling:groupName": "web"}),
        stage.cloud.instance(None),
    ]
    before = [tags(stage, id_) for id_ in ids]
    stage.run(8)
    assert [tags(stage, id_) for id_ in ids] == before
    assert tag_calls(stage) == []


def test_first_sight_is_told_once(stage: Stage) -> None:
    id_, old = stage.cloud.instance(), stage.cloud.instance(tags={SEEN: "2020-01-01T00:00:00Z"})
    stage.run(7)
    stage.run(8)
    assert tags(stage, id_)[SEEN] == "2026-11-23T07:00:00Z"
    assert tags(stage, old)[SEEN] == "2020-01-01T00:00:00Z"
    del stage.cloud.thing(id_).tags[SEEN]
    stage.run(9)
    assert tags(stage, id_)[SEEN] == "2026-11-23T07:00:00Z"


def test_what_was_changed_by_hand_or_in_the_file_is_made_good(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.thing(id_).tags["last"] = "by me"
    stage.run(8, 5)
    assert tags(stage, id_)["last"] == "on 08:00 office"
    stage.define(YAML.replace("on {hour}", "lit {hour}"))
    stage.run(8, 10)
    assert tags(stage, id_)["last"] == "lit 08:00 office"
    stage.define(OFFICE)
    stage.cloud.calls.clear()
    stage.run(18)
    assert tags(stage, id_)["last"] == "lit 08:00 office"
    assert tag_calls(stage) == []


def test_a_schedule_tag_that_changes_leaves_the_last_action_as_it_was(stage: Stage) -> None:
    stage.define(YAML.replace("  office: {periods: office}", "  office: {periods: office}\n  lab: {periods: office}"))
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.thing(id_).tags["Schedule"] = "lab"
    stage.run(8, 5)
    assert tags(stage, id_)["last"] == "on 08:00 office"


def test_a_dry_run_writes_no_tags_and_says_how_many_would_be(stage: Stage) -> None:
    stage.cloud.instance()
    stage.cloud.instance()
    report = stage.run(8, dry_run=True)
    assert tag_calls(stage) == []
    assert report.targets[0].tagging.changed == 2


def test_a_pass_that_is_refused_writes_none(stage: Stage) -> None:
    stage.define(f"{YAML}guardrails: {{max_changes: 0}}\n")
    stage.cloud.instance()
    for dry in (True, False):
        report = stage.run(8, dry_run=dry)
        assert report.refused is not None
        assert report.targets[0].tagging.changed == 0
    assert tag_calls(stage) == []


def test_what_cannot_be_tagged_is_a_warning_and_is_tried_again(stage: Stage) -> None:
    id_ = stage.cloud.instance(name="web")
    database = stage.cloud.database("orders")
    stage.cloud.before = lambda _t, op, _i: AccessDenied("not you", hint="ask") if op == "create_tags" else None
    report = stage.run(8)
    assert not report.partial
    assert stage.journal() == [(id_, "start", "done"), (database, "start", "done")]
    assert stage.stored(id_) == "running"
    assert warnings(report) == ["the tags of web are not written: not you (ask)"]
    [item] = contents(stage.plain)[PASSES]
    assert item.data["tagged"] == 1
    assert item.data["tag_warnings"] == [f"{HERE.key}: the tags of web are not written: not you (ask)"]
    assert tags(stage, database)["last"] == "on 08:00 office"

    stage.cloud.before = lambda *_: None
    assert warnings(stage.run(8, 5)) == []
    assert tags(stage, id_) == tags(stage, database)


def test_an_answer_that_is_lost_is_no_harm(stage: Stage) -> None:
    id_ = stage.cloud.instance()

    def lose(_target: Target, operation: str, _ids: Sequence[str]) -> AwsError | None:
        return AwsError("lost") if operation == "create_tags" else None

    stage.cloud.after = lose
    assert warnings(stage.run(8)) == [f"the tags of {id_} are not written: lost"]
    stage.cloud.calls.clear()
    assert warnings(stage.run(8, 5)) == []
    assert tag_calls(stage) == []


def test_full_resources_are_told_and_acted_on_all_the_same(stage: Stage) -> None:
    id_ = stage.cloud.instance(name="web", tags={f"user-{n}": "x" for n in range(48)})
    for minute in (0, 5):
        report = stage.run(8, minute)
        assert warnings(report) == [
            f"web: no room for {SEEN}, last, on: AWS allows 50 tags a resource",
        ]
        assert not report.partial
    assert stage.journal() == [(id_, "start", "done")]
    assert tag_calls(stage) == []


def test_nothing_is_tagged_when_the_work_ended_early(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.cloud.instance()
    with monkeypatch.context() as patch:
        patch.setattr(stage.store.inner, "transact", _fail)
        assert stage.run(8).partial
        assert tag_calls(stage) == []
    stage.run(8, 5)
    assert tag_calls(stage) == ["create_tags"]


def _fail(*_: object) -> None:
    raise StoreUnavailable("locked")


# --- by hand ----------------------------------------------------------------------------------------


def order(stage: Stage, id_: str, action: Action, **options: Any) -> list[str]:
    reports = start_or_stop(stage.world, [id_], action, run=f"hand-{action}", author="ada", **options)
    stage.cloud.settle()
    return [warning for report in reports for warning in report.tagging.warnings]


def test_by_hand_is_told_and_stays(stage: Stage) -> None:
    stage.define(YAML.replace("off {hour}:{minute} {schedule}", "off {hour}:{minute} {schedule} {reason}"))
    id_, plain = stage.cloud.instance(), stage.cloud.instance(None, state="running")
    stage.run(8)
    stage.clock.at(12, 30)
    assert order(stage, id_, Action.STOP, dry_run=True) == []
    assert tags(stage, id_)["last"] == "on 08:00 office"
    for each in (id_, plain):
        assert order(stage, each, Action.STOP) == []
    assert tags(stage, plain) == {"last": "off 12:30 - asked for by ada"}
    told = {"last": "off 12:30 office asked for by ada", SEEN: "2026-11-23T08:00:00Z"}
    assert tags(stage, id_) == told
    stage.cloud.calls.clear()
    stage.run(13)
    assert (tags(stage, id_), tag_calls(stage)) == (told, [])


def test_by_hand_after_the_tag_changed_is_not_told_wrong_by_the_next_pass(stage: Stage) -> None:
    stage.define(YAML.replace("  office: {periods: office}", "  office: {periods: office}\n  lab: {periods: office}"))
    id_ = stage.cloud.instance()
    stage.run(8)
    stage.cloud.thing(id_).tags["Schedule"] = "lab"
    stage.clock.at(18)
    order(stage, id_, Action.STOP)
    assert tags(stage, id_)["last"] == "off 18:00 lab"
    stage.run(18, 5)
    assert tags(stage, id_)["last"] == "off 18:00 lab"
    assert stage.stored(id_) == "stopped"


def test_a_failure_by_hand_is_told(stage: Stage) -> None:
    id_ = stage.cloud.instance()
    stage.run(7)
    stage.cloud.before = lambda _t, op, _i: AccessDenied("no", code="Denied") if op == "start_instances" else None
    order(stage, id_, Action.START)
    assert tags(stage, id_)[CODE] == "Denied"
    stage.cloud.before = lambda *_: None
    stage.run(7, 30)
    assert tags(stage, id_)[CODE] == "Denied"
    stage.run(8)
    assert CODE not in tags(stage, id_)


# --- crashes ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("quick", [True, False])
def test_tags_are_right_after_a_pass_that_died_anywhere(quick: bool) -> None:
    """Whatever moment it died at, two later passes leave the tags that one whole pass would have."""
    died = 0
    while True:
        stage = Stage(YAML + "targets: {threads: 1}\n", cloud=Cloud(HERE, quick=quick))
        ids = [stage.cloud.instance(), stage.cloud.instance(state="running"), stage.cloud.database("orders")]
        new = stage.cloud.instance("offcie")
        stage.run(7)
        stage.clock.at(8)
        killed = stage.kill(died + 1)
        stage.cloud.settle()
        # The lease of the dead runs out, what it left is settled, and what was not done is done.
        stage.run(8, 6)
        stage.run(8, 12)
        stage.cloud.calls.clear()
        stage.run(8, 18)
        assert tag_calls(stage) == []
        for id_ in (*ids, new):
            found = tags(stage, id_)
            assert found[SEEN] == "2026-11-23T07:00:00Z"
            action = stage.record(id_)
            assert action is not None
            if action.acted is not None:
                assert found["last"] == f"on {action.acted.at:%H:%M} office"
                assert found["on"] == "running"
        starts = {id_ for id_, what, outcome in stage.journal() if what == "start" and outcome in ("done", "found")}
        assert {ids[0], ids[2]} <= starts
        assert tags(stage, new)[CODE] == "UnknownSchedule"
        if not killed:
            break
        died += 1
    assert died > 40
