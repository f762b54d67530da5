"""Whether a trust policy lets a caller assume the role; the part of IAM's policy language that trust policies use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ACTION = "sts:AssumeRole"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        account: 12-digit account id.
        arn: ARN of the user, or of the session of an assumed role.
        role_arn: ARN of the assumed role, or None for a user.
        organization: organization id, or None when the account is in none.
    """

    account: str
    arn: str
    role_arn: str | None = None
    organization: str | None = None


def trusts(document: str | Mapping[str, Any] | None, caller: Caller, context: Mapping[str, str]) -> bool:
    """Whether the policy allows `sts:AssumeRole` to the caller and no statement denies it.

    A condition key or operator that is not known here is taken as not satisfied, as AWS does for keys that are
    absent from a request.

    Args:
        document: the trust policy, as JSON text or read already.
        caller: who asks.
        context: condition keys of the request in lower case, for example `sts:externalid`.
    """
    policy = _read(document)
    facts = {
        **{key.lower(): value for key, value in context.items()},
        "aws:principalarn": caller.role_arn or caller.arn,
        "aws:principalaccount": caller.account,
        **({"aws:principalorgid": caller.organization} if caller.organization else {}),
    }
    effects = {
        statement.get("Effect")
        for statement in _several(policy.get("Statement"))
        if _acts(statement) and _is_principal(statement, caller) and _holds(statement, facts)
    }
    return "Allow" in effects and "Deny" not in effects


def _read(document: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except json.JSONDecodeError:
            return {}
    return document if isinstance(document, dict) else {}


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _acts(statement: Mapping[str, Any]) -> bool:
    return any(fnmatchcase(ACTION.lower(), str(action).lower()) for action in _several(statement.get("Action")))


def _is_principal(statement: Mapping[str, Any], caller: Caller) -> bool:
    principal = statement.get("Principal")
    trusted = ["*"] if principal == "*" else _several(principal.get("AWS") if isinstance(principal, dict) else None)
    names = {"*", caller.account, f"arn:aws:iam::{caller.account}:root", caller.arn, caller.role_arn}
    return any(name in names for name in trusted)


def _holds(statement: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    return all(
        _compare(operator, facts.get(key.lower()), [str(value) for value in _several(wanted)])
        for operator, tests in (statement.get("Condition") or {}).items()
        for key, wanted in tests.items()
    )


def _equals(given: str, wanted: Iterable[str]) -> bool:
    return given in wanted


def _like(given: str, wanted: Iterable[str]) -> bool:
    return any(fnmatchcase(given, pattern) for pattern in wanted)


_OPERATORS: Mapping[str, Callable[[str, Iterable[str]], bool]] = {
    "StringEquals": _equals,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
}


def _compare(operator: str, given: str | None, wanted: list[str]) -> bool:
    plain = operator.removesuffix("IfExists")
    if given is None:
        return plain != operator or "Not" in plain
    if "Not" in plain:
        positive = _OPERATORS.get(plain.replace("Not", ""))
        return positive is not None and not positive(given, wanted)
    test = _OPERATORS.get(plain)
    return test is not None and test(given, wanted)
