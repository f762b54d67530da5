"""Workbooks: sheets as data become an .xlsx file with native charts, filters, frozen headers and number formats.

A text stays a text: whatever it begins with, it is written as a string and marked so that editing the cell does not
make a formula of it. A number is a number, a time a date in UTC, what is not known an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import ReportError
from lamplighter.reports.sheet import NUMBERS, Chart, Column, Kind, Sheet, Value

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

HEAD: Final = 3
"""Row of the column titles, from 0: above it stand title, explanation and source."""
ROWS: Final = 1_048_576
_LONGEST_TEXT: Final = 32_767
_LONGEST_NAME: Final = 31
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SHOWN: Final = {
    Kind.TEXT: "@",
    Kind.COUNT: "#,##0",
    Kind.HOURS: "#,##0.0",
    Kind.QUANTITY: "#,##0.00",
    Kind.PERCENT: "0.0%",
    Kind.MONEY: "#,##0.00",
    Kind.RATE: "#,##0.0000",
    Kind.DATE: "yyyy-mm-dd",
    Kind.TIME: "yyyy-mm-dd hh:mm",
}
_WIDEST: Final = 60
_CHART_ROWS: Final = 18
_LINE_HEIGHT: Final = 15
_BARS: Final = 15
"""Bars beyond this many cannot be told apart; rows come with the greatest first."""
_NARROW: Final = 130
"""Widths in characters: beside a sheet up to this one charts stand on the right, else below the rows."""
_INK, _PAPER, _LINE = "#1F3A5F", "#E8EEF5", "#B8C4D2"


def write_workbook(path: Path, sheets: Iterable[Sheet], *, title: str, created: datetime) -> Path:
    """Write a workbook; a file of that name is replaced as a whole, or not at all.

    Args:
        path: with the suffix .xlsx; its folder is made.
        sheets: in the order of their tabs.
        title: of the document.
        created: aware; stands in the properties, so that the same sheets make the same bytes.

    Returns:
        The path.

    Raises:
        ReportError: XlsxWriter is not installed, there are no sheets, one has more rows than a sheet can hold, or the
            file cannot be written.
        ValueError: a sheet is wrong: rows of another length than columns, titles that repeat, charts of columns
            that are not there, numbers that are not finite.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise ReportError("a workbook needs XlsxWriter", hint="pip install 'lamplighter[reports]'") from error
    made = list(sheets)
    if not made:
        raise ReportError("a workbook needs at least one sheet")
    for sheet in made:
        check(sheet)
    part = path.with_name(f".{path.name}.part")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with xlsxwriter.Workbook(str(part), options) as book:
            book.set_properties({"title": title, "created": created.astimezone(UTC).replace(tzinfo=None)})
            for name, sheet in zip(tab_names(sheet.name for sheet in made), made, strict=True):
                _Page(book, name, sheet).write()
        part.replace(path)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise ReportError(
            f"{path} cannot be written: {error}", hint="close it elsewhere, or give another --out"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def check(sheet: Sheet) -> None:
    """Refuse a sheet that would make a workbook that misleads or does not open; errors as in `write_workbook`."""
    titles = [column.title for column in sheet.columns]
    if not titles or len({title.casefold() for title in titles}) < len(titles):
        raise ValueError(f"sheet {sheet.name}: the titles of columns must be there, and different")
    for chart in sheet.charts:
        if missing := [title for title in (chart.categories, *chart.series) if title not in titles]:
            raise ValueError(f"sheet {sheet.name}: chart {chart.title!r} draws {missing[0]!r}, which is no column")
    if len(sheet.rows) + HEAD + 3 > ROWS:
        raise ReportError(
            f"sheet {sheet.name} has {len(sheet.rows):,} rows, more than a sheet can hold",
            hint="ask for fewer accounts or a shorter period, or use -o csv",
        )
    for row in sheet.rows:
        if len(row) != len(titles):
            raise ValueError(f"sheet {sheet.name}: a row has {len(row)} cells for {len(titles)} columns")


def tab_names(names: Iterable[str]) -> list[str]:
    r"""Names as tabs may have them: at most 31 characters, without `[]:*?/\`, different without regard to case."""
    taken: set[str] = {"history"}  # reserved by Excel
    found = []
    for name in names:
        plain = _FORBIDDEN.sub("-", name).strip("' ") or "Sheet"
        short, number = plain[:_LONGEST_NAME].strip("' "), 1
        while short.casefold() in taken:
            number += 1
            suffix = f" ({number})"
            short = plain[: _LONGEST_NAME - len(suffix)].rstrip() + suffix
        taken.add(short.casefold())
        found.append(short)
    return found


class _Page:
    """One sheet while it is written."""

    def __init__(self, book: Workbook, name: str, sheet: Sheet) -> None:
        self.book, self.sheet, self.name = book, sheet, name
        self.page: Worksheet = book.add_worksheet(name)
        self.first, self.last = HEAD + 1, HEAD + len(sheet.rows)
        self.widths = list(_widths(sheet))
        self.formats = {kind: _format(book, kind) for kind in Kind}
        self.quoted = _format(book, Kind.TEXT, quote_prefix=True)

    def write(self) -> None:
        self._head()
        for number, row in enumerate(self.sheet.rows, start=self.first):
            for place, (column, value) in enumerate(zip(self.sheet.columns, row, strict=True)):
                self._cell(number, place, column, value)
        if self.sheet.rows:
            self.page.autofilter(HEAD, 0, self.last, len(self.sheet.columns) - 1)
            # Account ids are texts of digits on purpose.
            self.page.ignore_errors({"number_stored_as_text": f"A1:XFD{self.last + 1}"})
            self._foot()
            self._bars()
            for number, chart in enumerate(self.sheet.charts):
                self._chart(number, chart)
        else:
            self.page.write_string(self.first, 0, self.sheet.empty, self.book.add_format({"italic": True}))
        lines = 1
        for place, (column, width) in enumerate(zip(self.sheet.columns, self.widths, strict=True)):
            self.page.set_column(place, place, width)
            lines = max(lines, len(wrap(column.title, max(int(width) - 2, 1))))
        self.page.set_row(HEAD, _LINE_HEIGHT * lines)
        self.page.freeze_panes(HEAD + 1, 1 if len(self.sheet.columns) > 2 else 0)
        self.page.set_landscape()
        self.page.fit_to_pages(1, 0)
        self.page.repeat_rows(HEAD)

    def _head(self) -> None:
        book, page, sheet = self.book, self.page, self.sheet
        title = book.add_format({"bold": True, "font_size": 14, "font_color": _INK})
        page.write_string(0, 0, _text(sheet.title), title)
        self._wide(1, sheet.about, {"font_color": "#444444"})
        self._wide(2, f"Source: {sheet.source}", {"italic": True, "font_color": "#666666", "font_size": 9})
        style = {"bold": True, "bg_color": _INK, "font_color": "white", "text_wrap": True, "valign": "top", "border": 1}
        left, right = book.add_format(style), book.add_format({**style, "align": "right"})
        for place, column in enumerate(sheet.columns):
            page.write_string(HEAD, place, column.title, right if column.kind in NUMBERS else left)
            if column.about:
                page.write_comment(HEAD, place, column.about, {"x_scale": 2, "y_scale": 0.8})

    def _wide(self, row: int, text: str, style: dict[str, object]) -> None:
        """A text over the whole width of the columns, in as many lines as it needs."""
        shape = self.book.add_format({**style, "text_wrap": True, "valign": "top", "num_format": "@"})
        last = len(self.widths) - 1
        if last:
            self.page.merge_range(row, 0, row, last, "", shape)
        self.page.write_string(row, 0, _text(text), shape)
        self.page.set_row(row, _LINE_HEIGHT * len(wrap(text, max(int(sum(self.widths)), 1)) or [""]))

    def _cell(self, row: int, place: int, column: Column, value: Value) -> None:
        style = self.formats[column.kind]
        if value is None:
            self.page.write_blank(row, place, None, style)
        elif isinstance(value, str):
            text = _text(value)
            self.page.write_string(row, place, text, self.quoted if text.startswith(_FORMULA) else style)
        elif isinstance(value, bool):
            self.page.write_string(row, place, "yes" if value else "no", self.formats[Kind.TEXT])
        elif isinstance(value, date):
            self.page.write_datetime(row, place, _naive(value), style)
        else:
            self.page.write_number(row, place, _number(value, self.sheet), style)

    def _foot(self) -> None:
        """Sums that follow the filter; their values are there too, for readers that do not calculate."""
        columns = self.sheet.columns
        if not any(column.total for column in columns):
            return
        row = self.last + 1
        for place, column in enumerate(columns):
            style = _format(self.book, column.kind, bold=True, bg_color=_PAPER, top=1, border_color=_LINE)
            if column.total:
                values = [cells[place] for cells in self.sheet.rows]
                whole = sum(
                    (Decimal(str(value)) for value in values if isinstance(value, int | float | Decimal)), Decimal(0)
                )
                letter = _letter(place)
                formula = f"=SUBTOTAL(109,{letter}{self.first + 1}:{letter}{self.last + 1})"
                self.page.write_formula(row, place, formula, style, float(whole))
            else:
                self.page.write(row, place, "Total" if place == 0 else None, style)

    def _bars(self) -> None:
        for place, column in enumerate(self.sheet.columns):
            if column.bar:
                bar: dict[str, Any] = {
                    "type": "data_bar",
                    "bar_color": "#8FB3D9",
                    "bar_solid": True,
                    "min_type": "num",
                    "min_value": 0,
                }
                if column.kind is Kind.PERCENT:
                    bar |= {"max_type": "num", "max_value": 1}
                self.page.conditional_format(self.first, place, self.last, place, bar)

    def _chart(self, number: int, chart: Chart) -> None:
        kind: dict[str, str] = {"type": chart.kind}
        if chart.stacked:
            kind["subtype"] = "stacked"
        drawn = self.book.add_chart(kind)
        titles = [column.title for column in self.sheet.columns]
        along = titles.index(chart.categories)
        last = min(self.last, self.first + _BARS - 1) if chart.kind == "bar" else self.last
        name = chart.title if last == self.last else f"{chart.title} (the first {_BARS})"
        for title in chart.series:
            place = titles.index(title)
            drawn.add_series(
                {
                    "name": [self.name, HEAD, place],
                    "categories": [self.name, self.first, along, last, along],
                    "values": [self.name, self.first, place, last, place],
                }
            )
        drawn.set_title({"name": name, "name_font": {"size": 12, "color": _INK}})
        axes = (drawn.set_x_axis, drawn.set_y_axis)
        values, names = axes if chart.kind == "bar" else axes[::-1]
        values({"name": chart.axis, "num_format": _SHOWN[self.sheet.columns[titles.index(chart.series[0])].kind]})
        kind_along = self.sheet.columns[along].kind
        along_bars = {"reverse": True, "crossing": "max"} if chart.kind == "bar" else {}
        names({"num_format": _SHOWN[kind_along], "date_axis": kind_along is Kind.DATE, **along_bars})
        drawn.set_legend({"position": "bottom"} if len(chart.series) > 1 else {"none": True})
        drawn.set_size({"width": 720, "height": 340})
        if sum(self.widths) <= _NARROW:
            self.page.insert_chart(HEAD + number * _CHART_ROWS, len(titles) + 1, drawn)
        else:
            self.page.insert_chart(self.last + 3 + number * _CHART_ROWS, 0, drawn)


def _format(book: Workbook, kind: Kind, **more: object) -> Format:
    return book.add_format(
        {
            "num_format": _SHOWN[kind],
            "valign": "top",
            "text_wrap": kind is Kind.TEXT,
            "indent": int(kind is Kind.TEXT),
            **more,
        }
    )


def _text(text: str) -> str:
    """A text as a cell can hold it: without control characters that XML forbids, and not too long."""
    plain = "".join(sign for sign in text if sign >= " " or sign in "\t\n\r")
    return plain if len(plain) <= _LONGEST_TEXT else plain[: _LONGEST_TEXT - 1] + "…"


def _number(value: int | float | Decimal, sheet: Sheet) -> float:
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(f"sheet {sheet.name}: {value} is not a number that a sheet can hold")
    return number


def _naive(value: date) -> date:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("times in sheets are aware")
    return value.astimezone(UTC).replace(tzinfo=None)


def _letter(place: int) -> str:
    """A, B, ..., Z, AA, ...: the name of a column."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _widths(sheet: Sheet) -> Iterator[float]:
    """Wide enough for most cells; titles may wrap."""
    for place, column in enumerate(sheet.columns):
        longest = max((_shown_length(row[place], column.kind) for row in sheet.rows), default=0)
        title = max((len(word) for word in column.title.split()), default=0) + 2
        yield float(min(max(longest + 2, title + 1, 9), _WIDEST))


def _shown_length(value: Value, kind: Kind) -> int:
    if value is None:
        return 0
    if kind is Kind.TIME:
        return 16
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        whole = f"{abs(float(value)):,.0f}"
        return len(whole) + {Kind.RATE: 5, Kind.PERCENT: 5, Kind.COUNT: 1}.get(kind, 4)
    return max((len(line) for line in str(value).splitlines()), default=0)
