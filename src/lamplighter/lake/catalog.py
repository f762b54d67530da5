"""The questions that come with Lamplighter: SQL files, one view a file, found by themselves.

A file begins with a header of comment lines. The first says what a row is; `-- needs:` names the views or tables that
it reads; `-- columns:` is followed by one line for each column: its name, its unit or type, its meaning. The text below
is one SELECT in DuckDB's dialect, with `tag('KEY')` for the value of a tag (`lamplighter.lake.tags`);
`lamplighter.lake.dialects` turns it into those of other engines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from lamplighter.errors import LakeError

TABLES = ("charges", "usage_looks_written", "usage_written", "coverage_hours_written", "commitment_hours_written")
"""What views may need besides other views: the tables of `lamplighter.lake.tables`."""

_LISTING = frozenset(("show", "information_schema", "sqlite_master", "pg_catalog"))
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of a view.

    Attributes:
        name: as the SELECT gives it.
        unit: unit or type, one word.
        about: meaning.
    """

    name: str
    unit: str
    about: str


@dataclass(frozen=True, slots=True)
class View:
    """One view.

    Attributes:
        name: name of its file.
        about: what a row is.
        needs: views and tables it reads.
        columns: in order.
        sql: one SELECT in DuckDB's dialect, without a semicolon.
    """

    name: str
    about: str
    needs: tuple[str, ...]
    columns: tuple[ViewColumn, ...]
    sql: str


def read_view(name: str, text: str) -> View:
    """Read one file.

    Raises:
        LakeError: its header or name is not as it must be.
    """
    header = [line[2:] for line in text.splitlines() if line.startswith("--")]
    sql = "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")
    about: list[str] = []
    needs: tuple[str, ...] = ()
    columns: list[ViewColumn] = []
    in_columns = False
    for line in header:
        words = line.strip()
        if words.startswith("needs:"):
            needs = tuple(part.strip() for part in words.removeprefix("needs:").split(",") if part.strip())
        elif words == "columns:":
            in_columns = True
        elif in_columns:
            column, unit, meaning = (*words.split(None, 2), "", "")[:3]
            columns.append(ViewColumn(column, unit, meaning))
        elif words:
            about.append(words)
    if not (_NAME.fullmatch(name) and about and needs and columns and sql):
        raise LakeError(
            f"view {name!r} is not complete", hint="give it a description, `-- needs:`, `-- columns:` and a SELECT"
        )
    return View(name, " ".join(about), needs, tuple(columns), sql)


@cache
def views() -> Mapping[str, View]:
    """All packaged views by name, each after those it needs.

    Raises:
        LakeError: a file is not a view, or views need each other in a circle.
    """
    found = {
        entry.name.removesuffix(".sql"): read_view(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in files("lamplighter.lake").joinpath("views").iterdir()
        if entry.name.endswith(".sql")
    }
    return MappingProxyType({view.name: view for view in _ordered(found)})


def named_views(sql: str) -> list[View]:
    """The views that a question needs, each after those it needs itself; all of them where it asks what there is."""
    words = set(re.findall(r"\w+", sql.lower()))
    known = views()
    if words & _LISTING or any(word.startswith("duckdb_") for word in words):
        return list(known.values())
    wanted = {name for name in known if name in words}
    for view in reversed(list(known.values())):
        if view.name in wanted:
            wanted.update(name for name in view.needs if name in known)
    return [view for name, view in known.items() if name in wanted]


def _ordered(found: Mapping[str, View]) -> Iterator[View]:
    done: set[str] = set(TABLES)
    waiting = dict(sorted(found.items()))
    while waiting:
        ready = [view for view in waiting.values() if done.issuperset(view.needs)]
        if not ready:
            raise LakeError(f"views need what is not there: {', '.join(sorted(waiting))}")
        for view in ready:
            yield view
            done.add(view.name)
            del waiting[view.name]
