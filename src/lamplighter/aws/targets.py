"""Targets: which accounts and regions, as users write it and as the rest of the house gets it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from lamplighter.errors import LamplighterError

ALL: Final = "all"
"""Stands for every enabled region of an account."""

GLOBAL_REGION: Final = "us-east-1"
"""Where account-wide services (STS, Organizations) are asked when no region is set."""

ACCOUNT_PLACEHOLDER: Final = "{account}"
"""In a role ARN: the account that is being entered."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_OU = re.compile(r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_ROLE = re.compile(
    r"(arn:aws[a-z-]*:iam::(\d{12}|\{account\}):role/)?([\w+=,.@-]+/)*[\w+=,.@-]{1,64}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One account in one region: what a client, a lease and a failure belong to.

    Attributes:
        account: 12-digit account id.
        region: region name, for example `eu-central-1`.
        name: what people call the account; not part of its identity.
    """

    account: str
    region: str
    name: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """`account/region`, as it stands in errors, logs and store keys."""
        return f"{self.account}/{self.region}"

    def __str__(self) -> str:
        return f"{self.name} ({self.key})" if self.name else self.key


@dataclass(frozen=True, slots=True)
class TargetFailure:
    """A part of the definition that could not be turned into targets.

    Attributes:
        subject: `account`, `account/region`, an organizational unit's id, or `organization`.
        error: why, with a hint.
    """

    subject: str
    error: LamplighterError


@dataclass(frozen=True, slots=True)
class TargetList:
    """What a definition came to: sorted targets without repeats, and what failed, beside them."""

    targets: tuple[Target, ...]
    failures: tuple[TargetFailure, ...] = ()


def account_id(value: object) -> str:
    """A 12-digit account id as text.

    Args:
        value: text, or a whole number as YAML reads an unquoted id.

    Raises:
        ValueError: not 12 digits; says so when YAML dropped leading zeros or read an octal number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if len(str(value)) == 12:
            return str(value)
        raise ValueError(
            f"account id is the number {value}, not 12 digits: YAML drops leading zeros, so write it in quotes, "
            'for example "012345678901"'
        )
    if isinstance(value, str) and _ACCOUNT.fullmatch(value.strip()):
        return value.strip()
    raise ValueError(f"account id must be 12 digits, not {value!r}")


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _regions(value: tuple[str, ...]) -> tuple[str, ...]:
    if ALL in value:
        if len(value) > 1:
            raise ValueError('"all" stands alone: name regions, or all of them')
        return value
    if wrong := [name for name in value if not _REGION.fullmatch(name)]:
        raise ValueError(f"not a region name: {', '.join(wrong)} (a region looks like eu-central-1)")
    return tuple(dict.fromkeys(value))


def _role(value: str) -> str:
    if not _ROLE.fullmatch(value):
        raise ValueError(
            f"role must be a role name (optionally with its path) or a role ARN, not {value!r}; "
            f"an ARN for many accounts has {ACCOUNT_PLACEHOLDER} in place of the account id"
        )
    return value


AccountId = Annotated[
    str, BeforeValidator(account_id), WithJsonSchema({"type": "string", "pattern": f"^{_ACCOUNT.pattern}$"})
]
RoleText = Annotated[str, AfterValidator(_role)]
ExternalId = Annotated[str, Field(min_length=2, max_length=1224, pattern=r"^[\w+=,.@:/-]+$")]
Regions = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_many),
    AfterValidator(_regions),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
OrganizationalUnits = Annotated[tuple[Annotated[str, Field(pattern=f"^({_OU.pattern})$")], ...], Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AccountDefinition(_Model):
    """One account: a bare 12-digit id, or an id with what differs for it."""

    id: AccountId = Field(description="12-digit account id, in quotes.")
    name: str = Field(default="", description="What people call it; shown in reports. Any text.")
    role: RoleText | None = Field(default=None, description="Role to assume here; default: that of the section.")
    external_id: ExternalId | None = Field(default=None, description="External id of the role's trust policy.")
    regions: Regions | None = Field(default=None, description="Regions here; default: those of the section.")

    @model_validator(mode="before")
    @classmethod
    def _bare_id(cls, value: Any) -> Any:
        return {"id": value} if isinstance(value, (str, int)) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The published schema knows the bare id too."""
        return {"anyOf": [{"type": "string", "pattern": f"^{_ACCOUNT.pattern}$"}, handler(core)]}


class OrganizationDefinition(_Model):
    """The accounts of an AWS Organization that are active."""

    include_ous: OrganizationalUnits | None = Field(
        default=None, description="Only accounts under these units (ou-...) or roots (r-...), at any depth."
    )
    exclude_accounts: tuple[AccountId, ...] = Field(default=(), description="Accounts left out.")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The published schema knows true and false too."""
        return {"anyOf": [{"type": "boolean"}, handler(core)]}


class TargetsDefinition(_Model):
    """The `targets:` section of lamplighter.yaml: accounts times regions, and how to enter them."""

    accounts: tuple[AccountDefinition, ...] = Field(default=(), description="Accounts by id; ids in quotes.")
    organization: OrganizationDefinition | None = Field(
        default=None, description="true for every active account, or include_ous and exclude_accounts."
    )
    include_own: bool = Field(default=False, description="Also the account of the credentials themselves.")
    role: RoleText | None = Field(
        default=None, description="Role to assume in every account but the own one; default: none, own account only."
    )
    external_id: ExternalId | None = Field(default=None, description="External id for every role without its own.")
    session_name: str = Field(
        default="lamplighter", pattern=r"^[\w+=,.@-]{2,64}$", description="Shown in CloudTrail as the caller."
    )
    regions: Regions = Field(default=(), description="Region names, or all; default: the region of the session.")
    threads: int = Field(default=25, ge=1, le=50, description="Targets worked on at the same time.")

    @field_validator("organization", mode="before")
    @classmethod
    def _all_or_none(cls, value: object) -> object:
        return ({} if value else None) if isinstance(value, bool) else value

    @field_validator("accounts")
    @classmethod
    def _one_entry_each(cls, entries: tuple[AccountDefinition, ...]) -> tuple[AccountDefinition, ...]:
        by_id: dict[str, AccountDefinition] = {}
        for entry in entries:
            if by_id.setdefault(entry.id, entry) != entry:
                raise ValueError(f"account {entry.id} stands here twice with different settings")
        return tuple(by_id.values())
