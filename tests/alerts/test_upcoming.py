"""What will be put out soon: told once for each transition, as the decisions of that time will be."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.alerts.conftest import OFFICE, MakeTower
from tests.scheduler.conftest import HERE, MONDAY, THERE, Cloud

from lamplighter.errors import LamplighterError
from lamplighter.notify.message import Message
from lamplighter.scheduler import adjust
from lamplighter.scheduler.overrides import set_override
from lamplighter.scheduler.plan import Step, held_back
from lamplighter.scheduler.settings import load_configuration
from lamplighter.schedules.overrides import Hold, Override
from lamplighter.schedules.stagger import delay_of

ONLY = "[{to: 'bell:ops', about: [upcoming]}]"


def stops(messages: list[Message]) -> list[tuple[str, str]]:
    """(name or id, time) of every stop that is told."""
    found = []
    for message in messages:
        assert message.kind == "upcoming"
        rows = message.data["stops"]
        assert isinstance(rows, list)
        found += [(row["name"], row["time"]) for row in rows]
    return found


def override(hold: Hold, selector: str, hour: int, minute: int = 0, *, since: float = 0) -> Override:
    until = MONDAY + timedelta(hours=hour, minutes=minute)
    return Override("o-1", hold, selector, until, "late release", "ada", MONDAY + timedelta(hours=since))


def test_it_is_told_once_within_the_lead(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    assert stops(made.pass_(17)) == []
    assert stops(made.pass_(17, 29)) == []
    assert stops(made.pass_(17, 30)) == [("web", "18:00")]
    for minute in (35, 40, 55, 59):
        assert stops(made.pass_(17, minute)) == []
    assert stops(made.pass_(18)) == []
    assert stops(made.pass_(17, 40, day=1)) == [("web", "18:00")]


def test_a_late_pass_tells_it_late_and_one_after_the_stop_not_at_all(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    [message] = made.pass_(17, 58)
    assert "stops at Mon 2026-11-23 18:00 UTC, in 2m (office: no period is on)" in message.text
    assert stops(made.pass_(18, 3)) == []


def test_a_stop_that_comes_later_by_stagger_is_told_for_its_own_time(tower: MakeTower) -> None:
    made = tower(ONLY, yaml=OFFICE.replace("office: {periods: office}", "office: {periods: office, stagger: 1h}", 1))
    id_ = made.cloud.instance(state="running", name="web")
    schedule = made.stage.world.config.loaded.schedules["office"]
    own = MONDAY + timedelta(hours=18) + delay_of(schedule, f"arn:aws:ec2:eu-west-1:111122223333:instance/{id_}")
    assert own.minute
    begin = own - timedelta(minutes=30)
    assert stops(made.pass_(begin.hour, begin.minute - 1)) == []
    assert stops(made.pass_(begin.hour, begin.minute)) == [("web", f"{own:%H:%M}")]


def test_what_is_started_a_moment_before_is_told(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(state="stopped", name="web")
    assert stops(made.pass_(17, 45)) == [("web", "18:00")]


def test_one_message_however_many_resources(tower: MakeTower) -> None:
    made = tower(ONLY, cloud=Cloud(HERE, THERE))
    for name in ("a", "b"):
        made.cloud.instance(state="running", name=name)
        made.cloud.instance(state="running", name=name.upper(), at=THERE)
    made.cloud.database("orders", state="available")
    [message] = made.pass_(17, 45)
    assert message.subject == "Lamplighter: 5 resources stop from 18:00 on"
    assert {name for name, _ in stops([message])} == {"a", "b", "A", "B", "orders"}


@pytest.mark.parametrize(
    ("schedule", "state", "extra"),
    [
        ("left", "running", {}),
        ("nobody", "running", {}),
        ("running", "running", {}),
        ("office", "stopped", {"tags": {"lamplighter:opt-out": "1"}}),
        ("office", "running", {"tags": {"lamplighter:opt-out": "1"}}),
        ("stops", "stopped", {}),
    ],
)
def test_what_will_not_be_stopped_is_not_told(
    schedule: str, state: str, extra: dict[str, Any], tower: MakeTower
) -> None:
    made = tower(ONLY)
    made.cloud.instance(schedule, state=state, **extra)
    assert made.pass_(17, 45) == []


@pytest.mark.parametrize("schedule", ["office", "strict", "stops"])
def test_what_will_be_stopped_is_told(schedule: str, tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(schedule, state="running", name="web")
    assert stops(made.pass_(17, 45)) == [("web", "18:00")]


def test_what_was_started_by_hand_after_the_end_stays(tower: MakeTower) -> None:
    """At the next transition its stored state is stopped already: nothing will happen."""
    made = tower(
        ONLY,
        yaml="""
