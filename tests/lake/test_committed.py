from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.lake.known import TEN

from lamplighter.errors import LakeError
from lamplighter.lake.committed import write_hours
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.months import loading, record_of

AT: datetime = TEN.replace(tzinfo=None)


def row(account: str, hours: Decimal, cost: Decimal | None = None) -> tuple[object, ...]:
    return (AT, account, "us-east-1", "ec2", 'odd "family", or so', "USD", hours, 0, 0, 0, None, None, cost, cost, 0)


def test_a_month_is_replaced_as_a_whole_and_quotients_are_cut(tmp_path: Path) -> None:
    third = Decimal(1) / 3
    write_hours(tmp_path, "2026-10", [row("a", third), row("b", Decimal("1E+3"))], [], {"at": "then"})
    with Ledger.open(tmp_path) as ledger:
        asked = "SELECT account_id, family, hours, cost FROM coverage_hours ORDER BY 1"
        assert ledger.query(asked).rows == [
            ("a", 'odd "family", or so', Decimal("0.333333333333333333"), None),
            ("b", 'odd "family", or so', Decimal(1000), None),
        ]
        write_hours(tmp_path, "2026-10", [row("c", third, third)], [], {"at": "now"})
        assert [found[0] for found in ledger.query(asked).rows] == ["c"]
        assert ledger.query("SELECT COUNT(*) FROM commitment_hours").rows == [(0,)]
    assert record_of(tmp_path, "coverage_hours", "2026-10") == {"at": "now", "rows": 1}


def test_a_lake_that_is_being_loaded_is_left_alone(tmp_path: Path) -> None:
    with loading(tmp_path), pytest.raises(LakeError, match="another load is at work"):
        write_hours(tmp_path, "2026-10", [], [], {})
    with pytest.raises(ValueError, match="not a month"):
        write_hours(tmp_path, "october", [], [], {})


def test_a_row_that_does_not_fit_leaves_the_month_as_it_was(tmp_path: Path) -> None:
    write_hours(tmp_path, "2026-10", [row("a", Decimal(1))], [], {})
    with pytest.raises(LakeError):
        write_hours(tmp_path, "2026-10", [("not a time", *row("b", Decimal(1))[1:])], [], {})
    with Ledger.open(tmp_path) as ledger:
        assert ledger.query("SELECT account_id FROM coverage_hours").rows == [("a",)]
