from __future__ import annotations

import json
from typing import Any

import pytest

from lamplighter.estate.trust import Caller, trusts

USER = Caller("111122223333", "arn:aws:iam::111122223333:user/ada", organization="o-lamps")
SESSION = Caller(
    "444455556666",
    "arn:aws:sts::444455556666:assumed-role/Hub/run",
    role_arn="arn:aws:iam::444455556666:role/Hub",
)


def policy(principal: Any, condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"Statement": {**statement, **({"Condition": condition} if condition else {})}}


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        ("*", USER, True),
        ({"AWS": "*"}, SESSION, True),
        ({"AWS": "111122223333"}, USER, True),
        ({"AWS": "arn:aws:iam::111122223333:root"}, USER, True),
        ({"AWS": ["444455556666", "777788889999"]}, SESSION, True),
        ({"AWS": USER.arn}, USER, True),
        ({"AWS": SESSION.role_arn}, SESSION, True),
        ({"AWS": SESSION.arn}, SESSION, True),
        ({"AWS": "444455556666"}, USER, False),
        ({"AWS": "arn:aws:iam::444455556666:role/Other"}, SESSION, False),
        ({"Service": "ec2.amazonaws.com"}, USER, False),
        (None, USER, False),
    ],
)
def test_principals(principal: Any, caller: Caller, expected: bool) -> None:
    assert trusts(policy(principal), caller, {}) is expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"sts:ExternalId": "a"}}, {"sts:externalid": "a"}, True),
        ({"StringEquals": {"STS:externalid": ["b", "a"]}}, {"sts:externalid": "a"}, True),
        ({"StringEquals": {"sts:ExternalId": "a"}}, {"sts:externalid": "A"}, False),
        ({"StringEquals": {"sts:ExternalId": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "a"}}, {}, True),
        ({"StringLike": {"sts:ExternalId": "lamp-*"}}, {"sts:externalid": "lamp-1"}, True),
        ({"StringNotEquals": {"sts:ExternalId": "a"}}, {"sts:externalid": "a"}, False),
        ({"StringNotEquals": {"sts:ExternalId": "a"}}, {}, True),
        ({"StringNotLike": {"sts:ExternalId": "a*"}}, {"sts:externalid": "b"}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-lamps"}}, {}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-other"}}, {}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, {}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, False),
        ({"NumericLessThan": {"sts:ExternalId": "5"}}, {"sts:externalid": "4"}, False),
        ({"StringEquals": {"sts:ExternalId": "a", "aws:PrincipalAccount": "0"}}, {"sts:externalid": "a"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, str], expected: bool) -> None:
    assert trusts(policy("*", condition), USER, context) is expected


def test_a_denial_wins_and_other_actions_do_not_count() -> None:
    allow = policy("*")["Statement"]
    deny = {**allow, "Effect": "Deny", "Principal": {"AWS": "111122223333"}}
    assert trusts({"Statement": [allow, deny]}, USER, {}) is False
    assert trusts({"Statement": [allow, deny]}, SESSION, {}) is True
    assert trusts(policy("*", Action="sts:TagSession"), USER, {}) is False
    assert trusts(policy("*", Action=["sts:TagSession", "sts:*"]), USER, {}) is True


@pytest.mark.parametrize("document", [None, "", "{", "[]", {}, {"Statement": []}])
def test_what_is_no_policy_trusts_nobody(document: Any) -> None:
    assert trusts(document, USER, {}) is False


def test_a_policy_may_be_text() -> None:
    assert trusts(json.dumps(policy("*")), USER, {}) is True
