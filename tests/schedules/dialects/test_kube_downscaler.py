"""kube-downscaler's annotations: golden table, traps, and every instant against its own way to match a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.kube_downscaler import read, write
from lamplighter.schedules.dialects.translation import compiled

OFFICE: dict[str, object] = {"begintime": "07:30", "endtime": "20:30", "weekdays": "mon-fri"}
GOOD: list[tuple[str, dict[str, object], list[dict[str, object]]]] = [
    ("Mon-Fri 07:30-20:30 Europe/Berlin", {"timezone": "Europe/Berlin"}, [OFFICE]),
    ('downscaler/uptime: "Mon-Fri 07:30-20:30 europe/berlin"', {"timezone": "Europe/Berlin"}, [OFFICE]),
    ("downscaler/uptime=Mon-Fri 07:30-20:30 UTC\n", {}, [OFFICE]),
    (
        "Sat-Sun 00:00-24:00 CET,Fri-Fri 20:00-24:00 CET",
        {"timezone": "CET"},
        [{"weekdays": "sat-sun"}, {"weekdays": "fri", "begintime": "20:00", "endtime": "24:00"}],
    ),
    ("sun-fri 08:00-12:00 UTC, Mon-Mon 13:00-14:00 Asia/Tokyo", {}, [
        {"weekdays": "sun-fri", "begintime": "08:00", "endtime": "12:00"},
        {"weekdays": "mon", "begintime": "13:00", "endtime": "14:00", "timezone": "Asia/Tokyo"},
    ]),
    ("Mon-Sun 08:00-18:00 UTC", {}, [{"begintime": "08:00", "endtime": "18:00"}]),
    ("08:00-18:00", {}, [{"begintime": "08:00", "endtime": "18:00"}]),
    ("downscaler/downtime: Sat-Sun 00:00-24:00 UTC", {}, [{"state": "stopped", "weekdays": "sat-sun"}]),
    (
        "downscaler/uptime: Mon-Fri 08:00-18:00 UTC\ndownscaler/downtime: Wed-Wed 12:00-13:00 UTC",
        {},
        [
            {"weekdays": "mon-fri", "begintime": "08:00", "endtime": "18:00"},
            {"state": "stopped", "weekdays": "wed", "begintime": "12:00", "endtime": "13:00"},
        ],
    ),
    ("2019-01-01T00:00:00+00:00-2019-01-02T12:34:56+00:00", {}, [
        {"dates": "2019-01-01"}, {"dates": "2019-01-02", "begintime": "00:00", "endtime": "12:35"}
    ]),
    ("2019-01-01T06:00:00+02:00-2019-01-01T08:00:00-01:00", {}, [
        {"dates": "2019-01-01", "begintime": "04:00", "endtime": "09:00"}
    ]),
    ("always", {"override_status": "running"}, []),
    ("NEVER", {"override_status": "stopped"}, []),
    ("downscaler/downtime: always", {"override_status": "stopped"}, []),
    ("downscaler/downtime: never", {"override_status": "running"}, []),
    ("downscaler/exclude: 'true'", {"ignore": True}, []),
    ("downscaler/force-uptime: 'true'", {"override_status": "running"}, []),
    ("downscaler/force-downtime: 'true'", {"override_status": "stopped"}, []),
    (
        "downscaler/upscale-period: Mon-Fri 08:00-09:00 UTC\ndownscaler/downscale-period: Mon-Sun 20:00-21:00 UTC",
        {"otherwise": "any"},
        [
            {"weekdays": "mon-fri", "begintime": "08:00", "endtime": "09:00"},
            {"state": "stopped", "begintime": "20:00", "endtime": "21:00"},
        ],
    ),
]  # fmt: skip

BAD = [
    ("", 0, "is not a time spec", "Mon-Fri 07:30-20:30"),
    ("Mon-Fri 7:30-20:30 UTC", 0, "is not a time spec", "Mon-Fri 07:30-20:30"),
    ("Mon-Fri 20:00-06:00 UTC", 8, "never matches", "00:00-06:00"),
    ("Mon-Fri 08:00-08:00 UTC", 8, "never matches", "two specs"),
    ("Mon-Fri 08:00-25:00 UTC", 14, "25:00 is not a time of the day", "24:00"),
    ("Mon-Fri 08:60-18:00 UTC", 8, "08:60 is not a time of the day", "24:00"),
    ("Mon-Fri 08:00-18:00 Etc/GMT+1", 20, "is not a zone for kube-downscaler", "letters"),
    ("Mon-Fri 08:00-18:00 Europe/Berln", 20, "is not a time zone", "Europe/Berlin"),
    ("Mon-Fry 08:00-18:00 UTC", 4, "'Fry' is not a weekday", "Mon, Tue"),
    ("Mon-Fri 08:00-18:00 UTC,", 24, "'' is not a time spec", "Mon-Fri"),
    ("Mon-Fri 08:00-18:00 UTC, tuesdays", 25, "'tuesdays' is not a time spec", "Mon-Fri"),
    ("2019-01-02T00:00:00+00:00-2019-01-01T00:00:00+00:00", 0, "ends before it begins", "earlier"),
    ("downscaler/uptimes: Mon-Fri 08:00-18:00 UTC", 20, "uptimes", "uptime, downtime"),
    ("downscaler/grace-period: 300", 0, "there is no uptime and no downtime", "downscaler/uptime"),
]


@pytest.mark.parametrize(("text", "schedule", "periods"), GOOD, ids=[case[0] for case in GOOD])
def test_it_reads(text: str, schedule: dict[str, object], periods: list[dict[str, object]]) -> None:
    found = read("dev", text)
    assert found.problems == ()
    assert list(found.periods.values()) == [PeriodDefinition.model_validate(period) for period in periods]
    fields = {"timezone": "UTC", "periods": list(found.periods), **schedule}
    assert found.schedule == ScheduleDefinition.model_validate(fields)


@pytest.mark.parametrize(("text", "position", "message", "hint"), BAD, ids=[case[0] for case in BAD])
def test_it_refuses(text: str, position: int, message: str, hint: str) -> None:
    found = read("dev", text)
    assert found.schedule is None
    assert found.problems[0].position == position
    assert message in found.problems[0].message
    assert hint in found.problems[0].hint


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("08:00-18:00 UTC", "DEFAULT_WEEKFRAME counts; taken as Mon-Sun"),
        ("Mon-Fri 08:00-18:00", "DEFAULT_TIMEZONE counts; taken as Asia/Tokyo"),
        ("2019-01-01T00:00:00+00:00-2019-01-02T12:34:56+00:00", "seconds are not kept"),
        ("downscaler/uptime: Mon-Fri 08:00-18:00 UTC\ndownscaler/downtime-replicas: 1", "1 replicas are kept"),
        ("uptime: Mon-Fri 08:00-18:00 UTC\nexclude-until: 2026-04-05", "make an override"),
        ("Mon-Fri 08:00-12:00 UTC,Mon-Fri 12:01-18:00 UTC", "a gap of one minute"),
        ("Mon-Fri 08:00-12:00 UTC", "`enforced: true`"),
        (
            "upscale-period: Mon-Fri 08:00-09:00 UTC\ndownscale-period: Mon-Fri 20:00-21:00 UTC",
            "where the two overlap",
        ),
    ],
)
def test_what_is_different_is_said(text: str, note: str) -> None:
    found = read("dev", text, default_timezone="Asia/Tokyo")
    assert found.schedule is not None
    assert any(note in said for said in found.notes)


def written(schedule: dict[str, object], **period: object) -> tuple[str | None, tuple[str, ...]]:
    whole = ScheduleDefinition.model_validate({"periods": "p", **schedule})
    found = write(whole, {"p": PeriodDefinition.model_validate(period)})
    return found.text, found.notes


def test_it_writes() -> None:
    assert written({}, begintime="22:00", endtime="06:00", weekdays="fri")[0] == (
        "Sat-Sat 00:00-06:00 UTC,Fri-Fri 22:00-24:00 UTC"
    )
    assert written({}, state="stopped", weekly="fri 20:00 - mon 08:00")[0] == (
        "Fri-Fri 00:00-20:00 UTC,Tue-Thu 00:00-24:00 UTC,Mon-Mon 08:00-24:00 UTC"
    )
    assert written({"override_status": "running"})[0] == "always"
    assert written({"ignore": True})[0] == 'downscaler/exclude: "true"'
    text, notes = written({"timezone": "Etc/GMT+5"}, begintime="08:00", endtime="09:00")
    assert text is None
    assert "does not take the zone Etc/GMT+5" in notes[0]
    assert written({"otherwise": "any"}, begintime="08:00", endtime="09:00")[0] is None


# --- kube-downscaler's own way to match, for one instant ----------------------------------------------------

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


class Spec:
    """A spec, written and matched."""

    def __init__(self, first: int, last: int, begin: int, length: int, zone: str) -> None:
        self.first, self.last, self.zone = first, last, zone
        self.begin, self.end = begin * 15, min(begin + length, 96) * 15

    def __str__(self) -> str:
        times = "-".join(f"{m // 60:02}:{m % 60:02}" for m in (self.begin, self.end))
        return f"{DAYS[self.first]}-{DAYS[self.last]} {times} {self.zone}"

    __repr__ = __str__

    def matches(self, instant: datetime) -> bool:
        wall = instant.astimezone(ZoneInfo(self.zone))
        day, first, last = wall.weekday(), self.first, self.last
        inside = first <= day <= last if first <= last else day >= first or day <= last
        return inside and self.begin <= wall.hour * 60 + wall.minute < self.end


class Dated:
    """A spec of two moments."""

    def __init__(self, hour: int, length: int, offset: int) -> None:
        zone = timezone(timedelta(hours=offset))
        self.begin = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)).astimezone(zone)
        self.end = self.begin + timedelta(hours=length)

    def __str__(self) -> str:
        return f"{self.begin.isoformat()}-{self.end.isoformat()}"

    __repr__ = __str__

    def matches(self, instant: datetime) -> bool:
        return self.begin <= instant < self.end  # the original includes the end's one instant


SPECS = st.one_of(
    st.builds(
        Spec,
        st.integers(0, 6),
        st.integers(0, 6),
        st.integers(0, 95),
        st.integers(1, 96),
        st.sampled_from(ZONES),
    ),
    st.builds(Dated, st.integers(0, 366 * 24), st.integers(1, 100), st.integers(-5, 5)),
)
INSTANTS = st.lists(
    st.integers(0, 366 * 96).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n)),
    min_size=1,
    max_size=12,
)


@given(st.lists(SPECS, max_size=3), st.lists(SPECS, max_size=3), INSTANTS, st.data())
@settings(max_examples=200, deadline=None)
def test_every_instant_is_as_kube_downscaler_says(
    up: list[Spec | Dated], down: list[Spec | Dated], instants: list[datetime], data: st.DataObject
) -> None:
    lines = [f"downscaler/uptime: {', '.join(map(str, up))}"] if up else []
    lines += [f"downscaler/downtime: {','.join(map(str, down))}"] if down else []
    found = read("x", "\n".join(lines))
    if not lines:
        assert found.schedule is None
        return
    assert found.schedule is not None
    schedule = compiled("x", found.schedule, found.periods)
    near = [spec.begin for spec in (*up, *down) if isinstance(spec, Dated)]
    for instant in [*instants, *([data.draw(st.sampled_from(near))] if near else [])]:
        lit = (not up or any(spec.matches(instant) for spec in up)) and not any(spec.matches(instant) for spec in down)
        assert schedule.state_at(instant).state == ("running" if lit else "stopped")
    back = write(found.schedule, found.periods)
    if back.text is not None:
        again = read("x", back.text)
        assert again.schedule is not None
        other = compiled("x", again.schedule, again.periods)
        assert [other.state_at(at).state for at in instants] == [schedule.state_at(at).state for at in instants]
