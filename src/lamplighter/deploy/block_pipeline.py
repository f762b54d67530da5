"""The stages in the template `pipeline`: one stack after the other, each with the outputs of those before it."""

from __future__ import annotations

import json
from typing import Any, Final

from lamplighter.deploy.family import TEMPLATES, Template, switch
from lamplighter.deploy.yamls import NO_VALUE, GetAtt, If, Row, Sub

STAGES: Final = ("application", "state", "lake", "hub", "data", "watch")
"""The stacks that the pipeline deploys."""

ASKED: Final = "hub"
"""The stack whose change set may wait for a person."""

_DEPLOY: Final = Row(Category="Deploy", Owner="AWS", Provider="CloudFormation", Version="1")
_APPROVAL: Final = Row(Category="Approval", Owner="AWS", Provider="Manual", Version="1")


def stages() -> list[Any]:
    """A stage for each stack; one that may be left out depends on the parameter of its name."""
    return [_stage(TEMPLATES[name]) for name in STAGES]


def _stage(template: Template) -> Any:
    stage = {"Name": template.name.capitalize(), "Actions": _actions(template)}
    return If([f"Makes{switch(template)}", stage, NO_VALUE]) if template.without else stage


def wired(template: Template, after: tuple[str, ...] = STAGES) -> dict[str, str]:
    """Which parameters of a template are outputs of earlier stacks, by name: the stack that has it."""
    found: dict[str, str] = {}
    wanted = template.data["Parameters"]
    for name in after:
        if name == template.name:
            break
        found |= {output: name for output in TEMPLATES[name].data["Outputs"] if output in wanted}
    return found


def _actions(template: Template) -> list[Any]:
    named = {"Prefix": "${Prefix}"} | {output: f"#{{{stack}.{output}}}" for output, stack in wired(template).items()}
    common = {
        "StackName": Sub(f"${{Prefix}}-{template.name}"),
        "RoleArn": GetAtt("StackRole.Arn"),
        "Capabilities": "CAPABILITY_NAMED_IAM",
        "TemplatePath": f"Release::templates/{template.file}",
        "TemplateConfiguration": f"Release::parameters/{template.name}.json",
        "ParameterOverrides": Sub(json.dumps(named)),
    }
    if template.name != ASKED:
        return [_action("Deploy", 1, {"ActionMode": "CREATE_UPDATE", **common}, template.name)]
    changes = {"ChangeSetName": "release"}
    execute = {"ActionMode": "CHANGE_SET_EXECUTE", "StackName": common["StackName"], **changes}
    approve = {"Name": "Approve", "RunOrder": 2, "ActionTypeId": _APPROVAL}
    return [
        _action("Prepare", 1, {"ActionMode": "CHANGE_SET_REPLACE", **common, **changes}),
        If(["Asks", approve, NO_VALUE]),
        _action("Execute", 3, execute, template.name),
    ]


def _action(name: str, order: int, configuration: dict[str, Any], namespace: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"Name": name, "RunOrder": order, "ActionTypeId": _DEPLOY, "Configuration": configuration}
    if "TemplatePath" in configuration:
        found["InputArtifacts"] = [Row(Name="Release")]
    return {**found, "Namespace": namespace} if namespace else found
