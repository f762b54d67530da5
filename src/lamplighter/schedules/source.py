"""YAML text with places: plain data, and the line and column at which every value stands.

Of YAML 1.2's core types null, true/false, whole numbers and texts are read, so `22:00`, `on`, `no`,
`1.5` and `2026-12-24` stay the texts that the user wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from lamplighter.errors import DefinitionError, Problem

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,99})")
_TEXT_TAG = "tag:yaml.org,2002:str"
_MOST_VALUES = 250_000
"""Above any file that people write; a few aliases of aliases can stand for billions of values."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document.

    Attributes:
        name: file name, for messages.
        data: the top-level mapping.
        places: 1-based (line, column) of the value at each path of keys and list indexes.
        problems: keys that stand twice, merge keys, tags of YAML that have no meaning here.
        doubtful: the paths of these; what lies on one of them does not say for certain what is meant.
    """

    name: str
    data: Mapping[str, object]
    places: Mapping[Path, tuple[int, int]]
    problems: tuple[Problem, ...]
    doubtful: frozenset[Path] = frozenset()

    def place(self, problem: Problem) -> Problem:
        """The problem with line and column of the deepest known part of its path, unless it has its own."""
        if problem.line is not None:
            return problem
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
        DefinitionError: not YAML, not a mapping, nested too deep, or with aliases that loop or multiply; with line
            and column.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = Problem(name, error.problem or "not YAML", error.note or "", line, column)
        raise DefinitionError(f"{name} is not YAML", problems=(problem,)) from error
    except ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        problem = Problem(name, str(error).splitlines()[0], "save it as UTF-8 text", line, column)
        raise DefinitionError(f"{name} is not YAML", problems=(problem,)) from error
    except RecursionError as error:
        problem = Problem(
            name, "the definitions are nested too deep", "a definition needs no more than five levels", 1, 1
        )
        raise DefinitionError(f"{name} holds no definitions", problems=(problem,)) from error
    if not isinstance(node, MappingNode):
        problem = Problem(name, "the top level must be a mapping", "begin with version: 1", 1, 1)
        raise DefinitionError(f"{name} holds no definitions", problems=(problem,))
    reader = _Reader()
    data = reader.convert(node, (), frozenset())
    assert isinstance(data, dict)
    return Document(name, data, reader.places, tuple(reader.problems), frozenset(reader.doubtful))


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is collected on the way through one document."""

    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    doubtful: list[Path] = field(default_factory=list)

    def convert(self, node: Node, path: Path, above: frozenset[int]) -> object:
        """Plain data of a node; `above` are the nodes it lies in."""
        mark = node.start_mark
        quoted = isinstance(node, ScalarNode) and node.style in ("'", '"')
        self.places[path] = (mark.line + 1, mark.column + 1 + quoted)
        if id(node) in above:
            raise _refusal("the definitions loop", "an alias refers to itself", "write it out", path, node)
        if len(self.places) > _MOST_VALUES:
            raise _refusal("too many definitions", "aliases make too many values of this", "write it out", path, node)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._doubt(path, node, f"the tag {node.tag} has no meaning here", "write the value itself")
        above = above | {id(node)}
        if isinstance(node, MappingNode):
            return self._mapping(node, path, above)
        if isinstance(node, SequenceNode):
            return [self.convert(part, (*path, str(n)), above) for n, part in enumerate(node.value)]
        assert isinstance(node, ScalarNode)
        return str(node.value) if node.style or node.tag == _TEXT_TAG else _scalar(str(node.value))

    def _mapping(self, node: MappingNode, path: Path, above: frozenset[int]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            below = (*path, key)
            if key in found:
                self._doubt(below, key_node, f"{key!r} stands twice", "keep one")
            if key == "<<" and key_node.style is None:
                self._doubt(below, key_node, "merge keys are not read", "repeat the fields, or make a period of them")
                continue
            found[key] = self.convert(value_node, below, above)
        return found

    def _doubt(self, path: Path, node: Node, message: str, hint: str) -> None:
        mark = node.start_mark
        self.doubtful.append(path)
        self.problems.append(Problem(".".join(path), message, hint, mark.line + 1, mark.column + 1))


def _refusal(summary: str, message: str, hint: str, path: Path, node: Node) -> DefinitionError:
    mark = node.start_mark
    return DefinitionError(summary, problems=(Problem(".".join(path), message, hint, mark.line + 1, mark.column + 1),))


def _scalar(text: str) -> object:
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    return int(text) if _WHOLE.fullmatch(text) else text
