"""Where entries stand in the text of a YAML file, and putting text in and taking it out.

An entry of a block mapping begins with the line of its key and reaches to the next key, less the blank and comment
lines before that. In a flow mapping (`{a: 1, b: 2}`) it reaches from its key to the next one. Only the marks of
keys are used: the node of an alias has the marks of what it stands for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from lamplighter.errors import UsageError

Fields = Mapping[str, object]
"""The fields of a definition: texts, whole numbers, booleans and lists of texts."""

_BREAK = re.compile(r"\r\n|\r|\n")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_BY_HAND = "edit the file by hand"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands.

    Attributes:
        start: offset of its first character; of its first line, unless in a flow mapping.
        end: offset after it.
        column: of its key.
        step: how much deeper its key stands than that of its section.
        flow: whether the section is written as `{...}`.
    """

    start: int
    end: int
    column: int = 0
    step: int = 2
    flow: bool = False


def root_of(text: str) -> MappingNode | None:
    """The top-level mapping of a text; None when it holds nothing.

    Raises:
        yaml.YAMLError: not YAML.
        UsageError: the top level is not a mapping.
    """
    node: Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None or _is_blank(node):
        return None
    if not isinstance(node, MappingNode):
        raise UsageError("the top level is not a mapping", hint=_BY_HAND)
    return node


def find(text: str, section: str, name: str, *, with_section: bool) -> Place | None:
    """The place of an entry, or None if there is none.

    Args:
        text: a YAML document whose top level is a mapping.
        section: key of the top level.
        name: key in the section.
        with_section: take in the section's own line when nothing else stands in the section.

    Raises:
        UsageError: the text is written in a way that cannot be edited.
    """
    root = root_of(text)
    member = _member(root, section) if root else None
    mapping = _mapping_of(section, *member) if member else None
    entry = _member(mapping, name) if mapping else None
    if root is None or member is None or mapping is None or entry is None:
        return None
    keys = [key for key, _ in mapping.value]
    index = keys.index(entry[0])
    following = keys[index + 1].start_mark.index if index + 1 < len(keys) else None
    if mapping.flow_style:
        return _flow_place(text, mapping, entry[0], following)
    end = following if following is not None else _end_of(text, root, member[0])
    place = _block_place(text, entry[0], end, member[0].start_mark.column)
    if with_section and len(keys) == 1 and len(root.value) > 1 and _is_all_of(text, root, member[0], place):
        return Place(_line_start(member[0]), place.end)
    return place


def cut(text: str, place: Place) -> str:
    """The text without what stands at a place."""
    if place.flow or place.end < len(text) or _ends_line(text):
        return text[: place.start] + text[place.end :]
    return text[: place.start].removesuffix(line_break(text))


def replace(text: str, place: Place, name: str, fields: Fields) -> str:
    """The text with an entry of a block mapping written anew."""
    body = block(name, fields, place.column, place.step, line_break(text))
    last = line_break(text) if place.end < len(text) or _ends_line(text) else ""
    return text[: place.start] + body + last + text[place.end :]


def insert(text: str, section: str, members: Mapping[str, Fields]) -> str:
    """The text with more entries in a section, which is made when it is missing.

    They come at its end, in a flow mapping at its begin.

    Raises:
        UsageError: the text is written in a way that cannot be edited.
    """
    root = root_of(text)
    if root is None:
        raise UsageError("the file is empty", hint=_BY_HAND)
    member = _member(root, section)
    if member is None:
        if root.flow_style:
            return _into_flow(text, root, {section: members})
        header = f"{section}:{line_break(text)}"
        return _put_lines(text, _document_end(text, root), header + _blocks(text, members, 2, 2))
    key, value = member
    mapping = _mapping_of(section, key, value)
    if mapping is not None and mapping.flow_style:
        return _into_flow(text, mapping, members)
    if root.flow_style:
        raise UsageError(f"{section} is not written as a mapping of names", hint=_BY_HAND)
    column = key.start_mark.column
    if mapping is None:
        found = _BREAK.search(text, key.end_mark.index)
        return _put_lines(text, found.end() if found else len(text), _blocks(text, members, column + 2, 2))
    place = _block_place(text, mapping.value[-1][0], _end_of(text, root, key), column)
    return _put_lines(text, place.end, _blocks(text, members, place.column, place.step))


def block(name: str, fields: Fields, column: int, step: int, ending: str = "\n") -> str:
    """An entry as lines, lists on one line, without the last line break."""
    written: str = yaml.dump(
        {name: dict(fields)},
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=1_000_000,
        indent=step,
    )
    return ending.join(" " * column + line for line in written.removesuffix("\n").split("\n"))


