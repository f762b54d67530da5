"""A bill that arrived, staged in portions: what one call has no time for, the next one goes on with.

A portion is some of the bill's files. What is staged of it needs its text no more, and is kept in the bucket of the
lake until all portions are staged; then totals are proven over all of them and the month is published as a whole. A
bill for which one call suffices is kept nowhere in between. Where it is kept is named after what the bill consists of,
so that calls for the same bill, one after the other or at the same time, go on with each other's work, and those for
another telling begin anew. What is left over is removed by the bucket's lifecycle.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from lamplighter import __version__
from lamplighter.billing.arrived import Arrived, Item, fetch_item, refuse_missing
from lamplighter.billing.load import stage
from lamplighter.billing.pieces import PIECE, keep, named, read_piece
from lamplighter.billing.sources import Bill, bill_of
from lamplighter.billing.staging import Staged
from lamplighter.errors import BillError
from lamplighter.lake.mirror import Address, Objects

STAGING: Final = "staging/"
"""Where portions are kept in the bucket of the lake, beside the lake."""

PERMISSIONS: Final = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""IAM actions on the bucket of the lake and what lies below `STAGING`."""

PORTION: Final = 256 << 20
"""Bytes of files, packed as they are, that are staged at a time; measured, see docs/handlers.md."""

LARGEST: Final = 1536 << 20
"""Bytes of a single file, packed as it is, for which one call suffices."""

_FINISHING: Final = timedelta(minutes=2)
_BEFORE: Final = timedelta(seconds=30)
"""From the last portion until the lake is asked for: the months of what is staged are looked up."""

_RATE: Final = 25 << 20
"""Bytes of staged rows that are fetched, or proven and published, in a second, at least."""

_HASTE: Final = 1.5
"""How many times as slow as the slowest portion so far the next one may be."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the staging of a bill has come.

    Attributes:
        staged: all of it; None if there was no time for that, and the next call is to go on.
        done: portions that are staged.
        of: portions of the bill.
        kept: whether some are kept in the bucket.
        finishing: time that proving and publishing takes, when everything is here and the months are known.
        fresh: portions of `staged` that are kept nowhere, by number.
    """

    staged: Sequence[Staged] | None
    done: int
    of: int
    kept: bool
    finishing: timedelta
    fresh: Mapping[int, Staged] = field(default_factory=dict)


def portions(items: Iterable[Item], most: int = PORTION) -> list[tuple[Item, ...]]:
    """Files of a bill that are staged together: as many as come to `most` bytes, or one."""
    cut: list[list[Item]] = []
    size = 0
    for item in items:
        if not cut or size + item.size > most:
            cut.append([])
            size = 0
        cut[-1].append(item)
        size += item.size
    return [tuple(each) for each in cut]


def place_of(arrived: Arrived, lake: Address) -> Address:
    """Where portions of a bill are kept: the same for the same files, read by the same version of this code."""
    version = arrived.bill.version
    what = [__version__, arrived.bucket, version.report, version.assembly, str(arrived.bill.period)]
    what += [f"{item.key} {item.etag}" for item in arrived.items]
    digest = hashlib.sha256("\n".join(what).encode()).hexdigest()[:24]
    return Address(lake.bucket, f"{STAGING}{digest}/")


def stage_arrived(
    session: Objects, arrived: Arrived, folder: Path, place: Address, left: Callable[[], timedelta]
) -> Progress:
    """Stage what is not staged yet, as far as time allows.

    Args:
        session: calls to S3.
        arrived: the bill.
        folder: an empty folder on the disk of the lake that it will be published in.
        place: `place_of` the bill.
        left: how much time there still is.

    Raises:
        BillError: a file is not there or cannot be read, or the bill is too large for the disk or the time of one call.
        Overtaken: a file was overwritten.
        AwsError: S3 refuses or does not answer.
        LakeError: the disk is full.
    """
    refuse_missing(arrived)
    cut = portions(arrived.items)
    _refuse_large(arrived, cut, folder)
    there = _kept(session, place)
    here: dict[int, Staged] = {}
    slowest, read = 0.0, 0
    for number in (number for number in range(len(cut)) if number not in there):
        size = sum(item.size for item in cut[number])
        if here and left() < timedelta(seconds=size * slowest * _HASTE) + _needed(_size(here.values()), there):
            break
        before = left()
        here[number] = _stage(session, arrived, cut[number], folder, number)
        read += size
        slowest = max(slowest, (before - left()) / timedelta(seconds=1) / max(1, size))
        _refuse_growth(arrived, _size(here.values()), read, folder)
    size, done = _size(here.values()), len(here) + len(there)
    finishing, needed = _finishing(size, there), _needed(size, there)
    whole = done == len(cut) and left() >= needed
    if not whole and not here:
        raise _too_large(arrived, f"publishing it takes {needed.total_seconds():.0f} s")
    if not whole:
        keep_fresh(session, place, folder, here)
        return Progress(None, done, len(cut), True, finishing)
    need, free = _size_there(there), shutil.disk_usage(folder).free
    if need > free:
        raise _too_large(arrived, f"what is staged of it takes {need:,} bytes, and {free:,} are free on the disk")
    pieces = [here.get(number) or _fetch(session, place, number, folder, arrived.bill) for number in range(len(cut))]
    return Progress(pieces, done, len(cut), bool(there), finishing, here)


