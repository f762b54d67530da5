"""The stacks of a deployment: which there are in the hub's account, what they run, and what they are made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lamplighter.deploy.block_pipeline import wired
from lamplighter.deploy.event_stack import DESCRIBED
from lamplighter.deploy.family import TEMPLATES, Template, switch
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import Package
from lamplighter.deploy.parameters import default_of, known, parameters_of
from lamplighter.errors import AwsError, NotFound, UsageError

if TYPE_CHECKING:
    from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("cloudformation:DescribeStacks",)

CODE_KEYS: Final[Mapping[str, Group]] = {"CoreCodeKey": Group.CORE, "DataCodeKey": Group.DATA}
"""Parameters of templates that say where a zip lies."""

_ELSEWHERE: Final = ("member", "organization")
"""Templates that are deployed in other accounts, by a stack set."""

FROM_ZIPS: Final = (*CODE_KEYS, "Runtime", "Architecture", "Version", "BuiltAt")
"""Parameters that follow from zips."""

EVENT: Final = "event"
"""What stands for the template of a plain event, which is made for each of them."""

_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack of the hub's account.

    Attributes:
        template: what it was made from, or `EVENT`.
        name: of the stack.
        status: as CloudFormation says it; empty if there is none.
        changed: aware datetime of its last change, or None.
        parameters: their values by name; of those that are `NoEcho` asterisks.
        outputs: by name.
        arn: under which it can be asked for after it is deleted; empty if there is none.
        protected: whether it cannot be deleted (termination protection).
        why: CloudFormation's reason for its status, or empty.
    """

    template: str
    name: str
    status: str = ""
    changed: datetime | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    arn: str = ""
    protected: bool = False
    why: str = ""

    @property
    def code(self) -> dict[str, str]:
        """Keys of zips that it runs, by parameter."""
        return {key: self.parameters[key] for key in CODE_KEYS if key in self.parameters}

    @property
    def settled(self) -> bool:
        """Whether it is deployed, and nothing is under way."""
        return self.status.endswith("_COMPLETE") and not self.status.startswith(("ROLLBACK", "DELETE"))

    @property
    def chosen(self) -> dict[str, str]:
        """Parameters that people gave another value than the template's default: neither code nor outputs of stacks."""
        if self.template == EVENT:
            return {}
        template = TEMPLATES[self.template]
        passed = {"Prefix", *FROM_ZIPS, *wired(template)}
        return {
            name: value
            for name, value in self.parameters.items()
            if name in parameters_of(template) and name not in passed and value != default_of(template, name)
        }

    def behind(self, packages: Iterable[Package]) -> bool | None:
        """Whether it runs other code than that of the packages; None if it runs none, or they are not given."""
        keys = {package.facts.group: package.key for package in packages}
        compared = [key == keys[CODE_KEYS[name]] for name, key in self.code.items() if CODE_KEYS[name] in keys]
        return not all(compared) if compared else None


def values(template: Template, packages: Sequence[Package], bucket: str) -> dict[str, str]:
    """Parameters of a template that follow from zips in a bucket."""
    wanted, found = parameters_of(template), dict[str, str]()
    for package in packages:
        for name, group in CODE_KEYS.items():
            if name in wanted and package.facts.group is group:
                found |= {name: package.key, "Runtime": package.facts.python, "Architecture": package.facts.machine}
    if found and bucket:
        found["CodeBucket"] = bucket
    return found | {name: value for name, value in _facts(packages).items() if name in wanted}


def _facts(packages: Sequence[Package]) -> dict[str, str]:
    """Version and time of the build, for people; both of both, where zips differ."""
    if not packages:
        return {}
    built = {each.facts.group.value: told(each.facts.built) or _UNKNOWN for each in packages}
    return {
        "Version": _said({each.facts.group.value: each.facts.version for each in packages}),
        "BuiltAt": _said(built),
    }


