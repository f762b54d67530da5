"""The way to AWS: `Aws`, one for each run, and `TargetSession`, one for each target.

Example:
    >>> with Aws(region="eu-central-1") as aws:  # doctest: +SKIP
    ...     for target in aws.targets(None).targets:
    ...         for reservation in aws.session(target).pages("ec2", "describe_instances", "Reservations"):
    ...             print(target, reservation["Instances"])
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from shutil import copyfileobj
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.credentials import ReadOnlyCredentials

from lamplighter.aws.calls import BOTOCORE_ERRORS, Caller, page_iterator
from lamplighter.aws.clients import Clients
from lamplighter.aws.credentials import Assumed, BaseCredentials, Role, RoleCredentials
from lamplighter.aws.discovery import find_targets
from lamplighter.aws.environment import open_session
from lamplighter.aws.errors import translate
from lamplighter.aws.targets import GLOBAL_REGION
from lamplighter.errors import AccessDenied, CredentialsMissing, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from lamplighter.aws.calls import CallRecord
    from lamplighter.aws.targets import Target, TargetList, TargetsDefinition

PERMISSIONS: Final = ("sts:AssumeRole",)
"""What entering other accounts takes, on their roles; GetCallerIdentity needs no permission."""

_CHUNK: Final = 1 << 20
_BODIES: Final = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the session's own credentials are, by STS GetCallerIdentity.

    Attributes:
        account: 12-digit account id.
        arn: of the user or role session.
    """

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, `aws-us-gov`, ..."""
        return self.arn.split(":")[1]


class TargetSession:
    """Calls in one target. Safe to use from several threads; made by `Aws.session`."""

    def __init__(self, target: Target, caller: Caller, credentials: Callable[[], ReadOnlyCredentials]) -> None:
        self.target = target
        self._caller = caller
        self._credentials = credentials

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call, repeated by botocore when AWS was busy.

        Args:
            service: botocore service name, `ec2`.
            operation: as a method of boto3's client, `start_instances`.
            params: as boto3 takes them.

        Returns:
            The answer as boto3 gives it.

        Raises:
            AwsError: it failed; `OutcomeUnknown` when a write may have taken effect all the same.
        """
        answer: Mapping[str, Any] = self._perform(
            service, operation, lambda client: getattr(client, operation)(**params)
        )
        return answer

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        """The items under `key` of every page, asked for as they are consumed.

        Args:
            service: botocore service name.
            operation: as a method of boto3's client, `describe_instances`.
            key: the member of the answer that holds the items, `Reservations`.
            params: as boto3 takes them; filter here, parsing costs 0.6 ms an instance.

        Yields:
            Items in the order of AWS.

        Raises:
            AwsError: a page failed, or there are more pages that cannot be asked for: a list is whole or no list.
            ValueError: the operation's answer has no such member.
        """
        client, name = self._caller.client(service, operation, self.target.region, self.target.key)
        members = client.meta.service_model.operation_model(name).output_shape.members
        if key not in members:
            raise ValueError(f"{service} {name} answers with {', '.join(members)}; there is no {key}")
        pages = page_iterator(client, operation, name, params)
        while (page := self._perform(service, operation, lambda _: next(pages, None))) is not None:
            yield from page.get(key) or ()

    def download(self, service: str, operation: str, path: Path, /, **params: Any) -> int:
        """One call whose answer has a body, written to a file that is there whole or not at all.

        A body that breaks off is asked for anew, twice at most: botocore repeats only what failed before the body.

        Args:
            service: botocore service name, `s3`.
            operation: as a method of boto3's client, `get_object`.
            path: the file; its folder is there.
            params: as boto3 takes them.

        Returns:
            Bytes written.

        Raises:
            AwsError: it failed.
            OSError: the file cannot be written.
        """
        fresh = path.with_name(f"{path.name}.part")
        bodies = 0

        def step(client: Any) -> int:
            nonlocal bodies
            body = getattr(client, operation)(**params)["Body"]
            bodies += 1
            with fresh.open("wb") as file:
                copyfileobj(body, file, _CHUNK)
                return file.tell()

        try:
            while True:
                before = bodies
                try:
                    size: int = self._perform(service, operation, step)
                    break
                except Unreachable:
                    if bodies in (before, _BODIES):
                        raise
            fresh.rename(path)
        finally:
            fresh.unlink(missing_ok=True)
        return size

    def _perform(self, service: str, operation: str, step: Callable[[Any], Any]) -> Any:
        return self._caller.perform(service, operation, self.target.region, self.target.key, self._credentials, step)


