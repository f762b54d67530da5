"""What must hold in any bill of AWS, asked of the written report itself, in SQL of its own.

Source: Cost and Usage Report user guide, "Understanding your reservations", "Understanding Savings Plans".
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.estate.bill.conftest import Estate, Prepare, csv_sql

from lamplighter.estate.bill.write import write

ALL_KINDS = {
    "Credit",
    "DiscountedUsage",
    "EdpDiscount",
    "Fee",
    "PrivateRateDiscount",
    "RIFee",
    "Refund",
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "Tax",
    "Usage",
}
MONEY = "DECIMAL(38,12)"


@pytest.fixture(scope="module", params=["none", "lines", "net"])
def report(
    request: pytest.FixtureRequest, prepared: Prepare, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The report as table `report`."""
    folder: Path = tmp_path_factory.mktemp("report")
    write(prepared(discounts=request.param), folder, "cur-csv")
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE report AS SELECT * FROM {csv_sql(folder)}")
    yield connection
    connection.close()


def number(name: str) -> str:
    return f'COALESCE(CAST("{name}" AS {MONEY}), 0)'


@pytest.mark.slow
def test_every_line_item_type_is_there(prepared: Prepare) -> None:
    assert set(prepared(discounts="lines").truth.rows) == ALL_KINDS


@pytest.mark.slow
def test_covered_usage_and_its_negation_cancel(report: duckdb.DuckDBPyConnection) -> None:
    kinds = "'SavingsPlanCoveredUsage', 'SavingsPlanNegation'"
    rows = report.execute(
        'SELECT "lineItem/UsageStartDate", "savingsPlan/SavingsPlanARN", "lineItem/Operation", "lineItem/UsageType",'
        f' "lineItem/AvailabilityZone", "lineItem/UsageAccountId", SUM({number("lineItem/UnblendedCost")}), COUNT(*)'
        f' FROM report WHERE "lineItem/LineItemType" IN ({kinds}) GROUP BY ALL'
    ).fetchall()
    assert len(rows) > 100
    assert {row[-2] for row in rows} == {Decimal(0)}
    assert min(row[-1] for row in rows) >= 2
    names = report.execute(
        "SELECT COUNT(*) FROM report WHERE \"lineItem/LineItemType\" = 'SavingsPlanNegation'"
        ' AND ("lineItem/ResourceId" IS NOT NULL OR "resourceTags/user:Team" IS NOT NULL)'
    ).fetchone()
    assert names == (0,)


@pytest.mark.slow
def test_a_plans_effective_costs_are_its_used_commitment_hour_by_hour(report: duckdb.DuckDBPyConnection) -> None:
    rows = report.execute(
        'SELECT "lineItem/UsageStartDate", "savingsPlan/SavingsPlanARN",'
        f" SUM({number('savingsPlan/SavingsPlanEffectiveCost')}), SUM({number('savingsPlan/UsedCommitment')}),"
        f" SUM({number('savingsPlan/TotalCommitmentToDate')}),"
        f" SUM({number('savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod')}"
        f" + {number('savingsPlan/RecurringCommitmentForBillingPeriod')})"
        ' FROM report WHERE "savingsPlan/SavingsPlanARN" IS NOT NULL GROUP BY ALL'
    ).fetchall()
    assert len(rows) > 150
    assert [row for row in rows if row[2] != row[3] or row[3] > row[4] or row[4] != row[5]] == []
    assert any(row[3] < row[4] for row in rows)


