"""What senders work with, from what a door has at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import GLOBAL_REGION, Target
from lamplighter.notify.sender import Caller, Means


def means_of(aws: Aws, environ: Mapping[str, str], folder: Path) -> Means:
    """Means that call AWS with the own credentials.

    Args:
        aws: sessions.
        environ: environment variables.
        folder: of the definition file.
    """

    def session(region: str) -> Caller:
        # Whatever the account is: no question to STS for a message to a file.
        return aws.session_as(Target("own", region or aws.region or GLOBAL_REGION), None)

    return Means(session, environ, folder)
