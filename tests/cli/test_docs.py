"""docs/cli.md names every command, option for all, and exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli import exits
from lamplighter.cli.main import command_tree

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
EXAMPLES = " \n".join(re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)) + " "


def leaves(node: Any, path: str = "lamp") -> Iterator[tuple[str, Any]]:
    for name, member in node.commands.items():
        if getattr(member, "commands", None):
            yield from leaves(member, f"{path} {name}")
        else:
            yield f"{path} {name}", member


LEAVES = dict(leaves(command_tree()))


@pytest.mark.parametrize("path", LEAVES)
def test_every_command_has_an_example(path: str) -> None:
    assert re.search(rf"^{path}(?= |\n|$)", EXAMPLES, re.MULTILINE), f"{path} has no example in docs/cli.md"


def test_every_shared_option_is_listed_with_its_variable() -> None:
    shared = {
        (option.opts[0], option.envvar)
        for command in LEAVES.values()
        for option in command.params
        if getattr(option, "envvar", None) and option.show_envvar
    }
    assert len(shared) == 11
    for option, variable in shared:
        [row] = [line for line in TEXT.splitlines() if line.startswith("|") and f"`{option}`" in line]
        assert f"`{variable}`" in row


def test_every_exit_code_is_listed() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    assert listed == {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
