"""The page says what `lamp commit utilisation` says of the same hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lamplighter.commitments.coverage import Alike, CommitmentHour
from lamplighter.commitments.kept import Inventory
from lamplighter.commitments.totals import By, utilisation_by
from lamplighter.lake.committed import COMMITMENT_COLUMNS, write_hours
from lamplighter.lake.ledger import Ledger
from lamplighter.reports.ri_usage.page import Facts
from lamplighter.reports.ri_usage.pages.utilisation import Utilisation
from lamplighter.reports.sheet import Value

D = Decimal
START = datetime(2026, 10, 5, tzinfo=UTC)
OWNER = "111122223333"


def hour(used: str, unused: str | None, cost: str | None = "0.5", saved: str | None = "0.6") -> CommitmentHour:
    """Of a reservation of 4 units, a quarter of whose use is by others."""
    return CommitmentHour(
        "ri-1", OWNER, "us-east-1", "ec2", "m5", "Units", D(4), D(used), D(used) / 4,
        None if unused is None else D(unused), "USD", None if cost is None else D(cost),
        None if saved is None else D(saved),
    )  # fmt: skip


def page(lake: Path, hours: list[CommitmentHour]) -> dict[str, Value]:
    names = {"commitment_id": "commitment", "owner_account_id": "account"}
    rows = [
        [
            (START + number * timedelta(hours=1)).replace(tzinfo=None)
            if column.name == "time"
            else getattr(one, names.get(column.name, column.name))
            for column in COMMITMENT_COLUMNS
        ]
        for number, one in enumerate(hours)
    ]
    write_hours(lake, "2026-10", [], rows, {})
    with Ledger.open(lake) as ledger:
        facts = Facts(ledger, "2026-10", "Example", Inventory(), None, "", START)
        [sheet] = Utilisation().sheets(facts)
    [row] = sheet.rows
    return dict(zip([column.title for column in sheet.columns], row, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hours", "saving"),
    [
        ([hour("4", "0"), hour("2", "2", saved="0.3")], D("-0.1")),
        ([hour("4", "0"), hour("2", None, saved="0.3")], D("0.1")),
        ([hour("4", "0"), hour("2", None, saved=None)], D("0.1")),
        ([hour("4", "0"), hour("2", "2", saved=None)], None),
        ([hour("4", "0"), hour("2", "2", cost=None)], None),
    ],
    ids=["known", "unknown rest", "unknown rest and price", "unknown price", "unknown cost"],
)
def test_hours_whose_rest_is_not_known_are_in_no_figure(
    tmp_path: Path, hours: list[CommitmentHour], saving: Decimal | None
) -> None:
    row = page(tmp_path, hours)
    alike = [Alike((START + number * timedelta(hours=1),), [], [one]) for number, one in enumerate(hours)]
    [said] = utilisation_by(alike, [By.COMMITMENT])
    shown = [row[title] for title in ("Bought", "Used", "Lent", "Unused", "Cost", "Cost unused", "Saving")]
    assert shown == [said.total, said.used, said.lent, said.unused, said.cost, said.unused_cost, said.saving]
    assert row["Saving"] == saving
    assert row["Unknown hours"] == said.unknown_hours
    assert float(str(row["Utilisation"])) == float(said.utilisation or 0)


def test_a_commitment_of_which_nothing_is_known_has_no_figures(tmp_path: Path) -> None:
    row = page(tmp_path, [hour("2", None)])
    assert row["Unknown hours"] == 1
    assert [row[title] for title in ("Bought", "Used", "Lent", "Unused", "Cost", "Saving")] == [None] * 6
