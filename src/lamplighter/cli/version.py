"""`lamp version`."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import typer

import lamplighter
from lamplighter.cli.commands import single

app, command = single("lamp version")


@command
def version() -> None:
    """Show the versions of Lamplighter and Python."""
    typer.echo(f"lamplighter {lamplighter.__version__} (Python {platform.python_version()}){_packaged()}")


def _packaged() -> str:
    """When and from what a zip was made, where this runs out of one; it says so itself."""
    from lamplighter.deploy.package import FACTS

    path = Path(lamplighter.__file__).parent / FACTS
    if not path.exists():
        return ""
    facts = json.loads(path.read_text(encoding="utf-8"))
    said = [f"zip {facts['group']}", f"built {facts['built'] or 'nobody knows when'}"]
    if facts["commit"]:
        said.append(f"of {facts['commit'][:12]}")
    return f", {', '.join(said)}"
