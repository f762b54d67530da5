"""Messages into a file, or to standard error."""

from __future__ import annotations

import json
import os
import sys

from lamplighter.errors import SendError
from lamplighter.notify.message import Message
from lamplighter.notify.sender import Means, Sender

_LINES = (".jsonl", ".ndjson", ".json")


class File(Sender):
    """A file that grows: a line of JSON a message if its name says so, otherwise text."""

    name = "file"
    schemes = ("file",)
    title = "file"
    why = "Needs nothing: for trying out, for a log collector, and for cron, which mails what comes to standard error."
    source = "https://jsonlines.org/"
    address = "file: and a path (.jsonl for a line of JSON a message), relative to the definition file; - for stderr"
    example = "file:messages.jsonl"
    permissions = ()
    since = "0.1.0"

    def check(self, to: str) -> None:
        """Look at an address."""
        path = to.removeprefix("file:")
        if not path.strip() or not path.isprintable() or path.startswith("//"):
            raise ValueError(f"{to!r} names no file; write {self.example}, or file:- for standard error")

    def send(self, to: str, message: Message, means: Means) -> str:
        """Append, in one write."""
        path = to.removeprefix("file:")
        if path == "-":
            sys.stderr.write(_text(message))
            return ""
        place = means.folder / path
        text = _line(message) if place.suffix in _LINES else _text(message)
        try:
            handle = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                # Two processes may append at once: a message must not be broken by another.
                os.write(handle, text.encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise SendError(f"{place} cannot be written: {error.strerror}", hint="the folder must exist") from error
        return ""


def _line(message: Message) -> str:
    content = {
        "key": message.key,
        "kind": message.kind,
        "at": message.at.isoformat(),
        "subject": message.subject,
        "text": message.text,
        "data": message.data,
    }
    return json.dumps(content, ensure_ascii=False, default=str) + "\n"


def _text(message: Message) -> str:
    return f"{message.at.isoformat(timespec='seconds')} {message.subject}\n\n{message.text.rstrip()}\n\n"
