"""Editing lamplighter.yaml as text, so that comments, order and spelling of everything else stay.

After every edit the new text is read again: it must say what the old one said but for the one entry, and
have no problem that the old one did not have. Else nothing is edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamplighter.errors import DefinitionError, UsageError
from lamplighter.schedules import splicing
from lamplighter.schedules.calendars import ReadText
from lamplighter.schedules.loading import load_schedules
from lamplighter.schedules.source import Document, parse_yaml
from lamplighter.schedules.splicing import Fields

NEW_FILE = "version: 1\n"
"""What a new file begins with."""


def add_entries(text: str, section: str, members: Mapping[str, Fields], *, file: str, read_text: ReadText) -> str:
    """The text with more entries in a section.

    Args:
        text: the file's text; one that holds nothing gets `version: 1` first.
        section: `periods`, `schedules` or `calendars`.
        members: fields of the new entries by name, as they stand in YAML: texts, booleans, lists of texts.
        file: name of the file, for messages.
        read_text: gives the text of files that the definitions name.

    Raises:
        UsageError: there is an entry of such a name, or the text is written in a way that cannot be edited.
        DefinitionError: the text is not YAML, or would no longer be valid.
    """
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        text = text + (splicing.line_break(text) if text and not text.endswith("\n") else "") + NEW_FILE
    known = entries(parse_yaml(text, file), section)
    for name in members:
        if name in known:
            raise UsageError(f"there is a {_one(section)} {name!r} already in {file}", hint="change it with update")
    return _checked(text, splicing.insert(text, section, members), section, members, file, read_text)


def replace_entry(text: str, section: str, name: str, fields: Fields, *, file: str, read_text: ReadText) -> str:
    """The text with an entry written anew: what `fields` does not name is gone, comments inside of it too.

    Raises:
        UsageError: there is no such entry, or it is written in a way that cannot be edited.
        DefinitionError: the text is not YAML, or would no longer be valid.
    """
    parse_yaml(text, file)
    place = splicing.find(text, section, name, with_section=False)
    if place is None:
        raise UsageError(f"there is no {_one(section)} {name!r} in {file}", hint="make it with create")
    if place.flow:
        edited = splicing.insert(splicing.cut(text, place), section, {name: fields})
    else:
        edited = splicing.replace(text, place, name, fields)
    return _checked(text, edited, section, {name: fields}, file, read_text)


def remove_entry(text: str, section: str, name: str, *, file: str, read_text: ReadText) -> str:
    """The text without an entry; a section that holds nothing else goes with it. Comments above it stay.

    Raises:
        UsageError: there is no such entry, it is written in a way that cannot be edited, or it is a period that
            schedules use.
        DefinitionError: the text is not YAML.
    """
    document = parse_yaml(text, file)
    place = splicing.find(text, section, name, with_section=True)
    if place is None:
        raise UsageError(f"there is no {_one(section)} {name!r} in {file}")
    users = users_of_period(document, name) if section == "periods" else []
    if users:
        raise UsageError(
            f"period {name!r} is in use by {', '.join(users)}", hint="take it out of these schedules first"
        )
    return _checked(text, splicing.cut(text, place), section, {name: None}, file, read_text)


def users_of_period(document: Document, name: str) -> list[str]:
    """Names of the schedules that list a period, with or without an instance type."""
    found = []
    for schedule, fields in entries(document, "schedules").items():
        given = fields.get("periods") if isinstance(fields, Mapping) else None
        listed: Sequence[object] = given if isinstance(given, list) else [given]
        if any(str(one).partition("@")[0] == name for one in listed if one is not None):
            found.append(schedule)
    return found


def entries(document: Document, section: str) -> Mapping[str, object]:
    """What stands in a section, by name; nothing if it is no mapping."""
    value = document.data.get(section)
    return value if isinstance(value, Mapping) else {}


def _checked(
    before: str, after: str, section: str, changes: Mapping[str, Fields | None], file: str, read_text: ReadText
) -> str:
    """`after`, once it is certain that it says what was meant and that nothing is wrong that was right before."""
    old = parse_yaml(before, file)
    wanted = {
        **{key: value for key, value in entries(old, section).items() if key not in changes},
        **{key: dict(fields) for key, fields in changes.items() if fields is not None},
    }
    try:
        new = parse_yaml(after, file)
    except DefinitionError:
        new = None
    if new is None or entries(new, section) != wanted or _others(new, section) != _others(old, section):
        raise UsageError(
            f"{file} is written in a way in which {_one(section)} {', '.join(changes)} cannot be edited",
            hint="edit the file by hand",
        )
    known = {(problem.where, problem.message) for problem in load_schedules(old, read_text).problems}
    found = load_schedules(new, read_text).problems
    fresh = tuple(problem for problem in found if (problem.where, problem.message) not in known)
    if fresh:
        raise DefinitionError(f"{file} would no longer be valid; it stays as it is", problems=fresh)
    return after


def _others(document: Document, section: str) -> Mapping[str, object]:
    return {key: value for key, value in document.data.items() if key != section}


def _one(section: str) -> str:
    return section.removesuffix("s")