class Aws:
    """Everything AWS of one run: settings, credentials, clients. Safe to use from several threads.

    Args:
        profile: wins over AWS_PROFILE and over keys in the environment.
        region: home region; wins over AWS_REGION, AWS_DEFAULT_REGION and the profile's.
        endpoint_url: one URL for every service (a simulated AWS); wins over AWS_ENDPOINT_URL[_<SERVICE>].
        environ: variables; default those of the process, as they are now.
        retries: attempts after the first, of throttled and failed requests.
        connect_timeout: seconds.
        read_timeout: seconds without a byte of an answer.
        on_call: told about every call, from the thread that made it.
        clock: the time now, aware; decides when a role's credentials are replaced.
        timer: seconds of a monotonic clock, for `CallRecord`.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        endpoint_url: str | None = None,
        environ: Mapping[str, str] | None = None,
        retries: int = 5,
        connect_timeout: float = 5,
        read_timeout: float = 60,
        on_call: Callable[[CallRecord], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        variables = dict(os.environ if environ is None else environ)
        # Two sessions: one finds credentials and may make clients of its own for that, one feeds the pool.
        self._settings = open_session(variables, profile=profile, region=region)
        self._base = BaseCredentials(self._settings, variables)
        self._clients = Clients(
            open_session(variables, profile=profile, region=region),
            variables,
            endpoint=endpoint_url,
            retries=retries,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
        )
        self._caller = Caller(self._clients, on_call, timer)
        self._clock = clock
        self._lock = Lock()
        self._identity: Identity | None = None
        self._roles: dict[str, Role | None] = {}
        self._assumed: dict[tuple[str, Role], RoleCredentials] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    @property
    def region(self) -> str | None:
        """The home region, or None when nothing sets one.

        Raises:
            CredentialsMissing: the profile does not exist.
        """
        try:
            region: str | None = self._settings.get_config_variable("region")
        except BOTOCORE_ERRORS as error:
            raise translate(error, "", "", "") from error
        return region or None

    def known_regions(self, partition: str) -> tuple[str, ...]:
        """Regions with EC2 that the installed botocore knows; AWS may have opened more since."""
        return tuple(sorted(self._settings.get_available_regions("ec2", partition_name=partition)))

    def identity(self) -> Identity:
        """Who the own credentials are; asked once.

        Raises:
            AwsError: there are none, they are refused, or STS does not answer.
        """
        with self._lock:
            if self._identity is None:
                answer = self._caller.perform(
                    "sts",
                    "get_caller_identity",
                    self.region or GLOBAL_REGION,
                    "",
                    self._base.frozen,
                    lambda client: client.get_caller_identity(),
                )
                self._identity = Identity(answer["Account"], answer["Arn"])
            return self._identity

    def own_account(self) -> str:
        """The account of the own credentials; asked once.

        Raises:
            AwsError: there are none, they are refused, or STS does not answer.
        """
        return self.identity().account

    def targets(
        self, definition: TargetsDefinition | None, *, accounts: Sequence[str] = (), regions: Sequence[str] = ()
    ) -> TargetList:
        """The targets that a definition comes to now, and remember how each account is entered.

        Args:
            definition: the `targets:` section; None stands for the own account in the home region.
            accounts: keep only these, by id or name.
            regions: instead of the definition's; `("all",)` for every enabled one.

        Returns:
            Sorted targets without repeats; what could not be found out stands beside them as failures.

        Raises:
            AwsError: not even the own account can be found out.
        """
        found, roles = find_targets(self, definition, accounts, regions)
        with self._lock:
            self._roles.update(roles)
        return found

    def session(self, target: Target) -> TargetSession:
        """Calls in a target, with the role that `targets` found for its account.

        Raises:
            CredentialsMissing: the account is not the own one, and no role is known for it.
            AwsError: the own account cannot be found out.
        """
        if target.account in self._roles:
            return self.session_as(target, self._roles[target.account])
        if (own := self.own_account()) != target.account:
            raise CredentialsMissing(
                f"{target.key}: the credentials belong to {own}, and no role is known for {target.account}",
                hint="set `role` in the targets section",
                target=target.key,
            )
        return self.session_as(target, None)

    def session_as(self, target: Target, role: Role | None) -> TargetSession:
        """Calls in a target with a given role; None for the own credentials, whatever their account."""
        if role is None:
            return TargetSession(target, self._caller, self._base.frozen)
        with self._lock:
            held = self._assumed.setdefault(
                (target.account, role), RoleCredentials(lambda: self._assume(target.account, role), self._clock)
            )
        return TargetSession(target, self._caller, lambda: held.frozen(target.key))

    def _assume(self, account: str, role: Role) -> Assumed:
        region = self.region or GLOBAL_REGION
        params = {"RoleArn": role.arn, "RoleSessionName": role.session_name}
        if role.external_id is not None:
            params["ExternalId"] = role.external_id
        try:
            answer = self._caller.perform(
                "sts",
                "assume_role",
                region,
                f"{account}/{region}",
                self._base.frozen,
                lambda client: client.assume_role(**params),
            )
        except AccessDenied as refused:
            terms = f'with external id "{role.external_id}"' if role.external_id else "without an external id"
            raise AccessDenied(
                f"{account}: AssumeRole of {role.arn} is refused",
                hint=f"the role must exist and trust {self.identity().arn} {terms}, which needs sts:AssumeRole on it",
                service="sts",
                operation="AssumeRole",
                code=refused.code,
                target=refused.target,
            ) from refused
        keys = answer["Credentials"]
        return Assumed(
            ReadOnlyCredentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]), keys["Expiration"]
        )
