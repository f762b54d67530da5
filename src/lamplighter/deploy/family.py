"""The templates: which there are, what each is for, and how they fit together.

An output of a stack is the value of the parameter of the same name in stacks after it; nothing else joins them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from lamplighter.deploy.yamls import load
from lamplighter.errors import UsageError


@dataclass(frozen=True, slots=True)
class Template:
    """One template.

    Attributes:
        name: of its file.
        title: what it makes, one line.
        where: which account and regions it is deployed in.
        after: templates whose outputs it takes.
        without: what there is not where it is left out; empty if it cannot be.
    """

    name: str
    title: str
    where: str
    after: tuple[str, ...] = ()
    without: str = ""

    @property
    def file(self) -> str:
        """Its file in the folder."""
        return f"{self.name}.yaml"

    @property
    def text(self) -> str:
        """What CloudFormation is given."""
        return (folder() / self.file).read_text(encoding="utf-8")

    @property
    def data(self) -> dict[str, Any]:
        """The same as data, functions in their long form; read once, and not to be changed."""
        return _data(self)


@cache
def _data(template: Template) -> dict[str, Any]:
    return load(template.text)


def folder() -> Path:
    """Where the templates are."""
    return Path(str(files("lamplighter.deploy"))) / "templates"


_HUB: Final = "the hub account, one region"

TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        each.name: each
        for each in (
            Template("application", "The application in AppRegistry that the other stacks belong to", _HUB),
            Template("state", "The key, the tables of the store, the bucket of the lake", _HUB, ("application",)),
            Template("lake", "Tables of the lake in Glue, and a workgroup of Athena", _HUB, ("application", "state")),
            Template("hub", "Functions that schedule, queues, rules, clock, topic", _HUB, ("application", "state")),
            Template(
                "data",
                "Functions that count usage, load bills, write reports",
                _HUB,
                ("application", "state", "hub"),
            ),
            Template(
                "watch",
                "Dashboard, alarms, saved queries of logs",
                _HUB,
                ("application", "state", "hub"),
                without="no dashboard, no alarms",
            ),
            Template(
                "member",
                "The role that the hub enters, and the rules that send it events",
                "each account that has something to schedule, the hub's too; each of its regions",
            ),
            Template(
                "organization",
                "The member stack in every account of an Organization, new ones too",
                "the management account or a delegated administrator, us-east-1",
            ),
            Template(
                "pipeline",
                "Deploys the stacks of the hub from a zip that is put into a bucket",
                _HUB,
                ("application", "state"),
            ),
        )
    }
)
"""Every template by name, in the order of deployment."""


def switch(template: Template) -> str:
    """The parameter, of the pipeline and of the Terraform module, that says whether a stack is made: yes or no."""
    return template.name.capitalize()


def left_out(names: Iterable[str]) -> frozenset[str]:
    """Names of templates that are to be left out.

    Raises:
        UsageError: there is none of this name, or it cannot be left out.
    """
    found = frozenset(names)
    spare = [each.name for each in TEMPLATES.values() if each.without]
    for name in sorted(found - set(spare)):
        said = f"{name} cannot be left out" if name in TEMPLATES else f"there is no template {name!r}"
        raise UsageError(said, hint=f"what can be left out: {', '.join(spare)}")
    return found
