"""Definitions in a config table of the AWS Instance Scheduler: `--table NAME`, and `--file dynamodb:NAME` in place."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lamplighter.cli.context import Settings
    from lamplighter.scheduler.settings import Configuration

SCHEME = "dynamodb:"
_HINT = "say --file dynamodb:NAME or --file 'dynamodb:NAME?region=eu-west-1&timezone=Europe/Berlin'"


def is_table(given: Path | None) -> bool:
    """Whether a definition file is the address of a table."""
    return given is not None and str(given).startswith(SCHEME)


def refuse_table(given: Path | None) -> None:
    """For commands that need a file.

    Raises:
        UsageError: it is the address of a table.
    """
    if is_table(given):
        raise UsageError(
            f"{given} is a table, and this command needs a file",
            hint="make one with `lamp schedules import --table NAME --write`",
        )


def read_table(table: str, region: str | None, chosen: Settings) -> list[Mapping[str, object]]:
    """The items of a config table, read with the own credentials.

    Args:
        table: name or ARN.
        region: where it is; None for that of the ARN, or the home region.
        chosen: profile and endpoint; where a command lacks these options, their variables.

    Raises:
        UsageError: there is no region.
        LamplighterError: the table cannot be read, or is another one.
    """
    from lamplighter.aws.access import Aws
    from lamplighter.aws.targets import Target
    from lamplighter.scheduler.config_table import fetch

    profile = chosen.profile or os.environ.get("LAMPLIGHTER_PROFILE")
    url = chosen.endpoint_url or os.environ.get("LAMPLIGHTER_ENDPOINT_URL")
    named = table.split(":")[3] if table.startswith("arn:") and table.count(":") >= 5 else None
    with Aws(profile=profile, region=region or named, endpoint_url=url) as aws:
        if aws.region is None:
            raise UsageError(f"it is not said in which region the table {table} is", hint="set --region or AWS_REGION")
        return [*fetch(aws.session_as(Target("definitions", aws.region), None), table)]


def in_place(given: Path, chosen: Settings) -> Configuration:
    """The configuration that a table comes to: its schedules, and the defaults for everything else.

    Args:
        given: `dynamodb:NAME`, with `region` and `timezone` (the stack's DefaultTimezone, else UTC) as parameters.
        chosen: profile and endpoint.

    Raises:
        UsageError: the address means nothing.
        LamplighterError: the table cannot be read.
    """
    from lamplighter.cli.schedules_import import sections_of, yaml_of
    from lamplighter.scheduler.settings import load_configuration
    from lamplighter.schedules.dialects.instance_scheduler import load_instance_scheduler

    # A path has lost the second of two slashes.
    name, _, query = str(given).removeprefix(SCHEME).lstrip("/").partition("?")
    said = dict(parse_qsl(query))
    if not name or set(said) - {"region", "timezone"}:
        raise UsageError(f"{str(given)!r} is no address of a config table", hint=_HINT)
    zone = _zone(said)
    found = load_instance_scheduler(read_table(name, said.get("region"), chosen), default_timezone=zone)
    text = yaml_of({"timezone": zone}, sections_of(found, None))
    config = load_configuration(text, name=str(given), read_text=_no_files)
    # What the table alone knows of stands beside what the text says; there are no lines to point at.
    problems = tuple(problem for problems in found.errors.values() for problem in problems)
    rejected = {
        problem.where.split(".")[1]: str(problem)
        for problem in reversed(problems)
        if problem.where.startswith("schedules.")
    }
    loaded = replace(config.loaded, rejected={**config.loaded.rejected, **rejected})
    note = f"{len(found.definitions)} schedules and {len(found.periods)} periods as they stand in the table {name}"
    return replace(config, loaded=loaded, problems=(*problems, *config.problems), notes=(*config.notes, note))


def _zone(said: Mapping[str, str]) -> str:
    from lamplighter.schedules.days import GrammarError
    from lamplighter.schedules.zones import find_zone

    try:
        return find_zone(said.get("timezone", "UTC")).key
    except GrammarError as error:
        raise UsageError(f"timezone of --file: {error.message}", hint=error.hint) from error


def _no_files(name: str) -> str:
    raise FileNotFoundError(name)
