from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.billing.conftest import BOUGHT, line, write_cur

from lamplighter.billing.load import load, months_of, publish, stage
from lamplighter.billing.pieces import keep, named, read_piece
from lamplighter.billing.records import Accepted
from lamplighter.billing.sources import Bill, find_bills
from lamplighter.errors import BillError, Overtaken, Unreconciled
from lamplighter.lake import months
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def costs(lake: Path, column: str) -> dict[str, Decimal]:
    with Ledger.open(lake) as ledger:
        rows = ledger.query(
            f"SELECT x_LineItemType || CASE WHEN CommitmentDiscountStatus = 'Unused' THEN ' unused' ELSE '' END,"
            f" SUM({column}) FROM charges GROUP BY 1"
        ).rows
    return {kind: cost for kind, cost in rows if cost}


def test_a_month_with_commitments(tmp_path: Path) -> None:
    bill = write_cur(tmp_path / "a.csv.gz", BOUGHT)
    loaded = load([str(bill)], tmp_path / "lake", at=AT, tags=["Team"])
    [month] = loaded.months
    assert (month.period, month.payers, month.published) == ("2026-10", ("111122223333",), True)
    assert (loaded.rows_in, loaded.rows_loaded, loaded.quarantined.rows) == (11, 11, 0)
    assert (month.totals.rows, month.totals.unused_rows) == (11, 2)
    assert month.differences == []
    assert loaded.formats == {"cur-csv": 1}
    assert costs(tmp_path / "lake", "EffectiveCost") == {
        "Usage": Decimal("0.096"),
        "DiscountedUsage": Decimal("0.06"),
        "RIFee unused": Decimal("44.58"),
        "SavingsPlanCoveredUsage": Decimal("0.07"),
        "SavingsPlanRecurringFee unused": Decimal("0.03"),
        "Tax": Decimal("12.5"),
        "Credit": Decimal(-5),
        "Refund": Decimal("-1.25"),
    }
    assert costs(tmp_path / "lake", "BilledCost") == {
        "Usage": Decimal("0.096"),
        "RIFee": Decimal("37.2"),
        "Fee": Decimal("87.6"),
        "SavingsPlanRecurringFee": Decimal("0.06"),
        "SavingsPlanUpfrontFee": Decimal("350.4"),
        "Tax": Decimal("12.5"),
        "Credit": Decimal(-5),
        "Refund": Decimal("-1.25"),
    }
    with Ledger.open(tmp_path / "lake") as ledger:
        assert ledger.query("SELECT SUM(BilledCost), SUM(x_UnblendedCost) FROM charges").rows == [
            (Decimal("481.606"), Decimal("481.606"))
        ]
        assert ledger.query(
            "SELECT DISTINCT x_Tag_Team, Tags['Team'] FROM charges WHERE x_Tag_Team IS NOT NULL"
        ).rows == [("shop", "shop")]


