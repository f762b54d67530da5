"""Spans with a date at both ends, as periods."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from lamplighter.schedules.clock_times import DAY
from lamplighter.schedules.definitions import PeriodDefinition
from lamplighter.schedules.dialects.day_words import clock
from lamplighter.schedules.dialects.translation import Inexpressible
from lamplighter.schedules.dialects.week import times_fields


def dated_periods(begin: datetime, end: datetime, **fields: str) -> list[PeriodDefinition]:
    """Periods for the span [begin, end) of naive wall-clock times, whole minutes.

    Args:
        begin: the first minute.
        end: the minute after the last, later than `begin`.
        fields: more fields of the periods, for example `state` and `timezone`.
    """
    last = end.date() if end.time() != datetime.min.time() else end.date() - timedelta(days=1)
    first_minute, last_minute = _minute(begin), _minute(end) or DAY
    if begin.date() == last:
        return [_on(begin.date(), last, first_minute, last_minute, fields)]
    found = []
    whole_from, whole_to = begin.date(), last
    if first_minute:
        found.append(_on(whole_from, whole_from, first_minute, DAY, fields))
        whole_from += timedelta(days=1)
    if last_minute < DAY:
        whole_to -= timedelta(days=1)
    if whole_from <= whole_to:
        found.append(_on(whole_from, whole_to, 0, DAY, fields))
    if last_minute < DAY:
        found.append(_on(last, last, 0, last_minute, fields))
    return found


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def _on(first: date, last: date, begin: int, end: int, fields: dict[str, str]) -> PeriodDefinition:
    days = first.isoformat() if first == last else f"{first.isoformat()}..{last.isoformat()}"
    return PeriodDefinition.model_validate({**fields, **times_fields(begin, end), "dates": days})


def moment_periods(start: datetime | None, stop: datetime | None) -> list[PeriodDefinition]:
    """Periods of a single start and a single stop, naive wall-clock times; seconds are dropped.

    Raises:
        Inexpressible: the stop does not come after the start.
    """
    found: list[PeriodDefinition] = []
    if start is not None and stop is not None:
        if stop.replace(second=0) <= start.replace(second=0):
            raise Inexpressible("the stop does not come a minute or more after the start", "exchange them")
        found += dated_periods(start, stop)
    elif start is not None:
        found.append(PeriodDefinition(begintime=clock(_minute(start)), dates=(start.date().isoformat(),)))
    if stop is not None:
        found.append(PeriodDefinition(endtime=clock(_minute(stop)), dates=(stop.date().isoformat(),)))
    return found
