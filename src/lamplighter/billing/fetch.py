"""Bills from S3: everything below an address comes to a local folder, with its keys as paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from lamplighter.aws.targets import GLOBAL_REGION, Target
from lamplighter.billing.sources import files_needed, is_manifest
from lamplighter.errors import BillError

if TYPE_CHECKING:
    from lamplighter.aws.access import Aws, TargetSession

PERMISSIONS: Final = ("s3:ListBucket", "s3:GetObject")
"""IAM actions that this calls."""

_AT_ONCE: Final = 8


def fetch_address(aws: Aws, address: str, folder: Path) -> Path:
    """Fetch `s3://bucket/prefix`: of the objects whose key begins with it those that make up bills.

    Manifests come first; where there are any, only the files that they name are fetched.

    Args:
        aws: own credentials; their home region reaches the bucket.
        address: of an object, or of what lies below.
        folder: where to put it.

    Returns:
        The folder that now holds the objects, each with the time at which S3 got it.

    Raises:
        BillError: the address is none, nothing lies there, a manifest is wrong, or the disk cannot be written.
        AwsError: S3 refuses.
    """
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not bucket:
        raise BillError(f"{address} names no bucket", hint="write s3://bucket/prefix")
    session = aws.session_as(Target(aws.own_account(), aws.region or GLOBAL_REGION), None)
    listed = session.pages("s3", "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
    root = folder / f"s3-{bucket}"
    places = {_inside(root, item["Key"]): item for item in listed if not item["Key"].endswith("/")}
    if not places:
        raise BillError(f"nothing lies at {address}", hint="check the prefix")

    def fetch(paths: Iterable[Path]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for done in [pool.submit(_fetch, session, bucket, places[path], path) for path in paths]:
                done.result()

    try:
        fetch(path for path in places if is_manifest(path))
        fetch(files_needed(places))
    except OSError as error:
        raise BillError(f"{address} cannot be kept: {error}", hint="is there room on the disk?") from error
    return root


def _inside(root: Path, key: str) -> Path:
    """Where a key goes; one that climbs out of the folder is refused."""
    parts = PurePosixPath(key.lstrip("/")).parts
    if ".." in parts or not parts:
        raise BillError(f"the key {key!r} is no path", hint="rename the object")
    return root.joinpath(*parts)


def _fetch(session: TargetSession, bucket: str, item: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    session.download("s3", "get_object", path, Bucket=bucket, Key=item["Key"])
    if "LastModified" in item:
        os.utime(path, (item["LastModified"].timestamp(),) * 2)
