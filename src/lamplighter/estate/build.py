"""Builds the demo estate over the wire, in a simulated AWS that is empty.

The organization is seeded through the control endpoints, as AWS lets nobody choose account ids. Everything else is
made as on AWS: the management account enters each member account through `OrganizationAccountAccessRole`, creates
`LamplighterRole` there, deploys the example templates and launches the fleet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TypeVar, cast

from lamplighter.aws.access import Aws, TargetSession
from lamplighter.aws.credentials import Role, role_arn
from lamplighter.aws.parallel import Outcome, each
from lamplighter.aws.targets import Target
from lamplighter.errors import UsageError
from lamplighter.estate.build_fleet import check_images, create_clusters, create_databases, launch
from lamplighter.estate.build_found import Member, find_members
from lamplighter.estate.build_roles import create_role
from lamplighter.estate.build_stacks import deploy, stack_of, templates_folder
from lamplighter.estate.fleet import REGIONS, make_fleet
from lamplighter.estate.fleet_accounts import ACCOUNTS, MANAGEMENT, Account
from lamplighter.estate.steering import EstateControl

ACCESS_ROLE = "OrganizationAccountAccessRole"
THREADS = 4

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Told after each piece of work: what it was, how many are done, how many there are."""


@dataclass(frozen=True, slots=True)
class EstatePlan:
    """What to build.

    Attributes:
        accounts: the organization; the first is the management account.
        regions: regions of every account.
        seed: of the fleet.
        external_id: what the trust policy of `LamplighterRole` asks for.
        templates: folder of the example templates; None for the one that comes with Lamplighter.
    """

    accounts: tuple[Account, ...] = ACCOUNTS
    regions: tuple[str, ...] = REGIONS
    seed: int = 2026
    external_id: str = "lamplighter-demo"
    templates: Path | None = None

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every account that can be entered, in every region."""
        return tuple(
            Target(account.id, region, account.name)
            for account in self.accounts
            if account.entered
            for region in self.regions
        )


DEFAULT = EstatePlan()


@dataclass(frozen=True, slots=True)
class BuiltEstate:
    """What stands now.

    Attributes:
        endpoint_url: address of the simulated AWS.
        plan: what was asked for.
        members: every instance, DB instance and DB cluster, as described after building; sorted.
    """

    endpoint_url: str
    plan: EstatePlan
    members: tuple[Member, ...]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts of the organization."""
        return self.plan.accounts

    def counts(self) -> Mapping[tuple[str, str, str], int]:
        """How many by (account, region, kind)."""
        return Counter((one.account, one.region, one.kind) for one in self.members)

    @property
    def schedulable(self) -> tuple[Member, ...]:
        """Members that stand alone and whose schedule tag names a schedule that works."""
        return tuple(one for one in self.members if one.schedulable)

    @property
    def scarce(self) -> Member:
        """An instance of a type that little else has: the one to leave without capacity.

        Raises:
            UsageError: the plan left it out.
        """
        return self._named("ml-training-01")

    @property
    def misscheduled(self) -> Member:
        """The instance whose schedule cannot be read.

        Raises:
            UsageError: the plan left it out.
        """
        return self._named("report-writer-01")

    @property
    def denied_accounts(self) -> tuple[str, ...]:
        """Accounts of the organization that have no `LamplighterRole` yet."""
        return tuple(account.id for account in self.plan.accounts if not account.entered)

    def _named(self, name: str) -> Member:
        found = next((one for one in self.members if one.name == name), None)
        if found is None:
            raise UsageError(f"the plan left out {name}", hint="build both regions and every account")
        return found


def build_estate(endpoint_url: str, plan: EstatePlan = DEFAULT, progress: Progress | None = None) -> BuiltEstate:
    """Build the demo estate; takes seconds.

    Args:
        endpoint_url: address of an empty simulated AWS.
        plan: what to build.
        progress: told after each piece of work, from one thread at a time.

    Raises:
        UsageError: the plan has no accounts that can be entered, or the simulated AWS lacks the machine images.
        AwsError: a call was refused, for example because the estate is not empty.
    """
    targets = plan.targets
    if not targets:
        raise UsageError("the plan names no account that can be entered, or no region")
    accounts = tuple({target.account: target for target in targets}.values())
    tell = _teller(progress, 1 + len(accounts) + 4 * len(targets))
    EstateControl(endpoint_url).seed_organization([account.seed() for account in plan.accounts])
    tell("organization")
    with Aws(endpoint_url=endpoint_url, region=plan.regions[0], environ=_KEYS) as aws:
        _done(each(accounts, lambda target: _enter(aws, plan, target, tell), threads=THREADS))
        found = _done(each(targets, lambda target: _fill(aws, plan, target, tell), threads=THREADS))
    return BuiltEstate(endpoint_url, plan, _sorted(found))


def ask_targets(endpoint_url: str, plan: EstatePlan, ask: Callable[[TargetSession], T]) -> list[T]:
    """Ask something of every target that can be entered, as the management account may; in order.

    Raises:
        AwsError: a call failed.
    """
    with Aws(endpoint_url=endpoint_url, region=plan.regions[0], environ=_KEYS) as aws:
        return _done(each(plan.targets, lambda target: ask(_session(aws, target)), threads=THREADS))


# The front takes keys it does not know for base credentials of the management account.
_KEYS = {"AWS_ACCESS_KEY_ID": "estate", "AWS_SECRET_ACCESS_KEY": "estate", "AWS_EC2_METADATA_DISABLED": "true"}


def _session(aws: Aws, target: Target) -> TargetSession:
    if target.account == MANAGEMENT:
        return aws.session_as(target, None)
    return aws.session_as(target, Role(role_arn(ACCESS_ROLE, target.account, "aws"), session_name="estate"))


def _enter(aws: Aws, plan: EstatePlan, target: Target, tell: Callable[[str], None]) -> None:
    create_role(_session(aws, target), trusted=MANAGEMENT, external_id=plan.external_id)
    tell(f"{target.name}: role")


def _fill(aws: Aws, plan: EstatePlan, target: Target, tell: Callable[[str], None]) -> tuple[Member, ...]:
    session = _session(aws, target)
    fleet = make_fleet(plan.seed, plan.regions).at(target.account, target.region)
    check_images(session)
    stack = stack_of(target)
    if stack is not None:
        deploy(session, stack, plan.templates or templates_folder())
    tell(f"{target}: stack")
    launch(session, fleet.machines)
    tell(f"{target}: instances")
    create_databases(session, fleet.databases)
    create_clusters(session, fleet.clusters)
    tell(f"{target}: databases")
    members = find_members(session)
    tell(f"{target}: described")
    return members


def _sorted(found: Sequence[Sequence[Member]]) -> tuple[Member, ...]:
    everything = [member for members in found for member in members]
    return tuple(sorted(everything, key=lambda one: (one.account, one.region, one.kind, one.name, one.id)))


def _teller(progress: Progress | None, total: int) -> Callable[[str], None]:
    lock, done = Lock(), count(1)

    def tell(what: str) -> None:
        with lock:
            number = next(done)
            if progress is not None:
                progress(what, number, total)

    return tell


def _done(outcomes: Sequence[Outcome[T]]) -> list[T]:
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return [cast("T", outcome.value) for outcome in outcomes]
