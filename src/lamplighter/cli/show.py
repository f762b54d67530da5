"""Writing: tables for people, JSON and CSV for programs. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TextIO, TypeAlias

from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from rich.console import Console

    from lamplighter.errors import LamplighterError

Cell: TypeAlias = str | tuple[str, ...]
"""What stands in a field of a table; the parts of a tuple are lines on a terminal and words elsewhere."""

Record: TypeAlias = Mapping[str, object]
"""One element of a JSON answer."""

_WIDE = 100_000
_LEAST = 14
"""What a column of words needs at least to be read."""

_STYLES = {
    "start": "green",
    "running": "green",
    "ok": "green",
    "done": "green",
    "stop": "yellow",
    "warn": "yellow",
    "warning": "yellow",
    "open": "yellow",
    "not tried": "yellow",
    "fail": "red",
    "failed": "red",
    "error": "red",
}

_DIFF_STYLES = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
"""By how a line begins; the first that fits."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        right: whether it is aligned to the right, as numbers are.
        whole: whether its words should not be broken: ids and times.
    """

    title: str
    right: bool = False
    whole: bool = False


def clean(text: str) -> str:
    """Text that cannot steer a terminal: control characters but the line break become `?`."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[int] | None:
    """How wide each column becomes.

    Args:
        columns: of the table; whole ones get all they need, the others share what is left.
        rows: texts, with line breaks where a cell has several lines.
        width: of the screen; None for no end.

    Returns:
        A width for each column; None when the screen is too narrow for a table.
    """
    titles = [column.title if width is None else column.title.replace(" ", "\n") for column in columns]
    needs = [max(1, *(_broad(text) for text in (title, *(row[n] for row in rows)))) for n, title in enumerate(titles)]
    room = None if width is None else width - 2 * (len(columns) - 1)
    if room is None or sum(needs) <= room:
        return needs
    sizes = [need if column.whole else min(need, _LEAST) for column, need in zip(columns, needs, strict=True)]
    left = room - sum(sizes)
    if left < 0:
        return None
    while left:
        wanting = [n for n, size in enumerate(sizes) if size < needs[n]]
        share = max(left // len(wanting), 1)
        for n in wanting[:left]:
            grown = min(needs[n], sizes[n] + share)
            left -= grown - sizes[n]
            sizes[n] = grown
    return sizes


def _broad(text: str) -> int:
    """Cells of a screen that the widest line takes; wide characters take two."""
    if text.isascii():
        return max(map(len, text.split("\n")))
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))


def _joined(cell: Cell, joint: str) -> str:
    return cell if isinstance(cell, str) else joint.join(part for part in cell if part)


def _line(title: str, text: str) -> str:
    return f"{title + ':':<10} {' '.join(text.split())}"