def _said(facts: Mapping[str, str]) -> str:
    if len(set(facts.values())) == 1:
        return next(iter(facts.values()))
    return ", ".join(f"{fact} ({group})" for group, fact in facts.items())


def told(at: datetime | None) -> str:
    """A time as people and programs read it, to the second, in UTC; empty for none."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


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
        if parameter not in parameters_of(template):
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
        known(template, name)
        block = re.search(rf"^  {name}:\n((?:    .*\n|\n)+)", text, re.MULTILINE)
        assert block is not None
        rest = re.sub(r"^    Default:.*\n", "", block[1], flags=re.MULTILINE)
        kind = re.search(r"^    Type:.*\n", rest, re.MULTILINE)
        assert kind is not None
        fresh = f"{rest[: kind.end()]}    Default: {json.dumps(value)}\n{rest[kind.end() :]}"
        text = text[: block.start(1)] + fresh + text[block.end(1) :]
    return text


def stacks(session: Session, prefix: str) -> list[Stack]:
    """The stacks of a deployment in the hub's account, in the order in which they were made; absent ones too.

    Args:
        session: calls in the hub's account and region.
        prefix: what their names begin with.

    Raises:
        AwsError: not permitted, or AWS does not answer.
    """
    return [
        describe(session, each.name, f"{prefix}-{each.name}")
        for each in TEMPLATES.values()
        if each.name not in _ELSEWHERE
    ]


def describe(session: Session, template: str, name: str) -> Stack:
    """One stack as it is now.

    Args:
        session: calls in its account and region.
        template: what it was made from.
        name: its name or ARN; of what is deleted, only the ARN is known.

    Raises:
        AwsError: not permitted, or AWS does not answer.
    """
    try:
        answer = session.call("cloudformation", "describe_stacks", StackName=name)
    except AwsError as error:
        # CloudFormation has no error of its own for a stack that is not there.
        if isinstance(error, NotFound) or "does not exist" in error.message:
            return Stack(template, name)
        raise
    return _stack(template, answer["Stacks"][0])


def absent(stack: Stack, found: Sequence[Stack]) -> str:
    """What is said of a stack that is not there: `left out` where the others say that it is, else `not deployed`.

    Args:
        stack: it.
        found: all stacks of the deployment.
    """
    template = TEMPLATES[stack.template]
    there = {each.template: each for each in found if each.status}
    if not template.without:
        return "not deployed"
    chosen = there["pipeline"].parameters.get(switch(template)) if "pipeline" in there else None
    return "left out" if chosen == "no" or "hub" in there else "not deployed"


def beside(session: Session, prefix: str) -> list[Stack]:
    """Stacks in the hub's own account and this region that hang on the hub, whatever their names.

    Args:
        session: calls in the hub's account and region.
        prefix: of the hub.

    Returns:
        Those of the template `member`, then plain events (`EVENT`).

    Raises:
        AwsError: not permitted, or AWS does not answer.
    """
    rows = list(session.pages("cloudformation", "describe_stacks", "Stacks"))
    wanted = set(parameters_of(TEMPLATES["member"]))
    found = []
    for each in (_stack("member", row) for row in rows):
        own = f":{each.parameters.get('HubAccount')}:stack/" in each.arn
        if own and each.parameters.get("HubPrefix") == prefix and wanted >= set(each.parameters):
            found.append(each)
    events = (_stack(EVENT, row) for row in rows if str(row.get("Description", "")).startswith(DESCRIBED))
    return [*found, *(each for each in events if each.parameters.get("Prefix") == prefix)]


def _stack(template: str, found: Mapping[str, Any]) -> Stack:
    return Stack(
        template,
        found["StackName"],
        found["StackStatus"],
        found.get("LastUpdatedTime") or found.get("CreationTime"),
        {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters") or ()},
        {each["OutputKey"]: each.get("OutputValue", "") for each in found.get("Outputs") or ()},
        found.get("StackId", ""),
        bool(found.get("EnableTerminationProtection")),
        found.get("StackStatusReason") or "",
    )
