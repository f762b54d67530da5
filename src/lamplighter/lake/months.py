"""Months of a table as folders of Parquet, each replaced as a whole: `<lake>/<table>/billing_period=YYYY-MM/*.parquet`.

A month is written beside the old one and takes its place by renaming. Whoever dies in between leaves either the old
month or the new one: `recover` puts back an old one that was moved away. One load at a time per lake (`loading`);
readers need no lock: a query that loses its files to a replacement is asked again (see `lamplighter.lake.ledger`).

Names that begin with `_` or `.` are passed over by every engine. `_load.json` tells what a month was made of. In S3,
and in a copy of a lake from there, `_files.json` says which files of a month count (see `lamplighter.lake.mirror`):
others were left by somebody who died, or are about to count.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from lamplighter.errors import LakeError
from lamplighter.lake.columns import PARTITION

CHARGES: Final = "charges"
QUARANTINE: Final = "quarantine"
"""Folder of rows that could not be read; it knows no months."""

RECORD: Final = "_load.json"
FILES: Final = "_files.json"
_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_NEW, _OLD = ".new-", ".old-"


@contextmanager
def loading(lake: Path) -> Iterator[None]:
    """Hold the lake for a load, and tidy up what a load that died has left.

    Raises:
        LakeError: another load is at work, or the folder cannot be written.
    """
    try:
        lake.mkdir(parents=True, exist_ok=True)
        handle = (lake / ".loading").open("w")
    except OSError as error:
        raise LakeError(f"{lake} cannot be written: {error.strerror or error}", hint="check the path") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LakeError(f"another load is at work in {lake}", hint="wait until it has finished") from error
        for table in sorted(path for path in lake.iterdir() if path.is_dir()):
            recover(table)
            for left in table.glob(f"{_NEW}*"):
                shutil.rmtree(left)
        yield


def recover(table: Path) -> None:
    """Put back months that were moved away by a replacement that died, and remove those that were replaced."""
    for old in sorted(table.glob(f"{_OLD}*")):
        live = table / f"{PARTITION}={old.name.removeprefix(_OLD)}"
        if live.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            # Another reader may have put it back already.
            with suppress(FileNotFoundError):
                old.rename(live)


def stage(lake: Path, table: str, period: str) -> Path:
    """A new empty folder for a month; `publish` puts it in place, and a load that dies leaves it to the next.

    Raises:
        ValueError: the period is not YYYY-MM.
    """
    if not _PERIOD.fullmatch(period):
        raise ValueError(f"{period!r} is not a month; write YYYY-MM")
    staged = lake / table / f"{_NEW}{period}-{uuid4().hex[:12]}"
    staged.mkdir(parents=True)
    return staged


def publish(lake: Path, table: str, period: str, staged: Path, record: Mapping[str, Any]) -> None:
    """Let a staged month take the place of the month, with all its files on disk before.

    Args:
        lake: the lake's folder.
        table: for example `charges`.
        period: YYYY-MM.
        staged: what `stage` gave, now full.
        record: what the month was made of, as JSON; read again by `record_of`.
    """
    (staged / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True), encoding="utf-8")
    for path in (*staged.iterdir(), staged):
        to_disk(path)
    folder = lake / table
    live, old = folder / f"{PARTITION}={period}", folder / f"{_OLD}{period}"
    if old.exists():
        recover(folder)
    while True:
        if live.exists():
            live.rename(old)
        try:
            staged.rename(live)
            break
        except OSError:
            # A reader took the month for one whose replacement had died, and put the old one back.
            if not live.exists():
                raise
    to_disk(folder)
    shutil.rmtree(old, ignore_errors=True)


def periods(lake: Path, table: str) -> list[str]:
    """The months of a table, sorted."""
    folder = lake / table
    if not folder.is_dir():
        return []
    if any(folder.glob(f"{_OLD}*")):
        recover(folder)
    prefix = f"{PARTITION}="
    return sorted(path.name.removeprefix(prefix) for path in folder.glob(f"{prefix}*") if path.is_dir())


def files(lake: Path, table: str, period: str | None = None) -> list[Path]:
    """The Parquet files of one month or of all, sorted."""
    chosen = periods(lake, table) if period is None else [period]
    return [path for each in chosen for path in _parts(lake / table / f"{PARTITION}={each}")]


def _parts(folder: Path) -> list[Path]:
    found = _counted(folder)
    if not found and folder.parent.is_dir():
        # It may be in the middle of its replacement.
        recover(folder.parent)
        found = _counted(folder)
    return found


def _counted(folder: Path) -> list[Path]:
    found, said = sorted(folder.glob("*.parquet")), _said(folder)
    if said is None:
        return found
    names = {name for name in said["files"] if name.endswith(".parquet")}
    missing = names - {path.name for path in found}
    # Read again: it may have been replaced in between.
    if missing and _said(folder) == said:
        raise LakeError(f"{folder / min(missing)} is named by its month, but missing", hint="copy the lake again")
    return [path for path in found if path.name in names]


def _said(folder: Path) -> dict[str, Any] | None:
    """What `_files.json` says of a month; None where there is none."""
    try:
        found = json.loads((folder / FILES).read_text(encoding="utf-8"))
        if all(isinstance(name, str) for name in found["files"]) and isinstance(found.get("records", {}), dict):
            return dict(found)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LakeError(f"{folder / FILES} is damaged: {error}", hint="copy the lake again") from error
    raise LakeError(f"{folder / FILES} is damaged", hint="copy the lake again")


def count_in(folder: Path, name: str) -> None:
    """Let a file that was added to a month count, where something says which ones do.

    Raises:
        LakeError: what says so is damaged.
    """
    if not (folder / FILES).exists():
        return
    with (folder.parent / ".listing").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        said = _said(folder)
        if said is not None:
            fresh = folder / f".{FILES}"
            fresh.write_text(json.dumps({**said, "files": sorted({*said["files"], name})}), encoding="utf-8")
            fresh.rename(folder / FILES)


def record_of(lake: Path, table: str, period: str) -> Mapping[str, Any] | None:
    """What a month was made of, as `publish` was told; None if there is no such month or it has no record.

    Raises:
        LakeError: the record is damaged, or what says which files count.
    """
    path = lake / table / f"{PARTITION}={period}" / RECORD
    said = _said(path.parent) or {}
    try:
        found = json.loads(said.get("records", {}).get(RECORD) or path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LakeError(f"{path} is damaged: {error}", hint="load the month again") from error
    if not isinstance(found, dict):
        raise LakeError(f"{path} is damaged: it is no mapping", hint="load the month again")
    return found


def to_disk(path: Path) -> None:
    """Have a file or folder on disk, whatever happens to the machine."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
