"""Times, lengths and days as people type them, and as they are shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


def moment(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """An instant: `now`, ISO 8601 with a zone, or local time in `zone`; a day is its midnight.

    Args:
        text: for example `2026-11-23 08:30`, `2026-11-23T07:30Z` or `2026-11-23`.
        now: aware datetime.
        zone: of times that name none.

    Returns:
        In UTC. A time that comes twice in autumn is taken for its first coming.

    Raises:
        UsageError: not a time, or one that the clock skips in spring.
    """
    stripped = text.strip()
    if stripped.lower() == "now":
        return now
    try:
        found = datetime.fromisoformat(stripped)
    except ValueError:
        raise UsageError(
            f"{text!r} is not a time", hint="write 2026-11-23, '2026-11-23 08:30', 2026-11-23T08:30:00+01:00 or now"
        ) from None
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    local = found.replace(tzinfo=zone)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != found:
        raise UsageError(
            f"{found:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clock skips it", hint="take another time"
        )
    return instant


def length(text: str) -> timedelta:
    """A length of time: `90m`, `2h`, `1d12h`, `1w`.

    Raises:
        UsageError: not a length, or no time at all.
    """
    from lamplighter.schedules.days import GrammarError
    from lamplighter.schedules.durations import parse_duration

    try:
        return parse_duration(text)
    except GrammarError as error:
        raise UsageError(error.message, hint=error.hint) from error


def day(text: str) -> date:
    """A day as `2026-11-23`, or `20261123` as the Instance Scheduler's command writes it.

    Raises:
        UsageError: not a day.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is not a day", hint="write 2026-11-23") from None


def span(
    begin: str | None,
    end: str | None,
    *,
    now: datetime,
    zone: ZoneInfo,
    start: datetime,
    stop: datetime | timedelta,
) -> tuple[datetime, datetime]:
    """A span of time from two texts.

    Args:
        begin: its begin; None for `start`.
        end: its end, not included; None for `stop`.
        now: aware datetime.
        zone: of times that name none.
        start: aware datetime.
        stop: aware datetime, or a length on the wall clock of `zone`.

    Returns:
        Begin and end in UTC.

    Raises:
        UsageError: one is not a time, or the end is not after the begin.
    """
    first = moment(begin, now=now, zone=zone) if begin else start.astimezone(UTC)
    if end:
        last = moment(end, now=now, zone=zone)
    else:
        last = (stop if isinstance(stop, datetime) else first.astimezone(zone) + stop).astimezone(UTC)
    if last <= first:
        raise UsageError(
            f"the span ends ({shown(last, zone)}) before it begins ({shown(first, zone)})",
            hint="--to is the end, which is not part of the span",
        )
    return first, last


def midnight(instant: datetime, zone: ZoneInfo) -> datetime:
    """The begin of the local day."""
    return instant.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def shown(instant: datetime, zone: ZoneInfo) -> str:
    """An instant for people, with its zone: `2026-11-23 08:30 Europe/Berlin`."""
    return f"{clock(instant, zone)} {zone.key}"


def clock(instant: datetime, zone: ZoneInfo) -> str:
    """An instant on the wall clock of a zone that is named elsewhere; the second coming of an hour is marked."""
    local = instant.astimezone(zone)
    again = " (2nd)" if local.fold else ""
    return f"{local:%Y-%m-%d %H:%M}{again}"


def key_and_value(text: str) -> tuple[str, str]:
    """`KEY=VALUE` of a tag.

    Raises:
        UsageError: there is no `=`, or no key.
    """
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"{text!r} is not a tag", hint="write KEY=VALUE, for example --tag Team=web")
    return key, value


def listed(texts: list[str] | None) -> tuple[str, ...]:
    """Names from a repeatable option whose values may also hold commas."""
    parts = [part.strip() for text in texts or () for part in text.split(",")]
    return tuple(part for part in parts if part)
