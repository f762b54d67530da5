"""What a stack tells of its parameters, as CloudFormation tells it.

moto answers a list as Python writes one, and looks for a value that is not to be told among the names of parameters.
Here a list is told as it was given, with commas, and of a parameter that is `NoEcho` there are asterisks.
"""

from __future__ import annotations

from typing import Any, Final

from moto.cloudformation.models import Stack

HIDDEN: Final = "****"


def tell_parameters() -> None:
    """Let stacks tell them so, in this process; to do it again changes nothing."""
    stack: Any = Stack
    stack.parameter_list = property(_told)


def _told(stack: Any) -> list[dict[str, str]]:
    hidden = stack.resource_map.no_echo_parameter_keys
    return [
        {"ParameterKey": name, "ParameterValue": HIDDEN if name in hidden else _text(value)}
        for name, value in stack.resource_map.resolved_parameters.items()
    ]


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
