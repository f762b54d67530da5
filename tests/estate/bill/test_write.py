from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.estate.bill.conftest import FIFTH, OCTOBER, SEVENTEENTH, Prepare, csv_sql, rows_of

from lamplighter.billing.load import load
from lamplighter.billing.prepared import Month
from lamplighter.errors import UsageError
from lamplighter.estate.bill.bought import buy
from lamplighter.estate.bill.fleet import make_used
from lamplighter.estate.bill.options import Discounts, Options
from lamplighter.estate.bill.shape import shapes
from lamplighter.estate.bill.used import Bought
from lamplighter.estate.bill.write import TRUTH, prepare, write
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
CURS = ("cur-2.0-csv", "cur-2.0-parquet", "cur-csv", "cur-parquet")
NEAR = Decimal("0.000001")
"""Parquet has binary numbers."""


def loaded(folder: Path, lake: Path) -> Month:
    result = load([str(folder)], lake, at=AT, threads=1)
    [month] = result.months
    assert result.quarantined.rows == 0
    assert month.differences == []
    return month


def test_all_formats_are_there() -> None:
    assert tuple(shapes()) == (*CURS[:2], *CURS[2:], "dbr", "focus-1.2-csv", "focus-1.2-parquet")


@pytest.mark.parametrize(
    ("name", "discounts"), [("cur-csv", "none"), ("cur-csv", "lines"), *((name, "net") for name in CURS)]
)
def test_a_report_comes_to_the_truth(prepared: Prepare, tmp_path: Path, name: str, discounts: str) -> None:
    made = prepared(discounts=discounts)
    written = write(made, tmp_path / "bill", name, files=2)
    month = loaded(tmp_path / "bill", tmp_path / "lake")
    assert month.totals.rows == written.rows == made.truth.lines
    assert {kind: rows for (_, kind), (rows, _) in month.totals.by_kind.items()} == made.truth.rows
    costs = month.totals.costs["USD"]
    for measure, cost in made.truth.costs.items():
        assert abs(costs[measure] - cost) < NEAR, measure
    if name.endswith("csv"):
        assert costs["unblended"] == made.truth.costs["unblended"]
    assert abs(costs["billed"] - made.truth.costs["net_unblended"]) < NEAR
    assert costs["effective"] == costs["net_amortized"]
    with Ledger.open(tmp_path / "lake") as ledger:
        rows = ledger.query("SELECT x_ServiceCode, SUM(x_UnblendedCost) FROM charges GROUP BY 1").rows
        assert {row[0] for row in rows} == set(made.truth.by_service)
        assert all(abs(cost - made.truth.by_service[service]) < NEAR for service, cost in rows)
        [[tagged]] = ledger.query(
            "SELECT SUM(x_NetAmortizedCost) FROM charges WHERE cardinality(Tags) > 0 AND x_OnDemandCost IS NOT NULL"
        ).rows
        assert abs(tagged - made.truth.tagged["tagged"]) < NEAR
        commitments = ledger.query(
            "SELECT CommitmentDiscountId, COALESCE(SUM(x_AmortizedCost) FILTER (CommitmentDiscountStatus = 'Used'), 0),"
            " COALESCE(SUM(x_AmortizedCost) FILTER (CommitmentDiscountStatus = 'Unused'), 0)"
            " FROM charges WHERE CommitmentDiscountId IS NOT NULL GROUP BY 1"
        ).rows
        contained = ledger.query("SELECT COUNT(*), SUM(x_AmortizedCost) FROM charges WHERE x_SplitParentId IS NOT NULL")
        capacity = ledger.query(
            "SELECT CapacityReservationId, lower(CapacityReservationStatus), SUM(x_UsageQuantity) FROM charges"
            " WHERE CapacityReservationStatus = 'Unused' OR CapacityReservationId IS NOT NULL GROUP BY ALL"
        ).rows
    assert contained.rows == [(made.truth.split_rows, 0)]
    # Version 1 does not say which instances run in a capacity reservation.
    said = {"used", "unused"} if name.startswith("cur-2.0") else {"unused"}
    [(cr, hours)] = made.truth.capacity.items()
    assert {(row[0], row[1]): row[2] for row in capacity} == {(cr, status): hours[status] for status in said}
    assert {row[0] for row in commitments} == set(made.truth.commitments)
    for arn, used, unused in commitments:
        assert abs(used - made.truth.commitments[arn].used) < NEAR
        assert abs(unused - made.truth.commitments[arn].unused) < NEAR