version: 1
periods:
  a: {begintime: 08:00, endtime: 18:00}
  off: {state: stopped, begintime: 20:00, endtime: 21:00}
schedules: {office: {periods: [a, off]}}
""",
    )
    web = made.cloud.instance(state="running", name="web")
    assert stops(made.pass_(17, 45)) == [("web", "18:00")]
    made.pass_(18)
    made.cloud.by_hand(web, "running")
    assert made.pass_(19, 45) == []
    made.pass_(20)
    assert made.cloud.state(web) == "running"


def test_what_retains_is_not_told(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance("retain", state="stopped")
    made.pass_(7)
    made.cloud.by_hand(web, "running")
    made.pass_(8)
    assert made.pass_(17, 45) == []
    made.pass_(18)
    assert made.cloud.state(web) == "running"


def test_guardrails_that_allow_no_stop_are_respected(tower: MakeTower) -> None:
    made = tower(ONLY, more="guardrails: {actions: [start]}\n")
    made.cloud.instance(state="running")
    assert made.pass_(17, 45) == []


def test_an_override_puts_it_off_and_its_end_is_told(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    assert stops(made.pass_(17, 45)) == [("web", "18:00")]
    set_override(made.stage.plain, override(Hold.RUNNING, "web", 20, since=17.8))
    assert made.pass_(17, 55) == []
    assert made.pass_(18) == []
    assert made.pass_(19, 29) == []
    assert stops(made.pass_(19, 35)) == [("web", "20:00")]
    assert made.pass_(19, 55) == []
    made.pass_(20)
    assert made.stage.journal()[-1][1:] == ("stop", "done")


@pytest.mark.parametrize("hold", [Hold.RUNNING, Hold.LEAVE_ALONE])
def test_what_is_held_past_the_stop_is_not_told(hold: Hold, tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    set_override(made.stage.plain, override(hold, "web", 23))
    assert made.pass_(17, 45) == []


def test_a_freeze_puts_it_off_and_its_end_is_told(tower: MakeTower) -> None:
    calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\nBEGIN:VEVENT\nUID:1\nSUMMARY:release\n"
    calendar += "DTSTART:20261123T160000Z\nDTEND:20261123T200000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    made = tower("[]")
    made.cloud.instance(state="running", name="web")
    text = """
