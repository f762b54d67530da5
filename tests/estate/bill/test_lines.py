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


def test_every_line_item_type_is_there(prepared: Prepare) -> None:
    assert set(prepared(discounts="lines").truth.rows) == ALL_KINDS


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
            " AND \"lineItem/LineItemType\" IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') GROUP BY 1"
        ).fetchall()
    )
    ran: dict[str, Decimal] = {}
    for quantities in small.used.hours.values():
        for meter, quantity in quantities:
            one = small.used.meters[meter]
            if one.resource:
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
