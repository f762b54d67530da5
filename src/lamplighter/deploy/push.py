"""Zips in the bucket of the code: under keys by content, with what they were made of beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lamplighter.deploy.package import Facts, Package
from lamplighter.deploy.stacks import told
from lamplighter.errors import AccessDenied, AwsError, LamplighterError, NotFound

if TYPE_CHECKING:
    from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("s3:GetObject", "s3:PutObject")
"""IAM actions on the bucket's objects; beside these the use of its KMS key."""

_KEY: Final = re.compile(r"code/\w+/(.+)-[0-9a-f]{16}\.zip")


@dataclass(frozen=True, slots=True)
class Pushed:
    """One object of a bucket.

    Attributes:
        key: in the bucket.
        size: bytes.
        uploaded: false if it lay there already.
    """

    key: str
    size: int
    uploaded: bool


@dataclass(frozen=True, slots=True)
class Code:
    """A zip that lies in a bucket.

    Attributes:
        key: in the bucket.
        version: of Lamplighter; empty if it is not known.
        built: when it was built, ISO 8601; empty if it is not known.
        commit: of the source; empty if it is not known.
        there: whether it is there; None if that is not known.
        why: why something is not known, or empty.
    """

    key: str
    version: str = ""
    built: str = ""
    commit: str = ""
    there: bool | None = None
    why: str = ""


def push(session: Session, bucket: str, packages: Iterable[Package]) -> list[Pushed]:
    """Put zips into a bucket under keys by content; what lies there already is not sent again.

    Args:
        session: calls in the bucket's account and region.
        bucket: its name.
        packages: the zips.

    Raises:
        AwsError: the bucket is missing or not permitted, or AWS does not answer.
        OSError: a zip cannot be read.
    """
    done = []
    for package in packages:
        try:
            known = head(session, bucket, package.key) is not None
        except AccessDenied:
            known = False  # who may not look sends it again
        if not known:
            content = package.path.read_bytes()
            session.call(
                "s3", "put_object", Bucket=bucket, Key=package.key, Body=content, Metadata=_metadata(package.facts)
            )
        done.append(Pushed(package.key, package.size, not known))
    return done


def push_release(session: Session, bucket: str, key: str, content: bytes) -> Pushed:
    """Put a release into the bucket, which starts the pipeline.

    Raises:
        AwsError: as for `push`.
    """
    session.call("s3", "put_object", Bucket=bucket, Key=key, Body=content)
    return Pushed(key, len(content), True)


def code_of(session: Session, bucket: str, key: str) -> Code:
    """What is known of a zip in a bucket; what cannot be found out is said with its reason.

    Args:
        session: calls in the bucket's account and region.
        bucket: its name.
        key: of the zip.
    """
    named = _KEY.fullmatch(key)
    version = named[1] if named else ""
    try:
        there = head(session, bucket, key)
    except LamplighterError as error:
        return Code(key, version, why=error.message)
    if there is None:
        return Code(key, version, there=False, why="it is not in the bucket any more")
    said: Mapping[str, str] = there.get("Metadata") or {}
    why = "" if said.get("built") else "it was put there by other means than `lamp deploy push`"
    return Code(key, said.get("version") or version, said.get("built", ""), said.get("commit", ""), True, why)


def _metadata(facts: Facts) -> dict[str, str]:
    said = {"version": facts.version, "built": told(facts.built) or "unknown", "commit": facts.commit}
    return {name: value for name, value in said.items() if value}


def head(session: Session, bucket: str, key: str) -> Mapping[str, Any] | None:
    """What S3 tells of an object; None where it is not.

    Raises:
        AccessDenied: it may not be seen; without s3:ListBucket that is also the answer for what is not there.
        AwsError: as for `push`.
    """
    try:
        return session.call("s3", "head_object", Bucket=bucket, Key=key)
    except NotFound:
        return None
    except AwsError as error:
        # HEAD answers with a number only.
        if error.code == "404":
            return None
        raise
