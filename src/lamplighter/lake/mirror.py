"""A lake in S3: months are brought to a local folder, worked on there, and put back.

A month in S3 is its files and `_files.json`, which names those that count and holds the month's records (`_load.json`)
as well. What is put back comes in this order: new files, then records as files of their own, then `_files.json`, then
old files go. So one write makes the month another one, data and record together: who reads through here sees the month
as it was or as it is, also when somebody died in between; Athena, which reads folders, may see both for some seconds.
One writer at a time: whoever puts back holds a lease for it (see `lamplighter.lambdas.borrowed`), and readers need
none: what is taken away while they read is looked for again.

`quarantine/` is only added to: what lies there is not brought, however much it is, and what is new there is put back.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, Protocol

from lamplighter.errors import LakeError, NoRoom, NotFound
from lamplighter.lake.mirror_paths import inside, is_record, period_of, wanted, write_only
from lamplighter.lake.months import FILES

PERMISSIONS: Final = ("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""IAM actions on the bucket and what is in it; reading needs the first two."""

_ATTEMPTS: Final = 3
_SPARE: Final = 64 << 20
"""Bytes of the disk that are left alone."""


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
        counted: those of them that count.
        listed: months whose list says all of that, records included.
        records: texts of records as they were brought, by path.
        local: state of each file as it was brought.
    """

    address: Address
    folder: Path
    periods: frozenset[str] | None
    tables: frozenset[str] | None
    remote: frozenset[str]
    counted: frozenset[str]
    listed: frozenset[str]
    records: Mapping[str, str]
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


class _List(NamedTuple):
    """What `_files.json` says of a month.

    Attributes:
        paths: that count.
        records: texts of records, by path.
    """

    paths: frozenset[str]
    records: Mapping[str, str]


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
        periods: months, YYYY-MM; what belongs to no month comes always, but for `quarantine/`. None for all.
        tables: names of tables, or of other folders, which is where `put_back` may write; None for all.

    Raises:
        AwsError: S3 refuses or does not answer.
        LakeError: a list of files is damaged, or a key is no path.
        NoRoom: the disk has no room for it; nothing was fetched.
        OSError: the folder cannot be written.
    """
    chosen = frozenset(periods) if periods is not None else None
    named = frozenset(tables) if tables is not None else None
    folder.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _ATTEMPTS + 1):
        sizes = {path: size for path, size in _listed(session, address, named) if wanted(path, chosen, named)}
        try:
            lists = _lists(session, address, frozenset(sizes))
            counted = _counted(frozenset(sizes), lists)
            stale = _fetch(session, address, folder, {path: sizes[path] for path in counted}, lists)
            break
        except NotFound:
            # The month was replaced after it had been listed.
            if attempt == _ATTEMPTS:
                raise
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    states = {path: state for path, state in _states(folder).items() if path not in stale}
    records = {path: (folder / path).read_text(encoding="utf-8") for path in _states(folder) if is_record(path)}
    listed = {
        month
        for month, each in lists.items()
        if {path for path in records if str(PurePosixPath(path).parent) == month} == set(each.records)
    }
    remote, said = frozenset(sizes), frozenset(listed)
    return Brought(address, folder, chosen, named, remote, frozenset(counted), said, records, states)


def _fetch(
    session: Objects, address: Address, folder: Path, sizes: Mapping[str, int], lists: Mapping[str, _List]
) -> set[str]:
    """Fetch what counts; the paths of records that are not in S3 as the list of their month has them."""
    need, free = sum(sizes.values()), shutil.disk_usage(folder).free - _SPARE
    if need > free:
        raise NoRoom(
            f"the lake's months take {need:,} bytes, and {max(0, free):,} are free on the disk of {folder}",
            hint="give the function more disk (EphemeralStorage), or work on a copy of the lake",
        )
    for path in sorted(sizes):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        session.download("s3", "get_object", target, Bucket=address.bucket, Key=address.prefix + path)
    stale = set()
    for path, text in ((path, text) for each in lists.values() for path, text in each.records.items()):
        target = folder / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            stale.add(path)
    return stale


def peek(session: Objects, address: Address, path: str) -> Mapping[str, Any] | None:
    """The record of a month as it is now, without bringing anything; None if there is none that can be read.

    Args:
        session: calls to S3 in the bucket's region.
        address: of the lake.
        path: for example `charges/billing_period=2026-10/_load.json`.

    Raises:
        AwsError: S3 refuses or does not answer.
    """
    month = PurePosixPath(path).parent.as_posix()
    try:
        listed = json.loads(_text(session, address, f"{month}/{FILES}"))
        text = listed["records"][PurePosixPath(path).name]
    except (NotFound, ValueError, KeyError, TypeError):
        text = None
    try:
        found = json.loads(_text(session, address, path) if text is None else text)
    except (NotFound, ValueError):
        return None
    return found if isinstance(found, dict) else None


def left_over(session: Objects, address: Address, month: str) -> bool:
    """Whether files lie in a month that do not count: somebody died while putting it back.

    The next `put_back` of the month takes them away; until then Athena sees them.

    Args:
        session: calls to S3 in the bucket's region.
        address: of the lake.
        month: for example `charges/billing_period=2026-10`.

    Raises:
        AwsError: S3 refuses or does not answer.
        LakeError: the list of its files is damaged.
    """
    listed = session.pages(
        "s3", "list_objects_v2", "Contents", Bucket=address.bucket, Prefix=f"{address.prefix}{month}/"
    )
    paths = frozenset(str(item["Key"]).removeprefix(address.prefix) for item in listed)
    lists = _lists(session, address, paths)
    return any(paths - {f"{month}/{FILES}"} - each.paths for each in lists.values())


