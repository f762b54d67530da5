from __future__ import annotations

from pathlib import Path

import pytest
from tests.lake.conftest import write_month

from lamplighter.errors import LakeError
from lamplighter.lake.catalog import TABLES, read_view, views
from lamplighter.lake.ledger import Ledger

VIEW = "-- A row.\n-- needs: charges\n-- columns:\n--   n  rows  how many\nSELECT COUNT(*) AS n FROM charges\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", views())
def test_every_view_has_the_columns_that_it_says(tmp_path: Path, name: str) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1", "Tags": "MAP {'Team': 'a'}"}])
    with Ledger.open(tmp_path) as ledger:
        answer = ledger.query(f"FROM {name}")
    view = views()[name]
    assert list(answer.columns) == [column.name for column in view.columns]
    assert all(column.unit and column.about for column in view.columns)
    assert view.about.endswith(".")


@pytest.mark.parametrize("name", views())
def test_every_view_needs_what_it_says(name: str) -> None:
    words = set(views()[name].sql.replace(",", " ").replace("(", " ").split())
    assert words & {*TABLES, *views()} == set(views()[name].needs)


def test_a_view_is_read_with_its_header() -> None:
    view = read_view("one", VIEW)
    assert (view.about, view.needs, view.sql) == ("A row.", ("charges",), "SELECT COUNT(*) AS n FROM charges")
    assert [(column.name, column.unit, column.about) for column in view.columns] == [("n", "rows", "how many")]


@pytest.mark.parametrize("missing", VIEW.splitlines())
def test_a_file_that_lacks_a_part_is_no_view(missing: str) -> None:
    with pytest.raises(LakeError, match="is not complete"):
        read_view("one", VIEW.replace(f"{missing}\n", ""))
