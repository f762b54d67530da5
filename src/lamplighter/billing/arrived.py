"""A bill that arrived in a bucket: which objects make it up, and bringing them here.

A report is written file by file, its manifest last; so its manifest says that it is there, and what it is made of.
Files of reports that have no manifest (detailed billing reports) speak for themselves.

Reports that overwrite their files may do so while they are read: every object is fetched as it was when it was looked
at, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from lamplighter.billing.sources import Bill, announced, is_manifest, read_manifest
from lamplighter.billing.versions import ALONE, version_alone
from lamplighter.errors import AwsError, BillError, Overtaken

if TYPE_CHECKING:
    from lamplighter.lake.mirror import Objects

PERMISSIONS: Final = ("s3:GetObject", "s3:ListBucket")
"""IAM actions on the bucket of bills and what lies in it."""

_MONTH: Final = re.compile(
    r"billing_period=(\d{4}-\d{2})|/(\d{4})(\d{2})01-\d{8}/|/year=(\d{4})/month=(\d{1,2})/|-(\d{4})-(\d{2})\.csv",
    re.IGNORECASE,
)
_CHANGED: Final = ("PreconditionFailed", "412")


@dataclass(frozen=True, slots=True)
class Item:
    """One object.

    Attributes:
        key: its key.
        size: bytes.
        etag: of its content; empty if not known.
        modified: when S3 got it, aware; None if not known.
    """

    key: str
    size: int
    etag: str
    modified: datetime | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A bill in a bucket.

    Attributes:
        bucket: its name.
        bill: what is known of it, files aside.
        month: YYYY-MM, as the manifest or else the key says; None where they do not.
        items: its files, in order.
        missing: keys of files that its manifest names and that are not there.
    """

    bucket: str
    bill: Bill
    month: str | None
    items: tuple[Item, ...]
    missing: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(item.size for item in self.items)


def is_bill(key: str) -> bool:
    """Whether the arrival of an object means that a bill is there."""
    name = PurePosixPath(key).name
    return is_manifest(Path(name)) or ALONE.fullmatch(name) is not None


def month_of(key: str) -> str | None:
    """The month that a bill is for, YYYY-MM, as its key says; None where it does not."""
    found = _MONTH.search(key)
    if found is None:
        return None
    if found[1]:
        return found[1]
    year, month = next((found[one], found[one + 1]) for one in (2, 4, 6) if found[one])
    return f"{year}-{int(month):02}"


def look_at(session: Objects, bucket: str, key: str, folder: Path) -> Arrived:
    """Find out what makes up a bill, reading its manifest only.

    Args:
        session: calls to S3 that reach the bucket.
        bucket: its name.
        key: of the manifest, or of the file that has none.
        folder: for the manifest.

    Raises:
        BillError: the manifest is not there, cannot be read, or names a key that is no path.
        Overtaken: the manifest was overwritten just now.
        AwsError: S3 refuses or does not answer.
    """
    first = _listed(session, bucket, [key]).get(key)
    if first is None:
        raise BillError(f"s3://{bucket}/{key} is not there", hint="it was moved or deleted after it had arrived")
    if not is_manifest(Path(key)):
        bill = Bill(key, (), version=version_alone(PurePosixPath(key).name, first.modified))
        return Arrived(bucket, bill, month_of(key), (first,))
    content, names = read_manifest(fetch_item(session, bucket, first, folder))
    bill = announced(content, PurePosixPath(key), first.modified)
    keys = [name.removeprefix(f"s3://{bucket}/") for name in names]
    for name in keys:
        _path(bucket, name)
    # Where a report has no prefix, its manifest may begin keys with a slash that they do not have.
    listed = _listed(session, bucket, [*keys, *(name.lstrip("/") for name in keys)])
    there = {name: found for name in keys if (found := listed.get(name) or listed.get(name.lstrip("/")))}
    missing = tuple(name for name in keys if name not in there)
    return Arrived(bucket, bill, bill.period or month_of(key), tuple(there.values()), missing)


def refuse_missing(arrived: Arrived) -> None:
    """A bill is whole or none.

    Raises:
        BillError: a file is not there.
    """
    if arrived.missing:
        count = len(arrived.items) + len(arrived.missing)
        raise BillError(
            f"the manifest names {count} files, of which {len(arrived.missing)} are not there: {arrived.missing[0]}",
            hint="if they come later, send the event of the manifest again",
        )


def fetch_item(session: Objects, bucket: str, item: Item, folder: Path) -> Path:
    """Bring an object to a folder, below its key, as it was when it was looked at.

    Raises:
        BillError: its key is no path.
        Overtaken: it was overwritten since.
        AwsError: S3 refuses or does not answer.
    """
    path = folder.joinpath(*_path(bucket, item.key))
    path.parent.mkdir(parents=True, exist_ok=True)
    unchanged = {"IfMatch": item.etag} if item.etag else {}
    try:
        session.download("s3", "get_object", path, Bucket=bucket, Key=item.key, **unchanged)
    except AwsError as error:
        if error.code not in _CHANGED:
            raise
        raise Overtaken(
            f"s3://{bucket}/{item.key} was overwritten while the bill was read", hint="the newer one comes by itself"
        ) from error
    return path


def _path(bucket: str, key: str) -> tuple[str, ...]:
    parts = PurePosixPath(key.lstrip("/")).parts
    if not parts or ".." in parts or key.startswith("s3://"):
        raise BillError(f"the key {key!r} is no path in {bucket}", hint="is the manifest that of this bucket?")
    return parts


def _listed(session: Objects, bucket: str, keys: Iterable[str]) -> Mapping[str, Item]:
    """Objects by key; what lies in one folder is listed at once."""
    wanted, found = set(keys), {}
    folders = {key.rpartition("/")[0] for key in wanted}
    prefixes = wanted if len(wanted) == 1 or "" in folders else {f"{folder}/" for folder in folders}
    for prefix in sorted(prefixes):
        for each in session.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix):
            if each["Key"] in wanted:
                found[each["Key"]] = _item(each)
    return found


def _item(listed: Mapping[str, Any]) -> Item:
    return Item(listed["Key"], int(listed.get("Size", 0)), str(listed.get("ETag") or ""), listed.get("LastModified"))