def put_back(session: Objects, brought: Brought, still: Callable[[], None] = lambda: None) -> list[str]:
    """Put what has changed in the folder back to S3: months as a whole, see above.

    Args:
        session: calls to S3 in the bucket's region.
        brought: as `bring` gave it.
        still: asked before every write whether it may be done; what it raises ends the work there.

    Returns:
        Paths that were written or taken away, sorted.

    Raises:
        AwsError: S3 refuses or does not answer; putting back again does the rest.
        LakeError: the folder holds months that were not asked for, and would be mixed with those in S3.
    """
    now = _states(brought.folder)
    foreign = [path for path in now if not wanted(path, brought.periods, brought.tables)]
    if foreign:
        raise LakeError(f"{foreign[0]} was not brought, so it cannot be put back", hint="bring its month too")
    fresh = [path for path, state in now.items() if brought.local.get(path) != state]
    gone = [path for path in brought.remote if path not in now and PurePosixPath(path).name != FILES]
    months = sorted({str(PurePosixPath(path).parent) for path in (*fresh, *gone) if period_of(path)})
    put = _Writer(session, brought, still)
    for month in sorted(set(months) - brought.listed):
        # Until all of it is there, what was there before counts, or nothing.
        put.list(month, brought.counted, brought.records)
    for path in sorted(fresh, key=lambda path: (is_record(path), path)):
        put.file(path)
    records = {path: (brought.folder / path).read_text(encoding="utf-8") for path in now if is_record(path)}
    for month in months:
        put.list(month, now, records)
    for path in sorted(gone):
        put.delete(path)
    return sorted([*fresh, *gone, *(f"{month}/{FILES}" for month in months)])


class _Writer:
    """Writes to S3, each only while it may be done."""

    def __init__(self, session: Objects, brought: Brought, still: Callable[[], None]) -> None:
        self._session, self._brought, self._still = session, brought, still

    def _put(self, path: str, content: bytes) -> None:
        self._still()
        address = self._brought.address
        self._session.call("s3", "put_object", Bucket=address.bucket, Key=address.prefix + path, Body=content)

    def file(self, path: str) -> None:
        """A file as it is here."""
        self._put(path, (self._brought.folder / path).read_bytes())

    def list(self, month: str, paths: Iterable[str], records: Mapping[str, str]) -> None:
        """Which of some paths make up a month, and its records among some."""
        names = sorted(PurePosixPath(path).name for path in paths if str(PurePosixPath(path).parent) == month)
        texts = {name: records[f"{month}/{name}"] for name in names if f"{month}/{name}" in records}
        content = {"files": names, **({"records": texts} if texts else {})}
        self._put(f"{month}/{FILES}", json.dumps(content, sort_keys=True).encode())

    def delete(self, path: str) -> None:
        """Take a file away."""
        self._still()
        address = self._brought.address
        self._session.call("s3", "delete_object", Bucket=address.bucket, Key=address.prefix + path)


def _listed(session: Objects, address: Address, tables: frozenset[str] | None) -> Iterator[tuple[str, int]]:
    """Paths and their sizes in bytes."""
    named = [table for table in sorted(tables or ()) if not write_only(table)]
    prefixes = [address.prefix] if tables is None else [f"{address.prefix}{table}/" for table in named]
    for prefix in prefixes:
        for item in session.pages("s3", "list_objects_v2", "Contents", Bucket=address.bucket, Prefix=prefix):
            path = str(item["Key"]).removeprefix(address.prefix)
            if not path.endswith("/") and not write_only(inside(path)):
                yield path, int(item.get("Size", 0))


def _lists(session: Objects, address: Address, remote: frozenset[str]) -> dict[str, _List]:
    """What the lists of months say, by folder."""
    found = {}
    for path in sorted(path for path in remote if PurePosixPath(path).name == FILES):
        month = PurePosixPath(path).parent.as_posix()
        try:
            content = json.loads(_text(session, address, path))
            names = [inside(str(name)) for name in content["files"]]
            records = {inside(str(name)): str(text) for name, text in content.get("records", {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LakeError(f"{path} is damaged: {error}", hint="load the month again") from error
        found[month] = _List(
            frozenset(f"{month}/{name}" for name in names),
            {f"{month}/{name}": text for name, text in records.items()},
        )
    return found


def _counted(remote: frozenset[str], lists: Mapping[str, _List]) -> set[str]:
    """The paths that count: all of a folder, unless its list says which."""
    found = set()
    for path in remote:
        listed = lists.get(str(PurePosixPath(path).parent))
        if PurePosixPath(path).name != FILES and (listed is None or path in listed.paths):
            found.add(path)
    missing = {path for each in lists.values() for path in each.paths - set(each.records)} - found
    if missing:
        raise LakeError(f"{min(missing)} is named by its month, but missing", hint="load the month again")
    return found


def _text(session: Objects, address: Address, path: str) -> str:
    with TemporaryDirectory(prefix="lamp-") as folder:
        place = Path(folder) / "text"
        session.download("s3", "get_object", place, Bucket=address.bucket, Key=address.prefix + path)
        return place.read_text(encoding="utf-8")


def _states(folder: Path) -> dict[str, _State]:
    """Files below a folder that belong into the lake: no locks, and nothing that is about to be written."""
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            state = path.stat()
            found[inside.as_posix()] = _State(state.st_size, state.st_mtime_ns)
    return found
