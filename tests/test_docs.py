"""What the documents claim is executed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lamplighter.scheduler.settings import load_configuration

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _blocks(language: str) -> list[tuple[str, str]]:
    return [
        (f"{path.name}-{number}", text)
        for path in DOCS
        for number, (kind, text) in enumerate(FENCE.findall(path.read_text()))
        if kind == language
    ]


DEFINITIONS = [(name, text) for name, text in _blocks("yaml") if re.search(r"^version: 1", text, re.MULTILINE)]


@pytest.mark.parametrize("text", [text for _, text in DEFINITIONS], ids=[name for name, _ in DEFINITIONS])
def test_definition_examples_are_valid(text: str) -> None:
    ical = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\nX-CALENDAR-TYPE:DEFAULT_OPEN\nEND:VCALENDAR\n"
    config = load_configuration(text, name="example", read_text=lambda _: ical)
    assert [str(problem) for problem in config.problems] == []


COMMANDS = sorted(
    {
        line.strip()
        for language in ("sh", "console")
        for _, text in _blocks(language)
        for line in text.splitlines()
        if line.strip().startswith("lamp ")
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_in_documents_exist_with_their_options(line: str) -> None:
    import shlex

    from lamplighter.cli.main import command_tree

    words = shlex.split(line, comments=True)[1:]
    ends = [words.index(sign) for sign in ("|", ">") if sign in words]
    words = words[: min(ends, default=len(words))]
    node: Any = command_tree()
    while words and getattr(node, "commands", None) and words[0] in node.commands:
        node = node.commands[words.pop(0)]
    known = {option for parameter in node.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = [word.split("=")[0] for word in words if word.startswith("-") and len(word) > 1]
    assert [option for option in used if option not in known and option != "--help"] == []
    assert not getattr(node, "commands", None) or "--help" in used, f"{line} names no command"


def test_documents_that_are_linked_exist() -> None:
    for path in DOCS:
        for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
            if "://" not in link:
                assert (path.parent / link).exists(), f"{path.name} links to {link}"
