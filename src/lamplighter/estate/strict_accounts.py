"""STS and Organizations as strict as AWS: which roles can be assumed, and who may read the organization."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from moto.sts.models import sts_backends

from lamplighter.estate.answers import Refusal
from lamplighter.estate.trust import Caller, trusts

if TYPE_CHECKING:
    from moto.iam.models import Role
    from moto.organizations.models import OrganizationsBackend

    from lamplighter.estate.request import AwsRequest

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+")
CHAINED_SECONDS = 3600


def refuse_assume_role(request: AwsRequest) -> Refusal | None:
    """What AWS would refuse of `sts:AssumeRole` and moto would not.

    A role that does not exist, a trust policy that does not trust the caller, a missing or wrong external id, and
    an account that was closed all give the same `AccessDenied`, as on AWS.
    """
    if request.action != "AssumeRole":
        return None
    arn = request.params.get("RoleArn", "")
    match = _ROLE.fullmatch(arn)
    if match is None:
        return Refusal("ValidationError", f"{arn} is invalid")
    caller = caller_of(request)
    role = _role(match[1], arn)
    context = {"sts:rolesessionname": request.params.get("RoleSessionName", "")}
    if "ExternalId" in request.params:
        context["sts:externalid"] = request.params["ExternalId"]
    if role is None or _closed(match[1]) or not trusts(role.assume_role_policy_document, caller, context):
        return Refusal(
            "AccessDenied",
            f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            403,
        )
    return _too_long(request, role, caller)


def _too_long(request: AwsRequest, role: Role, caller: Caller) -> Refusal | None:
    seconds = int(request.params.get("DurationSeconds") or CHAINED_SECONDS)
    if caller.role_arn and seconds > CHAINED_SECONDS:
        return Refusal(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        )
    if seconds > int(role.max_session_duration or CHAINED_SECONDS):
        return Refusal(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return None


def caller_of(request: AwsRequest) -> Caller:
    """Who signed the request."""
    account, organization = request.account, _organization(request.account)
    org_id = organization.org.id if organization and organization.org else None
    session = sts_backends[account]["aws"].get_assumed_role_from_access_key(request.access_key)
    if session is not None:
        return Caller(account, session.arn, session.role_arn, org_id)
    user = iam_backends[account]["aws"].get_user_from_access_key_id(request.access_key)
    return Caller(account, user.arn if user else f"arn:aws:iam::{account}:user/moto", None, org_id)


def _role(account: str, arn: str) -> Role | None:
    if account not in iam_backends:
        return None
    return next((role for role in list(iam_backends[account]["aws"].roles.values()) if role.arn == arn), None)


def _organization(account: str) -> OrganizationsBackend | None:
    owner, _ = organizations_backends.master_accounts.get(account, (account, "aws"))
    return organizations_backends[owner]["aws"] if owner in organizations_backends else None


def _closed(account: str) -> bool:
    organization = _organization(account)
    members = organization.accounts if organization else []
    return any(member.id == account and member.status != "ACTIVE" for member in members)


def organization_reader(request: AwsRequest) -> str | Refusal:
    """The account whose view of the organization a request gets, or AWS's refusal.

    The management account and delegated administrators see the organization; other members may only describe it.
    """
    owner, _ = organizations_backends.master_accounts.get(request.account, (request.account, "aws"))
    if owner == request.account or request.action == "DescribeOrganization":
        return request.account
    organization = _organization(request.account)
    admins = organization.admins if organization else []
    if request.reads and any(admin.account.id == request.account for admin in admins):
        return owner
    return Refusal("AccessDeniedException", "You don't have permissions to access this resource.")
