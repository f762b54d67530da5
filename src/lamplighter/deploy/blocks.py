"""Parts of templates that are made from data: `# >> name` to `# << name` in a template holds what `BLOCKS[name]` makes.

A template is a file to read and to deploy as it is. `make templates` writes its parts anew; a test fails where they
differ from what is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from lamplighter.deploy import block_hub, block_lake, block_member, block_pipeline, block_state, block_watch
from lamplighter.deploy.family import TEMPLATES, folder
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.yamls import dump
from lamplighter.errors import UsageError

BLOCKS: Final[Mapping[str, Callable[[], Any]]] = {
    "tables": block_state.tables,
    "lake-tables": block_lake.tables,
    "hub-schedules": partial(block_hub.parameters, Group.CORE),
    "hub-functions": partial(block_hub.functions, Group.CORE),
    "data-schedules": partial(block_hub.parameters, Group.DATA),
    "data-functions": partial(block_hub.functions, Group.DATA),
    "dashboard": block_watch.dashboard,
    "alarms": block_watch.alarms,
    "queries": block_watch.queries,
    "member-policies": block_member.policies,
    "member-rules": block_member.rules,
    "member-template": lambda: block_member.body(fill(TEMPLATES["member"].text)),
    "accounts-pattern": block_member.accounts_pattern,
    "pipeline-stages": block_pipeline.stages,
}
"""Makes resources, or parameters, by their logical ids."""

_BLOCK = re.compile(r"^(?P<blanks> *)# >> (?P<name>[\w-]+)\n.*?^ *# << (?P=name)$", re.MULTILINE | re.DOTALL)


def fill(text: str) -> str:
    """A template with its parts made anew.

    Raises:
        UsageError: it names a part that nobody makes.
    """

    def made(found: re.Match[str]) -> str:
        name, blanks = found["name"], found["blanks"]
        if name not in BLOCKS:
            raise UsageError(f"nobody makes the part {name!r} of a template", hint=f"known: {', '.join(BLOCKS)}")
        return f"{blanks}# >> {name}\n{dump(BLOCKS[name](), len(blanks))}{blanks}# << {name}"

    return _BLOCK.sub(made, text)


def write_all() -> list[Path]:
    """Make every part of every template anew; the files that changed."""
    changed = []
    for template in TEMPLATES.values():
        path = folder() / template.file
        text = path.read_text(encoding="utf-8")
        if fill(text) != text:
            path.write_text(fill(text), encoding="utf-8")
            changed.append(path)
    return changed
