"""What AWS gives no way to create with chosen values: an organization with given account ids, and roles to assume."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from moto.organizations.models import FakeAccount, OrganizationsBackend

ACCOUNT_ID = r"^\d{12}$"
FIRST_JOINED = datetime(2024, 1, 1)  # noqa: DTZ001 - moto keeps naive UTC
ACCESS_ROLE = "OrganizationAccountAccessRole"


class SeedAccount(BaseModel):
    """One account of the organization.

    Attributes:
        id: 12 digits.
        name: its name.
        email: its address; made from the id when missing.
        ou: path of its organizational unit below the root, for example `Workloads/Production`; empty for the root.
        status: `ACTIVE` or `SUSPENDED`.
        tags: tags of the account.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=ACCOUNT_ID)
    name: str
    email: str = ""
    ou: str = ""
    status: str = Field(default="ACTIVE", pattern="^(ACTIVE|SUSPENDED)$")
    tags: dict[str, str] = Field(default_factory=dict)


class SeedRole(BaseModel):
    """One role that can be assumed.

    Attributes:
        account: account it stands in.
        name: role name.
        path: IAM path.
        trusted: account ids or ARNs that may assume it; the management account when empty.
        external_id: external id the caller must give, or None.
        trust_policy: the whole trust policy; replaces the two before.
        max_session_seconds: the longest session, 3600 to 43200.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str = Field(pattern=ACCOUNT_ID)
    name: str
    path: str = "/"
    trusted: list[str] = Field(default_factory=list)
    external_id: str | None = None
    trust_policy: dict[str, Any] | None = None
    max_session_seconds: int = Field(default=3600, ge=3600, le=43200)


class Seed(BaseModel):
    """What to create; what exists already is brought to what is given.

    Attributes:
        accounts: accounts of the organization; an organization is created when any are given.
        roles: roles to be assumable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: list[SeedAccount] = Field(default_factory=list)
    roles: list[SeedRole] = Field(default_factory=list)


def plant(seed: Seed, management: str) -> dict[str, object]:
    """Create or update everything of a seed.

    Args:
        seed: what to create.
        management: id of the management account; it owns the organization and is trusted by default.

    Returns:
        Ids of the organization, its root and its units by path, and the ARNs of the roles.
    """
    units: dict[str, str] = {}
    backend = organizations_backends[management]["aws"]
    if seed.accounts and backend.org is None:
        backend.create_organization(region="us-east-1", FeatureSet="ALL")
        backend.accounts[0].name = "management"
        backend.accounts[0].create_time = FIRST_JOINED
        organizations_backends.master_accounts.pop(management, None)
    for account in seed.accounts:
        _plant_account(backend, account, management, units)
    arns = [_plant_role(role, management) for role in seed.roles]
    return {
        "organization": backend.org.id if backend.org else None,
        "root": backend.org.root_id if backend.org else None,
        "units": units,
        "roles": arns,
    }


def _plant_account(backend: OrganizationsBackend, wanted: SeedAccount, management: str, units: dict[str, str]) -> None:
    account = next((one for one in backend.accounts if one.id == wanted.id), None) or _create(backend, wanted)
    account.name = wanted.name
    account.email = wanted.email or f"aws+{wanted.id}@example.com"
    account.status = account.state = wanted.status
    account.tags = dict(wanted.tags)
    account.parent_id = _unit(backend, wanted.ou, units)
    if wanted.id != management:
        organizations_backends.master_accounts[wanted.id] = (management, "aws")
        _plant_role(SeedRole(account=wanted.id, name=ACCESS_ROLE), management)


def _create(backend: OrganizationsBackend, wanted: SeedAccount) -> FakeAccount:
    backend.create_account(AccountName=wanted.name, Email=wanted.email or "nobody@example.com")
    account = backend.accounts[-1]
    # moto made an id up and put a role into that account's IAM.
    iam_backends.pop(account.id, None)
    organizations_backends.master_accounts.pop(account.id, None)
    account.id = wanted.id
    # moto pages through accounts by the time they joined, so no two may have joined at once.
    account.create_time = FIRST_JOINED + timedelta(days=len(backend.accounts) - 1)
    return account


def _unit(backend: OrganizationsBackend, path: str, units: dict[str, str]) -> str:
    assert backend.org is not None
    parent = str(backend.org.root_id)
    walked: list[str] = []
    for name in filter(None, path.split("/")):
        walked.append(name)
        found = next((unit for unit in backend.ou if unit.parent_id == parent and unit.name == name), None)
        if found is None:
            backend.create_organizational_unit(Name=name, ParentId=parent)
            found = backend.ou[-1]
        parent = units["/".join(walked)] = found.id
    return parent


def _plant_role(wanted: SeedRole, management: str) -> str:
    trusted = [f"arn:aws:iam::{name}:root" if name.isdigit() else name for name in (wanted.trusted or [management])]
    statement: dict[str, object] = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    if wanted.external_id is not None:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": wanted.external_id}}
    policy = wanted.trust_policy or {"Version": "2012-10-17", "Statement": [statement]}
    iam = iam_backends[wanted.account]["aws"]
    role = next((one for one in iam.roles.values() if one.name == wanted.name), None) or iam.create_role(
        role_name=wanted.name,
        assume_role_policy_document="{}",
        path=wanted.path,
        permissions_boundary=None,
        description="Seeded by the simulated AWS",
        tags=[],
        max_session_duration=None,
    )
    role.assume_role_policy_document = json.dumps(policy)
    role.max_session_duration = str(wanted.max_session_seconds)
    return str(role.arn)


def wipe() -> None:
    """Forget everything moto holds, in every account."""
    BackendDict.reset()
    reset_model_data()
    # moto's reset keeps this map, and old members would stay members.
    organizations_backends.master_accounts.clear()