def line_break(text: str) -> str:
    """How the lines of a text end."""
    found = _BREAK.search(text)
    return found[0] if found else "\n"


class _Dumper(yaml.SafeDumper):
    """Writes lists on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML calls it so
        """Never name a list to use it twice."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> Node:
    # A reader of YAML 1.1 takes 18:00 for the number 1080, but not 09:00; quoted, both look alike.
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if _CLOCK.fullmatch(value) else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    list, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


def _is_blank(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "" and node.style is None


def _member(node: MappingNode, name: str) -> tuple[ScalarNode, Node] | None:
    found = [(key, value) for key, value in node.value if isinstance(key, ScalarNode) and key.value == name]
    if len(found) > 1:
        raise UsageError(f"{name!r} stands twice in the file", hint="keep one of them")
    return found[0] if found else None


def _mapping_of(section: str, key: ScalarNode, value: Node) -> MappingNode | None:
    """The section's mapping; None when the section is empty."""
    if _is_blank(value):
        return None
    if not isinstance(value, MappingNode) or value.start_mark.index < key.start_mark.index:
        raise UsageError(f"{section} is not written as a mapping of names", hint=_BY_HAND)
    return value


def _is_all_of(text: str, root: MappingNode, section: ScalarNode, place: Place) -> bool:
    """Whether a section of a block mapping holds this entry and nothing else, no comment either."""
    header = text[section.end_mark.index : place.start]
    rest = _BREAK.split(text[place.end : _end_of(text, root, section)])
    return header.strip() == ":" and not any(line.startswith(" ") and line.strip() for line in rest)


def _end_of(text: str, root: MappingNode, section: ScalarNode) -> int:
    """Where a section ends: at the next one, or at the end of the document."""
    later = [key.start_mark.index for key, _ in root.value if key.start_mark.index > section.start_mark.index]
    return min(later) if later else _document_end(text, root)


def _document_end(text: str, root: MappingNode) -> int:
    mark = int(root.end_mark.index)
    return mark if text[mark : mark + 3] in ("...", "---") else len(text)


def _block_place(text: str, key: ScalarNode, end: int, outer: int) -> Place:
    """The place of an entry of a block mapping that ends before `end`, where the next key or nothing stands."""
    start, column = _line_start(key), int(key.start_mark.column)
    if text[start : key.start_mark.index].strip():
        raise UsageError(f"{key.value!r} does not begin a line", hint=_BY_HAND)
    lines = [found.end() for found in _BREAK.finditer(text, start, end)]
    if end == len(text) and not _ends_line(text):
        lines.append(end)
    begin = end = start
    mine = True
    for after in lines:
        line = text[begin:after]
        if line.strip() and not line.lstrip().startswith("#"):
            end, mine = after, True
        elif line.strip():
            # A comment that stands deeper than the key belongs to the entry, unless one that does not came before.
            mine = mine and len(line) - len(line.lstrip(" ")) > column
            end = after if mine else end
        begin = after
    return Place(start, end, column, max(column - outer, 2))


def _flow_place(text: str, mapping: MappingNode, key: ScalarNode, following: int | None) -> Place:
    start = key.start_mark.index
    if following is not None:
        return Place(start, following, flow=True)
    before = text[:start].rstrip()
    return Place(len(before) - 1 if before.endswith(",") else start, mapping.end_mark.index - 1, flow=True)


def _blocks(text: str, members: Mapping[str, Fields], column: int, step: int) -> str:
    ending = line_break(text)
    return ending.join(block(name, fields, column, step, ending) for name, fields in members.items())


def _into_flow(text: str, mapping: MappingNode, members: Mapping[str, object]) -> str:
    start = text.index("{", mapping.start_mark.index) + 1
    written = json.dumps(members, ensure_ascii=False)[1:-1] + (", " if mapping.value else "")
    return text[:start] + written + text[start:]


def _put_lines(text: str, start: int, body: str) -> str:
    """Lines put in where a line starts; a text without a last line break goes on without one."""
    if start == len(text) and not _ends_line(text):
        return text + line_break(text) + body
    return text[:start] + body + line_break(text) + text[start:]


def _ends_line(text: str) -> bool:
    return not text or text.endswith(("\n", "\r"))


def _line_start(key: ScalarNode) -> int:
    return int(key.start_mark.index) - int(key.start_mark.column)