def test_a_reservation_is_used_or_unused_to_the_last_digit(report: duckdb.DuckDBPyConnection) -> None:
    rows = report.execute(
        'SELECT "reservation/ReservationARN",'
        f" SUM({number('reservation/EffectiveCost')}),"
        f" SUM({number('reservation/AmortizedUpfrontCostForUsage')} + {number('reservation/RecurringFeeForUsage')}),"
        f" SUM({number('reservation/UnusedAmortizedUpfrontFeeForBillingPeriod')}"
        f" + {number('reservation/UnusedRecurringFee')}),"
        f" SUM({number('reservation/AmortizedUpfrontFeeForBillingPeriod')}"
        f" + CASE WHEN \"lineItem/LineItemType\" = 'RIFee' THEN {number('lineItem/UnblendedCost')} ELSE 0 END)"
        ' FROM report WHERE "reservation/ReservationARN" IS NOT NULL GROUP BY ALL'
    ).fetchall()
    assert len(rows) == 4
    for _, effective, parts, unused, whole in rows:
        assert effective == parts
        assert effective + unused == whole
        assert unused >= 0
        assert effective > 0


def test_normalised_units_add_up(report: duckdb.DuckDBPyConnection) -> None:
    rows = report.execute(
        'SELECT "reservation/ReservationARN",'
        f" SUM({number('lineItem/NormalizedUsageAmount')}),"
        f" SUM({number('reservation/UnusedNormalizedUnitQuantity')}),"
        f" SUM({number('reservation/TotalReservedNormalizedUnits')}) AS whole"
        " FROM report WHERE \"lineItem/LineItemType\" IN ('DiscountedUsage', 'RIFee')"
        " GROUP BY ALL HAVING whole > 0"
    ).fetchall()
    assert len(rows) == 3  # the zonal one counts instances
    assert [row for row in rows if row[1] + row[2] != row[3]] == []


def test_the_bridge_from_unblended_to_amortised(report: duckdb.DuckDBPyConnection) -> None:
    kind = '"lineItem/LineItemType"'
    row = report.execute(
        f"SELECT SUM({number('lineItem/UnblendedCost')}),"
        f" SUM(CASE {kind}"
        f" WHEN 'SavingsPlanCoveredUsage' THEN {number('savingsPlan/SavingsPlanEffectiveCost')}"
        f" WHEN 'SavingsPlanRecurringFee' THEN {number('savingsPlan/TotalCommitmentToDate')}"
        f" - {number('savingsPlan/UsedCommitment')}"
        " WHEN 'SavingsPlanNegation' THEN 0 WHEN 'SavingsPlanUpfrontFee' THEN 0"
        f" WHEN 'DiscountedUsage' THEN {number('reservation/EffectiveCost')}"
        f" WHEN 'RIFee' THEN {number('reservation/UnusedAmortizedUpfrontFeeForBillingPeriod')}"
        f" + {number('reservation/UnusedRecurringFee')}"
        f" WHEN 'Fee' THEN CASE WHEN \"reservation/ReservationARN\" IS NULL THEN {number('lineItem/UnblendedCost')}"
        f" ELSE 0 END ELSE {number('lineItem/UnblendedCost')} END),"
        f" SUM({number('reservation/AmortizedUpfrontFeeForBillingPeriod')}"
        f" + {number('savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod')}),"
        f" SUM({number('lineItem/UnblendedCost')}) FILTER ({kind} = 'SavingsPlanUpfrontFee'"
        f" OR ({kind} = 'Fee' AND \"reservation/ReservationARN\" IS NOT NULL)) FROM report"
    ).fetchone()
    assert row is not None
    unblended, amortised, spread, paid = row
    assert min(spread, paid) > 0
    assert unblended == amortised - spread + paid


def test_every_hour_of_use_is_there_whoever_pays_for_it(report: duckdb.DuckDBPyConnection, small: Estate) -> None:
    billed = dict(
        report.execute(
            'SELECT "lineItem/ResourceId" || "lineItem/UsageType",'
            ' SUM(CAST("lineItem/UsageAmount" AS DECIMAL(38,8))) FROM report WHERE "lineItem/ResourceId" IS NOT NULL'
            " AND \"lineItem/LineItemType\" IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')"
            ' AND "splitLineItem/ParentResourceId" IS NULL GROUP BY 1'
        ).fetchall()
    )
    ran: dict[str, Decimal] = {}
    for quantities in small.used.hours.values():
        for meter, quantity in quantities:
            one = small.used.meters[meter]
            if one.resource and not one.parent:
                key = one.resource + one.usage_type
                ran[key] = ran.get(key, Decimal(0)) + quantity
    assert billed == ran


