"""For tests: run a command line in this process, and see what it said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from lamplighter.cli.main import app

if TYPE_CHECKING:
    from lamplighter.estate.testing import EstateProbe


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said.

    Attributes:
        code: exit code.
        out: stdout.
        err: stderr.
    """

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON array on stdout."""
        found = json.loads(self.out)
        assert isinstance(found, list), self.out
        return found


@dataclass(frozen=True, slots=True)
class Lamp:
    """Runs command lines; variables given here come on top of those of the process."""

    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, stdin: str | None = None, **variables: str) -> Said:
        """Run one, for example `lamp("plan", "-o", "json")`."""
        result = CliRunner().invoke(
            app, list(words), input=stdin, env={**self.variables, **variables}, prog_name="lamp", catch_exceptions=False
        )
        return Said(result.exit_code, result.stdout, result.stderr)


def launch(estate: EstateProbe, schedule: str | None = None, name: str = "", **kwargs: Any) -> str:
    """Id of a new running instance of a simulated AWS, with a schedule tag and a name."""
    tags = {"Schedule": schedule, "Name": name}
    pairs = [{"Key": key, "Value": value} for key, value in tags.items() if value]
    extra = {"TagSpecifications": [{"ResourceType": "instance", "Tags": pairs}]} if pairs else {}
    return estate.launch(**{"InstanceType": "m5.large", **extra, **kwargs})[0]
