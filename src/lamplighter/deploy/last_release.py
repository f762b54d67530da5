"""The release before: what it says and is not deployed yet, because it runs, waits for a person, or failed.

A release is made of what is deployed. What one before it would have changed, and has not, the next one would set back.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Protocol

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.parameters import default_of, parameters_of
from lamplighter.deploy.push import head
from lamplighter.deploy.stacks import FROM_ZIPS, Stack, told
from lamplighter.errors import Problem, UsageError
from lamplighter.resources.kind import Session

if TYPE_CHECKING:
    from lamplighter.deploy.release import Release

PERMISSIONS: Final = ("s3:GetObject",)


class Downloads(Session, Protocol):
    """Calls to AWS, and answers that go into a file; `lamplighter.aws.access.TargetSession` is such."""

    def download(self, service: str, operation: str, path: Path, /, **params: Any) -> int:
        """One call whose answer goes into a file; raises AwsError."""
        ...


@dataclass(frozen=True, slots=True)
class LastRelease:
    """What lies in the bucket.

    Attributes:
        at: aware datetime at which it was put there.
        parameters: by template.
    """

    at: datetime
    parameters: Mapping[str, Mapping[str, str]]


def last_release(session: Downloads, bucket: str, key: str) -> LastRelease | None:
    """The release that lies in a bucket; None if there is none.

    Args:
        session: calls in the bucket's account and region.
        bucket: of the code.
        key: of the release.

    Raises:
        AwsError: the bucket is missing, it or the release is not permitted, or AWS does not answer.
        UsageError: it cannot be read as a release.
    """
    said = head(session, bucket, key)
    if said is None:
        return None
    with TemporaryDirectory(prefix="lamplighter-release-") as folder:
        path = Path(folder) / "release.zip"
        session.download("s3", "get_object", path, Bucket=bucket, Key=key)
        try:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.startswith("parameters/")]
                found = {Path(name).stem: json.loads(archive.read(name))["Parameters"] for name in names}
        except (zipfile.BadZipFile, ValueError, KeyError) as error:
            raise UsageError(f"s3://{bucket}/{key} is no release") from error
    return LastRelease(said["LastModified"], found)


def _is_newer(stack: Stack, release: LastRelease) -> bool:
    """Whether a stack was changed after a release; what was rolled back is as it was before."""
    if stack.changed is None or "ROLLBACK" in stack.status:
        return False
    # S3 tells whole seconds.
    return stack.changed.replace(microsecond=0) > release.at


def set_back(
    before: LastRelease, found: Sequence[Stack], planned: Release, given: Mapping[str, Mapping[str, str]]
) -> list[Problem]:
    """What the release before changes and the next one would set back, unless people say what they want.

    Args:
        before: the release before.
        found: the stacks of the deployment.
        planned: the next one.
        given: by template and parameter, what people want.
    """
    by_template = {each.template: each for each in found}
    problems = []
    for name, wanted in planned.parameters.items():
        if _is_newer(by_template[name], before):
            continue
        template = TEMPLATES[name]
        for parameter, value in before.parameters.get(name, {}).items():
            if parameter in FROM_ZIPS or parameter in given.get(name, {}) or parameter not in parameters_of(template):
                continue
            now = wanted.get(parameter, default_of(template, parameter))
            if now != value:
                problems.append(
                    Problem(
                        f"{name}.{parameter}",
                        f"the release of {told(before.at)} says {value!r}, and is not deployed; this one says {now!r}",
                        "wait for it, or say with --parameters what is to be",
                    )
                )
    return problems
