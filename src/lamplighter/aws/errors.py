"""From botocore's exceptions to the tree in `lamplighter.errors`.

What an error means is data, in `lamplighter.aws.error_table`: `RULES` for the codes that AWS answers, `CLIENT_RULES`
for what botocore raises itself. What stands in neither is a plain `AwsError` with its code. A write whose answer was
lost is `OutcomeUnknown`, never a failure: it may have taken effect.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from lamplighter.aws.error_table import CLIENT_RULES, LOST_HINT, NO_ANSWER_HINT, RULES, Rule
from lamplighter.errors import AwsError, OutcomeUnknown, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENDINGS = re.compile(r"(Exception|Fault)$")
_READS = (
    "batchget",
    "describe",
    "filter",
    "get",
    "head",
    "list",
    "lookup",
    "query",
    "scan",
    "search",
    "select",
    "simulate",
    # A second set of temporary credentials does no harm.
    "assumerole",
)
_ENCODED = re.compile(r"\s*Encoded authorization failure message:.*", re.DOTALL)
_LONGEST = 400


def _by_code(rules: tuple[Rule, ...]) -> Mapping[str, Rule]:
    return {code: rule for rule in rules for code in rule.codes}


_BY_CODE: Final = _by_code(RULES)
_BY_CLASS: Final = _by_code(CLIENT_RULES)


def is_read(operation: str) -> bool:
    """Whether a lost answer does no harm: the operation only looks.

    Args:
        operation: `DescribeInstances` or `describe_instances`.
    """
    return operation.replace("_", "").lower().startswith(_READS)


def rule_for_code(code: str) -> Rule | None:
    """The rule of an AWS error code, with or without its ending `Exception` or `Fault`; None when there is none."""
    return _BY_CODE.get(code) or _BY_CODE.get(_ENDINGS.sub("", code))


def answer_is_lost(exception: BaseException | None, parsed: Mapping[str, Any] | None) -> bool:
    """Whether one attempt may have taken effect although it did not succeed.

    Args:
        exception: what the attempt raised, or None.
        parsed: the attempt's parsed answer, or None.
    """
    if exception is not None:
        rule = _rule_for_class(exception)
        return rule is not None and rule.error is OutcomeUnknown
    answer = parsed or {}
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200)
    return status >= 500 and rule_for_code(str(answer.get("Error", {}).get("Code", ""))) is None


def translate(exception: Exception, service: str, operation: str, target: str, *, lost: bool = False) -> AwsError:
    """The error of the tree for what a botocore call raised.

    Args:
        exception: a botocore exception, or a ValueError from making its client.
        service: botocore service name.
        operation: botocore operation name, for example `StartInstances`.
        target: `account/region`, or empty.
        lost: an earlier attempt of the same call lost its answer, so a write may have taken effect already.

    Returns:
        An error with a message of one line that begins with the target; raise it `from` the exception.
    """
    if isinstance(exception, ClientError):
        code, text, rule = _of_answer(exception)
        unanswered = answer_is_lost(None, exception.response)
    else:
        rule = _rule_for_class(exception)
        code, text = type(exception).__name__.removesuffix("Error"), str(exception)
        unanswered = answer_is_lost(exception, None)
    error, hint = (rule.error, rule.hint) if rule else (AwsError, "")
    if (lost or unanswered) and not is_read(operation):
        error, hint = OutcomeUnknown, LOST_HINT
        text += "" if unanswered else " (an earlier attempt lost its answer)"
    elif error is OutcomeUnknown:
        error, hint = Unreachable, NO_ANSWER_HINT
    return error(
        ": ".join(part for part in (target, f"{service} {operation}".strip(), code, one_line(text)) if part),
        hint=hint,
        service=service,
        operation=operation,
        code=code,
        target=target,
        answer=exception.response if isinstance(exception, ClientError) else None,
    )


def retargeted(error: AwsError, target: str) -> AwsError:
    """The same error for another target: one refusal may stand for all regions of an account."""
    return type(error)(
        error.message,
        hint=error.hint,
        service=error.service,
        operation=error.operation,
        code=error.code,
        target=target,
        answer=error.answer,
    )


def one_line(text: str) -> str:
    """A message of AWS on one line, without the encoded part that only `sts decode-authorization-message` reads."""
    plain = " ".join(_ENCODED.sub("", text).split())
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 3] + "..."


def _of_answer(exception: ClientError) -> tuple[str, str, Rule | None]:
    answer = exception.response.get("Error", {})
    code = str(answer.get("Code", "Unknown"))
    return code, str(answer.get("Message", "")), rule_for_code(code)


def _rule_for_class(exception: BaseException) -> Rule | None:
    # By name: botocore adds classes over the years, and the oldest one supported lacks some.
    for parent in type(exception).__mro__:
        if parent.__module__.startswith("botocore.") and (rule := _BY_CLASS.get(parent.__name__)):
            return rule
    if isinstance(exception, ValueError) and str(exception).startswith("Invalid endpoint"):
        return _BY_CLASS["EndpointConnectionError"]
    return None