class Printer:
    """Writes the answers of one command.

    Args:
        output: table, JSON or CSV.
        color: False for none, even on a terminal.
        out: where data goes; stdout as it is at the first write.
        err: where everything else goes; stderr.
    """

    def __init__(
        self,
        output: Output = Output.TABLE,
        *,
        color: bool = True,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.output = output
        self._color = color
        self._out = out
        self._err = err

    @property
    def for_programs(self) -> bool:
        """Whether the answer is to be records, as JSON or CSV, rather than words."""
        return self.output is not Output.TABLE

    @property
    def out(self) -> TextIO:
        """Where data goes."""
        return self._out or sys.stdout

    @property
    def err(self) -> TextIO:
        """Where everything that is not data goes."""
        return self._err or sys.stderr

    @property
    def width(self) -> int | None:
        """How long a line of data may be: as the terminal or COLUMNS says; None when nobody looks at a screen."""
        if self.out.isatty():
            return self._console(self.out).width
        columns = os.environ.get("COLUMNS", "")
        return int(columns) if columns.isdecimal() and int(columns) else None

    def answer(
        self,
        records: Sequence[Record],
        columns: Sequence[Column],
        rows: Iterable[Sequence[Cell]],
        *,
        empty: str,
        foot: Sequence[Cell] = (),
    ) -> None:
        """Write a list: the records as a JSON array or CSV, or the rows as a table.

        Args:
            records: one mapping for each element, keys in snake_case.
            columns: of the table.
            rows: one cell for each column.
            empty: what to say to people when there are no rows.
            foot: a last row with totals; none if empty.
        """
        if self.for_programs:
            self.data(records)
            return
        listed = list(rows)
        if listed:
            self._table(columns, listed, foot)
        else:
            self.note(empty)

    def data(self, content: Sequence[Record]) -> None:
        """Write records to stdout, as CSV if that is asked for, else as JSON; times as ISO 8601, decimals as text."""
        if self.output is Output.CSV:
            from lamplighter.cli.sheet import csv_text

            self.out.write(csv_text(content, _plain))
            return
        ascii_only = (getattr(self.out, "encoding", None) or "utf-8").lower().replace("-", "") != "utf8"
        text = json.dumps(content, indent=2, ensure_ascii=ascii_only, default=_plain)
        self.out.write(text + "\n")

    def text(self, text: str) -> None:
        """Write text for people to stdout, as it is."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    def difference(self, lines: Iterable[str]) -> None:
        """Write lines of a unified diff to stdout, on a terminal in the usual colours."""
        if not self.out.isatty():
            self.out.write("".join(f"{clean(line)}\n" for line in lines))
            return
        from rich.text import Text

        console = self._console(self.out)
        for line in lines:
            style = next((style for begin, style in _DIFF_STYLES.items() if line.startswith(begin)), "")
            console.print(Text(clean(line), style=style), soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something beside the data, on stderr."""
        self._say("", text, "")

    def warn(self, text: str) -> None:
        """Warn on stderr."""
        self._say("warning: ", text, "yellow")

    def failure(self, error: LamplighterError, *, subject: str = "") -> None:
        """Say what failed and what to do about it, on stderr, a line each."""
        begin = f"{subject}: " if subject and subject not in error.message else ""
        self._say("error: ", begin + error.message, "red")
        for problem in getattr(error, "problems", ()):
            self._say("  ", str(problem), "")
        if error.hint:
            self._say("hint: ", error.hint, "cyan")

    def _say(self, label: str, text: str, style: str) -> None:
        text = clean(text)
        if not self.err.isatty():
            self.err.write(f"{label}{text}\n")
            return
        from rich.text import Text

        console = self._console(self.err)
        console.print(Text.assemble((label, style), text), soft_wrap=True)

    def _table(self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], foot: Sequence[Cell]) -> None:
        width = self.width
        joint = " " if width is None else "\n"
        texts = [[clean(_joined(cell, joint)) for cell in row] for row in [*rows, *([foot] if foot else [])]]
        widths = fitted(columns, texts, width)
        if widths is None:
            blocks = [[_line(column.title, text) for column, text in zip(columns, row, strict=True)] for row in texts]
            self.out.write("\n\n".join("\n".join(block) for block in blocks) + "\n")
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="bold")
        for column, size in zip(columns, widths, strict=True):
            table.add_column(column.title, justify="right" if column.right else "left", width=size, overflow="fold")
        for number, row in enumerate(texts):
            last = bool(foot) and number == len(texts) - 1
            if last:
                table.add_section()
            table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in row), style="bold" if last else "")
        console = self._console(self.out)
        with console.capture() as captured:
            console.print(table)
        self.out.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))

    def progress_console(self) -> Console:
        """A console on stderr for progress bars; they are shown at a terminal only."""
        return self._console(self.err)

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        limit = self.width if stream is self.out and not stream.isatty() else None
        width = None if stream.isatty() else limit or _WIDE
        return Console(
            file=stream, width=width, no_color=not self._color or None, highlight=False, markup=False, emoji=False
        )

    @contextmanager
    def waiting(self, what: str) -> Iterator[Callable[[object], None]]:
        """A line on stderr that counts calls, while a person waits at a terminal; else nothing.

        Yields:
            A function to be told about every call, from any thread.
        """
        if not self.err.isatty():
            yield lambda _: None
            return
        from itertools import count

        calls = count(1)
        with self._console(self.err).status(f"{what} …") as status:
            yield lambda _: status.update(f"{what} … {next(calls)} calls")


def _plain(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no place in an answer")
