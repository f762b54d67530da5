"""lamplighter.yaml as a whole: definitions, targets and guardrails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic.json_schema import GenerateJsonSchema

from lamplighter.aws.targets import TargetsDefinition
from lamplighter.errors import DefinitionError, Problem
from lamplighter.notify.definitions import NotifyDefinition
from lamplighter.notify.reading import SECTION, read_notify
from lamplighter.resources.kind import Kind
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.order_rules import order_problems
from lamplighter.scheduler.sections import GuardrailsDefinition, OrderDefinition, TagsDefinition, WindowsDefinition
from lamplighter.schedules.calendars import ReadText
from lamplighter.schedules.definitions import CalendarDefinition, Model, PeriodDefinition, ScheduleDefinition, Texts
from lamplighter.schedules.durations import duration_text
from lamplighter.schedules.loading import Loaded, load_schedules
from lamplighter.schedules.problems import validation_problems
from lamplighter.schedules.source import Document, parse_yaml

DEFAULT_TAG = "Schedule"
DEFAULT_TEAM = "Team"
_COMPILED = ("timezone", "calendars", "periods", "schedules", SECTION)
"""Sections whose members are read one by one, by `lamplighter.schedules.loading` and `lamplighter.notify.reading`."""


class FileDefinition(Model):
    """The top level of lamplighter.yaml."""

    version: int = Field(default=1, ge=1, le=1, description="Version of this format; always 1.")
    timezone: str = Field(default="UTC", description="IANA time zone of schedules that name none.")
    tag: str = Field(default=DEFAULT_TAG, min_length=1, max_length=128, description="Key of the schedule tag.")
    team_tag: str = Field(
        default=DEFAULT_TEAM,
        min_length=1,
        max_length=128,
        description="Key of the tag that says which team a resource belongs to; without it, the account's name does.",
    )
    calendars: Mapping[str, CalendarDefinition] = Field(default={}, description="Named days and events.")
    periods: Mapping[str, PeriodDefinition] = Field(default={}, description="Named spans of time.")
    schedules: Mapping[str, ScheduleDefinition] = Field(default={}, description="What tags name.")
    targets: TargetsDefinition | None = Field(default=None, description="Accounts and regions.")
    kinds: Texts = Field(
        default=(), description="Kinds of resources to handle, for example ec2-instance; default: all."
    )
    guardrails: GuardrailsDefinition = Field(default=GuardrailsDefinition(), description="Limits of a pass.")
    order: OrderDefinition | None = Field(default=None, description="What is started before what, and the pace.")
    windows: WindowsDefinition = Field(default=WindowsDefinition(), description="Maintenance windows.")
    notify: NotifyDefinition = Field(default=NotifyDefinition(), description="Messages: who is told what.")
    tags: TagsDefinition = Field(default=TagsDefinition(), description="Tags that are written.")

    @field_validator("kinds")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in kinds():
                close = get_close_matches(name, kinds(), n=1)
                known = f"did you mean {close[0]}?" if close else f"known: {', '.join(kinds())}"
                raise ValueError(f"there is no kind {name!r}; {known}")
        return names


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a run needs to know, and what is wrong with the file.

    Attributes:
        loaded: compiled calendars, periods and schedules, and their problems.
        tag: key of the schedule tag.
        team: key of the tag that says which team a resource belongs to.
        targets: accounts and regions, or None for the caller's own account.
        guardrails: limits of a pass.
        order: what is started before what, and the pace; None without such a section.
        windows: which maintenance windows resources are lit for.
        tags: the tags that are written; none while the section is not valid.
        kinds: the kinds of resources to handle, by name.
        notify: who is told what.
        problems: everything that is wrong with the file, in the order of its lines.
        fatal: problems in the parts that every run needs; a pass is refused while there are any.
        notes: what is worth saying about where definitions come from, for example how old a copy is.
    """

    loaded: Loaded = field(default_factory=Loaded)
    tag: str = DEFAULT_TAG
    targets: TargetsDefinition | None = None
    guardrails: GuardrailsDefinition = field(default_factory=GuardrailsDefinition)
    order: OrderDefinition | None = None
    windows: WindowsDefinition = field(default_factory=WindowsDefinition)
    tags: TagsDefinition = field(default_factory=TagsDefinition)
    kinds: Mapping[str, Kind] = field(default_factory=kinds)
    notify: NotifyDefinition = field(default_factory=NotifyDefinition)
    problems: tuple[Problem, ...] = ()
    fatal: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    team: str = DEFAULT_TEAM


