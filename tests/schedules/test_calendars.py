"""Calendars: public holidays, iCalendar files and lists of dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from lamplighter.errors import LamplighterError
from lamplighter.schedules.calendars import Calendar, compile_calendar
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import CalendarDefinition, HolidaysDefinition
from lamplighter.schedules.zones import epoch, find_zone, instant

BERLIN, UTC_ZONE = find_zone("Europe/Berlin"), find_zone("UTC")


def _no_file(file: str) -> str:
    raise FileNotFoundError(2, "No such file", file)


def _days(calendar: Calendar, year: int, zone: str = "UTC") -> str:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    found = (d for d in range(first, last + 1) if calendar.has_day(d, find_zone(zone)))
    return " ".join(f"{date.fromordinal(d):%m-%d}" for d in found)


def ical(*events: str, head: Sequence[str] = ()) -> str:
    """An iCalendar text; each event is given as its lines, parted by blanks."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", *head]
    for n, event in enumerate(events):
        uid = [] if "UID:" in event else [f"UID:{n}@tests"]
        lines += ["BEGIN:VEVENT", *uid, "DTSTAMP:20260101T000000Z", *event.split(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def from_ical(text: str) -> Calendar:
    return compile_calendar("closures", CalendarDefinition(ical="closures.ics"), lambda _: text)


# Country | part | year | days.
HOLIDAYS = """
DE |    | 2026 | 01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26
DE | BY | 2026 | 01-01 01-06 04-03 04-06 05-01 05-14 05-25 06-04 10-03 11-01 12-25 12-26
DE | BE | 2026 | 01-01 03-08 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26
de |    | 2027 | 01-01 03-26 03-29 05-01 05-06 05-17 10-03 12-25 12-26
US |    | 2026 | 01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25
US |    | 2027 | 01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31
"""


@pytest.mark.parametrize(
    ("country", "part", "year", "days"), [[c.strip() for c in r.split("|")] for r in HOLIDAYS.strip().splitlines()]
)
def test_public_holidays(country: str, part: str, year: str, days: str) -> None:
    holidays = HolidaysDefinition(country=country, subdivision=part or None)
    assert _days(compile_calendar("off", CalendarDefinition(holidays=holidays), _no_file), int(year)) == days


def test_what_is_listed_adds_up() -> None:
    definition = CalendarDefinition(
        holidays=HolidaysDefinition(country="DE"), ical="x.ics", dates=("2026-12-28..2026-12-30", "2026-02-02")
    )
    calendar = compile_calendar("off", definition, lambda _: ical("DTSTART;VALUE=DATE:20260303"))
    assert (
        _days(calendar, 2026) == "01-01 02-02 03-03 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26 12-28 12-29 12-30"
    )


# What | the event's lines | whole days | timed events in UTC; Berlin asks.
EVENTS = """
all day                        | DTSTART;VALUE=DATE:20260504 DTEND;VALUE=DATE:20260506 | 05-04 05-05 |
all day without an end         | DTSTART;VALUE=DATE:20260504 | 05-04 |
all day with a duration        | DTSTART;VALUE=DATE:20260504 DURATION:P2D | 05-04 05-05 |
all day every year             | DTSTART;VALUE=DATE:20201224 DURATION:P3D RRULE:FREQ=YEARLY | 12-24 12-25 12-26 |
all day from the year before   | DTSTART;VALUE=DATE:20251220 DTEND;VALUE=DATE:20260103 | 01-01 01-02 |
timed in UTC                   | DTSTART:20260504T080000Z DTEND:20260504T100000Z | | 05-04T08:00-05-04T10:00
timed with a duration          | DTSTART:20260504T080000Z DURATION:PT90M | | 05-04T08:00-05-04T09:30
floating: the asking zone's    | DTSTART:20260504T080000 DTEND:20260504T100000 | | 05-04T06:00-05-04T08:00
with a zone of its own         | DTSTART;TZID=America/New_York:20260504T080000 DURATION:PT2H \
| | 05-04T12:00-05-04T14:00
an end in another zone         | DTSTART;TZID=Europe/Paris:20260504T080000 DTEND;TZID=Asia/Tokyo:20260504T160000 \
| | 05-04T06:00-05-04T07:00
with a zone's Windows name     | DTSTART;TZID=Eastern~Standard~Time:20260504T080000 DURATION:PT1H \
| | 05-04T12:00-05-04T13:00
weekly over the spring change  | DTSTART;TZID=Europe/Berlin:20260323T080000 DURATION:PT2H RRULE:FREQ=WEEKLY;COUNT=3 \
| | 03-23T07:00-03-23T09:00 03-30T06:00-03-30T08:00 04-06T06:00-04-06T08:00
floating, weekly               | DTSTART:20260323T080000 DURATION:PT2H RRULE:FREQ=WEEKLY;COUNT=2 \
| | 03-23T07:00-03-23T09:00 03-30T06:00-03-30T08:00
weekly but for one             | DTSTART;TZID=Europe/Berlin:20260323T080000 DURATION:PT2H RRULE:FREQ=WEEKLY;COUNT=3 \
EXDATE;TZID=Europe/Berlin:20260330T080000 | | 03-23T07:00-03-23T09:00 04-06T06:00-04-06T08:00
and one more                   | DTSTART:20260323T080000Z DURATION:PT2H RDATE:20260325T080000Z \
| | 03-23T08:00-03-23T10:00 03-25T08:00-03-25T10:00
over the autumn change         | DTSTART;TZID=Europe/Berlin:20261025T013000 DTEND;TZID=Europe/Berlin:20261025T040000 \
| | 10-24T23:30-10-25T03:00
a day long over the change     | DTSTART;TZID=Europe/Berlin:20261024T200000 DURATION:P1D | | 10-24T18:00-10-25T19:00
cancelled                      | DTSTART:20260504T080000Z DTEND:20260504T100000Z STATUS:CANCELLED | |
tentative                      | DTSTART:20260504T080000Z DURATION:PT1H STATUS:TENTATIVE | | 05-04T08:00-05-04T09:00
a junk line                    | DTSTART:20260504T080000Z DURATION:PT1H junk | | 05-04T08:00-05-04T09:00
over new year                  | DTSTART:20251231T220000Z DURATION:PT4H | | 12-31T22:00-01-01T02:00
"""
EVENT_ROWS = [[cell.strip() for cell in line.split("|")] for line in EVENTS.strip().splitlines()]


def _timed(calendar: Calendar) -> str:
    start, end = (epoch(datetime(2026 + n, 1, 1, tzinfo=UTC)) for n in (0, 1))
    found = calendar.timed(start, end, BERLIN)
    return " ".join(f"{instant(b):%m-%dT%H:%M}-{instant(e):%m-%dT%H:%M}" for b, e in found)


@pytest.mark.parametrize(("lines", "days", "timed"), [r[1:] for r in EVENT_ROWS], ids=[r[0] for r in EVENT_ROWS])
def test_icalendar(lines: str, days: str, timed: str) -> None:
    calendar = from_ical(ical(lines).replace("~", " "))
    assert (_days(calendar, 2026, "Europe/Berlin"), _timed(calendar)) == (days, timed)


def test_overlapping_events_are_kept_as_they_are() -> None:
    calendar = from_ical(ical("DTSTART:20260504T080000Z DURATION:PT2H", "DTSTART:20260504T090000Z DURATION:PT2H"))
    assert _timed(calendar) == "05-04T08:00-05-04T10:00 05-04T09:00-05-04T11:00"


WEEKLY = "UID:a DTSTART:20260504T080000Z DURATION:PT2H RRULE:FREQ=WEEKLY;COUNT=3"


@pytest.mark.parametrize(
    ("change", "timed"),
    [
        ("DTSTART:20260512T080000Z", "05-04T08:00-05-04T10:00 05-12T08:00-05-12T10:00 05-18T08:00-05-18T10:00"),
        ("DTSTART:20260511T080000Z STATUS:CANCELLED", "05-04T08:00-05-04T10:00 05-18T08:00-05-18T10:00"),
    ],
    ids=["moved", "cancelled"],
)
def test_one_of_a_series_may_change(change: str, timed: str) -> None:
    text = ical(WEEKLY, f"UID:a RECURRENCE-ID:20260511T080000Z {change} DURATION:PT2H")
    assert _timed(from_ical(text)) == timed


def _own_zone(east: str) -> list[str]:
    offsets = [f"TZOFFSETFROM:{east}", f"TZOFFSETTO:{east}"]
    standard = ["BEGIN:STANDARD", "DTSTART:19700101T000000", *offsets, "END:STANDARD"]
    return ["BEGIN:VTIMEZONE", "TZID:Customized", *standard, "END:VTIMEZONE"]


def test_zones_that_files_define_do_not_reach_other_files() -> None:
    event = "DTSTART;TZID=Customized:20260504T080000 DURATION:PT1H"
    found = [_timed(from_ical(ical(event, head=_own_zone(east)))) for east in ("+0200", "-0500")]
    assert found == ["05-04T06:00-05-04T07:00", "05-04T13:00-05-04T14:00"]
    with pytest.raises(GrammarError, match="'Customized' is not a time zone"):
        from_ical(ical(event))


def test_files_as_programs_save_them() -> None:
    text = ical("DTSTART:20260504T080000Z DURATION:PT1H")
    wanted = _timed(from_ical(text))
    assert wanted == "05-04T08:00-05-04T09:00"
    for variant in ("\ufeff" + text, text.replace("\r\n", "\n"), text.replace("DURATION", "DURA\r\n TION")):
        assert _timed(from_ical(variant)) == wanted


def test_a_file_without_events_is_a_calendar_without_days() -> None:
    assert (_days(from_ical(ical()), 2026), _timed(from_ical(ical()))) == ("", "")


# The event's lines | what the message says.
REFUSED = """
SUMMARY:x                                            | 'DTSTART'
DTSTART:garbage                                      | DTSTART: Expected
DTSTART:20260504T080000Z DTEND:garbage               | DTEND: Expected
DTSTART:20260504T080000Z DURATION:long               | DURATION: Expected
DTSTART;TZID=Foo/Bar:20260504T080000                 | DTSTART: 'Foo/Bar' is not a time zone
DTSTART:20260504T080000Z RRULE:FREQ=SOMETIMES        | RRULE: Expected
DTSTART:20260504T080000Z RRULE:INTERVAL=2            | FREQ must be HOURLY, DAILY
DTSTART:20260504T080000Z RRULE:FREQ=SECONDLY         | FREQ must be HOURLY, DAILY
DTSTART:20260504T080000Z RRULE:FREQ=DAILY;INTERVAL=0 | INTERVAL is less than 1
DTSTART:20260504T080000Z RRULE:FREQ=DAILY;UNTIL=x    | RRULE: Expected
DTSTART:20260504T080000Z EXDATE;TZID=Foo/Bar:20260504T080000 | EXDATE: 'Foo/Bar' is not a time zone
DTSTART:20260504T080000Z EXDATE:bad                  | EXDATE: Expected
DTSTART:20260504T080000Z DTSTART:20260505T080000Z    | 'list' object
"""
REFUSED_ROWS = [[cell.strip() for cell in line.split("|")] for line in REFUSED.strip().splitlines()]


@pytest.mark.parametrize(("lines", "said"), REFUSED_ROWS, ids=[r[0] for r in REFUSED_ROWS])
def test_events_that_cannot_be_read_are_refused_and_not_passed_over(lines: str, said: str) -> None:
    with pytest.raises(GrammarError) as caught:
        from_ical(ical("DTSTART;VALUE=DATE:20260504", lines))
    assert said in caught.value.message
    assert caught.value.message.startswith("'closures.ics' is not an iCalendar file: ")
    assert caught.value.hint == "export it again as .ics"


@pytest.mark.parametrize(
    "text", ["", "hello", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", ical() + ical(), "\x00\x01", "BEGIN:VCALENDAR"]
)
def test_files_that_are_no_calendar(text: str) -> None:
    with pytest.raises(GrammarError, match=r"'closures\.ics' is not an iCalendar file") as caught:
        from_ical(text)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("definition", "message", "hint"),
    [
        (CalendarDefinition(), "the calendar is empty", "give it holidays, ical, ssm or dates"),
        (CalendarDefinition(ical="x.ics"), "'x.ics' cannot be read: No such file", "check the path"),
        (CalendarDefinition(dates=("2026-02-30",)), "'2026-02-30' is not a date", "write YYYY-MM-DD"),
        (
            CalendarDefinition(holidays=HolidaysDefinition(country="Atlantis")),
            "no holidays are known for country 'Atlantis'",
            "use an ISO 3166 code",
        ),
        (
            CalendarDefinition(holidays=HolidaysDefinition(country="DE", subdivision="XX")),
            "does not have subdivision XX",
            "BY",
        ),
        (
            CalendarDefinition(holidays=HolidaysDefinition(country="DE", categories=("odd",))),
            "Category is not supported: odd",
            "categories of DE: catholic, public",
        ),
    ],
)
def test_definitions_that_cannot_be_read(definition: CalendarDefinition, message: str, hint: str) -> None:
    with pytest.raises(GrammarError) as caught:
        compile_calendar("off", definition, _no_file)
    assert message in caught.value.message
    assert hint in caught.value.hint


# The event in UTC | zone that asks | the days it touches.
TOUCHED = """
20260504T080000Z 20260504T100000Z | UTC              | 05-04
20260504T080000Z 20260504T100000Z | Pacific/Auckland | 05-04
20260504T120000Z 20260504T130000Z | Pacific/Auckland | 05-05
20260504T110000Z 20260504T120000Z | Pacific/Auckland | 05-04
20260504T000000Z 20260505T000000Z | UTC              | 05-04
20260504T000000Z 20260505T000001Z | UTC              | 05-04 05-05
20260504T000000Z 20260505T000000Z | Europe/Berlin    | 05-04 05-05
20260503T220000Z 20260504T220000Z | Europe/Berlin    | 05-04
20261231T230000Z 20261231T233000Z | Europe/Berlin    |
20261231T220000Z 20261231T233000Z | Europe/Berlin    | 12-31
20260504T000000Z 20260504T000000Z | UTC              | 05-04
20260504T220000Z 20260504T220000Z | Europe/Berlin    | 05-05
20260503T100000Z 20260506T100000Z | UTC              | 05-03 05-04 05-05 05-06
"""


@pytest.mark.parametrize(
    ("event", "zone", "days"), [[c.strip() for c in r.split("|")] for r in TOUCHED.strip().splitlines()]
)
def test_days_that_a_timed_event_touches(event: str, zone: str, days: str) -> None:
    begin, end = event.split()
    calendar = from_ical(ical(f"DTSTART:{begin} DTEND:{end}"))
    first, last = date(2026, 1, 1).toordinal(), date(2026, 12, 31).toordinal()
    touched = [d for d in range(first, last + 1) if calendar.touches_day(d, find_zone(zone))]
    assert " ".join(f"{date.fromordinal(d):%m-%d}" for d in touched) == days
    assert not any(calendar.has_day(d, find_zone(zone)) for d in touched)


def test_timed_events_are_cut_by_nothing_and_asked_for_by_overlap() -> None:
    calendar = from_ical(ical("DTSTART:20260504T080000Z DTEND:20260504T100000Z"))
    at = epoch(datetime(2026, 5, 4, 8, tzinfo=UTC))
    event = (at, at + 7200)
    asked = {(-10, 0): [], (-10, 1): [event], (7199, 7300): [event], (7200, 7300): [], (10, 20): [event]}
    assert {k: calendar.timed(at + k[0], at + k[1], UTC_ZONE) for k in asked} == asked


def test_timed_events_round_the_new_year() -> None:
    ends = ("20261231T130000Z", "20270101T050000Z", "20270110T080000Z")
    calendar = from_ical(ical(*(f"DTSTART:{begin} DURATION:PT1H" for begin in ends)))
    days = ("2026-12-01T00", "2026-12-31T20", "2027-01-01T00", "2027-02-01T00")
    december, evening, january, february = (epoch(datetime.fromisoformat(f"{day}:00+00:00")) for day in days)
    for zone in ("UTC", "Pacific/Auckland", "Pacific/Honolulu"):
        spans = ((december, evening), (december, january), (january, february), (december, february))
        assert [len(calendar.timed(*span, find_zone(zone))) for span in spans] == [1, 1, 2, 3]


def test_a_calendar_of_dates_has_no_timed_events() -> None:
    calendar = compile_calendar("off", CalendarDefinition(dates=("2026-05-04",)), _no_file)
    assert calendar.timed(0, 2_000_000_000, UTC_ZONE) == []
    assert calendar.touches_day(date(2026, 5, 4).toordinal(), UTC_ZONE)
    assert not calendar.touches_day(date(2026, 5, 5).toordinal(), UTC_ZONE)


# --- SSM Change Calendars -----------------------------------------------------------------------------

DOCUMENT = "arn:aws:ssm:eu-west-1:111122223333:document/year-end"


def change_calendar(*events: str, kind: str = "DEFAULT_OPEN") -> str:
    """The text of a Change Calendar, with the header that AWS writes."""
    head = (f"X-CALENDAR-TYPE:{kind}", "X-WR-CALDESC:", "X-CALENDAR-CMEVENTS:DISABLED") if kind else ()
    return ical(*events, head=head).replace("-//tests//EN", "-//AWS//Change Calendar 1.0//EN")


def from_ssm(text: str, document: str = "year-end") -> Calendar:
    return compile_calendar("frozen", CalendarDefinition(ssm=document), {f"ssm:{document}": text}.__getitem__)


@pytest.mark.parametrize("document", ["year-end", "Year_End.2026", DOCUMENT, DOCUMENT.replace("aws:", "aws-cn:", 1)])
@pytest.mark.parametrize("kind", ["DEFAULT_OPEN", "DEFAULT_CLOSED"])
def test_a_change_calendar_holds_its_events_whatever_its_type(kind: str, document: str) -> None:
    text = change_calendar("DTSTART;TZID=Europe/Berlin:20260504T080000 DURATION:PT2H X-EVENT-TYPE:STANDARD", kind=kind)
    calendar = from_ssm(text, document)
    assert (calendar.change_calendar, calendar.closed_by_default) == (True, kind == "DEFAULT_CLOSED")
    assert _timed(calendar) == "05-04T06:00-05-04T08:00"


def test_a_new_change_calendar_holds_nothing() -> None:
    """As AWS documents it for CloudFormation: a task tells that events may be added."""
    task = "BEGIN:VTODO DTSTAMP:20200320T004207Z UID:3b5af39a SUMMARY:Add END:VTODO"
    text = change_calendar().replace("END:VCALENDAR", "\r\n".join([*task.split(), "END:VCALENDAR"]))
    assert (_days(from_ssm(text), 2026), _timed(from_ssm(text))) == ("", "")


def test_advisory_events_of_a_change_calendar_are_for_information_only() -> None:
    text = change_calendar(
        "DTSTART:20260504T080000Z DURATION:PT2H X-EVENT-TYPE:ADVISORY",
        "DTSTART:20260505T080000Z DURATION:PT2H X-EVENT-TYPE:STANDARD",
    )
    assert _timed(from_ssm(text)) == "05-05T08:00-05-05T10:00"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (change_calendar(kind=""), "'year-end' is not a Change Calendar: it has no X-CALENDAR-TYPE", "DEFAULT_OPEN or"),
        (change_calendar(kind="OPEN"), "'year-end' is not a Change Calendar: its X-CALENDAR-TYPE is OPEN", "DEFAULT_"),
        ("schemaVersion: '2.2'", "'year-end' is not the text of a Change Calendar: ", "export it again"),
        (change_calendar("DTSTART:garbage"), "'year-end' is not the text of a Change Calendar: DTSTART: Expected", ""),
    ],
)
def test_what_is_no_change_calendar_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(GrammarError) as caught:
        from_ssm(text)
    assert caught.value.message.startswith(message)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "document",
    ["", "ab", "a b c", "x" * 129, "arn:aws:ssm:eu-west-1:1:document/x", DOCUMENT.replace("document", "parameter")],
)
def test_what_is_no_name_of_a_document_is_refused_before_it_is_asked_for(document: str) -> None:
    with pytest.raises(GrammarError, match="is not the name of an SSM document") as caught:
        compile_calendar("frozen", CalendarDefinition(ssm=document), _no_file)
    assert caught.value.hint == "write its name or its whole ARN"


def test_a_change_calendar_stands_alone() -> None:
    with pytest.raises(GrammarError, match="ssm stands beside other days"):
        compile_calendar("frozen", CalendarDefinition(ssm="year-end", dates=("2026-05-04",)), _no_file)


def test_the_reader_says_why_it_cannot_be_read_and_what_to_do() -> None:
    def refuse(_: str) -> str:
        raise LamplighterError("of Change Calendar 'year-end' no copy is kept yet", hint="lamp calendars refresh")

    with pytest.raises(GrammarError) as caught:
        compile_calendar("frozen", CalendarDefinition(ssm="year-end"), refuse)
    assert (caught.value.message, caught.value.hint) == (
        "of Change Calendar 'year-end' no copy is kept yet",
        "lamp calendars refresh",
    )
