"""Sections of lamplighter.yaml that say how passes work: plain models, compiled by nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from lamplighter.scheduler.tag_text import LONGEST_KEY, LONGEST_VALUE, check_key, check_template
from lamplighter.schedules.definitions import Model, Texts
from lamplighter.schedules.durations import Duration
from lamplighter.schedules.windows import DEFAULT_LEAD


class WindowsDefinition(Model):
    """Which maintenance windows resources are lit for, beside those their schedules name."""

    preferred: bool = Field(
        default=True,
        description="The weekly windows of databases and clusters of RDS, Neptune, DocumentDB and Redshift.",
    )
    ssm_targets: bool = Field(
        default=False,
        description="SSM maintenance windows light what they are registered for, whatever schedules name.",
    )
    lead: Duration = Field(
        default=DEFAULT_LEAD,
        description="How long before its window a resource is lit, at most 1d; longer than the time between passes.",
    )

    @field_validator("lead")
    @classmethod
    def _within_a_day(cls, lead: timedelta) -> timedelta:
        if lead > timedelta(days=1):
            raise ValueError("a resource is lit at most 1d before its window")
        return lead


class GuardrailsDefinition(Model):
    """What a pass may do at most."""

    max_changes: int | None = Field(default=None, ge=0, description="A pass that would change more is refused.")
    max_changes_percent: int | None = Field(
        default=None, ge=0, le=100, description="The same, as a share of the resources found."
    )
    actions: tuple[Literal["start", "stop"], ...] = Field(
        default=("start", "stop"), description="Actions a pass may take: start, stop."
    )
    opt_out_tag: str = Field(
        default="lamplighter:opt-out",
        min_length=1,
        max_length=128,
        description="A resource with this tag key is never started or stopped by a pass.",
    )


class OrderGroupDefinition(Model):
    """Resources that are started after others, or before them; conditions add up."""

    tags: Mapping[str, Texts] = Field(
        default={}, description="Tags that a member has, each with one of these values; * for any value."
    )
    kinds: Texts = Field(
        default=(), description="Kinds that a member may be of, for example rds-instance; default: all."
    )
    after: Texts = Field(
        default=(),
        description="What must be lit and healthy before a member is started, and is put out only after it: names of "
        "groups, or tag:KEY=VALUE for every resource of the target with this tag.",
    )


class OrderDefinition(Model):
    """What is started before what, stopped in reverse, and how much at once."""

    groups: Mapping[str, OrderGroupDefinition] = Field(default={}, description="Groups of resources, by name.")
    same: Texts = Field(
        default=(),
        description="Groups order only resources with equal values of these tags; default: all in a target.",
    )
    at_most: Duration = Field(
        default=timedelta(minutes=15),
        description="How long a start or stop waits for its order before it is done anyway.",
    )
    starts_per_pass: int | None = Field(
        default=None,
        ge=1,
        description="Starts of one pass in a target (account and region); the others wait for the next pass.",
    )
    stops_per_pass: int | None = Field(default=None, ge=1, description="The same for stops.")
    calls_per_second: float | None = Field(
        default=None,
        ge=0.5,
        le=1000,
        description="Calls that change something, for each target and service; default: as fast as AWS answers.",
    )


TagKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY), AfterValidator(check_key)]
TagTemplate = Annotated[str, Field(min_length=1, max_length=LONGEST_VALUE), AfterValidator(check_template)]


class TagsDefinition(Model):
    """Tags that are written on what is started and stopped; none unless asked for."""

    scheduler: str = Field(
        default="lamplighter", min_length=1, max_length=128, description="What {scheduler} stands for."
    )
    started: Mapping[TagKey, TagTemplate] = Field(
        default={},
        description="Tags after a start: key and value, with {scheduler}, {schedule}, {state}, {reason}, {year}, "
        "{month}, {day}, {hour}, {minute}, {timezone}. Keys of `stopped` alone are taken away.",
    )
    stopped: Mapping[TagKey, TagTemplate] = Field(
        default={}, description="Tags after a stop. Keys of `started` alone are taken away."
    )
    errors: bool = Field(default=False, description="Tag what failed with the code and the message of the error.")
    error_key: TagKey = Field(default="lamplighter:error", description="Key of the code.")
    error_message_key: TagKey = Field(default="lamplighter:error-message", description="Key of the message.")
    first_seen: bool = Field(
        default=False, description="Tag what a pass sees with the time at which it was first seen."
    )
    first_seen_key: TagKey = Field(default="lamplighter:first-seen", description="Key of that time, which is in UTC.")

    @property
    def on(self) -> bool:
        """Whether any tag is written."""
        return bool(self.started or self.stopped or self.errors or self.first_seen)

    def places(self) -> Iterator[tuple[str, str]]:
        """Every key with its path in the section."""
        yield from ((f"started.{key}", key) for key in self.started)
        yield from ((f"stopped.{key}", key) for key in self.stopped)
        yield "error_key", self.error_key
        yield "error_message_key", self.error_message_key
        yield "first_seen_key", self.first_seen_key

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        single = [self.error_key, self.error_message_key, self.first_seen_key]
        for key in single:
            if single.count(key) > 1 or key in self.started or key in self.stopped:
                raise ValueError(f"the key {key} stands for two tags; give each a key of its own")
        return self
