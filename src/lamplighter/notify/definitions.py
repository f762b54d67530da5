"""The section `notify` of lamplighter.yaml: who is told what."""

from __future__ import annotations

import re
from datetime import timedelta
from string import Formatter
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from lamplighter.notify.registry import check_address, sender_of
from lamplighter.schedules.definitions import Model, Texts
from lamplighter.schedules.durations import Duration, duration_text

Topic = Literal["errors", "digest", "upcoming"]
TOPICS: Final[tuple[Topic, ...]] = ("errors", "digest", "upcoming")

PLACES: Final = ("account", "region", "kind", "id", "arn", "name", "schedule", "stops_at")
"""What `keep_url` may hold in braces."""


def _address(to: str) -> str:
    check_address(to)
    return to


def _link(text: str) -> str:
    if not re.match(r"https?://[^\s/{}]+", text) or any(char.isspace() for char in text):
        raise ValueError("it is no URL; it begins with https:// and a host")
    try:
        found = [(name, spec or change) for _, name, spec, change in Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ValueError(f"a brace stands alone: {error}") from error
    for name, more in found:
        if name not in PLACES or more:
            raise ValueError(f"there is no {{{name}}} here; known: {', '.join(f'{{{place}}}' for place in PLACES)}")
    return text


class RuleDefinition(Model):
    """Who is told about what."""

    to: Annotated[str, AfterValidator(_address)] = Field(
        description="sns:ARN, opsitem:REGION, smtp://..., slack:REFERENCE, file:PATH; docs/messages.md says how."
    )
    about: tuple[Topic, ...] = Field(
        default=TOPICS, description="errors, digest (what a pass did), upcoming (stops soon)."
    )
    after: int = Field(default=1, ge=1, le=1000, description="Errors only when so many passes in a row have met them.")
    accounts: Texts = Field(default=(), description="Only about these accounts, by id or name.")
    schedules: Texts = Field(default=(), description="Only about resources with these schedules.")

    @field_validator("about")
    @classmethod
    def _something(cls, about: tuple[Topic, ...]) -> tuple[Topic, ...]:
        if not about:
            raise ValueError(f"about nothing; write some of {', '.join(TOPICS)}")
        return about

    @model_validator(mode="after")
    def _can_be_told(self) -> RuleDefinition:
        if sender_of(self.to).apart() and self.about != ("errors",):
            scheme = self.to.partition(":")[0]
            raise ValueError(f"{scheme}: keeps a record of each error and takes nothing else; write about: [errors]")
        if self.after > 1 and "errors" not in self.about:
            raise ValueError("after is for errors, which this rule is not about")
        return self


class NotifyDefinition(Model):
    """Messages: who is told what, and how long before a stop."""

    rules: tuple[RuleDefinition, ...] = Field(default=(), description="Who is told about what.")
    lead: Duration = Field(default=timedelta(minutes=30), description="How long before a stop it is told.")
    keep_for: Duration = Field(
        default=timedelta(hours=2), description="For how long the command in the message keeps a resource running."
    )
    keep_url: Annotated[str, AfterValidator(_link)] | None = Field(
        default=None, description="A link to keep a resource running, with {arn}, {id}, {name}, {account}, ..."
    )
    templates: str | None = Field(
        default=None, min_length=1, description="Folder of your own templates, relative to the definition file."
    )

    @model_validator(mode="after")
    def _lasts(self) -> NotifyDefinition:
        if self.keep_for <= self.lead:
            raise ValueError(
                f"keep_for ({duration_text(self.keep_for)}) must be longer than lead ({duration_text(self.lead)}): "
                "what is kept from the time of the message on would be stopped all the same"
            )
        return self
