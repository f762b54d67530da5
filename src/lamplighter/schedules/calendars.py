"""Named days and events: public holidays, iCalendar files, SSM Change Calendars, lists of dates.

A calendar answers two questions for a stretch of time: which whole days it holds, and which timed
events. Days are local days of the zone that asks; events are instants.

A Change Calendar holds its events, whatever its type. One that is open by default (DEFAULT_OPEN) forbids change in
them, one that is closed by default (DEFAULT_CLOSED) outside of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from lamplighter.errors import LamplighterError
from lamplighter.schedules.clock_times import DateRange, parse_dates
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.zones import epoch, find_zone, instant

if TYPE_CHECKING:
    from icalendar import Calendar as ICalendar

    from lamplighter.schedules.definitions import CalendarDefinition, HolidaysDefinition

ReadText = Callable[[str], str]
"""Gives the text of a file named in a definition, or of a Change Calendar after `CHANGE_CALENDAR`.

Raises OSError or LamplighterError when it cannot be read.
"""

CHANGE_CALENDAR: Final = "ssm:"
"""What is read from SSM, not from a file, begins with this; behind it stands the name or ARN of the document."""

_DOCUMENT = re.compile(
    r"arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:document/[\w.-]{3,128}|(?!arn:)[\w.-]{3,128}", re.ASCII
)
"""Source: SSM API reference, `DocumentName` and `CalendarNameOrARN`."""

_EVENT_TIMES = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_PROBE_YEAR = 2026
"""A year that is asked for when a calendar is compiled, so that what cannot be answered is found then."""

Occurrences = tuple[frozenset[int], tuple[tuple[int, int], ...]]
"""Ordinals of whole days, and timed events as (first epoch second, epoch second after the last)."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """One calendar, ready to be asked.

    Attributes:
        name: the name it has in the definitions.
        dates: listed dates and ranges.
        holidays: ordinals of the public holidays of a year.
        events: occurrences of an iCalendar file in a year, seen from a zone.
        change_calendar: whether it is an SSM Change Calendar.
        closed_by_default: whether it forbids change outside of its events (DEFAULT_CLOSED) and not in them.
    """

    name: str
    dates: tuple[DateRange, ...] = ()
    holidays: Callable[[int], frozenset[int]] | None = None
    events: Callable[[int, ZoneInfo], Occurrences] | None = None
    change_calendar: bool = False
    closed_by_default: bool = False
    _years: dict[tuple[int, str], Occurrences] = field(default_factory=dict, init=False, repr=False)

    def has_day(self, ordinal: int, zone: ZoneInfo) -> bool:
        """Whether the local day is a whole day of this calendar."""
        return self._in_dates(ordinal) or ordinal in self._year(date.fromordinal(ordinal).year, zone)[0]

    def touches_day(self, ordinal: int, zone: ZoneInfo) -> bool:
        """Whether the local day is in this calendar, or one of its events takes place on it."""
        if self.has_day(ordinal, zone):
            return True
        day = date.fromordinal(ordinal)
        if not self._year(day.year, zone)[1]:
            return False
        start = epoch(datetime.combine(day, time(), zone))
        end = epoch(datetime.combine(day + timedelta(days=1), time(), zone))
        return any(begin < end and start < max(stop, begin + 1) for begin, stop in self._year(day.year, zone)[1])

    def timed(self, start: int, end: int, zone: ZoneInfo) -> list[tuple[int, int]]:
        """Timed events that overlap [start, end), epoch seconds, in order; they may overlap each other."""
        if self.events is None:
            return []
        years = range(instant(start).year, instant(end).year + 1)
        found = {event for year in years for event in self._year(year, zone)[1]}
        return sorted((begin, stop) for begin, stop in found if begin < end and start < stop)

    def _in_dates(self, ordinal: int) -> bool:
        return any(dates.first <= ordinal <= dates.last for dates in self.dates)

    def _year(self, year: int, zone: ZoneInfo) -> Occurrences:
        key = (year, zone.key)
        if key not in self._years:
            days = self.holidays(year) if self.holidays else frozenset()
            more, timed = self.events(year, zone) if self.events else (frozenset(), ())
            self._years[key] = (days | more, timed)
        return self._years[key]


def compile_calendar(name: str, definition: CalendarDefinition, read_text: ReadText) -> Calendar:
    """Make a calendar of its definition.

    Args:
        name: its name.
        definition: what the user wrote.
        read_text: gives the text of the iCalendar file or Change Calendar.

    Raises:
        GrammarError: a date, country, subdivision, iCalendar file or Change Calendar that cannot be read.
    """
    if definition.ssm is not None:
        return _change_calendar(name, definition, definition.ssm, read_text)
    dates = parse_dates(definition.dates)
    holidays = _holidays(definition.holidays) if definition.holidays else None
    events = _ical(definition.ical, read_text) if definition.ical else None
    if not (dates or holidays or events):
        raise GrammarError("the calendar is empty", 0, "give it holidays, ical, ssm or dates")
    return Calendar(name, dates, holidays, events)


def _change_calendar(name: str, definition: CalendarDefinition, document: str, read_text: ReadText) -> Calendar:
    """Source: Systems Manager User Guide, "Change Calendar"; the header is that of the documents it writes."""
    if definition.dates or definition.holidays or definition.ical:
        raise GrammarError("ssm stands beside other days", 0, "make two calendars of it, and name both")
    if not _DOCUMENT.fullmatch(document):
        raise GrammarError(f"{document!r} is not the name of an SSM document", 0, "write its name or its whole ARN")
    text = _text(f"{CHANGE_CALENDAR}{document}", read_text)
    events, header = _events(document, text, "the text of a Change Calendar")
    kind = str(header.get("X-CALENDAR-TYPE", "")).strip().upper()
    if kind not in ("DEFAULT_OPEN", "DEFAULT_CLOSED"):
        said = f"its X-CALENDAR-TYPE is {kind}" if kind else "it has no X-CALENDAR-TYPE"
        raise GrammarError(
            f"{document!r} is not a Change Calendar: {said}", 0, "it must be DEFAULT_OPEN or DEFAULT_CLOSED"
        )
    return Calendar(name, events=events, change_calendar=True, closed_by_default=kind == "DEFAULT_CLOSED")


def _text(name: str, read_text: ReadText) -> str:
    try:
        return read_text(name)
    except OSError as error:
        raise GrammarError(f"{name!r} cannot be read: {error.strerror or error}", 0, "check the path") from error
    except UnicodeDecodeError as error:
        raise GrammarError(f"{name!r} is not an iCalendar file: {error}", 0, "export it again as .ics") from error
    except LamplighterError as error:
        raise GrammarError(error.message, 0, error.hint) from error


def _holidays(wanted: HolidaysDefinition) -> Callable[[int], frozenset[int]]:
    import holidays

    def of_year(year: int) -> frozenset[int]:
        found = holidays.country_holidays(
            wanted.country.upper(), subdiv=wanted.subdivision, years=year, categories=wanted.categories
        )
        return frozenset(day.toordinal() for day in found)

    try:
        of_year(_PROBE_YEAR)
    except (NotImplementedError, ValueError) as error:
        known = holidays.list_supported_countries(include_aliases=True)
        country = wanted.country.upper()
        if country not in known:
            raise GrammarError(
                f"no holidays are known for country {wanted.country!r}", 0, "use an ISO 3166 code, for example DE"
            ) from error
        if isinstance(error, NotImplementedError):
            raise GrammarError(f"{error}", 0, f"subdivisions of {country}: {', '.join(known[country])}") from error
        categories = holidays.country_holidays(country).supported_categories
        raise GrammarError(f"{error}", 0, f"categories of {country}: {', '.join(sorted(categories))}") from error
    return of_year


def _ical(file: str, read_text: ReadText) -> Callable[[int, ZoneInfo], Occurrences]:
    return _events(file, _text(file, read_text), "an iCalendar file")[0]


def _events(name: str, text: str, what: str) -> tuple[Callable[[int, ZoneInfo], Occurrences], ICalendar]:
    """The events of an iCalendar text, asked for by year, and its header."""
    import recurring_ical_events
    from icalendar import Calendar as ICalendar
    from icalendar.timezone import tzp

    def of_year(year: int, zone: ZoneInfo) -> Occurrences:
        days: set[int] = set()
        timed: list[tuple[int, int]] = []
        # A day of margin on both sides: an event is cut by days of UTC, but asked for by local days.
        margin = timedelta(days=2)
        for event in query.between(
            datetime(year, 1, 1, tzinfo=zone) - margin, datetime(year + 1, 1, 1, tzinfo=zone) + margin
        ):
            if _is_for_information(event):
                continue
            begin, end = event["DTSTART"].dt, event["DTEND"].dt
            if isinstance(begin, datetime):
                timed.append((_seconds(begin, zone), _seconds(end, zone)))
            else:
                days.update(range(begin.toordinal(), max(end.toordinal(), begin.toordinal() + 1)))
        return frozenset(days), tuple(sorted(timed))

    try:
        # The library keeps the zones that files define; one file's zones must not reach the next.
        tzp.use_default()
        calendar = ICalendar.from_ical(text.removeprefix("\ufeff"))
        for event in calendar.walk("VEVENT"):
            _check_event(event)
        query = recurring_ical_events.of(calendar)
        of_year(_PROBE_YEAR, find_zone("UTC"))
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        said = str(error).partition("\r")[0].partition("\n")[0]
        raise GrammarError(f"{name!r} is not {what}: {said}", 0, "export it again as .ics") from error
    return of_year, calendar


def _is_for_information(event: Any) -> bool:
    """Cancelled, or an advisory event of a Change Calendar (User Guide, "Creating a Change Calendar event")."""
    words = (("STATUS", "CANCELLED"), ("X-EVENT-TYPE", "ADVISORY"))
    return any(str(event.get(name, "")).strip().upper() == word for name, word in words)


def _check_event(event: Any) -> None:
    """Refuse what the libraries would pass over in silence, or never finish.

    Raises:
        ValueError: a time that cannot be read, a zone that is not known, or a rule that repeats too often.
    """
    for name, message in event.errors:
        if name in _EVENT_TIMES:
            raise ValueError(f"{name}: {message}")
    for name, value in event.property_items(recursive=False):
        if name in _EVENT_TIMES and "TZID" in getattr(value, "params", {}):
            for moment in getattr(value, "dts", [value]):
                if isinstance(moment.dt, datetime) and moment.dt.tzinfo is None:
                    raise ValueError(f"{name}: {value.params['TZID']!r} is not a time zone")
        if name == "RRULE":
            if min(value.get("INTERVAL", [1])) < 1:
                raise ValueError("RRULE: INTERVAL is less than 1")
            if not value.get("FREQ") or value["FREQ"][0] in ("SECONDLY", "MINUTELY"):
                raise ValueError("RRULE: FREQ must be HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY")


def _seconds(moment: Any, zone: ZoneInfo) -> int:
    """Epoch second of an event's end point; a floating time is on the wall clock of the zone that asks."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return epoch(moment if moment.tzinfo else moment.replace(tzinfo=zone))