calendars: {release: {ical: release.ics}}
periods: {office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}}
schedules: {office: {periods: office, freeze: release}}
notify: {rules: [{to: 'bell:ops', about: [upcoming]}]}
"""
    config = load_configuration(text, name="lamplighter.yaml", read_text=lambda _: calendar)
    assert config.problems == ()
    made.stage.world = replace(made.stage.world, config=config)
    assert made.pass_(12) == []
    assert made.pass_(17, 45) == []
    assert made.pass_(18) == []
    assert stops(made.pass_(19, 45)) == [("web", "20:00")]
    assert made.pass_(19, 50) == []
    made.pass_(20)
    assert made.stage.journal()[-1][1:] == ("stop", "done")


def test_what_has_been_lit_too_long_is_told_before_it_is_stopped(tower: MakeTower) -> None:
    made = tower(ONLY, yaml=OFFICE.replace("office: {periods: office}", "office: {periods: office, stop_after: 2h}"))
    web = made.cloud.instance(state="stopped", name="web")
    made.pass_(7)
    made.cloud.by_hand(web, "running")
    assert made.pass_(4, day=5) == []
    assert made.pass_(5, 29, day=5) == []
    assert stops(made.pass_(5, 35, day=5)) == [("web", "06:00")]
    assert made.pass_(5, 55, day=5) == []
    made.pass_(6, day=5)
    assert made.stage.journal()[-1][1:] == ("stop", "done")


def test_a_window_puts_it_off_and_its_end_is_told(tower: MakeTower) -> None:
    patched = OFFICE.replace("office: {periods: office}", "office: {periods: office, ssm_maintenance_window: patches}")
    made = tower(ONLY, yaml=patched)
    made.cloud.ssm.window("patches", "cron(0 17 ? * TUE *)")
    made.cloud.instance(state="running", name="web")
    made.pass_(12, day=1)
    for hour, minute in ((17, 45), (18, 0), (19, 29)):
        assert made.pass_(hour, minute, day=1) == []
    assert stops(made.pass_(19, 35, day=1)) == [("web", "20:00")]
    assert made.pass_(19, 55, day=1) == []
    made.pass_(20, day=1)
    assert made.stage.journal()[-1][1:] == ("stop", "done")


def test_what_is_lit_for_a_window_only_is_told_before_its_end(tower: MakeTower) -> None:
    patched = OFFICE.replace("office: {periods: office}", "office: {periods: office, ssm_maintenance_window: patches}")
    made = tower(ONLY, yaml=patched)
    made.cloud.ssm.window("patches", "cron(0 2 ? * TUE *)")
    made.cloud.instance(state="stopped", name="web")
    for hour, minute, day in ((20, 0, 0), (1, 55, 1), (4, 0, 1)):
        assert made.pass_(hour, minute, day=day) == []
    assert stops(made.pass_(4, 40, day=1)) == [("web", "05:00")]
    made.pass_(5, day=1)
    assert made.stage.journal()[-1][1:] == ("stop", "done")


def test_a_change_of_the_schedule_is_told_anew(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    assert stops(made.pass_(17, 45)) == [("web", "18:00")]
    rules = made.stage.world.config.notify
    made.stage.define("""
