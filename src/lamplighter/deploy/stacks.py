"""The stacks of a deployment: code into a bucket, what is deployed against what is here, and taking it away."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from lamplighter.deploy.family import TEMPLATES, Template, switch
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Package
from lamplighter.errors import AwsError, NotFound, UsageError

if TYPE_CHECKING:
    from lamplighter.resources.kind import Session

PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "push": ("s3:GetObject", "s3:PutObject"),
    "status": ("cloudformation:DescribeStacks",),
    "destroy": ("cloudformation:DescribeStacks", "cloudformation:DeleteStack"),
}
"""IAM actions of whoever deploys, by command; beside these the use of the bucket's KMS key."""

CODE_KEYS: Final[Mapping[str, Group]] = {"CoreCodeKey": Group.CORE, "DataCodeKey": Group.DATA}
"""Parameters of templates that say where a zip lies."""

RELEASE: Final = "release.zip"
"""Key that the pipeline watches."""

_ELSEWHERE: Final = ("member", "organization")
"""Templates that are deployed in other accounts, by a stack set."""

_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Pushed:
    """One object of a bucket.

    Attributes:
        key: in the bucket.
        size: bytes.
        uploaded: false if it lay there already.
    """

    key: str
    size: int
    uploaded: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack of the hub's account.

    Attributes:
        template: what it was made from.
        name: of the stack.
        status: as CloudFormation says it; empty if there is none.
        changed: aware datetime of its last change, or None.
        code: keys of zips that it runs, by parameter.
    """

    template: str
    name: str
    status: str = ""
    changed: datetime | None = None
    code: Mapping[str, str] = field(default_factory=dict)

    def behind(self, packages: Iterable[Package]) -> bool | None:
        """Whether it runs other code than that of the packages; None if it runs none, or they are not given."""
        keys = {package.facts.group: package.key for package in packages}
        compared = [key == keys[CODE_KEYS[name]] for name, key in self.code.items() if CODE_KEYS[name] in keys]
        return not all(compared) if compared else None


def push(session: Session, bucket: str, packages: Iterable[Package]) -> list[Pushed]:
    """Put zips into a bucket under keys by content; what lies there already is not sent again.

    Args:
        session: calls in the bucket's account and region.
        bucket: its name.
        packages: the zips.

    Raises:
        AwsError: the bucket is missing or not permitted, or AWS does not answer.
        OSError: a zip cannot be read.
    """
    done = []
    for package in packages:
        known = _there(session, bucket, package.key)
        if not known:
            content = package.path.read_bytes()
            session.call("s3", "put_object", Bucket=bucket, Key=package.key, Body=content)
        done.append(Pushed(package.key, package.size, not known))
    return done


def push_release(session: Session, bucket: str, content: bytes) -> Pushed:
    """Put a release into the bucket, which starts the pipeline.

    Raises:
        AwsError: as for `push`.
    """
    session.call("s3", "put_object", Bucket=bucket, Key=RELEASE, Body=content)
    return Pushed(RELEASE, len(content), True)


def _there(session: Session, bucket: str, key: str) -> bool:
    try:
        session.call("s3", "head_object", Bucket=bucket, Key=key)
    except NotFound:
        return False
    except AwsError as error:
        # HEAD answers with a number only; without s3:ListBucket what is missing is forbidden.
        if error.code in ("404", "403"):
            return False
        raise
    return True


def values(template: Template, packages: Iterable[Package], bucket: str) -> dict[str, str]:
    """Parameters of a template that follow from zips in a bucket."""
    found: dict[str, str] = {}
    for package in packages:
        for name, group in CODE_KEYS.items():
            if name in _parameters(template) and package.facts.group is group:
                found |= {name: package.key, "Runtime": package.facts.python, "Architecture": package.facts.machine}
    if found and bucket:
        found["CodeBucket"] = bucket
    return found


def leaving_out(template: Template, away: Iterable[str]) -> dict[str, str]:
    """Parameters of a template with which it leaves out other stacks.

    Args:
        template: one that makes others, the pipeline.
        away: names of what is left out, as `lamplighter.deploy.family.left_out` gives them.

    Raises:
        UsageError: it does not make that stack.
    """
    found = {}
    for name in away:
        parameter = switch(TEMPLATES[name])
        if parameter not in _parameters(template):
            raise UsageError(
                f"template {template.name} does not make the stack {name}", hint=f"deploy no stack of {name}"
            )
        found[parameter] = "no"
    return found


def with_defaults(template: Template, given: Mapping[str, str]) -> str:
    """The text of a template whose parameters have these defaults.

    Raises:
        UsageError: the template has no such parameter.
    """
    text = template.text
    for name, value in given.items():
        _known(template, name)
        block = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", text, re.MULTILINE)
        assert block is not None
        rest = re.sub(r"^    Default:.*\n", "", block[1], flags=re.MULTILINE)
        kind = re.search(r"^    Type:.*\n", rest, re.MULTILINE)
        assert kind is not None
        fresh = f"{rest[: kind.end()]}    Default: {json.dumps(value)}\n{rest[kind.end() :]}"
        text = text[: block.start(1)] + fresh + text[block.end(1) :]
    return text


def release(packages: Sequence[Package], parameters: Mapping[str, Mapping[str, str]]) -> bytes:
    """What the pipeline deploys: the templates, and parameters for each. Same input, same bytes.

    Args:
        packages: zips that lie in the bucket of the code; the pipeline itself says which bucket that is.
        parameters: by template, beside what follows from the zips.

    Raises:
        UsageError: there is no such template or parameter.
    """
    for name in parameters:
        if name not in TEMPLATES:
            raise UsageError(f"there is no template {name!r}", hint=f"there are {', '.join(TEMPLATES)}")
    files: dict[str, str] = {}
    for template in TEMPLATES.values():
        given = {**values(template, packages, ""), **parameters.get(template.name, {})}
        for name in given:
            _known(template, name)
        files[f"templates/{template.file}"] = template.text
        files[f"parameters/{template.name}.json"] = json.dumps({"Parameters": given}, indent=1, sort_keys=True)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _TIME)
            member.external_attr, member.create_system = 0o644 << 16, 3
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, files[name])
    return sink.getvalue()


def stacks(session: Session, prefix: str) -> list[Stack]:
    """The stacks of a deployment in the hub's account, in the order in which they were made; absent ones too.

    Args:
        session: calls in the hub's account and region.
        prefix: what their names begin with.

    Raises:
        AwsError: not permitted, or AWS does not answer.
    """
    return [
        _stack(session, each, f"{prefix}-{each.name}") for each in TEMPLATES.values() if each.name not in _ELSEWHERE
    ]


def _stack(session: Session, template: Template, name: str) -> Stack:
    try:
        answer = session.call("cloudformation", "describe_stacks", StackName=name)
    except AwsError as error:
        # CloudFormation has no error of its own for a stack that is not there.
        if isinstance(error, NotFound) or "does not exist" in error.message:
            return Stack(template.name, name)
        raise
    found: Mapping[str, Any] = answer["Stacks"][0]
    given = {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters") or ()}
    code = {key: given[key] for key in CODE_KEYS if key in given}
    changed = found.get("LastUpdatedTime") or found.get("CreationTime")
    return Stack(template.name, name, found["StackStatus"], changed, code)


def destroy(session: Session, found: Sequence[Stack]) -> list[str]:
    """Ask CloudFormation to delete stacks, the last first.

    Args:
        session: calls in the hub's account and region.
        found: as `stacks` gives them; those that are not there are passed over.

    Returns:
        Names of the stacks that are being deleted.

    Raises:
        AwsError: not permitted, or AWS does not answer; stacks before it are being deleted.
    """
    gone = [each.name for each in reversed(found) if each.status]
    for name in gone:
        session.call("cloudformation", "delete_stack", StackName=name)
    return gone


def left_behind(found: Iterable[Stack]) -> list[tuple[str, str, str]]:
    """(stack, logical id, type) of what CloudFormation keeps when stacks are deleted: data, and the key to it."""
    return [
        (each.name, logical, resource["Type"])
        for each in found
        if each.status
        for logical, resource in TEMPLATES[each.template].data["Resources"].items()
        if str(resource.get("DeletionPolicy", "")).startswith("Retain")
    ]


def _parameters(template: Template) -> Mapping[str, Any]:
    found: Mapping[str, Any] = template.data.get("Parameters") or {}
    return found


def _known(template: Template, name: str) -> None:
    if name not in _parameters(template):
        raise UsageError(
            f"template {template.name} has no parameter {name!r}", hint=f"it has {', '.join(_parameters(template))}"
        )
