"""Texts of tags, pure: keys, templates with placeholders, and values that every service takes.

RDS allows the least: letters, digits, blanks and `_.:/=+-@` (RDS User Guide, "Tagging Amazon RDS resources"). The same
holds here for every kind, so that a tag reads the same wherever it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Final

LONGEST_KEY: Final = 128
LONGEST_VALUE: Final = 256
MOST_TAGS: Final = 50
"""Tags of a user on one resource; those whose key begins with `aws:` do not count."""

PLACEHOLDERS: Final = (
    "scheduler",
    "schedule",
    "state",
    "reason",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "timezone",
)

OWN: Final = "lamplighter:"
WRITTEN: Final = tuple(f"{OWN}{name}" for name in ("last-action", "error", "error-message", "first-seen"))
"""Keys with our prefix that are written; all others are read."""

_READ: Final = ("Name", "IS-MinDesiredMax", "IS-PreferredInstanceTypes")
_RESERVED: Final = ("aws:", "rds:")
_BESIDE_LETTERS: Final = frozenset("_.:/=+-@ ")
_ALLOWED: Final = f"letters, digits, blanks and {''.join(sorted(_BESIDE_LETTERS - {' '}))}"
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def allowed(character: str) -> bool:
    """Whether a tag may hold the character, whatever the service."""
    return character in _BESIDE_LETTERS or unicodedata.category(character)[0] in "LN"


def check_key(key: str) -> str:
    """The key, if tags may be written under it.

    Raises:
        ValueError: AWS does not allow it, or Lamplighter reads the tag.
    """
    _check_characters(key, "a tag key")
    if key.lower().startswith(_RESERVED):
        raise ValueError(f"keys that begin with {key[:4]} are reserved for AWS; choose another")
    if key in _READ:
        raise ValueError(f"the tag {key} is read, so it is not written; choose another key")
    if key.startswith(OWN) and key not in WRITTEN:
        raise ValueError(f"of the keys that begin with {OWN} only these are written: {', '.join(WRITTEN)}")
    return key


def check_template(template: str) -> str:
    """The template, if it can be filled in.

    Raises:
        ValueError: a placeholder is not known, or a character cannot stand in a tag.
    """
    for name in _PLACEHOLDER.findall(template):
        if name not in PLACEHOLDERS:
            close = get_close_matches(name, PLACEHOLDERS, n=1)
            known = f"did you mean {{{close[0]}}}?" if close else "known: " + " ".join(f"{{{p}}}" for p in PLACEHOLDERS)
            raise ValueError(f"there is no placeholder {{{name}}}; {known}")
    _check_characters(_PLACEHOLDER.sub("", template), "a tag value")
    return template


def _check_characters(text: str, what: str) -> None:
    wrong = next((character for character in text if not allowed(character)), None)
    if wrong is not None:
        raise ValueError(f"{what} cannot hold {wrong!r}; it may hold {_ALLOWED}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """The value of a tag: placeholders replaced, then made fit by `fit`."""
    return fit(_PLACEHOLDER.sub(lambda found: values[found[1]], template))


def times(at: datetime) -> dict[str, str]:
    """Values of the placeholders of time.

    Args:
        at: aware datetime in the zone that is to be shown; its zone has an IANA name.
    """
    return {
        "year": f"{at.year:04}",
        "month": f"{at.month:02}",
        "day": f"{at.day:02}",
        "hour": f"{at.hour:02}",
        "minute": f"{at.minute:02}",
        "timezone": str(at.tzinfo),
    }


def fit(text: str) -> str:
    """A text as the value of a tag: a blank for what tags cannot hold, cut at 256 characters, never empty.

    The tag of a value that is fit already is not changed by it.
    """
    words = "".join(character if allowed(character) else " " for character in text).split()
    value = " ".join(words)[:LONGEST_VALUE].strip()
    while value.lower().startswith(_RESERVED):
        value = value[len(_RESERVED[0]) :].strip()
    return value or "-"