def keep_fresh(session: Objects, place: Address, folder: Path, fresh: Mapping[int, Staged]) -> None:
    """Keep portions for the next call.

    Args:
        session: calls to S3.
        place: `place_of` the bill.
        folder: that they were staged in.
        fresh: portions, by number.

    Raises:
        AwsError: S3 refuses or does not answer.
    """
    for number, staged in fresh.items():
        _put(session, place, number, keep(staged, _folder(folder, number)))


def clear(session: Objects, place: Address) -> None:
    """Remove what is kept of a bill.

    Raises:
        AwsError: S3 refuses or does not answer.
    """
    for each in list(session.pages("s3", "list_objects_v2", "Contents", Bucket=place.bucket, Prefix=place.prefix)):
        session.call("s3", "delete_object", Bucket=place.bucket, Key=each["Key"])


def _stage(session: Objects, arrived: Arrived, items: Sequence[Item], folder: Path, number: int) -> Staged:
    texts = folder / f"text-{number}"
    texts.mkdir()
    try:
        files = [fetch_item(session, arrived.bucket, item, texts) for item in items]
        return stage(bill_of(files, texts, arrived.bill), _folder(folder, number))
    finally:
        shutil.rmtree(texts, ignore_errors=True)


def _folder(folder: Path, number: int) -> Path:
    return folder / f"{number:05}"


def _size(staged: Iterable[Staged]) -> int:
    return sum(path.stat().st_size for each in staged for path in each.files)


def _finishing(here: int, there: Mapping[int, Mapping[str, int]]) -> timedelta:
    return _FINISHING + timedelta(seconds=(here + _size_there(there)) / _RATE)


def _needed(here: int, there: Mapping[int, Mapping[str, int]]) -> timedelta:
    """What must be left to begin with the end: what is kept is fetched, and then there must still be time to finish."""
    return _BEFORE + timedelta(seconds=_size_there(there) / _RATE) + _finishing(here, there)


def _size_there(there: Mapping[int, Mapping[str, int]]) -> int:
    return sum(sum(sizes.values()) for sizes in there.values())


def _kept(session: Objects, place: Address) -> dict[int, dict[str, int]]:
    """Portions that are kept as a whole: sizes of their files."""
    found: dict[int, dict[str, int]] = {}
    for each in session.pages("s3", "list_objects_v2", "Contents", Bucket=place.bucket, Prefix=place.prefix):
        number, _, name = str(each["Key"]).removeprefix(place.prefix).partition("/")
        if number.isdecimal():
            found.setdefault(int(number), {})[name] = int(each.get("Size", 0))
    return {number: sizes for number, sizes in found.items() if PIECE in sizes}


def _put(session: Objects, place: Address, number: int, paths: Sequence[Path]) -> None:
    """In the order of the paths: the last one says that all of them are there."""
    folder = paths[-1].parent
    for path in paths:
        key = f"{place.prefix}{number:05}/{path.relative_to(folder).as_posix()}"
        session.call("s3", "put_object", Bucket=place.bucket, Key=key, Body=path.read_bytes())


def _fetch(session: Objects, place: Address, number: int, folder: Path, bill: Bill) -> Staged:
    piece = _folder(folder, number)
    piece.mkdir()
    for name in (PIECE, None):
        for each in [name] if name else named(piece):
            path = piece / each
            path.parent.mkdir(parents=True, exist_ok=True)
            key = f"{place.prefix}{number:05}/{each}"
            session.download("s3", "get_object", path, Bucket=place.bucket, Key=key)
    return read_piece(piece, bill)


def _refuse_large(arrived: Arrived, cut: Sequence[Sequence[Item]], folder: Path) -> None:
    """What cannot be is refused before anything is fetched."""
    largest = max(arrived.items, key=lambda item: item.size)
    if largest.size > LARGEST:
        raise _too_large(
            arrived, f"{largest.key} has {largest.size:,} bytes, and a call can read {LARGEST:,} of a file"
        )
    most, free = max(sum(item.size for item in items) for items in cut), shutil.disk_usage(folder).free
    if most > free:
        raise _too_large(arrived, f"{most:,} bytes of it are read at a time, and {free:,} are free on the disk")


def _refuse_growth(arrived: Arrived, staged: int, read: int, folder: Path) -> None:
    """What is staged so far tells what all of it will take."""
    need, room = staged * arrived.size // max(1, read), shutil.disk_usage(folder).free + staged
    if need > room:
        raise _too_large(arrived, f"its months take about {need:,} bytes, and the disk has room for {room:,}")


def _too_large(arrived: Arrived, why: str) -> BillError:
    folder = arrived.items[0].key.rpartition("/")[0]
    return BillError(
        f"the bill ({arrived.size:,} bytes in {len(arrived.items)} files) is too large for this function: {why}",
        hint=f"load it on a machine: lamp bill load s3://{arrived.bucket}/{folder}/, see docs/runbook.md",
    )
