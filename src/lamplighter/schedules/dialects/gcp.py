"""Instance schedules of Google Compute Engine: a start and a stop in Unix cron, and a zone.

Read are the command (`gcloud compute resource-policies create instance-schedule ...`, or its flags alone) and the
policy as `gcloud compute resource-policies describe` prints it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects.cron_pairs import parse_cron, unix_expression
from lamplighter.schedules.dialects.pairs import Pair, translate_pair, write_pair
from lamplighter.schedules.dialects.translation import Dialect, Translation, Word, Written, rejected, translated
from lamplighter.schedules.zones import find_zone

_KEYS = {
    "vm-start-schedule": "start",
    "vmStartSchedule": "start",
    "vm-stop-schedule": "stop",
    "vmStopSchedule": "stop",
    "timezone": "zone",
    "timeZone": "zone",
    "initiation-date": "first",
    "startTime": "first",
    "end-date": "last",
    "expirationTime": "last",
}
_FLAG = re.compile(r"--([a-z-]+)(?:=|\s+)(?:\"([^\"]*)\"|'([^']*)'|(\S+))")
_FIELD = re.compile(
    r"^\s*(vmStartSchedule|vmStopSchedule|timeZone|startTime|expirationTime):\s*(?:schedule:\s*)?([\"']?)([^\n]*?)\2\s*$",
    re.MULTILINE,
)
_MISSED = "Compute Engine may act up to 15 minutes late and does not try again; Lamplighter tries again at every pass"


def read(name: str, text: str, *, default_timezone: str = "UTC") -> Translation:
    """Read an instance schedule; `default_timezone` counts if it names none (Compute Engine takes UTC then)."""
    found = _fields(text)
    pair = Pair([found["start"]] if "start" in found else [], [found["stop"]] if "stop" in found else [])
    pair.zone = found.get("zone")
    if not pair.starts and not pair.stops:
        hint = 'write --vm-start-schedule="0 8 * * *" --vm-stop-schedule="0 17 * * *" --timezone=UTC'
        return rejected(name, [GrammarError("there is no start and no stop", 0, hint)])
    whole = translate_pair(name, pair, parse_cron, default_timezone, [_MISSED])
    if whole.schedule is None or not {"first", "last"} & found.keys():
        return whole
    try:
        return _limited(name, whole, whole.schedule, found)
    except GrammarError as error:
        return rejected(name, [error], whole.notes)


def _fields(text: str) -> dict[str, Word]:
    found: dict[str, Word] = {}
    for flag in _FLAG.finditer(text):
        group = next((number for number in (2, 3, 4) if flag[number] is not None), 4)
        if flag[1] in _KEYS:
            found[_KEYS[flag[1]]] = Word(flag[group], flag.start(group))
    for field in _FIELD.finditer(text):
        found[_KEYS[field[1]]] = Word(field[3], field.start(3))
    return found


def _limited(name: str, whole: Translation, schedule: ScheduleDefinition, found: Mapping[str, Word]) -> Translation:
    """The same, but from the initiation date to the end date only; outside of them nothing is done."""
    zone = find_zone(schedule.timezone or "UTC")
    ends: list[str] = []
    notes = [*whole.notes, "before the initiation date and after the end date nothing is done"]
    for key in ("first", "last"):
        if key not in found:
            ends.append("")
            continue
        word = found[key]
        try:
            moment = datetime.fromisoformat(word.text)
        except ValueError:
            raise GrammarError(
                f"{word.text!r} is not an RFC 3339 time", word.position, "2026-01-01T00:00:00Z"
            ) from None
        if moment.tzinfo is None:
            raise GrammarError(f"{word.text!r} has no offset from UTC", word.position, "end it with Z or +01:00")
        local = moment.astimezone(zone)
        if key == "last":
            local -= timedelta(seconds=1)
        exact = local if key == "first" else local + timedelta(seconds=1)
        if (exact.hour, exact.minute) != (0, 0):
            notes.append(f"{word.text} is not a midnight in {zone.key}; the whole day {local:%Y-%m-%d} is taken")
        ends.append(local.date().isoformat())
    days = (f"{ends[0]}..{ends[1]}",)
    limited = [(period.model_copy(update={"dates": days}), None) for period in whole.periods.values()]
    if schedule.otherwise is None:
        # A period with an end alone, at 00:00, asks for stopped on its days wherever no other period is on.
        limited.append((PeriodDefinition(endtime="00:00", dates=days), None))
    return translated(name, schedule.model_copy(update={"otherwise": "any"}), limited, notes)


def write(
    schedule: ScheduleDefinition, periods: Mapping[str, PeriodDefinition], *, default_timezone: str = "UTC"
) -> Written:
    """The flags of the command; there is one start and one stop only."""
    pair = write_pair(schedule, periods, default_timezone, unix_expression)
    if pair.text is None:
        return pair
    lines = [line.partition(": ") for line in pair.text.split("\n")]
    given: dict[str, list[str]] = {}
    for key, _, value in lines:
        given.setdefault(key, []).append(value)
    if len(given["start"]) > 1 or len(given["stop"]) > 1:
        return Written(
            None, ("an instance schedule has one start and one stop (nearest: the same times on all of its days)",)
        )
    [start], [stop], [zone] = given["start"], given["stop"], given["timezone"]
    text = f'--vm-start-schedule="{start}" --vm-stop-schedule="{stop}" --timezone={zone}'
    return Written(text, pair.notes)


DIALECT = Dialect(
    name="gcp",
    title="instance schedule of Google Compute Engine",
    source="gcloud compute resource-policies create instance-schedule, reference",
    since="0.1",
    example='--vm-start-schedule="0 8 * * *" --vm-stop-schedule="0 17 * * *" --timezone=UTC',
    read=read,
    write=write,
)