def test_discounts_stand_in_one_place_only(report: duckdb.DuckDBPyConnection) -> None:
    columns = {row[0] for row in report.execute("DESCRIBE report").fetchall()}
    lines = report.execute("SELECT COUNT(*) FROM report WHERE \"lineItem/LineItemType\" LIKE '%Discount'").fetchone()
    net = {name for name in columns if "/Net" in name or name.startswith("discount/")}
    assert not (net and lines != (0,))
    if net:
        row = report.execute(
            f"SELECT SUM({number('lineItem/UnblendedCost')} + {number('discount/TotalDiscount')}),"
            f" SUM({number('lineItem/NetUnblendedCost')}),"
            f" SUM({number('discount/EdpDiscount')} + {number('discount/PrivateRateDiscount')}),"
            f" SUM({number('discount/TotalDiscount')}) FROM report"
        ).fetchone()
        assert row is not None
        assert row[0] == row[1]
        assert row[2] == row[3] < 0


def test_reserved_usage_costs_nothing_of_its_own(report: duckdb.DuckDBPyConnection) -> None:
    rows = report.execute(
        f"SELECT DISTINCT {number('lineItem/UnblendedCost')}, {number('pricing/publicOnDemandCost')} > 0,"
        ' "pricing/term" FROM report WHERE "lineItem/LineItemType" = \'DiscountedUsage\''
    ).fetchall()
    assert rows == [(Decimal(0), True, "Reserved")]


def test_commitments_are_lent_to_other_accounts(report: duckdb.DuckDBPyConnection) -> None:
    row = report.execute(
        "SELECT COUNT(*) FROM report WHERE \"lineItem/LineItemType\" = 'DiscountedUsage'"
        ' AND split_part("reservation/ReservationARN", \':\', 5) <> "lineItem/UsageAccountId"'
    ).fetchone()
    assert row is not None
    assert row[0] > 0


def test_containers_come_to_the_amortised_cost_of_their_instance(report: duckdb.DuckDBPyConnection) -> None:
    effective = (
        f"CASE \"lineItem/LineItemType\" WHEN 'SavingsPlanCoveredUsage' THEN"
        f" {number('savingsPlan/SavingsPlanEffectiveCost')} WHEN 'DiscountedUsage' THEN"
        f" {number('reservation/EffectiveCost')} ELSE {number('lineItem/UnblendedCost')} END"
    )
    rows = report.execute(
        'WITH hosts AS (SELECT "lineItem/ResourceId" AS host, "lineItem/UsageStartDate" AS hour,'
        f" SUM({effective}) AS cost, SUM({number('pricing/publicOnDemandCost')}) AS public"
        " FROM report WHERE \"lineItem/UsageType\" LIKE '%BoxUsage:%' GROUP BY ALL),"
        ' contained AS (SELECT "splitLineItem/ParentResourceId" AS host, "lineItem/UsageStartDate" AS hour,'
        f" SUM({number('splitLineItem/SplitCost')} + {number('splitLineItem/UnusedCost')}) AS cost,"
        f" SUM({number('splitLineItem/PublicOnDemandSplitCost')}"
        f" + {number('splitLineItem/PublicOnDemandUnusedCost')}) AS public,"
        f" SUM({number('lineItem/UnblendedCost')}) AS own, COUNT(*) AS lines,"
        f" MIN({number('splitLineItem/SplitUsage')} - greatest({number('splitLineItem/ActualUsage')},"
        f" {number('splitLineItem/ReservedUsage')})) AS more"
        ' FROM report WHERE "splitLineItem/ParentResourceId" IS NOT NULL GROUP BY ALL)'
        " SELECT contained.cost - hosts.cost, contained.public - hosts.public, own, lines, more"
        " FROM contained LEFT JOIN hosts USING (host, hour)"
    ).fetchall()
    assert len(rows) > 100
    assert set(rows) == {(0, 0, 0, 6, 0)}


