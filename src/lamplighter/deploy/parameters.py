"""Values of a template's parameters, held to what CloudFormation holds them to: before anything is sent.

Source: AWS CloudFormation template reference, "Parameters" (Type, AllowedValues, AllowedPattern, MinLength, MaxLength,
MinValue, MaxValue) and "Rules" (rule-specific intrinsic functions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lamplighter.deploy.family import TEMPLATES, Template
from lamplighter.errors import Problem, UsageError
from lamplighter.schedules.days import GrammarError
from lamplighter.schedules.rhythm import read_rhythm

_RHYTHM: Final = "(rate|cron)"
"""What the pattern of a parameter begins with that says how often something is done."""

HIDDEN: Final = re.compile(r"\*{4,}")
"""What CloudFormation answers instead of a value that is `NoEcho`."""


def parameters_of(template: Template) -> Mapping[str, Mapping[str, Any]]:
    """What a template says of its parameters, by name."""
    found: Mapping[str, Mapping[str, Any]] = template.data.get("Parameters") or {}
    return found


def default_of(template: Template, name: str) -> str | None:
    """The default of a parameter as text; None where a value must be given."""
    default = parameters_of(template)[name].get("Default")
    return None if default is None else str(default)


def known(template: Template, name: str) -> None:
    """Nothing, if the template has such a parameter.

    Raises:
        UsageError: it has not.
    """
    if name not in parameters_of(template):
        raise UsageError(f"template {template.name} has no parameter {name!r}", hint=_has(template))


def check_prefix(prefix: str) -> None:
    """Nothing, if a deployment may have this prefix.

    Raises:
        UsageError: it may not.
    """
    asked = parameters_of(TEMPLATES["state"])["Prefix"]
    if any(_refused(asked, prefix)):
        raise UsageError(f"no deployment has the prefix {prefix!r}", hint=f"it is {asked['ConstraintDescription']}")


def texts(given: Mapping[str, object]) -> tuple[dict[str, dict[str, str]], list[Problem]]:
    """What people wrote, as CloudFormation is given it.

    Args:
        given: by template and parameter, as it was read from YAML.

    Returns:
        (texts by template and parameter, what cannot be one); what is wrong is left out of the texts.
    """
    found: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for name, values in given.items():
        if name not in TEMPLATES:
            problems.append(Problem(name, f"there is no template {name!r}", f"there are {', '.join(TEMPLATES)}"))
        elif not isinstance(values, Mapping):
            problems.append(Problem(name, "must be a mapping of parameters", "write hub: {TagName: Schedule}"))
        else:
            template = TEMPLATES[name]
            found[name] = {}
            for key, value in values.items():
                text, problem = _text(template, str(key), value)
                if problem is None:
                    found[name][str(key)] = text
                else:
                    problems.append(problem)
    return found, problems


def _text(template: Template, name: str, value: object) -> tuple[str, Problem | None]:
    where = f"{template.name}.{name}"
    if name not in parameters_of(template):
        return "", Problem(where, f"template {template.name} has no parameter {name!r}", _has(template))
    if value is None:
        return "", Problem(where, "has no value", "write '' for an empty one, or leave the line out")
    if isinstance(value, list):
        if not _is_list(str(parameters_of(template)[name]["Type"])):
            return "", Problem(where, "is one value, not a list")
        if any(not isinstance(each, str | int) or "," in str(each) for each in value):
            return "", Problem(where, "must be a list of texts without commas")
        return ",".join(map(_scalar, value)), None
    if not isinstance(value, str | int):
        return "", Problem(where, "must be a text, a number or a list of them")
    if str(parameters_of(template)[name].get("AllowedPattern", "")).startswith(_RHYTHM):
        return _rhythm(where, _scalar(value))
    return _scalar(value), None


def _rhythm(where: str, text: str) -> tuple[str, Problem | None]:
    """How often something is done, as EventBridge Scheduler says it: `hourly` is `rate(1 hour)`."""
    try:
        return read_rhythm(text).expression, None
    except GrammarError as error:
        return "", Problem(where, error.message, error.hint)


def _scalar(value: str | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _has(template: Template) -> str:
    return f"it has {', '.join(parameters_of(template))}"


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def problems_of(template: Template, values: Mapping[str, str]) -> list[Problem]:
    """What CloudFormation would refuse of values of a template's parameters; `where` is `template.parameter`.

    Args:
        template: it must have these parameters.
        values: by name. Those that are missing have their default; without one, nothing is said of them.
    """
    found: list[Problem] = []
    for name, value in values.items():
        asked = parameters_of(template)[name]
        hint = str(asked.get("ConstraintDescription", ""))
        found += [Problem(f"{template.name}.{name}", said, hint) for said in _refused(asked, value)]
    return found or [Problem(template.name, said) for said in _broken_rules(template, values)]


def _refused(asked: Mapping[str, Any], value: str) -> Iterator[str]:
    kind = str(asked["Type"])
    shown = repr(value)
    parts = value.split(",") if _is_list(kind) else [value]
    allowed = [str(each) for each in asked.get("AllowedValues") or ()]
    if allowed and not set(parts) <= set(allowed):
        yield f"{shown} is not one of {', '.join(allowed)}"
        return
    if "AllowedPattern" in asked and not all(re.fullmatch(asked["AllowedPattern"], each, re.ASCII) for each in parts):
        yield f"{shown} does not fit {asked['AllowedPattern']}"
    if kind == "Number":
        yield from _out_of_range(asked, value)
    if len(value) < int(asked.get("MinLength", 0)):
        yield f"{shown} is shorter than {asked['MinLength']} characters"
    if len(value) > int(asked.get("MaxLength", len(value))):
        yield f"{shown} is longer than {asked['MaxLength']} characters"


def _out_of_range(asked: Mapping[str, Any], value: str) -> Iterator[str]:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        yield f"{value!r} is not a number"
        return
    least, most = asked.get("MinValue"), asked.get("MaxValue")
    if least is not None and number < Decimal(str(least)):
        yield f"{value} is less than {least}"
    if most is not None and number > Decimal(str(most)):
        yield f"{value} is more than {most}"


def _broken_rules(template: Template, values: Mapping[str, str]) -> Iterator[str]:
    for rule in (template.data.get("Rules") or {}).values():
        for assertion in rule["Assertions"]:
            if not _holds(template, assertion["Assert"], values):
                yield str(assertion["AssertDescription"])


def _holds(template: Template, test: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Whether a condition holds; of the functions of rules those that the templates use."""
    ((function, arguments),) = test.items()
    match function:
        case "Fn::And":
            return all(_holds(template, each, values) for each in arguments)
        case "Fn::Or":
            return any(_holds(template, each, values) for each in arguments)
        case "Fn::Not":
            return not _holds(template, arguments[0], values)
        case "Fn::EachMemberEquals":
            name = arguments[0]["Ref"]
            value = values.get(name, default_of(template, name) or "")
            return set(value.split(",")) == {arguments[1]}
    raise NotImplementedError(function)
