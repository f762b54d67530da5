from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.errors import ReportError
from lamplighter.reports.sheet import Chart, Column, Kind, Sheet, Value
from lamplighter.reports.workbook import HEAD, ROWS, check, tab_names, write_workbook

CREATED = datetime(2026, 11, 1, tzinfo=UTC)
# openpyxl does not know the data bars of newer versions of Excel, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported")
COLUMNS = (
    Column("Account"),
    Column("Day", Kind.DATE),
    Column("Used hours", Kind.HOURS, about="hours that ran", total=True),
    Column("Cost USD", Kind.MONEY, total=True),
    Column("Coverage", Kind.PERCENT, bar=True),
)
ROW: tuple[Value, ...] = ("111122223333", date(2026, 10, 1), Decimal("12.5"), Decimal("1.25"), Decimal("0.5"))


def sheet(rows: list[tuple[Value, ...]], **more: object) -> Sheet:
    made: dict[str, object] = {
        "name": "Coverage",
        "title": "Coverage by day",
        "about": "One row a day.",
        "source": "view commitment_coverage",
        "columns": COLUMNS,
        "rows": rows,
        **more,
    }
    return Sheet(**made)  # type: ignore[arg-type]


def written(tmp_path: Path, *sheets: Sheet) -> openpyxl.Workbook:
    return openpyxl.load_workbook(write_workbook(tmp_path / "report.xlsx", sheets, title="Report", created=CREATED))


def test_cells_keep_their_kind(tmp_path: Path) -> None:
    later = datetime(2026, 10, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    columns = (*COLUMNS, Column("Seen", Kind.TIME), Column("Shared"))
    page = written(tmp_path, sheet([(*ROW, later, True), (*ROW[:4], None, later, False)], columns=columns))["Coverage"]
    first, second = (list(row) for row in page.iter_rows(min_row=HEAD + 2, max_row=HEAD + 3))
    assert [cell.value for cell in first] == [
        "111122223333",
        datetime(2026, 10, 1),  # noqa: DTZ001
        12.5,
        1.25,
        0.5,
        datetime(2026, 10, 1, 0, 0),  # noqa: DTZ001
        "yes",
    ]
    assert [cell.number_format for cell in first] == [
        "@",
        "yyyy-mm-dd",
        "#,##0.0",
        "#,##0.00",
        "0.0%",
        "yyyy-mm-dd hh:mm",
        "@",
    ]
    assert second[4].value is None, "what is not known is empty, not zero"
    assert second[6].value == "no"


def test_heads_are_frozen_and_filtered_and_say_their_source(tmp_path: Path) -> None:
    page = written(tmp_path, sheet([ROW, ROW]))["Coverage"]
    assert page.freeze_panes == f"B{HEAD + 2}"
    assert page.auto_filter.ref == f"A{HEAD + 1}:E{HEAD + 3}"
    assert page["A1"].value == "Coverage by day"
    assert page["A3"].value == "Source: view commitment_coverage"
    assert page.cell(HEAD + 1, 3).comment.text == "hours that ran"


def test_sums_follow_the_filter_and_are_there_without_calculation(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "report.xlsx", [sheet([ROW, ROW])], title="Report", created=CREATED)
    row = HEAD + 4
    formulas = openpyxl.load_workbook(path)["Coverage"]
    values = openpyxl.load_workbook(path, data_only=True)["Coverage"]
    assert formulas.cell(row, 1).value == "Total"
    assert formulas.cell(row, 4).value == f"=SUBTOTAL(109,D{HEAD + 2}:D{HEAD + 3})"
    assert (values.cell(row, 3).value, values.cell(row, 4).value) == (25, 2.5)
    assert values.cell(row, 5).value is None, "shares are not added up"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")', "http://x", "1"])
def test_texts_are_never_formulas_numbers_or_links(tmp_path: Path, text: str) -> None:
    path = write_workbook(
        tmp_path / "report.xlsx", [sheet([(text, *ROW[1:])], title=text)], title="Report", created=CREATED
    )
    page = openpyxl.load_workbook(path)["Coverage"]
    cell = page.cell(HEAD + 2, 1)
    assert (cell.value, cell.data_type, cell.hyperlink) == (text, "s", None)
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@", "\t"))
    assert page["A1"].data_type == "s"


def test_control_characters_and_long_texts_do_not_break_the_file(tmp_path: Path) -> None:
    page = written(tmp_path, sheet([("a\x00b\x1f", *ROW[1:]), ("x" * 40_000, *ROW[1:])]))["Coverage"]
    assert page.cell(HEAD + 2, 1).value == "ab"
    long = page.cell(HEAD + 3, 1).value
    assert len(long) == 32_767
    assert long.endswith("…")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_what_is_no_number_is_refused_and_leaves_the_old_file(tmp_path: Path, number: Value) -> None:
    path = tmp_path / "report.xlsx"
    path.write_bytes(b"the old one")
    with pytest.raises(ValueError, match="not a number"):
        write_workbook(path, [sheet([(*ROW[:4], number)])], title="Report", created=CREATED)
    assert path.read_bytes() == b"the old one"
    assert [each.name for each in tmp_path.iterdir()] == ["report.xlsx"]


def test_a_naive_time_is_refused(tmp_path: Path) -> None:
    naive = datetime(2026, 10, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        written(tmp_path, sheet([(ROW[0], naive, *ROW[2:])]))


def test_a_sheet_without_rows_says_so(tmp_path: Path) -> None:
    page = written(tmp_path, sheet([], empty="no reservations", charts=[Chart("C", "line", "Day", ["Cost USD"])]))[
        "Coverage"
    ]
    assert page.cell(HEAD + 2, 1).value == "no reservations"
    assert page.auto_filter.ref is None


def test_charts_draw_the_rows(tmp_path: Path) -> None:
    drawn = Chart("Cost", "column", "Day", ["Cost USD", "Used hours"], stacked=True, axis="USD")
    path = write_workbook(
        tmp_path / "report.xlsx", [sheet([ROW, ROW], charts=[drawn])], title="Report", created=CREATED
    )
    with zipfile.ZipFile(path) as archive:
        text = archive.read("xl/charts/chart1.xml").decode()
    assert f"Coverage!$D${HEAD + 2}:$D${HEAD + 3}" in text
    assert f"Coverage!$B${HEAD + 2}:$B${HEAD + 3}" in text
    assert 'val="stacked"' in text


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"columns": (Column("A"), Column("a"))}, "different"),
        ({"columns": ()}, "different"),
        ({"charts": [Chart("C", "line", "Month", ["Cost USD"])]}, "no column"),
        ({"rows": [ROW[:3]]}, "3 cells for 5 columns"),
    ],
)
def test_a_wrong_sheet_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(sheet(**{"rows": [], **wrong}))  # type: ignore[arg-type]


