"""Records as CSV (RFC 4180), for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection")."""

Record = Mapping[str, object]
Plain = Callable[[object], object]


def csv_text(records: Sequence[Record], plain: Plain) -> str:
    """A header line and a line for each record, CRLF at their ends; nothing at all without records.

    What is nested is laid flat: `{"cost": {"USD": 1}}` is a column `cost_USD`, a list of texts is one text. What is not
    known is an empty cell. A text that a spreadsheet would take for a formula gets an apostrophe in front; numbers do
    not, so that they stay numbers.

    Args:
        records: one mapping for each line; a key that only some have is empty for the others.
        plain: makes a text of a value that is neither text nor number: a time, a decimal.
    """
    if not records:
        return ""
    parts: dict[str, dict[str, None]] = {}
    for record in records:
        for key, value in record.items():
            parts.setdefault(key, {}).update(dict.fromkeys(value) if isinstance(value, Mapping) else {})
    names = [name for key, inner in parts.items() for name in ([f"{key}_{part}" for part in inner] or [key])]
    rows = [_flat(record, parts) for record in records]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_harmless(name) for name in names])
    writer.writerows([_cell(row.get(name), plain) for name in names] for row in rows)
    return out.getvalue()


def _flat(record: Record, parts: Mapping[str, Mapping[str, None]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            found.update({f"{key}_{name}": part for name, part in value.items()})
        elif not parts[key]:
            found[key] = value
    return found


def _cell(value: object, plain: Plain) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _harmless(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return _harmless(" | ".join(value))
    if isinstance(value, (list, tuple, Mapping)):
        return json.dumps(value, ensure_ascii=False, default=plain)
    return plain(value)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
