"""Buckets that are as they should be, and that are not."""

from __future__ import annotations

import json
from typing import Any

from tests.deploy.health.conftest import AGAIN, DENIED, health

from lamplighter.errors import AwsError, NotFound

TYPE = "AWS::S3::Bucket"
FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


TLS = {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


def bucket(algorithm: str = "aws:kms", **changes: Any) -> tuple[str, str, str]:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}
    answers = {
        "get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [rule]}},
        "get_public_access_block": {"PublicAccessBlockConfiguration": dict.fromkeys(FLAGS, True)},
        "get_bucket_policy": {"Policy": json.dumps({"Statement": [TLS]})},
        "get_bucket_versioning": {"Status": "Enabled"},
    }
    return health(TYPE, **{**answers, **changes})


def test_a_bucket() -> None:
    assert bucket() == ("ok", "encrypted with a KMS key; closed to the public; over TLS only; keeps versions", "")


def test_what_is_not_as_the_template_made_it() -> None:
    no_encryption = AwsError("none", code="ServerSideEncryptionConfigurationNotFoundError")
    no_block = AwsError("none", code="NoSuchPublicAccessBlockConfiguration")
    assert bucket(get_bucket_encryption=no_encryption)[:2] == (
        "fail",
        "not encrypted by default; closed to the public; over TLS only; keeps versions",
    )
    assert bucket("AES256")[1].startswith("not encrypted with a KMS key;")
    assert bucket(get_public_access_block=no_block)[1].split("; ")[1] == f"open to the public: {', '.join(FLAGS)} off"
    block = {"PublicAccessBlockConfiguration": {**dict.fromkeys(FLAGS, True), "BlockPublicPolicy": False}}
    status, text, hint = bucket(get_public_access_block=block, get_bucket_versioning={})
    assert (status, hint) == ("fail", AGAIN)
    assert (
        text == "encrypted with a KMS key; open to the public: BlockPublicPolicy off; over TLS only; keeps no versions"
    )
    for policy in (
        AwsError("none", code="NoSuchBucketPolicy"),
        {"Policy": json.dumps({"Statement": [{**TLS, "Effect": "Allow"}]})},
    ):
        status, text, hint = bucket(get_bucket_policy=policy)
        assert (status, text.split("; ")[2], hint) == ("fail", "not over TLS only", AGAIN)


def test_what_is_not_known() -> None:
    for name in ("get_bucket_encryption", "get_public_access_block", "get_bucket_policy", "get_bucket_versioning"):
        denied: dict[str, Any] = {name: DENIED}
        status, text, _ = bucket(**denied)
        assert (status, "not known: not authorized" in text) == ("not known", True)


def test_it_is_gone() -> None:
    assert bucket(get_bucket_encryption=NotFound("NoSuchBucket"))[:2] == ("fail", "it is not there")
