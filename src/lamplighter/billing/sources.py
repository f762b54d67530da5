"""What was given to be loaded: files, folders and patterns become bills, each a set of files that belong together.

Where a manifest lies beside the files, it alone says which files are the bill: every version of a report restates its
month, so files of an older version would be counted twice. What no manifest names is passed over, and said.
"""

from __future__ import annotations

import glob
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Final

from lamplighter.billing.versions import UNKNOWN, Version, owner_of, version_alone, version_of
from lamplighter.errors import BillError

CSV: Final = "csv"
GZIP: Final = "csv.gz"
PARQUET: Final = "parquet"

Fetch = Callable[[str, Path], Path]
"""Brings what lies under an `s3://` address into a folder, and gives the folder or file that it became.

Files get the time at which S3 got them: it tells which of two tellings of a month is the newer one.
"""

_ADDRESS: Final = "s3://"

_ENDINGS = (".csv", ".csv.gz", ".gz", ".zip", ".parquet", ".txt")
_MOST_BYTES: Final = 1 << 40
_MOST_RATIO: Final = 400
_SMALL: Final = 64 << 20
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a bill.

    Attributes:
        path: where it can be read; of a member of a zip archive, where it was unpacked.
        name: as it was given, for people and for `x_SourceFile`.
        kind: `csv`, `csv.gz` or `parquet`, by its first bytes.
    """

    path: Path
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Bill:
    """Files that belong together: one version of one report for one month, or whatever lay in one place.

    Attributes:
        name: for people.
        parts: its files, in order.
        period: YYYY-MM as its manifest says, or None without one.
        passed_over: files beside it that its manifest does not name.
        account: whose report it is, as its manifest says, or None where it does not.
        version: which telling of the month it is.
    """

    name: str
    parts: tuple[Part, ...]
    period: str | None = None
    passed_over: tuple[str, ...] = ()
    account: str | None = None
    version: Version = UNKNOWN


def most_unpacked(size: int) -> int:
    """Bytes that a packed file of so many bytes may come to: bills shrink to a tenth or a hundredth, bombs to less."""
    return max(_SMALL, size * _MOST_RATIO)


def find_bills(words: Sequence[str], scratch: Path, fetch: Fetch | None = None) -> list[Bill]:
    """Find the bills behind file names, folders, patterns and `s3://` addresses.

    Args:
        words: what the user gave, at least one.
        scratch: an empty folder for what must be unpacked or fetched.
        fetch: brings `s3://` addresses; without it they are refused.

    Raises:
        BillError: nothing is there, a manifest names files that are not there, or an archive is damaged or a bomb.
        AwsError: an address could not be fetched.
    """
    loose: list[Path] = []
    bills: list[Bill] = []
    for word in words:
        for path in _places(word, scratch, fetch):
            if path.is_dir():
                bills += _in_folder(path, scratch, fetched=word.startswith(_ADDRESS))
            else:
                loose.append(path)
    if loose:
        bills.append(bill_of(loose, scratch))
    if not any(bill.parts for bill in bills):
        raise BillError(f"there is no bill in {', '.join(words)}", hint="give CSV or Parquet files, or their folder")
    return [bill for bill in bills if bill.parts]


def bill_of(files: Sequence[Path], scratch: Path, like: Bill | None = None) -> Bill:
    """The bill that files make up.

    Args:
        files: its files, or some of them.
        scratch: a folder for what must be unpacked.
        like: what is known of it, parts aside; None if nothing is.

    Raises:
        BillError: a file is empty, or an archive is damaged, a bomb, or larger than the disk.
    """
    parts = tuple(part for path in files for part in _parts(path, scratch))
    if like is not None:
        return replace(like, parts=parts)
    return Bill(parts[0].name if len(parts) == 1 else f"{len(parts)} files", parts)


def _places(word: str, scratch: Path, fetch: Fetch | None) -> list[Path]:
    if word.startswith(_ADDRESS):
        if fetch is None:
            raise BillError(f"{word} cannot be fetched here", hint="copy the files, and give their folder")
        return [fetch(word, scratch)]
    if glob.has_magic(word):
        found = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207 - absolute patterns too
        if not found:
            raise BillError(f"nothing fits {word}", hint="check the pattern; quote it against the shell")
        return found
    if not Path(word).exists():
        raise BillError(f"{word} is not there", hint="check the path")
    return [Path(word)]


def _in_folder(folder: Path, scratch: Path, *, fetched: bool) -> Iterator[Bill]:
    there = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    data = [path for path in there if _is_data(path)]
    manifests = _top_manifests(path for path in there if is_manifest(path))
    if not manifests:
        if data:
            alone = version_alone(data[0].name, _arrived(data, fetched)) if len(data) == 1 else UNKNOWN
            yield bill_of(data, scratch, Bill(str(folder), (), version=alone))
        return
    named: set[Path] = set()
    chosen = []
    for manifest, content in manifests:
        files = [_file_of(key, data, manifest) for key in _keys(content, manifest)]
        named.update(files)
        chosen.append((manifest, content, files))
    left = tuple(str(path.relative_to(folder)) for path in data if path not in named)
    for manifest, content, files in chosen:
        told = announced(content, manifest, _arrived([manifest], fetched))
        name = str(manifest.relative_to(folder))
        yield bill_of(files, scratch, replace(told, name=name, passed_over=left))
        left = ()


def announced(manifest: Mapping[str, Any], place: PurePath, arrived: datetime | None) -> Bill:
    """What a manifest says of its bill, without files.

    Args:
        manifest: its content.
        place: its path or key.
        arrived: when S3 got it, aware; None if not known.
    """
    version = version_of(manifest, PurePosixPath(place.as_posix()), arrived)
    return Bill(str(place), (), _period(manifest, place), account=owner_of(manifest) or None, version=version)


def _arrived(files: Sequence[Path], fetched: bool) -> datetime | None:
    """When S3 got the last of them; a file that lies here says nothing of it."""
    return datetime.fromtimestamp(max(path.stat().st_mtime for path in files), UTC) if fetched else None


def is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of a report, by its name; those for Redshift and QuickSight repeat it."""
    name = path.name.lower()
    return name.endswith("manifest.json") and not name.endswith(("redshiftmanifest.json", "quicksightmanifest.json"))


