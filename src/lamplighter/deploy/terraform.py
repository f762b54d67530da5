"""The Terraform modules that wrap the templates: the same templates, the same names of parameters, made from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lamplighter.deploy.block_pipeline import STAGES, wired
from lamplighter.deploy.family import TEMPLATES, Template, switch
from lamplighter.deploy.stacks import CODE_KEYS

MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "hub": STAGES,
    "member": ("member",),
    "organization": ("organization",),
}
"""Name of a module -> the stacks that it makes, in order."""

_HEAD: Final = "# Made from the templates of CloudFormation by `make templates`.\n\n"
_TYPES: Final = {"Number": "number", "CommaDelimitedList": "list(string)"}
_VERSIONS: Final = """terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}
"""


def files(module: str) -> dict[str, str]:
    """The files of a module, by name."""
    return {
        "main.tf": _HEAD + "\n".join(_stack(name, MODULES[module]) for name in MODULES[module]),
        "variables.tf": _HEAD + "\n".join(_variable(name, each) for name, each in variables(module).items()),
        "outputs.tf": _HEAD + "\n".join(_outputs(MODULES[module])),
        "versions.tf": _HEAD + _VERSIONS,
    }


def variables(module: str) -> dict[str, Mapping[str, Any]]:
    """The parameters of a module's stacks that are not outputs of others of them, by name."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in MODULES[module]:
        given = wired(TEMPLATES[name], MODULES[module])
        for key, each in TEMPLATES[name].data["Parameters"].items():
            if key not in given:
                found[key] = _both(found[key], each) if key in found else _later(key, each)
        if TEMPLATES[name].without:
            found[switch(TEMPLATES[name])] = TEMPLATES["pipeline"].data["Parameters"][switch(TEMPLATES[name])]
    return found


def _later(name: str, parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter as a variable: keys of zips may be missing until there is a bucket for them (`_needs_code`)."""
    return {**parameter, "Default": ""} if name in CODE_KEYS else parameter


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """A parameter that two stacks have: a variable holds what both of them allow."""
    if "AllowedValues" not in one:
        return one
    return {**one, "AllowedValues": [value for value in one["AllowedValues"] if value in other["AllowedValues"]]}


def write(folder: Path) -> list[Path]:
    """Write every module below a folder; the files that changed."""
    changed = []
    for module in MODULES:
        for name, text in files(module).items():
            path = folder / module / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                changed.append(path)
    return changed


def _stack(name: str, stacks: tuple[str, ...]) -> str:
    template = TEMPLATES[name]
    given = wired(template, stacks)
    parameters = template.data["Parameters"]
    width = max(map(len, parameters))
    lines = "".join(f"    {key.ljust(width)} = {_value(key, each, given)}\n" for key, each in parameters.items())
    named = '"lamplighter-members"' if "Prefix" not in parameters else f'"${{var.Prefix}}-{name}"'
    return (
        f'resource "aws_cloudformation_stack" "{name}" {{\n{_count(template)}'
        f"  name          = {named}\n"
        f'  template_body = file("${{path.module}}/../../src/lamplighter/deploy/templates/{template.file}")\n'
        f'  capabilities  = ["CAPABILITY_NAMED_IAM"]\n\n'
        f"  parameters = {{\n{lines}  }}\n{_after(name, stacks, given)}{_needs_code(parameters)}}}\n"
    )


def _count(template: Template) -> str:
    return f'  count = var.{switch(template)} == "yes" ? 1 : 0\n\n' if template.without else ""


def _needs_code(parameters: Mapping[str, Any]) -> str:
    """That the key of a zip is given when the stack is made: the first run, of the bucket alone, knows none."""
    return "".join(
        f'\n  lifecycle {{\n    precondition {{\n      condition     = var.{key} != ""\n'
        f"      error_message = {_text(f'{key}: first put the zip into the bucket (lamp deploy push).')}\n"
        f"    }}\n  }}\n"
        for key in CODE_KEYS
        if key in parameters
    )


def _after(name: str, stacks: tuple[str, ...], given: Mapping[str, str]) -> str:
    """What must be there before, and is not named by a parameter."""
    others = [each for each in TEMPLATES[name].after if each in stacks and each not in given.values()]
    listed = ", ".join(f"aws_cloudformation_stack.{each}" for each in others)
    return f"\n  depends_on = [{listed}]\n" if others else ""


def _value(key: str, parameter: Mapping[str, Any], given: Mapping[str, str]) -> str:
    if key in given:
        return f'aws_cloudformation_stack.{given[key]}.outputs["{key}"]'
    return f'join(",", var.{key})' if parameter["Type"] == "CommaDelimitedList" else f"var.{key}"


def _variable(name: str, parameter: Mapping[str, Any]) -> str:
    kind = parameter["Type"]
    lines = [f"  description = {_text(parameter['Description'])}", f"  type        = {_TYPES.get(kind, 'string')}"]
    if "Default" in parameter:
        lines.append(f"  default     = {_default(parameter['Default'], kind)}")
    lines += _validation(name, parameter)
    return f'variable "{name}" {{\n' + "\n".join(lines) + "\n}\n"


def _default(value: Any, kind: str) -> str:
    if kind == "CommaDelimitedList":
        return json.dumps([part for part in str(value).split(",") if part])
    return str(value) if kind == "Number" else _text(str(value))


def _validation(name: str, parameter: Mapping[str, Any]) -> Iterator[str]:
    if "AllowedValues" in parameter:
        told = f"one of {', '.join(map(str, parameter['AllowedValues']))}"
        test = f"contains({json.dumps(parameter['AllowedValues'])}, var.{name})"
    elif "AllowedPattern" in parameter:
        told = parameter.get("ConstraintDescription") or f"must look like {parameter['AllowedPattern']}"
        test = f"can(regex({_text('^(' + parameter['AllowedPattern'] + ')$')}, var.{name}))"
    else:
        return
    yield ""
    yield "  validation {"
    yield f"    condition     = {test}"
    yield f"    error_message = {_text(f'{name}: {told}.')}"
    yield "  }"


def _outputs(stacks: tuple[str, ...]) -> Iterator[str]:
    for name in stacks:
        for output, each in TEMPLATES[name].data["Outputs"].items():
            value = f'aws_cloudformation_stack.{name}{{}}.outputs["{output}"]'
            # null where it is left out.
            value = f"one({value.format('[*]')})" if TEMPLATES[name].without else value.format("")
            yield f'output "{output}" {{\n  description = {_text(each["Description"])}\n  value       = {value}\n}}\n'


def _text(text: str) -> str:
    """A text as HCL writes it."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
