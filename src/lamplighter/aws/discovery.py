"""From the `targets:` section to targets: the accounts, how each is entered, and its regions."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from lamplighter.aws.credentials import Role, role_arn
from lamplighter.aws.parallel import each
from lamplighter.aws.targets import (
    ALL,
    GLOBAL_REGION,
    AccountDefinition,
    Target,
    TargetFailure,
    TargetList,
    TargetsDefinition,
)
from lamplighter.errors import AwsError, CredentialsMissing, LamplighterError, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lamplighter.aws.access import Aws, Identity, TargetSession
    from lamplighter.aws.targets import OrganizationDefinition

logger = logging.getLogger("lamplighter.aws")

PERMISSIONS: Final = (
    "ec2:DescribeRegions",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
)
"""IAM actions: the first in each account whose regions are to be found, the others where the Organization is asked."""

_ENABLED = [{"Name": "opt-in-status", "Values": ["opt-in-not-required", "opted-in"]}]
_OPERABLE = "ACTIVE"


@dataclass(slots=True)
class _Search:
    """What is collected on the way; lives for one call of `find_targets`."""

    aws: Aws
    definition: TargetsDefinition
    identity: Identity
    home: str
    failures: list[TargetFailure] = field(default_factory=list)

    def fail(self, subject: str, error: LamplighterError) -> None:
        """Note that a part came to nothing, and go on."""
        logger.info("%s: %s", subject, error)
        self.failures.append(TargetFailure(subject, error))

    def own_session(self) -> TargetSession:
        """Calls with the own credentials at home."""
        return self.aws.session_as(Target(self.identity.account, self.home), None)


def find_targets(
    aws: Aws, definition: TargetsDefinition | None, accounts: Sequence[str], regions: Sequence[str]
) -> tuple[TargetList, Mapping[str, Role | None]]:
    """The targets of a definition, and the role of every account; None for the own credentials.

    See `Aws.targets`, which is the way to call it.
    """
    search = _Search(aws, definition or TargetsDefinition(), aws.identity(), aws.region or GLOBAL_REGION)
    entries = _chosen(search, _accounts(search), accounts)
    roles: dict[str, Role | None] = {}
    for entry in entries:
        try:
            roles[entry.id] = _role(search, entry)
        except AwsError as error:
            search.fail(entry.id, error)
    entered = [entry for entry in entries if entry.id in roles]
    targets = sorted(set(_in_regions(search, entered, roles, tuple(regions))))
    return TargetList(tuple(targets), tuple(search.failures)), roles


def _accounts(search: _Search) -> list[AccountDefinition]:
    """Explicit entries first: they know more than the Organization does."""
    definition = search.definition
    found = {entry.id: entry for entry in definition.accounts}
    if definition.organization is not None:
        for entry in _organization(search, definition.organization):
            known = found.setdefault(entry.id, entry)
            found[entry.id] = known if known.name else known.model_copy(update={"name": entry.name})
    alone = not definition.accounts and definition.organization is None
    if definition.include_own or alone:
        own = search.identity.account
        found.setdefault(own, AccountDefinition(id=own))
    return sorted(found.values(), key=lambda entry: entry.id)


def _chosen(search: _Search, entries: list[AccountDefinition], wanted: Sequence[str]) -> list[AccountDefinition]:
    if not wanted:
        return entries
    labels = {label for entry in entries for label in (entry.name, entry.id) if label}
    for label in wanted:
        if label not in labels:
            close = get_close_matches(label, sorted(labels), n=1)
            hint = f"did you mean {close[0]}?" if close else "add it to `accounts` in the targets section"
            search.fail(label, UsageError(f"account {label} is not among the targets", hint=hint))
    return [entry for entry in entries if entry.id in wanted or (entry.name and entry.name in wanted)]


def _role(search: _Search, entry: AccountDefinition) -> Role | None:
    definition = search.definition
    identity = search.identity
    name = entry.role or (definition.role if entry.id != identity.account else None)
    if name is not None:
        arn = role_arn(name, entry.id, identity.partition)
        return Role(arn, entry.external_id or definition.external_id, definition.session_name)
    if entry.id != identity.account:
        # Current credentials would act on their own account under the other's name.
        raise CredentialsMissing(
            f"{entry.id}: the credentials belong to {identity.account}, and no role is given to enter {entry.id}",
            hint="set `role` in the targets section",
            target=entry.id,
        )
    return None


def _organization(search: _Search, part: OrganizationDefinition) -> Iterator[AccountDefinition]:
    session = search.own_session()
    for parent in part.include_ous or (None,):
        try:
            members = list(_members(session, parent))
        except AwsError as error:
            search.fail(parent or "organization", error)
            continue
        for account in members:
            # `Status` is being replaced by `State`; older answers have only the first.
            state = account.get("State") or account.get("Status")
            if account["Id"] in part.exclude_accounts:
                continue
            if state is None:
                search.fail(account["Id"], AwsError(f"{account['Id']}: the Organization does not say its state"))
            elif state == _OPERABLE:
                yield AccountDefinition(id=account["Id"], name=account.get("Name", ""))
            else:
                logger.info("%s: left out, its state in the Organization is %s", account["Id"], state)


def _members(session: TargetSession, parent: str | None) -> Iterator[Mapping[str, str]]:
    if parent is None:
        accounts = list(session.pages("organizations", "list_accounts", "Accounts"))
        if not accounts:
            raise NotFound("the Organization has no accounts", hint="is the account a member of one?")
        yield from accounts
        return
    yield from session.pages("organizations", "list_accounts_for_parent", "Accounts", ParentId=parent)
    for unit in session.pages(
        "organizations", "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent
    ):
        yield from _members(session, unit["Id"])


def _in_regions(
    search: _Search, entries: Sequence[AccountDefinition], roles: Mapping[str, Role | None], chosen: tuple[str, ...]
) -> Iterator[Target]:
    home = (search.aws.region,) if search.aws.region else ()
    wanted = {entry.id: chosen or entry.regions or search.definition.regions or home for entry in entries}
    yield from _enabled(search, [entry for entry in entries if ALL in wanted[entry.id]], roles)
    unknown = _unknown_regions(search, {name for names in wanted.values() for name in names if name != ALL})
    for entry in entries:
        if not wanted[entry.id]:
            error = UsageError(f"{entry.id}: no region", hint="set --region, AWS_REGION or `regions`")
            search.fail(entry.id, error)
        for name in wanted[entry.id]:
            if name in unknown:
                search.fail(f"{entry.id}/{name}", unknown[name])
            elif name != ALL:
                yield Target(entry.id, name, entry.name)


def _enabled(
    search: _Search, entries: Sequence[AccountDefinition], roles: Mapping[str, Role | None]
) -> Iterator[Target]:
    def regions(target: Target) -> list[str]:
        session = search.aws.session_as(target, roles[target.account])
        return [
            region["RegionName"] for region in session.pages("ec2", "describe_regions", "Regions", Filters=_ENABLED)
        ]

    asked = [Target(entry.id, search.home, entry.name) for entry in entries]
    for outcome in each(asked, regions, threads=search.definition.threads):
        if outcome.error is not None:
            search.fail(outcome.target.account, outcome.error)
        for name in outcome.value or ():
            yield Target(outcome.target.account, name, outcome.target.name)


def _unknown_regions(search: _Search, names: set[str]) -> Mapping[str, LamplighterError]:
    """Names that neither botocore's list nor AWS knows, each with its error."""
    known = set(search.aws.known_regions(search.identity.partition))
    doubtful = sorted(names - known)
    if not doubtful:
        return {}
    session = search.own_session()
    try:
        known |= {
            region["RegionName"] for region in session.pages("ec2", "describe_regions", "Regions", AllRegions=True)
        }
    except AwsError as error:
        return dict.fromkeys(doubtful, error)
    errors: dict[str, LamplighterError] = {}
    for name in doubtful:
        if name not in known:
            close = get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else "`aws ec2 describe-regions --all-regions` lists them"
            errors[name] = UsageError(f"there is no region {name}", hint=hint)
    return errors
