"""YAML as CloudFormation writes it: short forms of functions, short lists in one line."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_WIDTH: Final = 130
_INDENT: Final = 16
"""Where statements of policies begin, about."""


class Function(str):
    """A function of CloudFormation on one text: `Ref`, `Sub`, `GetAtt`, ...; its class names it."""

    __slots__ = ()
    tag = ""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.tag, str(self)))


class Ref(Function):
    """The value of a parameter or resource."""

    __slots__ = ()
    tag = "!Ref"


class Sub(Function):
    """A text with `${...}` in it."""

    __slots__ = ()
    tag = "!Sub"


class GetAtt(Function):
    """An attribute of a resource."""

    __slots__ = ()
    tag = "!GetAtt"


class If(list[Any]):
    """[condition, where it holds, where not]."""

    tag = "!If"


class Row(dict[str, Any]):
    """A map in one line."""


def row(data: dict[str, Any]) -> dict[str, Any]:
    """A map in one line if it can be read in one, maps in it too."""
    return Row(data) if len(_one_line(data)) <= _WIDTH - _INDENT else data


def _one_line(value: Any) -> str:
    """About as YAML writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_one_line(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_one_line, value)) + "]"
    return f"{value.tag} {value}" if isinstance(value, Function) else str(value)


_QUOTED = re.compile(r"(!Ref|!GetAtt) '([\w.:]+)'")
_ACTION = re.compile(r"'([a-z0-9-]+:[A-Z]\w+)'")
NO_VALUE = Ref("AWS::NoValue")


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the dumper's own
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the dumper's own
        return True


def _function(dumper: yaml.SafeDumper, data: Function) -> yaml.Node:
    return dumper.represent_scalar(data.tag, str(data), style="|" if "\n" in data else None)


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_ROW: Final = 100
"""Characters of a list that is written in one line, at most."""


def _list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    tag = data.tag if isinstance(data, If) else "tag:yaml.org,2002:seq"
    return dumper.represent_sequence(tag, data, flow_style=_short(data))


def _short(data: list[Any]) -> bool:
    """Whether a list can be read in one line: of texts and rows, not longer than it."""
    plain_texts = all(not isinstance(each, dict | list) or isinstance(each, Row) for each in data)
    return plain_texts and "\n" not in "".join(map(str, data)) and sum(len(str(each)) + 2 for each in data) <= _ROW


_Dumper.add_multi_representer(Function, _function)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(str, _text)
_Dumper.add_representer(If, _list)
_Dumper.add_representer(
    Row, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)


def fit(text: str) -> Function:
    """A text with `${...}` in the shortest form: `!Ref`, `!GetAtt` or `!Sub`."""
    whole = re.fullmatch(r"\$\{([\w:]+)(\.\w+)?\}", text)
    if whole is None:
        return Sub(text)
    return GetAtt(whole[1] + whole[2]) if whole[2] else Ref(whole[1])


def plain(text: str) -> str:
    """A text as it is, or as a function where it has `${...}`."""
    return fit(text) if "${" in text else text


def dump(data: Any, indent: int = 0) -> str:
    """As YAML, every line indented by so many blanks; it ends with a line break."""
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, indent=2)
    text = _ACTION.sub(r"\1", _QUOTED.sub(r"\1 \2", text))
    blanks = " " * indent
    return "".join(f"{blanks}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # five times as fast where it is
    pass


def _construct(loader: Any, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _construct)


def load(text: str) -> dict[str, Any]:
    """A template as data, functions in their long form.

    Raises:
        yaml.YAMLError: it is no YAML.
    """
    found: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    return found
