"""A lake in S3: months are brought to a local folder, worked on there, and put back.

A month in S3 is its files and `_files.json`, which names those that count. What is put back comes in this order: new
files, then `_files.json`, then old files go. So who reads through here sees the month as it was or as it is, also when
somebody died in between; Athena, which reads folders, may see both for some seconds. One writer at a time: whoever puts
back holds a lease for it (see `lamplighter.lambdas.borrowed`), and readers need none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple, Protocol

from lamplighter.errors import LakeError
from lamplighter.lake.columns import PARTITION

PERMISSIONS: Final = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""IAM actions on the bucket and what is in it; reading needs the first two."""

FILES: Final = "_files.json"
"""Beside the files of a month in S3: which of them count."""


class Objects(Protocol):
    """Calls to S3; `lamplighter.aws.access.TargetSession` is such."""

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call."""
        ...

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        """The items of every page."""
        ...

    def download(self, service: str, operation: str, path: Path, /, **params: Any) -> int:
        """One call whose answer goes into a file."""
        ...


class Address(NamedTuple):
    """Where a lake lies.

    Attributes:
        bucket: its name.
        prefix: what keys begin with, ending with a slash; or empty.
    """

    bucket: str
    prefix: str


class _State(NamedTuple):
    """What tells whether a local file was changed."""

    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Brought:
    """A part of a lake in S3 that is here.

    Attributes:
        address: where it came from.
        folder: where it is.
        periods: months that were asked for; None for all.
        tables: folders that were asked for; None for all.
        remote: paths below the address that lie in S3 and belong to what was asked for, counted or not.
        local: state of each file as it was brought.
    """

    address: Address
    folder: Path
    periods: frozenset[str] | None
    tables: frozenset[str] | None
    remote: frozenset[str]
    local: Mapping[str, _State]


def address_of(text: str) -> Address:
    """Read `s3://bucket/prefix`.

    Raises:
        LakeError: it is no such address.
    """
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not text.startswith("s3://") or not bucket:
        raise LakeError(f"{text!r} is no address of a lake", hint="write s3://bucket/lake")
    prefix = prefix.strip("/")
    return Address(bucket, f"{prefix}/" if prefix else "")


def bring(
    session: Objects,
    address: Address,
    folder: Path,
    *,
    periods: Collection[str] | None = None,
    tables: Collection[str] | None = None,
) -> Brought:
    """Bring months of a lake to an empty folder.

    Args:
        session: calls to S3 in the bucket's region.
        address: of the lake.
        folder: where to; it is made.
        periods: months, YYYY-MM; what belongs to no month comes always. None for all.
        tables: names of tables, or of other folders; None for all.

    Raises:
        AwsError: S3 refuses or does not answer.
        LakeError: a list of files is damaged, or a key is no path.
        OSError: the folder cannot be written.
    """
    chosen = frozenset(periods) if periods is not None else None
    named = frozenset(tables) if tables is not None else None
    remote = frozenset(path for path in _listed(session, address, named) if _wanted(path, chosen, named))
    counted = _counted(session, address, folder, remote)
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(counted):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        session.download("s3", "get_object", target, Bucket=address.bucket, Key=address.prefix + path)
    return Brought(address, folder, chosen, named, remote, _states(folder))


def put_back(session: Objects, brought: Brought) -> list[str]:
    """Put what has changed in the folder back to S3: months as a whole, see above.

    Args:
        session: calls to S3 in the bucket's region.
        brought: as `bring` gave it.

    Returns:
        Paths that were written or taken away, sorted.

    Raises:
        AwsError: S3 refuses or does not answer; putting back again does the rest.
        LakeError: the folder holds months that were not asked for, and would be mixed with those in S3.
    """
    now = _states(brought.folder)
    foreign = [path for path in now if not _wanted(path, brought.periods, brought.tables)]
    if foreign:
        raise LakeError(f"{foreign[0]} was not brought, so it cannot be put back", hint="bring its month too")
    fresh = [path for path, state in now.items() if brought.local.get(path) != state]
    gone = [path for path in brought.remote if path not in now and PurePosixPath(path).name != FILES]
    months = sorted({str(PurePosixPath(path).parent) for path in (*fresh, *gone) if _period(path)})
    for month in months:
        if f"{month}/{FILES}" not in brought.remote:
            # Until all of it is there, what was there before counts, or nothing.
            _list(session, brought.address, month, brought.remote)
    for path in sorted(fresh, key=lambda path: (PurePosixPath(path).name.startswith("_"), path)):
        _put(session, brought.address, path, (brought.folder / path).read_bytes())
    lists = [_list(session, brought.address, month, now) for month in months]
    for path in sorted(gone):
        session.call("s3", "delete_object", Bucket=brought.address.bucket, Key=brought.address.prefix + path)
    return sorted([*fresh, *gone, *lists])


def _list(session: Objects, address: Address, month: str, paths: Iterable[str]) -> str:
    """Write which of some paths make up a month; the path of the list."""
    names = sorted(PurePosixPath(path).name for path in paths if str(PurePosixPath(path).parent) == month)
    _put(session, address, f"{month}/{FILES}", json.dumps({"files": names}).encode())
    return f"{month}/{FILES}"


def _put(session: Objects, address: Address, path: str, content: bytes) -> None:
    session.call("s3", "put_object", Bucket=address.bucket, Key=address.prefix + path, Body=content)


def _listed(session: Objects, address: Address, tables: frozenset[str] | None) -> Iterator[str]:
    prefixes = [address.prefix] if tables is None else [f"{address.prefix}{table}/" for table in sorted(tables)]
    for prefix in prefixes:
        for item in session.pages("s3", "list_objects_v2", "Contents", Bucket=address.bucket, Prefix=prefix):
            path = str(item["Key"]).removeprefix(address.prefix)
            if not path.endswith("/"):
                yield _inside(path)


def _counted(session: Objects, address: Address, folder: Path, remote: frozenset[str]) -> set[str]:
    """The paths that count: all of a folder, unless its list says which."""
    lists = {str(PurePosixPath(path).parent): path for path in remote if PurePosixPath(path).name == FILES}
    named: dict[str, set[str]] = {}
    for parent, path in lists.items():
        named[parent] = {f"{parent}/{name}" for name in _names(session, address, folder, path)}
    found = set()
    for path in remote - set(lists.values()):
        parent = str(PurePosixPath(path).parent)
        if parent not in named or path in named[parent]:
            found.add(path)
    missing = {path for paths in named.values() for path in paths} - found
    if missing:
        raise LakeError(f"{min(missing)} is named by its month, but missing", hint="load the month again")
    return found


def _names(session: Objects, address: Address, folder: Path, path: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / ".files"
    try:
        session.download("s3", "get_object", place, Bucket=address.bucket, Key=address.prefix + path)
        names = [str(name) for name in json.loads(place.read_text(encoding="utf-8"))["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise LakeError(f"{path} is damaged: {error}", hint="load the month again") from error
    finally:
        place.unlink(missing_ok=True)
    return [_inside(name) for name in names]


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts or not path:
        raise LakeError(f"the key {path!r} is no path in a lake", hint="remove the object")
    return path


def _period(path: str) -> str | None:
    """The month that a path belongs to."""
    for part in PurePosixPath(path).parent.parts:
        name, equals, value = part.partition("=")
        if equals and name == PARTITION:
            return value
    return None


def _wanted(path: str, periods: frozenset[str] | None, tables: frozenset[str] | None) -> bool:
    period = _period(path)
    if tables is not None and PurePosixPath(path).parts[0] not in tables:
        return False
    return periods is None or period is None or period in periods


def _states(folder: Path) -> dict[str, _State]:
    """Files below a folder that belong into the lake: no locks, and nothing that is about to be written."""
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            state = path.stat()
            found[inside.as_posix()] = _State(state.st_size, state.st_mtime_ns)
    return found
