"""Whose credentials a call is signed with: those of the session, or of a role assumed with them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

from botocore.exceptions import NoCredentialsError

from lamplighter.aws.environment import credential_chain
from lamplighter.aws.errors import retargeted
from lamplighter.aws.targets import ACCOUNT_PLACEHOLDER
from lamplighter.errors import AccessDenied, AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.credentials import Credentials, ReadOnlyCredentials
    from botocore.session import Session

logger = logging.getLogger("lamplighter.aws")

REFRESH_BEFORE: Final = timedelta(minutes=5)
"""How long before they expire the credentials of a role are replaced."""

REFUSAL_HOLDS: Final = timedelta(minutes=1)
"""How long a refused AssumeRole is not asked again: one call for an account, not one for each region."""


@dataclass(frozen=True, slots=True)
class Role:
    """How an account is entered.

    Attributes:
        arn: full ARN of the role.
        external_id: what its trust policy may ask for.
        session_name: shown in CloudTrail.
    """

    arn: str
    external_id: str | None = None
    session_name: str = "lamplighter"


@dataclass(frozen=True, slots=True)
class Assumed:
    """Temporary credentials, and the aware datetime at which they end."""

    credentials: ReadOnlyCredentials
    expires: datetime


def role_arn(role: str, account: str, partition: str) -> str:
    """The ARN of a role in an account.

    Args:
        role: a role name, with its path if it has one, or an ARN, perhaps with `{account}`.
        account: the account to enter.
        partition: `aws`, `aws-cn` or `aws-us-gov`, for a bare name.

    Raises:
        AwsError: the ARN names another account.
    """
    if not role.startswith("arn:"):
        return f"arn:{partition}:iam::{account}:role/{role}"
    arn = role.replace(ACCOUNT_PLACEHOLDER, account)
    if arn.split(":")[4] != account:
        raise AwsError(
            f"{account}: the role {role} is in another account",
            hint=f"give the role's name, or its ARN with {ACCOUNT_PLACEHOLDER}",
            service="sts",
            operation="AssumeRole",
            target=account,
        )
    return arn


class BaseCredentials:
    """The session's own credentials: found once, refreshed by botocore when they can be."""

    def __init__(self, session: Session, environ: Mapping[str, str]) -> None:
        self._session = session
        self._environ = environ
        self._lock = Lock()
        self._found: Credentials | None = None

    def frozen(self) -> ReadOnlyCredentials:
        """Keys to sign with now.

        Raises:
            botocore.exceptions.BotoCoreError: none found, or found and unusable.
            botocore.exceptions.ClientError: a profile's own role could not be assumed.
        """
        with self._lock:
            if self._found is None:
                self._found = credential_chain(self._session, self._environ).load_credentials()
            if self._found is None:
                raise NoCredentialsError
            return self._found.get_frozen_credentials()


class RoleCredentials:
    """The credentials of one role in one account, for all its regions and threads.

    Args:
        assume: calls AssumeRole; raises `AwsError`.
        now: aware datetime; tests give their own.
    """

    def __init__(self, assume: Callable[[], Assumed], now: Callable[[], datetime]) -> None:
        self._assume = assume
        self._now = now
        self._lock = Lock()
        self._held: Assumed | None = None
        self._refusal: tuple[datetime, AccessDenied] | None = None

    def frozen(self, target: str) -> ReadOnlyCredentials:
        """Keys that hold for at least five minutes, or, when AWS cannot be asked, until they expire.

        Args:
            target: `account/region` that an error is to belong to.

        Raises:
            AwsError: the role cannot be assumed.
        """
        with self._lock:
            now = self._now()
            held = self._held
            if held is not None and now < held.expires - REFRESH_BEFORE:
                return held.credentials
            if self._refusal is not None and now < self._refusal[0] + REFUSAL_HOLDS:
                raise retargeted(self._refusal[1], target)
            try:
                self._held = self._assume()
            except AccessDenied as refused:
                self._refusal = (now, refused)
                raise retargeted(refused, target) from refused
            except AwsError as failed:
                if held is None or now >= held.expires:
                    raise
                logger.warning("%s; the credentials held are good until %s", failed, held.expires.isoformat())
                return held.credentials
            return self._held.credentials
