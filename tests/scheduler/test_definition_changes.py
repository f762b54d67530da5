"""What other definitions would change: lines of files, periods, and schedules by what they want."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lamplighter.errors import DefinitionError
from lamplighter.scheduler.definition_changes import Change, Changes, changes
from lamplighter.scheduler.kept_definitions import FILE, Entry, Kept
from lamplighter.schedules.timeline import Transition

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)  # a Monday
YAML = """\
version: 1
timezone: Europe/Berlin
periods:
  office: {begintime: "08:00", endtime: "18:00", weekdays: mon-fri}
  night: {begintime: "20:00", endtime: "06:00"}
schedules:
  office-hours: {periods: office}
  nights: {periods: night}
"""


def looked(before: str | None, after: str, *entries: Entry, **files: str) -> Changes:
    kept = Kept(1 if before else 0, {} if before is None else {FILE: before}, entries)
    return changes(kept, {FILE: after, **files}, lambda name: name, AT, 2)


def named(found: Changes) -> list[tuple[str, str, str]]:
    return [(each.what, each.name, each.action) for each in found.found]


def times(transitions: object) -> list[str]:
    assert isinstance(transitions, tuple)
    listed: tuple[Transition, ...] = transitions
    return [f"{each.at:%d %H:%M} {each.now.state}" for each in listed]


def one(found: Changes, what: str) -> Change:
    (change,) = (each for each in found.found if each.what == what)
    return change


def test_the_same_changes_nothing() -> None:
    assert looked(YAML, YAML) == Changes([], {})


def test_a_period_changes_the_schedules_that_have_it() -> None:
    found = looked(YAML, YAML.replace("18:00", "19:30"))
    assert named(found) == [
        ("file", FILE, "changed"),
        ("period", "office", "changed"),
        ("schedule", "office-hours", "changed"),
    ]
    assert list(one(found, "file").diff) == [
        "--- deployed/lamplighter.yaml",
        "+++ here/lamplighter.yaml",
        "@@ -1,7 +1,7 @@",
        " version: 1",
        " timezone: Europe/Berlin",
        " periods:",
        '-  office: {begintime: "08:00", endtime: "18:00", weekdays: mon-fri}',
        '+  office: {begintime: "08:00", endtime: "19:30", weekdays: mon-fri}',
        '   night: {begintime: "20:00", endtime: "06:00"}',
        " schedules:",
        "   office-hours: {periods: office}",
    ]
    schedule = one(found, "schedule")
    assert times(schedule.before) == ["23 07:00 running", "23 17:00 stopped"]
    assert times(schedule.after) == ["23 07:00 running", "23 18:30 stopped"]
    assert found.zones == {"office-hours": "Europe/Berlin"}


def test_a_comment_changes_the_file_alone() -> None:
    assert named(looked(YAML, YAML + "# quiet\n")) == [("file", FILE, "changed")]


def test_a_zone_changes_every_schedule_and_no_period() -> None:
    found = looked(YAML, YAML.replace("Europe/Berlin", "UTC"))
    assert named(found)[1:] == [("schedule", "nights", "changed"), ("schedule", "office-hours", "changed")]
    assert found.zones == {"nights": "UTC", "office-hours": "UTC"}


def test_what_changes_how_a_schedule_is_followed_changes_it() -> None:
    found = looked(YAML, YAML.replace("{periods: night}", "{periods: night, enforced: true}"))
    schedule = one(found, "schedule")
    assert (schedule.name, schedule.action) == ("nights", "changed")
    assert schedule.before == schedule.after


def test_what_comes_and_what_goes() -> None:
    found = looked(YAML, YAML.replace("nights:", "evenings:"))
    assert named(found)[1:] == [("schedule", "evenings", "added"), ("schedule", "nights", "removed")]
    evenings, nights = found.found[1:]
    assert (times(evenings.before), times(evenings.after)) == ([], ["23 19:00 running", "24 05:00 stopped"])
    assert (times(nights.before), times(nights.after)) == (["23 19:00 running", "24 05:00 stopped"], [])
    assert found.zones == {"evenings": "Europe/Berlin", "nights": "Europe/Berlin"}


def test_the_first_time_everything_is_added() -> None:
    found = looked(None, YAML)
    assert {action for _, _, action in named(found)} == {"added"}
    assert named(found)[1:] == [
        ("period", "night", "added"),
        ("period", "office", "added"),
        ("schedule", "nights", "added"),
        ("schedule", "office-hours", "added"),
    ]
    assert one(found, "file").diff[0] == "--- /dev/null"


def test_a_calendar_file_counts_and_changes_what_lies_far_ahead() -> None:
    event = "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:{}\nSUMMARY:day\nEND:VEVENT\n"
    ics = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{event}END:VCALENDAR\n"
    yaml = (
        YAML.replace("{periods: office}", "{periods: office, closed: days}") + "calendars: {days: {ical: days.ics}}\n"
    )
    kept = Kept(1, {FILE: yaml, "days.ics": ics.format("20270105")})
    found = changes(kept, {FILE: yaml, "days.ics": ics.format("20270107")}, lambda name: name, AT, 2)
    assert named(found) == [("file", "days.ics", "changed"), ("schedule", "office-hours", "changed")]
    gone = changes(kept, {FILE: YAML}, lambda name: name, AT, 2)
    assert ("file", "days.ics", "removed") in named(gone)


def test_what_stacks_declare_stays_and_what_both_declare_is_told() -> None:
    batch = Entry("schedules", "batch", {"periods": ["night"]}, "stack/a")
    assert looked(YAML, YAML, batch) == Changes([], {})
    found = looked(YAML, YAML + "  batch: {periods: office}\n", batch)
    assert named(found)[1:] == [("schedule", "batch", "changed")]
    assert [each.where for each in found.problems] == ["schedules.batch"]


def test_a_schedule_that_was_not_valid_is_no_new_one() -> None:
    found = looked(YAML.replace("periods: night", "periods: nowhere"), YAML)
    assert named(found)[1:] == [("schedule", "nights", "changed")]
    assert times(one(found, "schedule").before) == []


def test_what_is_kept_and_is_no_yaml_is_told_and_the_rest_is_new() -> None:
    found = looked("periods: {", YAML)
    assert found.unreadable
    assert ("schedule", "nights", "added") in named(found)
    with pytest.raises(DefinitionError):
        looked(YAML, "periods: {")


def test_a_missing_end_of_the_last_line_is_seen() -> None:
    diff = one(looked(YAML, YAML.rstrip("\n")), "file").diff
    assert diff[-1] == "\\ No newline at end of file"