version: 1
periods: {office: {begintime: 08:00, endtime: 18:10, weekdays: mon-fri}}
schedules: {office: {periods: office}}
notify: {rules: [{to: 'bell:ops', about: [upcoming]}]}
""")
    assert made.stage.world.config.notify == rules
    assert stops(made.pass_(17, 50)) == [("web", "18:10")]
    assert made.pass_(17, 55) == []


def test_the_lead_is_configurable(tower: MakeTower) -> None:
    made = tower(ONLY, more="  lead: 1h\n")
    made.cloud.instance(state="running", name="web")
    assert stops(made.pass_(16, 59)) == []
    assert stops(made.pass_(17)) == [("web", "18:00")]


def test_accounts_and_schedules_of_a_rule(tower: MakeTower) -> None:
    made = tower(
        "[{to: 'bell:there', about: [upcoming], accounts: ['444455556666']},"
        " {to: 'bell:strict', about: [upcoming], schedules: strict},"
        " {to: 'bell:strict', about: [upcoming], accounts: ['444455556666']}]",
        cloud=Cloud(HERE, THERE),
    )
    made.cloud.instance(state="running", name="here")
    made.cloud.instance("strict", state="running", name="strict-here")
    made.cloud.instance(state="running", name="there", at=THERE)
    first, second = made.pass_(17, 45)
    assert stops([first]) == [("there", "18:00")]
    assert stops([second]) == [("strict-here", "18:00"), ("there", "18:00")]
    assert made.pass_(17, 50) == []


def test_how_to_keep_it(tower: MakeTower) -> None:
    made = tower(
        ONLY, more='  keep_for: 3h\n  keep_url: "https://lamp.example.com/keep?r={arn}&n={name}&u={stops_at}"\n'
    )
    web = made.cloud.instance(state="running", name="a&b <c>")
    [message] = made.pass_(17, 45)
    command = f'lamp override set {web} --keep running --for 3h --reason "still needed"'
    assert f"  keep it: {command}\n" in message.text
    arn = f"arn%3Aaws%3Aec2%3Aeu-west-1%3A111122223333%3Ainstance%2F{web}"
    link = f"https://lamp.example.com/keep?r={arn}&n=a%26b%20%3Cc%3E&u=2026-11-23T18%3A00%3A00%2B00%3A00"
    assert f"  or: {link}\n" in message.text
    assert message.html is not None
    assert "a&amp;b &lt;c&gt;" in message.html
    assert f'<a href="{link.replace("&", "&amp;")}">' in message.html


def test_an_id_that_two_resources_have_is_kept_by_its_arn(tower: MakeTower) -> None:
    made = tower(ONLY)
    made.cloud.database("it's", state="available")
    made.cloud.database("shop", state="available")
    made.cloud.cluster("shop", state="available")
    [message] = made.pass_(17, 45)
    commands = {row["kind"] + "/" + row["id"]: row["keep"] for row in message.data["stops"]}  # type: ignore[attr-defined]
    assert {key: shlex.split(command)[3] for key, command in commands.items()} == {
        "rds-instance/it's": "it's",
        "rds-instance/shop": "arn:aws:rds:eu-west-1:111122223333:db:shop",
        "rds-cluster/shop": "arn:aws:rds:eu-west-1:111122223333:cluster:shop",
    }


# --- adjustments ------------------------------------------------------------------------------------


def test_what_an_adjustment_may_hold_back_is_told_with_its_reason(
    tower: MakeTower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(scene: adjust.Scene, steps: list[Step]) -> list[Step]:
        return [held_back(step, "it is in use", "idle", at=scene.at) if step.acts else step for step in steps]

    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    made.pass_(12)
    monkeypatch.setattr(adjust, "ADJUSTMENTS", (busy,))
    [message] = made.pass_(17, 45)
    assert "(office: no period is on; but it is in use)" in message.text
    assert made.pass_(17, 50) == []


def test_what_an_adjustment_decides_otherwise_is_not_told(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    def lit(scene: adjust.Scene, steps: list[Step]) -> list[Step]:
        from lamplighter.schedules.verdict import Action

        return [replace(step, decision=step.decision._replace(action=Action.NONE)) for step in steps]

    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    made.pass_(12)
    monkeypatch.setattr(adjust, "ADJUSTMENTS", (lit,))
    assert made.pass_(17, 45) == []


def test_a_target_whose_future_cannot_be_told_is_a_warning(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(scene: adjust.Scene, steps: list[Step]) -> list[Step]:
        if scene.at.hour == 18:
            raise LamplighterError("windows cannot be listed")
        return list(steps)

    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    monkeypatch.setattr(adjust, "ADJUSTMENTS", (fails,))
    assert made.pass_(17, 45) == []
    assert [warning.message for warning in made.told.warnings] == ["windows cannot be listed"]


def test_aws_is_asked_nothing_once_it_is_told(tower: MakeTower, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counts(scene: adjust.Scene, steps: list[Step]) -> list[Step]:
        asked.append(scene.at)
        return list(steps)

    made = tower(ONLY)
    made.cloud.instance(state="running", name="web")
    monkeypatch.setattr(adjust, "ADJUSTMENTS", (counts,))
    made.pass_(17, 45)
    assert len(asked) == 2
    made.pass_(17, 50)
    assert len(asked) == 3


def test_what_was_told_is_forgotten_a_day_after_it_is_over(tower: MakeTower) -> None:
    made = tower(ONLY)
    web = made.cloud.instance(state="running", name="web")
    made.pass_(17, 45)
    made.pass_(12, day=1)
    assert [kind for kind, _ in made.remembered()] == ["upcoming"]
    made.cloud.instances[HERE.key].pop(web)
    made.pass_(18, 1, day=1)
    assert made.remembered() == []