def files_needed(paths: Iterable[Path]) -> list[Path]:
    """Of the files that are to come, those that make up bills.

    Args:
        paths: where they will be; the manifests among them are there already.

    Raises:
        BillError: a manifest cannot be read, or names a file that is not among them.
    """
    there = sorted(paths)
    data = [path for path in there if _is_data(path)]
    manifests = _top_manifests(path for path in there if is_manifest(path))
    if not manifests:
        return data
    return sorted({_file_of(key, data, path) for path, content in manifests for key in _keys(content, path)})


def read_manifest(path: Path) -> tuple[dict[str, Any], list[str]]:
    """A manifest, and the files that it names, as it writes them: keys, or `s3://` addresses.

    Raises:
        BillError: it cannot be read, or names none.
    """
    content = _json(path)
    return content, _keys(content, path)


def _is_data(path: Path) -> bool:
    return path.name.lower().endswith(_ENDINGS) and not path.name.startswith((".", "_"))


def _top_manifests(paths: Iterable[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """The manifest nearest to the top for each report and month; among equals the last by name is the newest."""
    best: dict[tuple[str, str], tuple[Path, dict[str, Any]]] = {}
    for path in sorted(paths):
        content = _json(path)
        key = (str(content.get("reportName") or content.get("exportName") or path.name), str(_period(content, path)))
        held = best.get(key)
        if held is None or len(path.parts) <= len(held[0].parts):
            best[key] = (path, content)
    return list(best.values())


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BillError(f"manifest {path.name} cannot be read: {error}", hint="fetch it again") from error
    if not isinstance(content, dict):
        raise BillError(f"manifest {path.name} is no JSON object", hint="fetch it again")
    return content


def _keys(content: dict[str, Any], path: Path) -> list[str]:
    keys = next((content[name] for name in ("reportKeys", "dataFiles", "files") if name in content), None)
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        raise BillError(f"manifest {path.name} names no files", hint="it is not that of a billing report")
    return keys


def _period(content: Mapping[str, Any], path: PurePath) -> str | None:
    """`billingPeriod.start` of version 1, else the folder `BILLING_PERIOD=YYYY-MM` of version 2."""
    start = content.get("billingPeriod", {})
    text = str(start.get("start", "")) if isinstance(start, dict) else ""
    if len(text) >= 6 and text[:6].isdigit():
        return f"{text[:4]}-{text[4:6]}"
    for part in reversed(path.parts):
        name, _, value = part.partition("=")
        if name.lower() == "billing_period" and value:
            return value[:7]
    return None


def _file_of(key: str, data: Sequence[Path], manifest: Path) -> Path:
    wanted = [part for part in key.removeprefix("s3://").split("/") if part]
    fitting = [path for path in data if path.name == wanted[-1]]
    if not fitting:
        raise BillError(f"manifest {manifest.name} names {key}, which is not there", hint="fetch the whole report")
    return max(fitting, key=lambda path: _common_end(path.parts, wanted))


def _common_end(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for a, b in zip(reversed(left), reversed(right), strict=False):
        if a != b:
            break
        count += 1
    return count


def _parts(path: Path, scratch: Path) -> Iterator[Part]:
    """The file, or what an archive holds, by its first bytes."""
    try:
        with path.open("rb") as file:
            begins = file.read(4)
    except OSError as error:
        raise BillError(f"{path} cannot be read: {error.strerror or error}", hint="check its rights") from error
    if begins == b"PAR1":
        yield Part(path, path.name, PARQUET)
    elif begins[:2] == b"\x1f\x8b":
        _refuse_bomb(path)
        yield Part(path, path.name, GZIP)
    elif begins == b"PK\x03\x04":
        yield from _unpacked(path, scratch)
    elif begins:
        yield Part(path, path.name, CSV)
    else:
        raise BillError(f"{path.name} is empty", hint="fetch it again")


def _refuse_bomb(path: Path) -> None:
    """By the length that gzip keeps at the end, modulo 4 GB; `check_gzip` counts what really comes out."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - 4))
        length = int.from_bytes(file.read(4), "little")
    if length > most_unpacked(size):
        raise BillError(
            f"{path.name} is cut off, or no bill: its end says {length:,} bytes, from {size:,}", hint="fetch it again"
        )


def _unpacked(path: Path, scratch: Path) -> Iterator[Part]:
    try:
        with zipfile.ZipFile(path) as archive:
            for number, member in enumerate(archive.infolist()):
                if member.is_dir():
                    continue
                if member.file_size > most_unpacked(member.compress_size):
                    raise BillError(
                        f"{path.name} unpacks to {member.file_size:,} bytes, {_MOST_RATIO} times its size",
                        hint="that is no bill",
                    )
                free = shutil.disk_usage(scratch).free
                if member.file_size > free:
                    raise BillError(
                        f"{path.name} unpacks to {member.file_size:,} bytes, and {free:,} are free on the disk",
                        hint="make room; or let the report be delivered as gzip or Parquet, which is read as it is",
                    )
                target = scratch / f"{path.name}-{number}.csv"
                _unpack(archive, member, target)
                yield Part(target, f"{path.name}/{member.filename}", CSV)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BillError(f"{path.name} is a damaged archive: {error}", hint="fetch it again") from error


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    left = min(member.file_size, _MOST_BYTES)
    with archive.open(member) as source, target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BillError(f"{archive.filename} unpacks to more than it says", hint="that is no bill")
            sink.write(chunk)
