"""The four systems of the example templates, deployed into the demo estate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lamplighter.aws.access import TargetSession
from lamplighter.aws.targets import Target
from lamplighter.errors import UsageError
from lamplighter.estate.fleet import IMAGES
from lamplighter.estate.fleet_workloads import ANALYTICS, ENTERPRISE, EUROPE, ORDERS, PEOPLE

_LINUX = "/golden-images/linux"
_WINDOWS = "/golden-images/windows"
_GOLDEN = {_LINUX: IMAGES["linux"], _WINDOWS: IMAGES["windows"]}


@dataclass(frozen=True, slots=True)
class Stack:
    """One deployment of a template.

    Attributes:
        template: file name without its ending; also the stack's name.
        parameters: those that differ from the template's defaults.
    """

    template: str
    parameters: Mapping[str, str]


_DIRECTORY = {"LinuxImage": _LINUX, "WindowsImage": _WINDOWS}
_HYBRID = {"ContainerImage": _LINUX, "GatewayImage": _LINUX, "WindowsImage": _WINDOWS}
# In America the same systems are stages before production, with other hours.
_STACKS: Mapping[str, tuple[Stack, Stack]] = {
    PEOPLE: (
        Stack("employee-directory", {**_DIRECTORY, "DatabaseMultiAz": "true"}),
        Stack(
            "employee-directory",
            {
                **_DIRECTORY,
                "Environment": "staging",
                "ScheduleName": "office-hours-new-york",
                "DatabaseScheduleName": "office-hours-new-york",
            },
        ),
    ),
    ORDERS: (
        Stack("orders-service", {"LinuxImage": _LINUX, "ScheduleName": "weekends-off"}),
        Stack(
            "orders-service",
            {"LinuxImage": _LINUX, "Environment": "development", "ReportingScheduleName": "office-hours-new-york"},
        ),
    ),
    ANALYTICS: (
        Stack("clickstream-analytics", {"LinuxImage": _LINUX}),
        Stack("clickstream-analytics", {"LinuxImage": _LINUX, "Environment": "test"}),
    ),
    ENTERPRISE: (
        Stack("hybrid-enterprise", _HYBRID),
        Stack("hybrid-enterprise", {**_HYBRID, "Environment": "staging", "GatewayScheduleName": "follow-the-sun"}),
    ),
}


def stack_of(target: Target) -> Stack | None:
    """What is deployed in a target; None where there is no system of the templates."""
    pair = _STACKS.get(target.account)
    return pair and pair[0 if target.region == EUROPE else 1]


def templates_folder() -> Path:
    """Where the example templates are: in the installed package, or in the source tree.

    Raises:
        UsageError: in neither.
    """
    here = Path(__file__).resolve()
    for folder in (here.parent / "examples" / "templates", here.parents[3] / "examples" / "templates"):
        if folder.is_dir():
            return folder
    raise UsageError("the example templates are not installed", hint="run from the source tree, or name their folder")


def deploy(session: TargetSession, stack: Stack, folder: Path) -> None:
    """Deploy a stack, after putting the image parameters it names into the Parameter Store.

    Args:
        session: calls in the target.
        stack: what to deploy.
        folder: where the templates are.

    Raises:
        AwsError: a call was refused.
        UsageError: the template cannot be read.
    """
    file = folder / f"{stack.template}.yaml"
    try:
        body = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the template {file} cannot be read: {error}") from error
    for name in sorted(_GOLDEN.keys() & set(stack.parameters.values())):
        session.call("ssm", "put_parameter", Name=name, Value=_GOLDEN[name], Type="String", Overwrite=True)
    session.call(
        "cloudformation",
        "create_stack",
        StackName=stack.template,
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
    )
