"""Off-hours tags: golden table, traps, and the state between Custodian's hours, simulated hour by hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.cloud_custodian import Policy, read, write
from lamplighter.schedules.dialects.translation import compiled

OFFICE: dict[str, object] = {"begintime": "07:00", "endtime": "19:00", "weekdays": "mon-fri"}
GOOD: list[tuple[str, str, list[dict[str, object]]]] = [
    ("off=(M-F,19);on=(M-F,7)", "America/New_York", [OFFICE]),
    ("'OFF=(M-F,19);ON=(M-F,7)'", "America/New_York", [OFFICE]),
    ("off=m-f,19;on=m-f,7;", "America/New_York", [OFFICE]),
    ("off=(M-F,19);on=(M-F,07);tz=Europe/London", "Europe/London", [OFFICE]),
    ("off=(M-F,19);on=(M-F,7);tz=", "America/New_York", [OFFICE]),
    (
        "off=[(M-F,21),(U,18)];on=[(M-F,6),(U,10)];tz=pt",
        "America/Los_Angeles",
        [
            {"begintime": "06:00", "endtime": "21:00", "weekdays": "mon-fri"},
            {"begintime": "10:00", "endtime": "18:00", "weekdays": "sun"},
        ],
    ),
    ("off=(S,0);on=(M,0);tz=Europe/London", "Europe/London", [{"weekdays": "mon-fri"}]),
    ("off=(F,20);on=(M,7);tz=utc", "Etc/UTC", [{"weekly": "mon 07:00 - fri 20:00"}]),
    ("off=(F-M,20);on=(F-M,7);tz=cet", "Europe/Berlin", [
        {"begintime": "07:00", "endtime": "20:00", "weekdays": "fri-mon"}
    ]),
    ("off=(M-F,6);on=(M-F,22);tz=jst", "Asia/Tokyo", [
        {"begintime": "22:00", "endtime": "06:00", "weekdays": "mon-thu"}, {"weekly": "fri 22:00 - mon 06:00"}
    ]),
    ("off=(M-U,19);on=(W,7);tz=utc", "Etc/UTC", [{"begintime": "07:00", "endtime": "19:00", "weekdays": "wed"}]),
    ("offu3du28M-Fu2c18u29u3btzu3dAustraliau2fSydney", "Australia/Sydney", [
        {"begintime": "07:00", "endtime": "18:00", "weekdays": "mon-fri"}
    ]),
    ("", "America/New_York", [OFFICE]),
    ("on", "America/New_York", [OFFICE]),
    ("true", "America/New_York", [OFFICE]),
    ("tz=pt", "America/Los_Angeles", [OFFICE]),
    ("on=(M-F,8)", "America/New_York", [{"begintime": "08:00", "endtime": "19:00", "weekdays": "mon-fri"}]),
]  # fmt: skip

BAD = [
    ("off=(M-F,19) on=(M-F,7)", 12, "Custodian logs this and does nothing", "write ;"),
    ("off=(M-F,24);on=(M-F,7)", 9, "'24' is not an hour", "midnight is 0"),
    ("off=(M-F,7pm);on=(M-F,7)", 9, "'7pm' is not an hour", "0 to 23"),
    ("off=(M-F,19.5);on=(M-F,7)", 9, "'19.5' is not an hour", "whole"),
    ("off=(X,19);on=(M-F,7)", 5, "'x' are not days", "H is Thursday"),
    ("off=(M-W-F,19);on=(M-F,7)", 5, "'m-w-f' are not days", "M-F"),
    ("off=(M-F, 19);on=(M-F,7)", 9, "' 19' is not an hour", "0 to 23"),
    ("off=[(M-F,21),(U,18x)];on=(M,7)", 17, "'18x' is not an hour", "0 to 23"),
    ("off=(M-F,19);up=(M-F,7)", 13, "there is no key 'up'", "off, on and tz"),
    ("off=(M-F,19);on", 13, "'on' is not key=value", "remove"),
    ("off=(M-F,19);on=(M-F,7);tz=Americas/Los_Angeles", 27, "is not a time zone", "America/Los_Angeles"),
    ("off=(M-F,7);on=(W,7)", 4, "same hour, wed 07:00", "move one"),
    ("off=();on=(W,7)", 4, "is not (days,hour)", "(M-F,19)"),
    ("offu3du28M-Fu2c24u29u3btzu3dutc", 15, "'24' is not an hour", "midnight is 0"),
]


@pytest.mark.parametrize(("text", "zone", "periods"), GOOD, ids=[case[0] for case in GOOD])
def test_it_reads(text: str, zone: str, periods: list[dict[str, object]]) -> None:
    found = read("dev", text, default_timezone="America/New_York")
    assert found.problems == ()
    assert list(found.periods.values()) == [PeriodDefinition.model_validate(period) for period in periods]
    assert found.schedule == ScheduleDefinition(timezone=zone, periods=tuple(found.periods))
    assert found.notes[-1].startswith("Cloud Custodian starts and stops in the matching hour only")


@pytest.mark.parametrize(("text", "position", "message", "hint"), BAD, ids=[case[0] for case in BAD])
def test_it_refuses(text: str, position: int, message: str, hint: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert found.problems[0].position == position
    assert message in found.problems[0].message
    assert hint in found.problems[0].hint


def test_off_alone_leaves_the_resource_alone() -> None:
    found = read("dev", "OFF")
    assert found.schedule == ScheduleDefinition(ignore=True, timezone="UTC")
    assert write(found.schedule, {}).text == "off"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("off=(M,1);on=(M,7);tz=ist", "Europe/Dublin in Cloud Custodian; for India it is tz=it"),
        ("off=(M,1);on=(M,7);tz=it", "Asia/Kolkata in Cloud Custodian, not Italy"),
        ("off=(M,1);on=(M,7);tz=ast", "America/Phoenix"),
        ("off=(M,1);on=(M,7)", "default_tz counts; taken as UTC"),
        ("banana", "'banana' means `on`"),
        ("off=(M,19)", "no on=, so the policy's own counts; taken as hour 7"),
        ("off=(M,19);off=(M,20)", "off stands twice"),
        ("offu3du28Mu2c18u29", "escaped characters"),
    ],
)
def test_traps_are_said(text: str, note: str) -> None:
    found = read("dev", text)
    assert found.schedule is not None
    assert any(note in said for said in found.notes)


@pytest.mark.parametrize(
    ("policy", "period"),
    [
        (Policy(onhour=9, offhour=17), {"begintime": "09:00", "endtime": "17:00", "weekdays": "mon-fri"}),
        (Policy(weekends=False), {"begintime": "07:00", "endtime": "19:00"}),
        (Policy(weekends_only=True), {"weekly": "mon 07:00 - fri 19:00"}),
    ],
)
def test_the_policy_says_what_the_tag_does_not(policy: Policy, period: dict[str, object]) -> None:
    assert list(read("x", "on", policy=policy).periods.values()) == [PeriodDefinition.model_validate(period)]


@pytest.mark.parametrize(
    ("period", "schedule", "note"),
    [
        ({"begintime": "08:30", "endtime": "18:00"}, {}, "whole hours only, not mon 08:30 (nearest: 8:00 or 9:00)"),
        ({}, {}, "no tag for always running"),
        ({"weekdays": "mon#1"}, {}, "not the same every week"),
        ({"dates": "2026-01-01"}, {}, "names dates"),
        ({"begintime": "08:00"}, {}, "leaves the state open"),
        ({"begintime": "08:00", "endtime": "09:00", "timezone": "Asia/Tokyo"}, {}, "zone of its own"),
        ({}, {"override_status": "stopped"}, "no tag for never running"),
    ],
)
def test_what_cannot_be_written_is_said(period: dict[str, object], schedule: dict[str, object], note: str) -> None:
    whole = ScheduleDefinition.model_validate({"periods": "p", **schedule})
    written = write(whole, {"p": PeriodDefinition.model_validate(period)})
    assert written.text is None
    assert note in written.notes[0]


def test_what_is_lost_is_said() -> None:
    office = PeriodDefinition(begintime="08:00", endtime="18:00", weekdays=("mon-fri",))
    written = write(ScheduleDefinition(periods=("p",), enforced=True, timezone="Europe/Berlin"), {"p": office})
    assert written.text == "off=(M-F,18);on=(M-F,8);tz=cet"
    assert written.notes[-1] == "not kept: enforced"


# --- Custodian's own behaviour, an hour at a time -----------------------------------------------------------

LETTERS = "MTWHFSU"
Edge = tuple[int, int, int]
"""First weekday, last weekday, hour."""


def covers(edge: Edge, wall: datetime) -> bool:
    first, last, hour = edge
    days = range(first, last + 1) if first <= last else [*range(first, 7), *range(last + 1)]
    return wall.weekday() in days and wall.hour == hour


def state_at(on: list[Edge], off: list[Edge], zone: str, instant: datetime) -> str | None:
    """The state that the last hour left in which Custodian did something; runs begin with the local hours."""
    at = instant
    for _ in range(8 * 96):
        wall = at.astimezone(ZoneInfo(zone))
        if any(covers(edge, wall) for edge in on):
            return "running"
        if any(covers(edge, wall) for edge in off):
            return "stopped"
        at -= timedelta(minutes=15)
    return None


def written_spec(edges: list[Edge]) -> str:
    parts = [f"({LETTERS[a]}{'' if a == b else '-' + LETTERS[b]},{hour})" for a, b, hour in edges]
    return parts[0] if len(parts) == 1 else f"[{','.join(parts)}]"


def edges(first_hour: int) -> st.SearchStrategy[list[Edge]]:
    return st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(first_hour, 23)), min_size=1, max_size=3
    )


INSTANTS = st.lists(
    st.integers(0, 4 * 24 * 366).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n)),
    min_size=1,
    max_size=8,
)


@given(st.data(), INSTANTS)
@settings(max_examples=150, deadline=None)
def test_the_state_is_what_the_last_matching_hour_left(data: st.DataObject, instants: list[datetime]) -> None:
    zone, first_hour = data.draw(
        st.sampled_from([("utc", 0), ("asia/kolkata", 0), ("america/new_york", 4), ("europe/london", 4)])
    )
    on, off = data.draw(edges(first_hour)), data.draw(edges(first_hour))
    text = f"off={written_spec(off)};on={written_spec(on)};tz={zone}"
    found = read("x", text)
    hours = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=hour) for hour in range(168)]
    clash = any(any(covers(e, h) for e in on) and any(covers(e, h) for e in off) for h in hours)
    assert (found.schedule is None) == clash
    if found.schedule is None:
        return
    name = {"utc": "UTC", "asia/kolkata": "Asia/Kolkata", "america/new_york": "America/New_York"}
    schedule = compiled("x", found.schedule, found.periods)
    for instant in instants:
        assert schedule.state_at(instant).state == state_at(on, off, name.get(zone, "Europe/London"), instant)
    again = read("x", write(found.schedule, found.periods).text or "")
    assert (again.schedule, again.periods) == (found.schedule, found.periods)


def test_where_the_clock_changes_custodian_may_miss_its_hour() -> None:
    found = read("x", "off=(M-U,1);on=(M-U,2);tz=europe/berlin")
    assert found.schedule is not None
    schedule = compiled("x", found.schedule, found.periods)
    noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert schedule.state_at(noon).state == "running"
    assert state_at([(0, 6, 2)], [(0, 6, 1)], "Europe/Berlin", noon) == "stopped"
