from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.billing.conftest import line, write_cur

from lamplighter.billing.load import load
from lamplighter.errors import UsageError
from lamplighter.lake import months
from lamplighter.lake.ledger import Ledger

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def loaded(folder: Path, name: str, tags: list[str], **more: str) -> list[str]:
    """The tags that are columns after a bill was loaded."""
    bill = write_cur(folder / f"{name}.csv", [line(cost="1", **{"resourceTags/user:Team": name, **more})])
    load([str(bill)], folder / "lake", at=AT, tags=tags)
    record = months.record_of(folder / "lake", months.CHARGES, "2026-10")
    assert record is not None
    found = record["tags"]
    assert isinstance(found, list)
    return found


@pytest.mark.slow
def test_a_tag_is_a_column_where_every_payers_charges_have_it(tmp_path: Path) -> None:
    other = {"bill/PayerAccountId": "999988887777"}
    question = "SELECT tag('Team'), COUNT(*) FROM charges GROUP BY 1 ORDER BY 1"
    assert loaded(tmp_path, "a", ["Team"]) == ["Team"]
    assert loaded(tmp_path, "b", [], **other) == []
    with Ledger.open(tmp_path / "lake") as ledger:
        assert ledger.query(question).rows == [("a", 1), ("b", 1)]
        assert loaded(tmp_path, "c", ["Team"], **other) == ["Team"]
        assert ledger.hot_tags == {"Team": {"2026-10"}}
        assert ledger.query(question).rows == [("a", 1), ("c", 1)]
        assert ledger.query("SELECT x_Tag_Team FROM charges ORDER BY 1").rows == [("a",), ("c",)]


@pytest.mark.slow
def test_a_column_of_another_key_is_not_taken_for_it(tmp_path: Path) -> None:
    assert loaded(tmp_path, "a", ["cost-center"]) == ["cost-center"]
    assert loaded(tmp_path, "b", ["cost center"], **{"bill/PayerAccountId": "999988887777"}) == []


def test_keys_of_the_same_column_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="would be the same column"):
        loaded(tmp_path, "a", ["cost-center", "cost center"])