@pytest.mark.parametrize(("name", "discounts"), [("focus-1.2-csv", "lines"), ("focus-1.2-parquet", "net")])
def test_focus_comes_to_the_same(prepared: Prepare, tmp_path: Path, name: str, discounts: str) -> None:
    made = prepared(discounts=discounts)
    write(made, tmp_path / "bill", name)
    write(made, tmp_path / "other", "cur-csv")
    costs = loaded(tmp_path / "bill", tmp_path / "lake").totals.costs["USD"]
    others = loaded(tmp_path / "other", tmp_path / "other-lake").totals.costs["USD"]
    assert abs(costs["billed"] - made.truth.costs["net_unblended"]) < NEAR
    assert abs(costs["effective"] - made.truth.costs["net_amortized"]) < NEAR
    for measure in ("billed", "effective", "list"):
        assert abs(costs[measure] - others[measure]) < NEAR, measure
    used = {}
    for lake in ("lake", "other-lake"):
        with Ledger.open(tmp_path / lake) as ledger:
            used[lake] = ledger.query(
                "SELECT CommitmentDiscountId, CommitmentDiscountStatus, ROUND(SUM(EffectiveCost), 6), COUNT(*)"
                " FROM charges WHERE CommitmentDiscountStatus IS NOT NULL GROUP BY ALL ORDER BY ALL"
            ).rows
    assert used["lake"] == used["other-lake"]
    with Ledger.open(tmp_path / "lake") as ledger:
        rows = ledger.query(
            "SELECT CapacityReservationId, lower(CapacityReservationStatus), SUM(ConsumedQuantity) FROM charges"
            " WHERE CapacityReservationId IS NOT NULL GROUP BY ALL"
        ).rows
    [(cr, hours)] = made.truth.capacity.items()
    assert {(row[0], row[1]): row[2] for row in rows} == {(cr, one): hours[one] for one in ("used", "unused")}


def test_the_detailed_billing_report_comes_to_the_unblended_cost(prepared: Prepare, tmp_path: Path) -> None:
    made = prepared(discounts="lines")
    written = write(made, tmp_path / "bill", "dbr", compression="zip")
    assert written.files == ["111122223333-aws-billing-detailed-line-items-with-resources-and-tags-2026-10.csv.zip"]
    month = loaded(tmp_path / "bill", tmp_path / "lake")
    assert month.totals.costs["USD"]["unblended"] == made.truth.costs["unblended"]
    assert month.totals.rows == made.truth.lines - made.truth.split_rows


def test_the_same_seed_makes_the_same_bytes(prepared: Prepare, tmp_path: Path) -> None:
    made = prepared(discounts="net")
    used = make_used(7, 20, OCTOBER, FIFTH)
    with prepare(used, buy(used), Options(discounts=Discounts.NET), OCTOBER, threads=2) as again:
        for name in shapes():
            for compression in ("gzip", "zip"):
                one, two = tmp_path / f"{name}-{compression}-1", tmp_path / f"{name}-{compression}-2"
                files = write(made, one, name, compression=compression).files
                assert write(again, two, name, compression=compression).files == files
                for file in (*files, TRUTH):
                    assert (one / file).read_bytes() == (two / file).read_bytes(), file


def test_copies_are_estates_of_their_own(prepared: Prepare, tmp_path: Path) -> None:
    made = prepared(discounts="none")
    written = write(made, tmp_path / "bill", "cur-csv", copies=3, files=4)
    assert len(written.files) == 4
    assert written.rows == made.truth.lines * 3
    month = loaded(tmp_path / "bill", tmp_path / "lake")
    assert month.totals.costs["USD"]["amortized"] == made.truth.costs["amortized"] * 3
    with Ledger.open(tmp_path / "lake") as ledger:
        [[commitments, resources]] = ledger.query(
            "SELECT COUNT(DISTINCT CommitmentDiscountId), COUNT(DISTINCT ResourceId) FROM charges"
        ).rows
    assert commitments == len(made.truth.commitments) * 3
    assert resources == len({meter.resource for meter in made.bill.meters if meter.resource}) * 3
    truth = json.loads((tmp_path / "bill" / TRUTH).read_text())
    assert Decimal(truth["costs"]["unblended"]) == month.totals.costs["USD"]["unblended"]
    assert truth["lines"] == written.rows