def test_more_rows_than_a_sheet_can_hold() -> None:
    with pytest.raises(ReportError, match="more than a sheet can hold"):
        check(sheet([ROW] * (ROWS - 5)))


def test_no_sheets(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="at least one"):
        write_workbook(tmp_path / "report.xlsx", [], title="Report", created=CREATED)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        write_workbook(tmp_path / "file" / "report.xlsx", [sheet([ROW])], title="Report", created=CREATED)


def test_the_same_sheets_make_the_same_bytes(tmp_path: Path) -> None:
    made = [
        write_workbook(tmp_path / name, [sheet([ROW])], title="R", created=CREATED) for name in ("a.xlsx", "b.xlsx")
    ]
    assert made[0].read_bytes() == made[1].read_bytes()


def test_every_part_is_well_formed(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path / "report.xlsx",
        [sheet([("<&>\"'", *ROW[1:])], charts=[Chart("<&>", "line", "Day", ["Cost USD"])]), sheet([])],
        title="<&>",
        created=CREATED,
    )
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(archive.read(name))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=50), max_size=8))
def test_tab_names_are_what_excel_takes(names: list[str]) -> None:
    made = tab_names(names)
    assert len(made) == len(names)
    assert len({name.casefold() for name in made}) == len(made)
    for name in made:
        assert 0 < len(name) <= 31
        assert not set(name) & set("[]:*?/\\")
        assert name == name.strip("'")
        assert name.casefold() != "history"


def test_tab_names_that_repeat_are_numbered() -> None:
    long = "ec2 ap-southeast-2 m5.large and more"
    assert tab_names([long, long.upper(), "a/b"]) == [
        "ec2 ap-southeast-2 m5.large and",
        "EC2 AP-SOUTHEAST-2 M5.LARGE (2)",
        "a-b",
    ]
