"""Buckets of S3."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.errors import AwsError
from lamplighter.resources.kind import Session


class Bucket(Part):
    """A bucket: there, encrypted, closed to the public, over TLS only, with versions."""

    types = ("AWS::S3::Bucket",)
    title = "S3 bucket"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html"
    permissions = (
        "s3:GetBucketPolicy",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketVersioning",
        "s3:GetEncryptionConfiguration",
    )
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (
            _encryption,
            _public_access,
            _tls,
            _versions,
        )


def _encryption(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    try:
        answer = session.call("s3", "get_bucket_encryption", Bucket=piece.physical)
    except AwsError as error:
        if error.code != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        yield Fact(Status.FAIL, "not encrypted by default", DEPLOY_AGAIN)
        return
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    how = {rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for rule in rules}
    by_key = bool(how) and how <= {"aws:kms", "aws:kms:dsse"}
    yield held(by_key, "encrypted with a KMS key", "not encrypted with a KMS key", DEPLOY_AGAIN)


def _public_access(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    try:
        answer = session.call("s3", "get_public_access_block", Bucket=piece.physical)
    except AwsError as error:
        if error.code != "NoSuchPublicAccessBlockConfiguration":
            raise
        answer = {"PublicAccessBlockConfiguration": {}}
    flags = answer["PublicAccessBlockConfiguration"]
    open_ = [flag for flag in _CLOSED if flags.get(flag) is not True]
    yield held(not open_, "closed to the public", f"open to the public: {', '.join(open_)} off", DEPLOY_AGAIN)


def _tls(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    try:
        policy = session.call("s3", "get_bucket_policy", Bucket=piece.physical)["Policy"]
    except AwsError as error:
        if error.code != "NoSuchBucketPolicy":
            raise
        policy = "{}"
    refused = [
        each
        for each in json.loads(policy).get("Statement", [])
        if each.get("Effect") == "Deny" and each.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    yield held(bool(refused), "over TLS only", "not over TLS only", DEPLOY_AGAIN)


def _versions(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    status = session.call("s3", "get_bucket_versioning", Bucket=piece.physical).get("Status")
    yield held(status == "Enabled", "keeps versions", "keeps no versions", DEPLOY_AGAIN)


_CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
