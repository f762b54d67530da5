"""Staged files of a bill as a folder that another process can go on with, on another day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lamplighter.billing.sources import Bill
from lamplighter.billing.staging import Staged
from lamplighter.errors import BillError

PIECE: Final = "piece.json"
"""Written last: where it is, the folder is whole."""


def keep(staged: Staged, folder: Path) -> list[Path]:
    """Make the folder that a bill was staged into ready for another process.

    Args:
        staged: as `lamplighter.billing.load.stage` gave it for that folder.
        folder: where everything lies.

    Returns:
        Its files in the order in which they are to be moved elsewhere, `PIECE` at last.
    """
    files = {file: file.relative_to(folder).as_posix() for file in (*staged.files, *staged.unread)}
    said = {
        "sources": [dict(each) for each in staged.sources],
        "files": [files[file] for file in staged.files],
        "unread": [files[file] for file in staged.unread],
        "rows": staged.rows,
        "rejected": dict(staged.rejected),
        "not_charges": staged.not_charges,
        "formats": dict(staged.formats),
        "notes": list(staged.notes),
    }
    (folder / PIECE).write_text(json.dumps(said), encoding="utf-8")
    return [*files, folder / PIECE]


def named(folder: Path) -> list[str]:
    """The paths below a folder that its `PIECE` names.

    Raises:
        BillError: it cannot be read.
    """
    said = _said(folder)
    return [*said["files"], *said["unread"]]


def read_piece(folder: Path, bill: Bill) -> Staged:
    """What `keep` has kept of a bill.

    Raises:
        BillError: it cannot be read.
    """
    said = _said(folder)
    return Staged(
        bill,
        said["sources"],
        [folder / name for name in said["files"]],
        [folder / name for name in said["unread"]],
        said["rows"],
        said["rejected"],
        said["not_charges"],
        said["formats"],
        said["notes"],
    )


def _said(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / PIECE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BillError(
            f"what was staged in {folder.name} cannot be read: {error}", hint="load the bill again"
        ) from error
    if not isinstance(found, dict):
        raise BillError(f"what was staged in {folder.name} is no piece of a bill", hint="load the bill again")
    return found


def merged(pieces: Iterable[Staged]) -> list[Staged]:
    """Pieces of the same bills put together, in their order."""
    bills: dict[Bill, list[Staged]] = {}
    for piece in pieces:
        bills.setdefault(piece.bill, []).append(piece)
    return [_merged(each) for each in bills.values()]


def _merged(pieces: Sequence[Staged]) -> Staged:
    return replace(
        pieces[0],
        sources=[source for each in pieces for source in each.sources],
        files=[file for each in pieces for file in each.files],
        unread=[file for each in pieces for file in each.unread],
        rows=sum(each.rows for each in pieces),
        rejected=_added(each.rejected for each in pieces),
        not_charges=sum(each.not_charges for each in pieces),
        formats=_added(each.formats for each in pieces),
        notes=list(dict.fromkeys(note for each in pieces for note in each.notes)),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in counts:
        for name, count in each.items():
            found[name] = found.get(name, 0) + count
    return found
