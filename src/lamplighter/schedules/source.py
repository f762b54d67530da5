"""YAML text with places: plain data, and the line and column at which every value stands.

Only YAML 1.2's core types are read (null, true/false, whole numbers, decimals, texts), so `22:00`,
`on`, `no` and `2026-12-24` stay the texts that the user wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lamplighter.errors import DefinitionError, Problem

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document.

    Attributes:
        name: file name, for messages.
        data: the top-level mapping.
        places: 1-based (line, column) of the value at each path of keys and list indexes.
        problems: keys that stand twice.
    """

    name: str
    data: Mapping[str, object]
    places: Mapping[Path, tuple[int, int]]
    problems: tuple[Problem, ...]

    def place(self, problem: Problem) -> Problem:
        """The problem with line and column of the deepest known part of its path."""
        path = self._known(problem.where)
        line, column = self.places.get(path, (1, 1))
        if problem.position is not None and isinstance(self._at(path), str):
            column += problem.position
        return Problem(problem.where, problem.message, problem.hint, line, column, problem.position)

    def _known(self, where: str) -> Path:
        """The longest known path that `where` begins with; keys themselves may hold dots."""
        best: Path = ()
        for path in self.places:
            joined = ".".join(path)
            if len(path) > len(best) and (where == joined or where.startswith(joined + ".")):
                best = path
        return best

    def _at(self, path: Path) -> object:
        value: object = self.data
        for key in path:
            if isinstance(value, Mapping):
                value = value.get(key)
            elif isinstance(value, list):
                value = value[int(key)]
        return value


def parse_yaml(text: str, name: str = "lamplighter.yaml") -> Document:
    """Read one YAML document whose top level is a mapping.

    Args:
        text: the file's text.
        name: file name for messages.

    Raises:
        DefinitionError: not YAML, not a mapping, or it uses an alias loop; with line and column.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = Problem(name, error.problem or "not YAML", error.note or "", line, column)
        raise DefinitionError(f"{name} is not YAML", problems=(problem,)) from error
    except yaml.YAMLError as error:
        problem = Problem(name, str(error).splitlines()[0], "save it as UTF-8 text", 1, 1)
        raise DefinitionError(f"{name} is not YAML", problems=(problem,)) from error
    if not isinstance(node, MappingNode):
        problem = Problem(name, "the top level must be a mapping", "begin with version: 1", 1, 1)
        raise DefinitionError(f"{name} holds no definitions", problems=(problem,))
    places: dict[Path, tuple[int, int]] = {}
    problems: list[Problem] = []
    data = _convert(node, (), places, problems, frozenset())
    assert isinstance(data, dict)
    return Document(name, data, places, tuple(problems))


def _convert(
    node: Node,
    path: Path,
    places: dict[Path, tuple[int, int]],
    problems: list[Problem],
    above: frozenset[int],
) -> object:
    mark = node.start_mark
    quoted = isinstance(node, ScalarNode) and node.style in ("'", '"')
    places[path] = (mark.line + 1, mark.column + 1 + quoted)
    if id(node) in above:
        problem = Problem(".".join(path), "an alias refers to itself", "", mark.line + 1, mark.column + 1)
        raise DefinitionError("the definitions loop", problems=(problem,))
    above = above | {id(node)}
    if isinstance(node, MappingNode):
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            if key in found:
                at = key_node.start_mark
                where = ".".join((*path, key))
                problems.append(Problem(where, f"{key!r} stands twice", "keep one", at.line + 1, at.column + 1))
            found[key] = _convert(value_node, (*path, key), places, problems, above)
        return found
    if isinstance(node, SequenceNode):
        return [_convert(part, (*path, str(n)), places, problems, above) for n, part in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    return str(node.value) if node.style else _scalar(str(node.value))


def _scalar(text: str) -> object:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    return int(text) if _WHOLE.fullmatch(text) else text
