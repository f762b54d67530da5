"""What a written format is: its columns over the lines of a bill, and where its files lie."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import md5
from types import MappingProxyType
from typing import Any, ClassVar, Final

import lamplighter.estate.bill.formats as package
from lamplighter.errors import UsageError
from lamplighter.estate.bill.options import Options
from lamplighter.families import by_name, member_classes

ENTRY_POINT: Final = "lamplighter.bill_writers"
CREATE_NEW: Final = "create-new"
OVERWRITE: Final = "overwrite"
GZIP: Final = "gzip"
ZIP: Final = "zip"
PREFIX: Final = "bills"
NAME: Final = "estate"

Selected = tuple[str, str]
"""Name of a column in the file, and its SQL."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a format needs to know of a bill.

    Attributes:
        options: what was chosen.
        start: first instant of the month.
        end: first instant of the next.
        tags: keys of tags; the values of the first are in `tag_0`, and so on.
        plans: whether there are Savings Plans.
        layout: `create-new` or `overwrite`.
        compression: of CSV, `gzip` or `zip`.
    """

    options: Options
    start: datetime
    end: datetime
    tags: Sequence[str]
    plans: bool
    layout: str = CREATE_NEW
    compression: str = GZIP

    @property
    def assembly(self) -> str:
        """Id of this version of the report."""
        made = md5(f"{self.start:%Y-%m} {self.options.version}".encode(), usedforsecurity=False).hexdigest()
        return "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:]))

    @property
    def ending(self) -> str:
        """How names of CSV files end."""
        return "csv.gz" if self.compression == GZIP else "zip"

    @property
    def invoice(self) -> str:
        """The invoice, empty until the month is final."""
        return f"{self.start:%y%m}000123" if self.options.final else ""

    def fill(self, sql: str) -> str:
        """Put what is the same on all lines into SQL that has places for it."""
        return (
            sql.replace("{invoice}", f"'{self.invoice}'" if self.invoice else "CAST(NULL AS VARCHAR)")
            .replace("{payer}", self.options.payer)
            .replace("{month_start}", f"{self.start:%Y-%m-%d %H:%M:%S}")
            .replace("{month_end}", f"{self.end:%Y-%m-%d %H:%M:%S}")
            .replace("{stamp}", "%Y-%m-%dT%H:%M:%SZ")
        )


class Shape(ABC):
    """One format, as a writer.

    Attributes:
        name: stable name.
        parquet: Parquet, not CSV.
        split: whether it may come in several files.
        keys: columns, true or false, that `rows` adds to those of the lines.
    """

    name: ClassVar[str]
    parquet: ClassVar[bool]
    split: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def columns(self, sheet: Sheet) -> Sequence[Selected]:
        """Its columns, in order, over the rows of `rows`."""

    @abstractmethod
    def file(self, sheet: Sheet, number: int) -> str:
        """Where its file lies, numbered from 1: a path with slashes."""

    def rows(self, relation: str) -> str:
        """The rows that it has, as SQL over the lines of one copy."""
        return f"SELECT * FROM {relation}"

    def last_rows(self, sheet: Sheet, copies: int) -> str | None:
        """SQL of rows with its columns that end the last file, such as totals; None for none."""
        del sheet, copies
        return None

    def manifests(self, sheet: Sheet, files: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Manifests by path."""
        del sheet, files
        return {}


@cache
def shapes() -> MappingProxyType[str, Shape]:
    """All formats that can be written, by name."""
    members = member_classes(package, Shape, ENTRY_POINT)  # type: ignore[type-abstract]
    return by_name(((member.name, member()) for member in members), "two formats of written bills are called {}")


def shape(name: str) -> Shape:
    """The format of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in shapes():
        raise UsageError(f"bills are not written as {name!r}", hint=f"known: {', '.join(shapes())}")
    return shapes()[name]
