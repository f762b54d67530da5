"""What users write: calendars, periods and schedules as plain models.

The models check shapes and name the fields; the meaning of day fields and times is read by the
compiler (`lamplighter.schedules.compiler`), which can say at which character a text goes wrong.
Field names follow the AWS Instance Scheduler where it has the field.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from lamplighter.schedules.durations import Duration


def _one_or_many(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_as_text(part) for part in value]
    return [_as_text(value)] if isinstance(value, (str, int)) else value


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_ONE: dict[str, list[str]] = {"type": ["string", "integer"]}
Texts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE}]}),
]
"""A list of texts; a single text stands for a list of one, and a whole number for its digits."""

State = Literal["running", "stopped", "any"]


class Model(BaseModel):
    """Base of the definition models: unknown fields are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HolidaysDefinition(Model):
    """Public holidays of a country, from the `holidays` library."""

    country: str = Field(description="ISO 3166-1 alpha-2 code, for example DE.")
    subdivision: str | None = Field(default=None, description="ISO 3166-2 part, for example BY.")
    categories: Texts = Field(default=("public",), description="Holiday categories: public, bank, optional, ...")


class CalendarDefinition(Model):
    """A named set of days and events; what is listed adds up."""

    description: str = ""
    holidays: HolidaysDefinition | None = None
    ical: str | None = Field(default=None, description="iCalendar file, relative to the definition file.")
    ssm: str | None = Field(
        default=None, description="SSM Change Calendar: name or ARN of its document. It stands alone in its calendar."
    )
    dates: Texts = Field(
        default=(), description="Days and inclusive ranges: 2026-12-24, 2026-12-24..2027-01-02, 2027-06-01.. "
    )


class PeriodDefinition(Model):
    """A span of time that comes back: which days, from when to when."""

    description: str = ""
    state: Literal["running", "stopped"] = Field(
        default="running", description="What the period asks for. A stop period wins over running periods."
    )
    begintime: str | None = Field(default=None, description="HH:MM, 00:00 to 23:59, on the wall clock of the zone.")
    endtime: str | None = Field(
        default=None, description="HH:MM, up to 24:00. Earlier than begintime: the period runs into the next day."
    )
    times: Texts = Field(default=(), description="Several spans a day: 08:00-12:00, 13:00-18:00, 22:00-06:00.")
    weekly: Texts = Field(default=(), description="Spans over days, for example: fri 20:00 - mon 08:00.")
    weekdays: Texts = Field(default=(), description="mon-fri, sat-mon, 0-6 (0 = Monday), mon#1, friL, L, mon/2, *.")
    monthdays: Texts = Field(default=(), description="1-31, 1-7, 15-L, L, 15W, 1/15, *.")
    months: Texts = Field(default=(), description="jan-mar, nov-feb, 1-12, jan/3, *.")
    dates: Texts = Field(default=(), description="Only on these days or ranges, with a year: 2026-12-01..2026-12-18.")
    only_on: Texts = Field(default=(), description="Only on the days of these calendars.")
    not_on: Texts = Field(default=(), description="Not on the days of these calendars.")
    timezone: str | None = Field(default=None, description="IANA time zone; default: that of the schedule.")


class IdleGuardDefinition(Model):
    """What is in use is not put out by its schedule, at most for a stated time."""

    cpu_below: float | None = Field(
        default=5, gt=0, le=100, description="CPU in percent, the average of five minutes; null not to ask."
    )
    connections_below: int | None = Field(default=1, ge=1, description="Connections to a database; null not to ask.")
    network_below: float | None = Field(
        default=None, gt=0, description="Kilobytes a minute in or out, of EC2 instances; not asked unless given."
    )
    over: Duration = Field(
        default=timedelta(minutes=15), description="Idle is what was below all of that for so long; 5m to 1d."
    )
    at_most: Duration = Field(
        default=timedelta(hours=4), description="After being held back for so long it is put out all the same."
    )

    @field_validator("over")
    @classmethod
    def _measurable(cls, over: timedelta) -> timedelta:
        if not timedelta(minutes=5) <= over <= timedelta(days=1):
            raise ValueError("over must be 5m to 1d: CloudWatch tells values of five minutes")
        return over


class ScheduleDefinition(Model):
    """When a resource should be lit, and how strictly."""

    description: str = ""
    timezone: str | None = Field(default=None, description="IANA time zone; default: that of the file, else UTC.")
    periods: Texts = Field(default=(), description="Names of periods, optionally name@instance-type.")
    instance_types: Texts = Field(
        default=(),
        description="Types to start EC2 instances with, the most wanted first; the type of a period goes before them.",
    )
    override_status: Literal["running", "stopped"] | None = Field(
        default=None, description="Always this state, whatever the periods say."
    )
    open: Texts = Field(default=(), description="Calendars whose days and events are lit; wins over `closed`.")
    closed: Texts = Field(default=(), description="Calendars whose days and events are put out.")
    freeze: Texts = Field(
        default=(),
        description="Calendars that forbid change: meanwhile all is left as it is; what was missed is done afterwards.",
    )
    otherwise: State | None = Field(
        default=None,
        description="The state when no period speaks; default: stopped, or running if there are stop periods only.",
    )
    enforced: bool = Field(default=False, description="Undo manual starts and stops at every pass.")
    retain_running: bool = Field(
        default=False, description="What was started by hand before a period begins is not stopped at its end."
    )
    stop_new_instances: bool = Field(default=True, description="Stop a resource first seen outside its periods.")
    hibernate: bool = Field(default=False, description="Hibernate EC2 instances that can; stop the others.")
    snapshot_before_stop: bool = Field(
        default=False, description="Stop databases with a snapshot; the one before it is removed once it is there."
    )
    stop_only: bool = Field(default=False, description="Stop at the end of periods, never start.")
    stay_off: bool = Field(default=False, description="What was stopped by hand stays off until started by hand.")
    stop_after: Duration | None = Field(
        default=None,
        description="Put out what has been lit so long without being asked for: 8h, 1d12h, ...",
    )
    idle_guard: IdleGuardDefinition | None = Field(
        default=None, description="Do not put out what is in use; {} for the usual limits."
    )
    stagger: Duration | None = Field(
        default=None,
        description="Spread the changes over so long: each resource has its own share, in whole minutes, and keeps it.",
    )
    ignore: bool = Field(default=False, description="Leave resources with this schedule alone.")
    use_maintenance_window: bool = Field(default=True, description="Light resources for their maintenance windows.")
    ssm_maintenance_window: Texts = Field(default=(), description="Names of SSM maintenance windows.")

    @field_validator("stagger")
    @classmethod
    def _not_half_the_day(cls, span: timedelta | None) -> timedelta | None:
        if span is not None and span > timedelta(hours=12):
            raise ValueError("changes are spread over 12h at most")
        return span