M = TypeVar("M", bound=Model)


class _Schema(GenerateJsonSchema):
    """Writes defaults that are lengths of time as the file does: `4h`, not `PT4H`."""

    def encode_default(self, dft: Any) -> Any:
        """A default as JSON."""
        return duration_text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def definition_schema() -> dict[str, Any]:
    """The JSON Schema of lamplighter.yaml, as published in docs/lamplighter.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lamplighter:definitions:1",
        **FileDefinition.model_json_schema(schema_generator=_Schema),
        "title": "Lamplighter definitions",
    }


def load_configuration(text: str, *, name: str, read_text: ReadText) -> Configuration:
    """Read lamplighter.yaml; a bad definition is a problem in the result and stops no other.

    Args:
        text: the file's text.
        name: its name, for messages.
        read_text: gives the text of files that it names, for example iCalendar files.

    Raises:
        DefinitionError: not YAML, or not a mapping.
    """
    return configuration_of(parse_yaml(text, name), read_text)


def configuration_of(document: Document, read_text: ReadText) -> Configuration:
    """The same of a document that has been parsed already."""
    loaded = load_schedules(document, read_text)
    fatal = [Problem(key, f"there is no section {key!r}", _meant(key)) for key in _unknown(document)]
    fatal += [problem for problem in document.problems if _concerns_all(problem.where)]
    top = _read_top(document, fatal)
    fatal += order_problems(top.order, kinds())
    fatal += _tags_that_are_read(top)
    about_tags = [problem for problem in fatal if problem.where.partition(".")[0] == "tags"]
    fatal = [problem for problem in fatal if problem not in about_tags]
    notify, mistaken = read_notify(document, {*loaded.schedules, *loaded.rejected})
    placed = [document.place(problem) for problem in fatal]
    others = [document.place(problem) for problem in (*mistaken, *about_tags)]
    problems = sorted(
        {*loaded.problems, *placed, *others}, key=lambda p: (p.line or 0, p.column or 0, p.where, p.message)
    )
    return Configuration(
        loaded,
        top.tag,
        top.targets,
        top.guardrails,
        top.order,
        top.windows,
        # A pass can do without them: a mistake here stops no other.
        TagsDefinition() if about_tags else top.tags,
        {name: kind for name, kind in kinds().items() if not top.kinds or name in top.kinds},
        notify,
        tuple(problems),
        tuple(placed),
        team=top.team_tag,
    )


def _unknown(document: Document) -> list[str]:
    return [key for key in document.data if key not in FileDefinition.model_fields]


def _meant(key: str) -> str:
    close = get_close_matches(key, FileDefinition.model_fields, n=1)
    return f"did you mean {close[0]}?" if close else "see `lamp schedules schema`"


def _tags_that_are_read(top: FileDefinition) -> list[Problem]:
    """Written, they would change what the next pass does."""
    read = {top.tag: "the key of the schedule tag", top.guardrails.opt_out_tag: "the opt-out tag"}
    return [
        Problem(f"tags.{where}", f"{key} is {read[key]}, so it is not written", "choose another key")
        for where, key in top.tags.places()
        if key in read
    ]


def _concerns_all(where: str) -> bool:
    """Whether a place lies outside of the single calendars, periods, schedules and rules of messages."""
    section, dot, _ = where.partition(".")
    return not dot or section not in _COMPILED[1:]


def _read_top(document: Document, problems: list[Problem]) -> FileDefinition:
    """The sections that are not compiled one by one; each that is wrong is left at its default."""
    given: dict[str, Any] = {
        key: document.data[key]
        for key in FileDefinition.model_fields
        if key not in _COMPILED and document.data.get(key) is not None
    }
    while True:
        try:
            return FileDefinition.model_validate(given)
        except ValidationError as error:
            problems.extend(validation_problems("", error, FileDefinition))
            bad = {str(issue["loc"][0]) for issue in error.errors() if issue["loc"]}
            if not bad & set(given):
                raise DefinitionError(str(error), problems=tuple(problems)) from error
            given = {key: value for key, value in given.items() if key not in bad}
