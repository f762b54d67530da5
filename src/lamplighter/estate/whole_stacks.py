"""What a stack lists: everything in its template, as CloudFormation does.

moto makes nothing of types that it does not know, says that the stack is complete all the same, and lists them without
name and type; some that it makes have no physical id. Here they are listed as what they are; that nothing was made
shows when it is asked for.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend

_moto_list: Any = CloudFormationBackend.list_stack_resources


class Unmade:
    """A resource that moto did not make, or made without a physical id, as its lists read it."""

    def __init__(self, logical: str, kind: str, physical: str) -> None:
        self.logical_resource_id = logical
        self.cf_resource_type = kind
        self.physical_resource_id = physical


def list_whole() -> None:
    """Let lists of stacks be whole, in this process; to do it again changes nothing."""
    backend: Any = CloudFormationBackend
    backend.list_stack_resources = _listed


def _listed(backend: Any, name: str) -> tuple[Any, list[Any]]:
    stack, _ = _moto_list(backend, name)
    resources = stack.resource_map
    found = [_of(resources, logical) for logical in resources]
    return stack, [each for each in found if each is not None]


def _of(resources: Any, logical: str) -> Any:
    made = resources[logical]
    return made if getattr(made, "physical_resource_id", None) else _unmade(resources, logical)


def _unmade(resources: Any, logical: str) -> Unmade | None:
    """None for what a condition leaves out."""
    declared = resources._resource_json_map[logical]  # noqa: SLF001 - moto keeps it there
    condition = declared.get("Condition")
    if condition and not resources.lazy_condition_map[condition]:
        return None
    return Unmade(logical, declared["Type"], _physical(resources, logical, declared))


def _physical(resources: Any, logical: str, declared: dict[str, Any]) -> str:
    """The name that the template gives, which is the physical id of the types that moto lacks; else one is made."""
    properties = declared.get("Properties", {})
    for name in ("Name", f"{declared['Type'].rpartition(':')[2]}Name"):
        if name in properties:
            return str(parsing.clean_json(properties[name], resources))
    return f"{resources['AWS::StackName']}-{logical}"
