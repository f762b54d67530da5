"""Faults by name: the failures a scheduler meets on AWS, with AWS's own codes, messages and HTTP status.

Actions are written as in IAM, `service:Action`, for example `ec2:StartInstances` or `rds:*`; the service is the
signing name (`ec2`, `rds`, `sts`, `organizations`, `dynamodb`, `tagging`, `monitoring`, …).
"""

from __future__ import annotations

from lamplighter.errors import UsageError
from lamplighter.estate.faults import FaultError, FaultRule

STARTS = "[SR][tu][an]*Instances"
"""Matches `StartInstances` and `RunInstances`, and nothing else EC2 has."""

QUERY_SERVICES = frozenset(
    {"rds", "sts", "iam", "sns", "autoscaling", "cloudformation", "redshift", "elasticache", "elasticloadbalancing"}
)
"""Services whose errors carry plain codes (`Throttling`) instead of exception names (`ThrottlingException`)."""


def capacity(resource: str, *, times: int | None = None) -> FaultRule:
    """EC2 has no capacity to start or launch.

    Args:
        resource: an instance type, or an instance id.
        times: how often; None until removed.
    """
    error = FaultError(code="InsufficientInstanceCapacity", message="Insufficient capacity.", status=500)
    return FaultRule(service="ec2", action=STARTS, resource=resource, error=error, times=times)


def throttle(action: str, times: int | None = None, *, account: str | None = None) -> FaultRule:
    """AWS asks to slow down.

    Args:
        action: for example `ec2:DescribeInstances`.
        times: how often; None until removed. botocore's standard mode tries three times in all.
        account: only in this account.
    """
    service, name = _split(action)
    if service == "ec2":
        error = FaultError(code="RequestLimitExceeded", message="Request limit exceeded.", status=503)
    elif service == "dynamodb":
        error = FaultError(
            code="ProvisionedThroughputExceededException",
            message="The level of configured provisioned throughput for the table was exceeded.",
        )
    else:
        code = "Throttling" if service in QUERY_SERVICES else "ThrottlingException"
        error = FaultError(code=code, message="Rate exceeded")
    return FaultRule(service=service, action=name, account=account, error=error, times=times)


def deny(account: str, action: str, *, times: int | None = None) -> FaultRule:
    """IAM does not allow the call.

    Args:
        account: account in which it is denied.
        action: for example `ec2:StopInstances` or `rds:*`.
        times: how often; None until removed.
    """
    service, name = _split(action)
    if service == "ec2":
        error = FaultError(
            code="UnauthorizedOperation", message="You are not authorized to perform this operation.", status=403
        )
    else:
        plain = service in QUERY_SERVICES
        error = FaultError(
            code="AccessDenied" if plain else "AccessDeniedException",
            message=f"User is not authorized to perform: {action} because no identity-based policy allows the action",
            status=403 if plain else 400,
        )
    return FaultRule(service=service, action=name, account=account, error=error, times=times)


def timeout_after(action: str, *, times: int | None = 1, wait_seconds: float = 0) -> FaultRule:
    """The call takes effect but its answer is lost: what was done is unknown to the caller.

    Args:
        action: for example `ec2:StopInstances`.
        times: how often; once unless said otherwise, as clients retry.
        wait_seconds: real seconds before the connection is closed; with a shorter read timeout the client times out.
    """
    service, name = _split(action)
    return FaultRule(service=service, action=name, kind="after", times=times, delay_seconds=wait_seconds)


def unreachable(action: str = "*:*", *, region: str | None = None, times: int | None = None) -> FaultRule:
    """The endpoint closes connections without an answer; the call has no effect."""
    service, name = _split(action)
    return FaultRule(service=service, action=name, region=region, kind="drop", times=times)


def expired_credentials(account: str, *, times: int | None = None) -> FaultRule:
    """The credentials of every call in an account have expired."""
    error = FaultError(code="ExpiredToken", message="The security token included in the request is expired", status=403)
    return FaultRule(account=account, error=error, times=times)


def _split(action: str) -> tuple[str, str]:
    service, colon, name = action.partition(":")
    if not colon:
        raise UsageError(
            f"'{action}' does not say whose action it is", hint="write it as in IAM, for example ec2:StartInstances"
        )
    return service, name