def test_layouts(prepared: Prepare, tmp_path: Path) -> None:
    made = prepared(discounts="none")
    new = write(made, tmp_path / "new", "cur-csv", files=2).files
    old = write(made, tmp_path / "old", "cur-csv", files=2, layout="overwrite", compression="zip").files
    assert [len(file.split("/")) for file in (*new, *old)] == [5, 5, 4, 4]
    assert old == [f"bills/estate/20261001-20261101/estate-{number}.zip" for number in (1, 2)]
    manifest = json.loads((tmp_path / "new/bills/estate/20261001-20261101/estate-Manifest.json").read_text())
    assert manifest["reportKeys"] == new
    assert manifest["billingPeriod"] == {"start": "20261001T000000.000Z", "end": "20261101T000000.000Z"}
    assert manifest["columns"][0] == {"category": "identity", "name": "LineItemId"}
    assert manifest["columns"][-1] == {"category": "resourceTags", "name": "user:Team"}
    athena = write(made, tmp_path / "athena", "cur-parquet").files
    assert athena == ["bills/estate/estate/year=2026/month=10/estate-00001.snappy.parquet"]
    export = write(made, tmp_path / "export", "cur-2.0-csv", layout="overwrite").files
    assert export == ["bills/estate/data/BILLING_PERIOD=2026-10/estate-00001.csv.gz"]


def test_a_restated_month_replaces_the_first_version(prepared: Prepare, tmp_path: Path) -> None:
    first, second = prepared(discounts="none"), prepared(discounts="none", version=2)
    for made in (first, second):
        write(made, tmp_path / "bill", "cur-csv")
    versions = sorted((tmp_path / "bill").rglob("*.csv.gz"))
    assert len(versions) == 2
    month = loaded(tmp_path / "bill", tmp_path / "lake")
    assert month.totals.costs["USD"]["unblended"] == second.truth.costs["unblended"]
    late = Decimal(40)
    assert first.truth.costs["unblended"] - second.truth.costs["unblended"] > late
    assert second.truth.rows["Credit"] == first.truth.rows["Credit"] + 1
    ids = [
        {row[0] for row in rows_of(f'SELECT "identity/LineItemId" FROM {csv_sql(path.parent)}')} for path in versions
    ]
    assert ids[0] & ids[1] == set()
    assert sorted(map(len, ids)) == sorted((first.truth.lines, second.truth.lines))


def test_tags_drift_in_the_middle_of_the_month(tmp_path: Path) -> None:
    used = make_used(7, 5, OCTOBER, SEVENTEENTH)
    with prepare(used, Bought(), Options(drift=True, split=False), OCTOBER) as made:
        write(made, tmp_path / "bill", "cur-csv")
        write(made, tmp_path / "athena", "cur-parquet")
    with gzip.open(next((tmp_path / "bill").rglob("*.csv.gz")), "rt") as file:
        header = file.readline().rstrip("\n").split(",")
    assert {"resourceTags/user:Team", "resourceTags/user:team"} <= set(header)
    loaded(tmp_path / "bill", tmp_path / "lake")
    with Ledger.open(tmp_path / "lake") as ledger:
        rows = ledger.query(
            "SELECT 'team' IN (SELECT unnest(map_keys(Tags))), MIN(ChargePeriodStart), MAX(ChargePeriodStart)"
            " FROM charges WHERE cardinality(Tags) > 0 GROUP BY 1 ORDER BY 1"
        ).rows
    assert rows[1][1] == datetime(2026, 10, 15)  # noqa: DTZ001 - the lake's times are UTC without a zone
    columns = [
        row[0]
        for row in rows_of(f"DESCRIBE SELECT * FROM '{tmp_path}/athena/**/*.parquet'")
        if row[0].startswith("resource_tags_")
    ]
    assert sorted(columns) == [
        "resource_tags_user_environment",
        "resource_tags_user_name",
        "resource_tags_user_schedule",
        "resource_tags_user_spend_category",
        "resource_tags_user_team",
    ]


def test_columns_may_be_missing(prepared: Prepare, tmp_path: Path) -> None:
    made = prepared(missing=("product/*", "bill/InvoiceId", "lineItem/AvailabilityZone"))
    write(made, tmp_path / "bill", "cur-csv")
    columns = {row[0] for row in rows_of(f"DESCRIBE SELECT * FROM {csv_sql(tmp_path / 'bill')}")}
    assert not [name for name in columns if name.startswith("product/")]
    month = loaded(tmp_path / "bill", tmp_path / "lake")
    assert month.totals.costs["USD"]["unblended"] == made.truth.costs["unblended"]


def test_a_report_has_as_many_columns_as_one_of_aws(prepared: Prepare, tmp_path: Path) -> None:
    write(prepared(discounts="none"), tmp_path, "cur-csv")
    columns = rows_of(f"DESCRIBE SELECT * FROM {csv_sql(tmp_path)}")
    assert len(columns) >= 190


def test_there_is_no_such_format(prepared: Prepare, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'pdf'"):
        write(prepared(discounts="none"), tmp_path, "pdf")