def test_net_costs_of_containers_keep_what_the_instance_keeps(
    prepared: Prepare, report: duckdb.DuckDBPyConnection
) -> None:
    if "splitLineItem/NetSplitCost" not in {row[0] for row in report.execute("DESCRIBE report").fetchall()}:
        return
    [row] = report.execute(
        f"SELECT SUM({number('splitLineItem/NetSplitCost')} + {number('splitLineItem/NetUnusedCost')}),"
        f" SUM({number('splitLineItem/SplitCost')} + {number('splitLineItem/UnusedCost')}) FROM report"
    ).fetchall()
    truth = prepared(discounts="net").truth
    assert row[1] == sum(truth.split.values()) == sum(truth.hosts.values()) > 0
    assert row[0] == row[1] * Decimal("0.94")


def test_a_capacity_reservation_is_used_or_unused(prepared: Prepare, report: duckdb.DuckDBPyConnection) -> None:
    rows = report.execute(
        'SELECT split_part("lineItem/UsageType", \':\', 1), SUM(CAST("lineItem/UsageAmount" AS DECIMAL(18,8))),'
        f' SUM({number("lineItem/UnblendedCost")}), MIN("product/capacitystatus"), MAX("product/capacitystatus")'
        " FROM report WHERE \"lineItem/ResourceId\" LIKE '%capacity-reservation/cr-%' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    truth = prepared(discounts="none").truth
    [hours] = truth.capacity.values()
    assert [(row[0].rpartition("-")[2], row[1], row[3], row[4]) for row in rows] == [
        ("Reservation", hours["reserved"], "AllocatedCapacityReservation", "AllocatedCapacityReservation"),
        ("UnusedBox", hours["unused"], "UnusedCapacityReservation", "UnusedCapacityReservation"),
    ]
    assert hours["used"] + hours["unused"] == hours["reserved"]
    assert rows[0][2] == 0
    assert truth.waste["unused capacity"] > 0


def test_blended_costs_come_to_unblended_ones(prepared: Prepare, report: duckdb.DuckDBPyConnection) -> None:
    cost, blended = number("lineItem/UnblendedCost"), number("lineItem/BlendedCost")
    [row] = report.execute(
        f"SELECT SUM({blended}), SUM({cost}) FILTER (NOT ends_with(\"lineItem/LineItemType\", 'Discount')),"
        f' COUNT(*) FILTER ("lineItem/LineItemType" = \'Fee\' AND "reservation/ReservationARN" IS NOT NULL AND'
        f" {blended} <> {cost}) FROM report"
    ).fetchall()
    assert abs(row[0] - row[1]) < Decimal("0.000001")
    assert row[2] == 0
    rates = prepared(discounts="none").truth.blend.rates()
    assert len(rates) >= 3
    for (service, kind, operation), rate in rates.items():
        found = report.execute(
            'SELECT DISTINCT CAST("lineItem/BlendedRate" AS DECIMAL(18,10)) FROM report'
            ' WHERE "lineItem/ProductCode" = ? AND "lineItem/UsageType" = ? AND "lineItem/Operation" = ?'
            " AND \"lineItem/LineItemType\" IN ('Usage', 'DiscountedUsage')",
            [service, kind, operation],
        ).fetchall()
        assert found == [(rate,)]
        used, fee = report.execute(
            'SELECT SUM(CAST("lineItem/UsageAmount" AS DECIMAL(38,8))),'
            f' SUM({cost} + {number("reservation/RecurringFeeForUsage")}) FROM report WHERE "lineItem/UsageType" = ?'
            " AND \"lineItem/Operation\" = ? AND \"lineItem/LineItemType\" IN ('Usage', 'DiscountedUsage')",
            [kind, operation],
        ).fetchall()[0]
        assert abs(fee / used - rate) < Decimal("0.0000000001")
