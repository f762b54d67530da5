"""A message, and how it is cut where a way of sending has limits."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

CUT: Final = "\n[cut here: {left} more characters]\n"


@dataclass(frozen=True, slots=True)
class Trouble:
    """The one trouble that a message is about, for ways of sending that keep a record of each.

    Attributes:
        key: the same in every message about it.
        over: whether it has ended; then only the key and the reason are known for certain.
        reason: what is wrong, or why it is no longer so; one line.
        hint: what to do; may be empty.
        look: a command that says more; empty if it is over.
        arn: of the resource; empty for what concerns more than a resource.
        account: id; empty for what concerns the whole pass.
        region: the same.
    """

    key: str
    over: bool
    reason: str
    hint: str = ""
    look: str = ""
    arn: str = ""
    account: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent.

    Attributes:
        key: the same for every attempt to send it, so that a way of sending that can will leave out a repetition.
        kind: what it is about: `digest`, `errors`, `upcoming` or `test`.
        at: aware datetime of what it tells about.
        subject: one line.
        text: plain text.
        html: the same as HTML; None if there is none.
        data: the same for programs, JSON.
        trouble: the one thing it is about; None if it is about several.
    """

    key: str
    kind: str
    at: datetime
    subject: str
    text: str
    html: str | None
    data: Mapping[str, object]
    trouble: Trouble | None = None


def one_line(text: str) -> str:
    """The text without line breaks and other control characters, which have no place in a subject or a name."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def ascii_line(text: str, limit: int) -> str:
    """One line of ASCII of at most `limit` characters: accents are dropped, other letters become `?`, a cut is seen."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", one_line(text)) if not unicodedata.combining(char))
    found = plain.replace("\N{EN DASH}", "-").replace("\N{HORIZONTAL ELLIPSIS}", "...").encode("ascii", "replace")
    line = found.decode()
    return line if len(line) <= limit else line[: limit - 3].rstrip() + "..."


def cut_to(text: str, limit: int) -> str:
    """The text in at most `limit` bytes of UTF-8; where it is cut, it says how much is missing."""
    raw = text.encode()
    if len(raw) <= limit:
        return text
    kept = raw[: max(0, limit - len(CUT) - 20)].decode(errors="ignore")
    # At the end of a line, if there is one near.
    end = kept.rfind("\n", max(0, len(kept) - 400))
    kept = kept[:end] if end > 0 else kept
    return kept + CUT.format(left=len(text) - len(kept))
