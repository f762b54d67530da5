"""Changing the definition file: read, edit, put in place at once or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from lamplighter.cli.config_table import refuse_table
from lamplighter.cli.context import FILE_NAME, find_definitions, read_text
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel


def file_to_edit(given: Path | None) -> Path:
    """The definition file to change: the one given, made if it is missing; the one there is; or ./lamplighter.yaml.

    Raises:
        UsageError: a table is given.
    """
    refuse_table(given)
    if given is not None:
        return given
    return find_definitions(None) or Path(FILE_NAME)


def edit(path: Path, change: Callable[[str], str]) -> bool:
    """Replace the file's text by what `change` makes of it, in one step.

    Returns:
        Whether anything changed.

    Raises:
        UsageError: it cannot be read or written.
        LamplighterError: somebody else changed it meanwhile, or what `change` raises; the file stays as it is.
    """
    place = path.resolve()
    before = read_text(place) if place.exists() else ""
    after = change(before)
    if after == before:
        return False
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("wb", dir=place.parent, prefix=f".{place.name}.", delete=False) as new:
            _fill(Path(new.name), place, after.encode(), before)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _fill(new: Path, place: Path, content: bytes, before: str) -> None:
    try:
        with new.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.chmod(place.stat().st_mode & 0o7777 if place.exists() else 0o644)
        _refuse_if_changed(place, before)
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _refuse_if_changed(place: Path, before: str) -> None:
    if (read_text(place) if place.exists() else "") != before:
        raise LamplighterError(f"{place} was changed by somebody else meanwhile", hint="repeat the command")


def fields_of(definition: BaseModel) -> dict[str, object]:
    """What differs from the defaults, as it stands in YAML; lists of one as a text."""
    given: dict[str, object] = definition.model_dump(exclude_defaults=True)
    return {name: _short(value) for name, value in given.items()}


def _short(value: object) -> object:
    if isinstance(value, (tuple, list)):
        return value[0] if len(value) == 1 else list(value)
    return value