def test_a_restated_month_replaces_the_month_of_its_payer_only(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    other = {"bill/PayerAccountId": "222233334444"}
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1")]))], lake, at=AT)
    load([str(write_cur(tmp_path / "b.csv", [{**line(cost="10"), **other}]))], lake, at=AT)
    again = load([str(write_cur(tmp_path / "c.csv", [line(cost="2"), line(cost="3")]))], lake, at=AT)
    assert again.months[0].before["USD"]["unblended"] == 1
    with Ledger.open(lake) as ledger:
        rows = ledger.query("SELECT BillingAccountId, SUM(BilledCost) FROM charges GROUP BY 1 ORDER BY 1").rows
    assert rows == [("111122223333", Decimal(5)), ("222233334444", Decimal(10))]


def test_rows_that_cannot_be_read_are_kept_with_line_and_reason(tmp_path: Path) -> None:
    rows = [line(cost="1"), line(cost="1e400"), line(cost="NaN"), line(cost="2", lineItem__UsageAmount="many")]
    loaded = load([str(write_cur(tmp_path / "a.csv", rows))], tmp_path / "lake", at=AT)
    assert (loaded.rows_in, loaded.rows_loaded, loaded.quarantined.rows) == (4, 1, 3)
    assert loaded.quarantined.cost == 2
    assert loaded.quarantined.without_cost == 2
    assert loaded.quarantined.path is not None
    assert loaded.quarantined.path.parts[0] == "quarantine", "below the lake, wherever it lies later"
    kept = [json.loads(text) for text in (tmp_path / "lake" / loaded.quarantined.path).read_text().splitlines()]
    assert [(row["file"], row["line"], row["reason"]) for row in kept] == [
        ("a.csv", 3, "lineItem/UnblendedCost is no number: 1e400"),
        ("a.csv", 4, "lineItem/UnblendedCost is no number: NaN"),
        ("a.csv", 5, "lineItem/UsageAmount is no number: many"),
    ]


NEGATION_IS_MISSING = [row for row in BOUGHT if row["lineItem/LineItemType"] != "SavingsPlanNegation"]


@pytest.mark.parametrize("rows", [[], NEGATION_IS_MISSING], ids=["no row can be read", "it does not add up"])
def test_a_refused_bill_says_where_its_unread_rows_are(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    bad = write_cur(tmp_path / "a.csv", [*rows, line(cost="much")])
    lake = tmp_path / "lake"
    with pytest.raises(BillError) as refused:
        load([str(bad)], lake, at=AT)
    [kept] = (lake / "quarantine").glob("*.jsonl")
    assert "nothing was published" in refused.value.hint
    assert refused.value.hint.endswith(f"rows that cannot be read: {kept}"), "a user can open it"
    # Where the lake is a function's disk, that path would be gone when somebody reads it.
    [bill] = find_bills([str(bad)], tmp_path, None)
    staged = stage(bill, tmp_path / "staged")
    with pytest.raises(BillError) as refused:
        publish([staged], tmp_path / "other", at=AT)
    assert refused.value.hint.endswith(f"rows that cannot be read: quarantine/{kept.name}")
    assert (tmp_path / "other" / "quarantine" / kept.name).read_text() == kept.read_text()


def test_the_record_of_a_month_names_quarantine_below_the_lake(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1"), line(cost="much")]))], lake, at=AT)
    record = json.loads((lake / "charges/billing_period=2026-10/_load.json").read_text())
    [kept] = (lake / "quarantine").glob("*.jsonl")
    assert record["quarantined"] == {"rows": 1, "path": f"quarantine/{kept.name}"}
    assert record["loads"]["111122223333"]["quarantined"] == record["quarantined"]


def test_what_does_not_add_up_is_not_published(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1")]))], lake, at=AT)
    # The negation is missing.
    bad = write_cur(tmp_path / "b.csv", NEGATION_IS_MISSING)
    with pytest.raises(Unreconciled, match="covered by a plan and negated"):
        load([str(bad)], lake, at=AT)
    assert costs(lake, "BilledCost") == {"Usage": Decimal(1)}
    load([str(bad)], lake, at=AT, accept=Accepted("ada", "known to be cut"))
    record = months.record_of(lake, "charges", "2026-10")
    assert record is not None
    assert record["accepted"] == {"who": "ada", "why": "known to be cut"}
    assert sorted(path.name for path in (lake / "charges").iterdir()) == ["billing_period=2026-10"]


def test_a_cut_off_file_leaves_the_month(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load([str(write_cur(tmp_path / "a.csv", [line(cost="1")]))], lake, at=AT)
    whole = write_cur(tmp_path / "b.csv.gz", [line(cost="2")] * 5000).read_bytes()
    for number, data in enumerate((whole[: len(whole) // 2], whole[:-4], whole[:-8] + b"\0\0\0\0" + whole[-4:])):
        path = tmp_path / f"cut-{number}.csv.gz"
        path.write_bytes(data)
        with pytest.raises(BillError):
            load([str(path)], lake, at=AT)
    assert costs(lake, "BilledCost") == {"Usage": Decimal(1)}


def report(folder: Path, assembly: str, cost: str, *names: str) -> Path:
    """A telling of October in files, its manifest beside them; each file has a row of this cost."""
    folder.mkdir()
    keys = names or ("estate-1.csv",)
    for key in keys:
        write_cur(folder / key, [line(cost=cost)])
    told = {"assemblyId": assembly, "account": "111122223333", "reportName": "estate", "reportKeys": list(keys)}
    (folder / "estate-Manifest.json").write_text(json.dumps(told))
    return folder


def test_the_record_tells_which_telling_a_month_was_loaded_from(tmp_path: Path) -> None:
    load([str(report(tmp_path / "a", "20261103T081500Z", "1"))], tmp_path / "lake", at=AT)
    told = months.record_of(tmp_path / "lake", months.CHARGES, "2026-10")
    assert told is not None
    assert told["loads"]["111122223333"]["source"] == {
        "report": "111122223333/estate",
        "assembly": "20261103T081500Z",
        "made": "2026-11-03T08:15:00+00:00",
    }


def test_people_may_load_an_older_telling_and_are_told(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    load([str(report(tmp_path / "b", "20261103T091500Z", "2"))], lake, at=AT)
    loaded = load([str(report(tmp_path / "a", "20261103T081500Z", "1"))], lake, at=AT)
    said = (
        "the charges of 111122223333 for 2026-10 are of a newer telling: 111122223333/estate 20261103T091500Z, made"
        " 2026-11-03 09:15:00 UTC; this one is 111122223333/estate 20261103T081500Z, made 2026-11-03 08:15:00 UTC;"
        " it was replaced all the same"
    )
    assert loaded.notes == (said,)
    assert costs(lake, "BilledCost") == {"Usage": Decimal(1)}
    assert load([str(tmp_path / "a")], lake, at=AT).notes == (), "the same again is nothing to be told of"


def test_only_newer_ones_where_that_is_asked_for(tmp_path: Path) -> None:
    lake, scratch = tmp_path / "lake", tmp_path / "scratch"
    scratch.mkdir()
    for name, assembly, cost in (("b", "20261103T091500Z", "2"), ("a", "20261103T081500Z", "1")):
        [bill] = find_bills([str(report(tmp_path / name, assembly, cost))], scratch)
        staged = stage(bill, scratch / name)
        assert months_of([staged]) == ["2026-10"]
        if name == "b":
            publish([staged], lake, at=AT, newer_only=True)
        for _ in range(2):
            with pytest.raises(Overtaken):
                publish([staged], lake, at=AT, newer_only=True)
    assert costs(lake, "BilledCost") == {"Usage": Decimal(2)}
    assert publish([staged], lake, at=AT).months[0].published, "unless it is not"


def test_a_bill_in_pieces_is_the_bill(tmp_path: Path) -> None:
    """Rows that are bad, lines that are no rows, a file without rows, commitments: over three pieces, and at once."""
    bad = [line(cost="much"), line(cost="3", bill__BillingPeriodStartDate="2026-09-01T00:00:00Z")]
    folder = report(tmp_path / "a", "1", "1", "x-1.csv", "x-2.csv", "x-3.csv")
    told = json.loads((folder / "estate-Manifest.json").read_text())
    told["billingPeriod"] = {"start": "20261001T000000.000Z"}
    (folder / "estate-Manifest.json").write_text(json.dumps(told))
    write_cur(folder / "x-1.csv", [*BOUGHT, *bad])
    (folder / "x-1.csv").write_text((folder / "x-1.csv").read_text() + "too,short\n")
    write_cur(folder / "x-2.csv", [])
    at_once = load([str(folder)], tmp_path / "lake", at=AT)

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    [bill] = find_bills([str(folder)], scratch)
    pieces = []
    for number, part in enumerate(bill.parts):
        piece = stage(replace(bill, parts=(part,)), scratch / str(number))
        kept = keep(piece, scratch / str(number))
        assert kept[-1].name == "piece.json"
        moved = scratch / f"moved-{number}"
        for path in kept:
            target = moved / path.relative_to(scratch / str(number))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        assert sorted(named(moved)) == sorted(str(path.relative_to(scratch / str(number))) for path in kept[:-1])
        pieces.append(read_piece(moved, replace(bill, parts=())))
    in_pieces = publish(pieces, tmp_path / "other", at=AT)
    assert in_pieces.months == at_once.months
    assert (in_pieces.rows_in, in_pieces.rows_loaded, in_pieces.formats) == (15, 12, {"cur-csv": 3})
    assert (in_pieces.rows_in, in_pieces.rows_loaded) == (at_once.rows_in, at_once.rows_loaded)
    first, second = at_once.quarantined, in_pieces.quarantined
    assert (second.rows, second.cost, second.without_cost, second.reasons) == (
        (first.rows, first.cost, first.without_cost, first.reasons)
    )
    assert first.path is not None
    assert second.path is not None
    text = (tmp_path / "other" / second.path).read_text()
    assert text == (tmp_path / "lake" / first.path).read_text()
    assert len(text.splitlines()) == second.rows == 3
    for column in ("BilledCost", "EffectiveCost"):
        assert costs(tmp_path / "other", column) == costs(tmp_path / "lake", column)


def test_a_piece_that_is_damaged_is_said(tmp_path: Path) -> None:
    for content in ("", "{", "[]"):
        (tmp_path / "piece.json").write_text(content)
        with pytest.raises(BillError, match="what was staged in"):
            read_piece(tmp_path, Bill("x", ()))


def of_accounts(folder: Path, owner: str, *accounts: str) -> Path:
    """A report of an account with a charge for each of these accounts."""
    folder.mkdir()
    write_cur(folder / "x.csv", [line(cost="1", lineItem__UsageAccountId=account) for account in accounts])
    told = {"assemblyId": folder.name, "account": owner, "reportName": "own", "reportKeys": ["x.csv"]}
    (folder / "x-Manifest.json").write_text(json.dumps(told))
    return folder


def test_a_members_own_bill_does_not_take_the_place_of_the_payers(tmp_path: Path) -> None:
    lake, (payer, one, two) = tmp_path / "lake", ("111122223333", "444455556666", "777788889999")
    load([str(of_accounts(tmp_path / "one", one, one))], lake, at=AT)
    load([str(of_accounts(tmp_path / "again", one, one))], lake, at=AT)
    with pytest.raises(
        BillError, match=f"is the bill of {two} alone, and would replace the charges of 1 other account"
    ):
        load([str(of_accounts(tmp_path / "two", two, two))], lake, at=AT)
    load([str(of_accounts(tmp_path / "all", payer, payer, one, two))], lake, at=AT)
    with pytest.raises(BillError, match=f"of 2 other accounts of {payer} for 2026-10") as refused:
        load([str(tmp_path / "one")], lake, at=AT)
    assert refused.value.hint.endswith("--accept-difference REASON")
    assert costs(lake, "BilledCost") == {"Usage": Decimal(3)}
    load([str(tmp_path / "one")], lake, at=AT, accept=Accepted("ann", "only that one is wanted"))
    assert costs(lake, "BilledCost") == {"Usage": Decimal(1)}
