"""A bill that arrived in a bucket: which objects make it up, and bringing them here.

A report is written file by file, its manifest last; so its manifest says that it is there, and what it is made of.
Files of reports that have no manifest (detailed billing reports) speak for themselves.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from lamplighter.billing.sources import is_manifest, read_manifest
from lamplighter.errors import BillError

if TYPE_CHECKING:
    from lamplighter.aws.access import TargetSession

PERMISSIONS: Final = ("s3:GetObject",)
"""IAM actions on what lies in the bucket of bills."""

_ALONE: Final = re.compile(r"\d{12}-aws-billing-[a-z-]+-\d{4}-\d{2}\.csv(\.zip)?", re.IGNORECASE)
"""Names of detailed billing reports, which come without manifest."""

_MONTH: Final = re.compile(
    r"billing_period=(\d{4}-\d{2})|/(\d{4})(\d{2})01-\d{8}/|-(\d{4})-(\d{2})\.csv", re.IGNORECASE
)


def is_bill(key: str) -> bool:
    """Whether the arrival of an object means that a bill is there."""
    name = PurePosixPath(key).name
    return is_manifest(Path(name)) or _ALONE.fullmatch(name) is not None


def month_of(key: str) -> str | None:
    """The month that a bill is for, YYYY-MM, as its key says; None where it does not."""
    found = _MONTH.search(key)
    if found is None:
        return None
    return found[1] or (f"{found[2]}-{found[3]}" if found[2] else f"{found[4]}-{found[5]}")


def fetch_arrived(session: TargetSession, bucket: str, key: str, folder: Path) -> Path:
    """Bring a bill to an empty folder: its manifest and the files that it names, or the file alone.

    Args:
        session: calls to S3 that reach the bucket.
        bucket: its name.
        key: of the manifest, or of the file.
        folder: where to.

    Returns:
        The folder, ready to be loaded.

    Raises:
        BillError: the manifest cannot be read, or a key is no path.
        AwsError: S3 refuses, or a file that the manifest names is not there.
    """
    first = _fetch(session, bucket, key, folder)
    if is_manifest(first):
        for name in read_manifest(first):
            _fetch(session, bucket, name.removeprefix(f"s3://{bucket}/"), folder)
    return folder


def _fetch(session: TargetSession, bucket: str, key: str, folder: Path) -> Path:
    parts = PurePosixPath(key.lstrip("/")).parts
    if not parts or ".." in parts or key.startswith("s3://"):
        raise BillError(f"the key {key!r} is no path in {bucket}", hint="is the manifest that of this bucket?")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    session.download("s3", "get_object", path, Bucket=bucket, Key=key)
    return path
