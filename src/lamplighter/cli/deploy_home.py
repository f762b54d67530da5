"""What commands of `lamp deploy` that ask the hub's account have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lamplighter.cli import context
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from lamplighter.aws.access import Aws, TargetSession

GIVE_YES: Final = "add --yes"


def chosen_settings(profile: str | None, endpoint_url: str | None) -> context.Settings:
    """The options of commands that know no targets."""
    return context.settings(None, None, profile, None, None, endpoint_url)


def home(aws: Aws) -> TargetSession:
    """Calls with the own credentials in the home region.

    Raises:
        UsageError: there is no home region.
    """
    from lamplighter.aws.targets import Target

    if aws.region is None:
        raise UsageError("it is not said in which region", hint="set AWS_REGION")
    return aws.session_as(Target("own", aws.region), None)
