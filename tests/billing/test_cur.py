"""What Cost and Usage Reports carry beyond the plain lines, by each of their containers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.billing.bills import as_parquet, cur2
from tests.billing.conftest import BOUGHT, COMMON, PLAN, RESERVATION, cur_text, line, write_cur

from lamplighter.billing.load import Loaded, load
from lamplighter.billing.records import Accepted
from lamplighter.errors import Unreconciled
from lamplighter.lake.ledger import Ledger

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def loaded(folder: Path, *rows: dict[str, str]) -> Loaded:
    return load([str(write_cur(folder / "a.csv", rows))], folder / "lake", at=AT)


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with Ledger.open(folder / "lake") as ledger:
        return list(ledger.query(sql).rows)


def costs(folder: Path, order: str = "x_UnblendedCost") -> list[tuple[Any, ...]]:
    columns = "x_LineItemType, x_UnblendedCost, x_NetUnblendedCost, x_AmortizedCost, x_NetAmortizedCost"
    return ask(folder, f"SELECT {columns} FROM charges ORDER BY {order}")


def test_net_columns(tmp_path: Path) -> None:
    net = "lineItem__NetUnblendedCost"
    fee = {
        "reservation__ReservationARN": RESERVATION,
        "reservation__AmortizedUpfrontFeeForBillingPeriod": "7",
        "reservation__UnusedAmortizedUpfrontFeeForBillingPeriod": "3",
        "reservation__UnusedRecurringFee": "5",
        "reservation__NetUnusedAmortizedUpfrontFeeForBillingPeriod": "2",
        "reservation__NetUnusedRecurringFee": "4",
    }
    plan = {
        "savingsPlan__SavingsPlanARN": PLAN,
        "savingsPlan__TotalCommitmentToDate": "10",
        "savingsPlan__UsedCommitment": "6",
        "savingsPlan__RecurringCommitmentForBillingPeriod": "10",
        "savingsPlan__NetRecurringCommitmentForBillingPeriod": "9",
    }
    loaded(
        tmp_path,
        line("Usage", "10", **{net: "9", "discount__EdpDiscount": "-1"}),
        line("Usage", "1"),
        line(
            "DiscountedUsage",
            "0",
            reservation__ReservationARN=RESERVATION,
            reservation__EffectiveCost="18",
            reservation__NetEffectiveCost="17",
        ),
        line("RIFee", "19", **{net: "18", **fee}),
        line(
            "SavingsPlanCoveredUsage",
            "8",
            savingsPlan__SavingsPlanARN=PLAN,
            savingsPlan__SavingsPlanEffectiveCost="6",
            savingsPlan__NetSavingsPlanEffectiveCost="5.4",
        ),
        line("SavingsPlanNegation", "-8", savingsPlan__SavingsPlanARN=PLAN),
        line("SavingsPlanRecurringFee", "10", **{net: "9", **plan}),
    )
    assert costs(tmp_path, "x_LineItemType, x_UnblendedCost") == [
        ("DiscountedUsage", 0, 0, 18, 17),
        ("RIFee", 0, 0, 8, 6),
        ("RIFee", 19, 18, 0, 0),
        ("SavingsPlanCoveredUsage", 8, 8, 6, Decimal("5.4")),
        ("SavingsPlanNegation", -8, -8, 0, 0),
        ("SavingsPlanRecurringFee", 0, 0, 4, Decimal("3.6")),
        ("SavingsPlanRecurringFee", 10, 9, 0, 0),
        ("Usage", 1, 1, 1, 1),
        ("Usage", 10, 9, 10, 9),
    ]
    assert ask(tmp_path, "SELECT x_Discounts FROM charges WHERE x_Discounts['EdpDiscount'] IS NOT NULL") == [
        ({"EdpDiscount": "-1"},)
    ]


def test_discounts_are_rows_or_net_columns_never_both(tmp_path: Path) -> None:
    rows = [line("Usage", "10"), line("EdpDiscount", "-1"), line("PrivateRateDiscount", "-2")]
    assert loaded(tmp_path, *rows).months[0].totals.costs["USD"]["net_unblended"] == 7
    assert ask(tmp_path, "SELECT DISTINCT ChargeCategory FROM charges WHERE BilledCost < 0") == [("Adjustment",)]
    twice = [line("Usage", "10", lineItem__NetUnblendedCost="9"), line("EdpDiscount", "-1")]
    with pytest.raises(Unreconciled, match="discounts in rows and in net columns, USD: 0 against -1"):
        loaded(tmp_path, *twice)
    # Their net cost is nothing: then the net columns have it.
    twice[1]["lineItem/NetUnblendedCost"] = "0"
    assert loaded(tmp_path, *twice).months[0].totals.costs["USD"]["net_unblended"] == 9


@pytest.mark.parametrize(("day", "amortised"), [("01", 0), ("07", 0), ("08", 0), ("09", -5)])
def test_a_plan_returned_within_seven_days(tmp_path: Path, day: str, amortised: int) -> None:
    start = "2026-10-01T10:00:00Z"
    end = f"2026-10-{day}T10:00:00Z"
    refund = line(
        "Refund",
        "-5",
        savingsPlan__SavingsPlanARN=PLAN,
        savingsPlan__StartTime=start,
        lineItem__UsageStartDate=end,
        lineItem__UsageEndDate=end.replace("T10", "T11"),
    )
    paid = line("SavingsPlanUpfrontFee", "5", savingsPlan__SavingsPlanARN=PLAN)
    write_cur(tmp_path / "a.csv", [refund, paid])
    load([str(tmp_path / "a.csv")], tmp_path / "lake", at=AT, accept=Accepted("test", "no bridge"))
    assert ask(tmp_path, "SELECT x_AmortizedCost FROM charges WHERE x_LineItemType = 'Refund'") == [(amortised,)]


def test_split_cost_rows_count_no_quantity(tmp_path: Path) -> None:
    split = {
        "lineItem__Operation": "EKSPod-EC2",
        "splitLineItem__ParentResourceId": "i-0abc1234def567890",
        "lineItem__UsageAmount": "0.5",
    }
    loaded(tmp_path, line("Usage", "0.1"), line("Usage", "0", **split))
    assert ask(tmp_path, "SELECT x_UsageQuantity, ConsumedQuantity, x_SplitParentId FROM charges ORDER BY 1") == [
        (1, 1, None),
        (None, None, "i-0abc1234def567890"),
    ]


def test_a_capacity_reservation_counts_as_what_is_used_and_what_is_not(tmp_path: Path) -> None:
    about = "arn:aws:ec2:us-east-1:444455556666:capacity-reservation/cr-0abc1234def567890"
    loaded(
        tmp_path,
        line("Usage", "0", lineItem__UsageType="Reservation:m5.large", lineItem__ResourceId=about),
        line("Usage", "0.1", lineItem__UsageType="BoxUsage:m5.large", lineItem__ResourceId="i-0abc1234def567890"),
        line("Usage", "0.2", lineItem__UsageType="EUC1-UnusedBox:m5.large", lineItem__ResourceId=about),
    )
    assert ask(
        tmp_path,
        "SELECT CapacityReservationId, CapacityReservationStatus, x_UsageQuantity FROM charges ORDER BY BilledCost",
    ) == [(None, None, None), (None, None, 1), (about, "Unused", 1)]


@pytest.mark.parametrize("spelling", ["SavingsPlanARN", "SavingsPlanArn"])
def test_both_spellings_of_the_plan(tmp_path: Path, spelling: str) -> None:
    rows = [row for row in BOUGHT if row["lineItem/LineItemType"].startswith("SavingsPlan")]
    text = cur_text(rows).replace("savingsPlan/SavingsPlanARN", f"savingsPlan/{spelling}")
    (tmp_path / "a.csv").write_text(text)
    found = load([str(tmp_path / "a.csv")], tmp_path / "lake", at=AT)
    assert found.months[0].differences == []
    assert ask(tmp_path, "SELECT DISTINCT CommitmentDiscountId, CommitmentDiscountType FROM charges") == [
        (PLAN, "Savings Plan")
    ]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2026-10-05T10:00:00Z", True),
        ("2026-10-05T10:00:00.000Z", True),
        ("2026-10-05T10:00:00.123456Z", True),
        ("2026-10-05 10:00:00", True),
        ("2026-10-05T10:00Z", True),
        ("2026/10/05 10:00:00", True),
        ("2026-10-05T10:00:00+00:00", False),
        ("2026-10-05T10:00:00-07:00", False),
        ("2026-10-05T10:00+02", False),
        ("2026-10-05T10:00-02", False),
        ("2026-10-05 10:00:00 UTC", False),
        ("2026-10-05 10:00:00 Europe/Berlin", False),
        ("2026-10-05 (BC)", False),
        ("epoch", False),
        ("infinity", False),
        ("02026-10-05T10:00:00Z", False),
        ("1791194400", False),
    ],
)
def test_times(tmp_path: Path, text: str, fits: bool) -> None:
    found = loaded(tmp_path, line(cost="1"), line(cost="1", lineItem__UsageStartDate=text))
    assert found.quarantined.rows == (0 if fits else 1), found.quarantined.reasons
    assert found.quarantined.reasons == ({} if fits else {"lineItem/UsageStartDate is no time in UTC": 1})


def test_tags_that_differ_in_capitals_only_and_columns_of_200_with_repeats(tmp_path: Path) -> None:
    base = list(COMMON)
    extra = [f"product/extra{number}" for number in range(200 - len(base) - 6)]
    more = [
        "resourceTags/user:team",
        "resourceTags/user:TEAM",
        "resourceTags/user:Team",
        "product/extra1",
        "noTags/user:x",
    ]
    header = [*base, *extra, *more, ""]
    values = [*({**COMMON, "lineItem/UnblendedCost": "2"}[name] for name in base), *("e" for _ in extra)]
    (tmp_path / "a.csv").write_text(
        f"{','.join(header)}\n{','.join([*values, 'small', 'large', 'second', 'again', 'never', ''])}\n"
    )
    assert len(header) == 200
    found = load([str(tmp_path / "a.csv")], tmp_path / "lake", at=AT, tags=["team"])
    assert found.rows_loaded == 1
    # The first column of `Team` is empty, so its repeat counts.
    assert ask(tmp_path, "SELECT Tags, BilledCost FROM charges") == [
        ({"Team": "second", "team": "small", "TEAM": "large"}, 2)
    ]


def test_columns_that_come_go_and_change_their_names_within_one_bill(tmp_path: Path) -> None:
    folder = tmp_path / "cur"
    folder.mkdir()
    old = [name for name in COMMON if not name.startswith(("savingsPlan/", "reservation/"))]
    write_cur(folder / "cur-1.csv", [line(cost="1", product__region="eu-west-1")], old)
    new = [name for name in COMMON if name != "product/region"]
    row = {**line(cost="2", product__regionCode="eu-west-2"), "resourceTags/user:New": "x"}
    (folder / "cur-2.csv").write_text(cur_text([row], new).replace("product/region,", "product/gone,"))
    write_cur(folder / "cur-3.csv", [line(cost="4")], reversed(list(COMMON)))
    keys = {"reportName": "cur", "reportKeys": ["cur-1.csv", "cur-2.csv", "cur-3.csv"]}
    (folder / "cur-Manifest.json").write_text(json.dumps(keys))
    found = load([str(folder)], tmp_path / "lake", at=AT)
    assert found.formats == {"cur-csv": 3}
    assert found.months[0].totals.costs["USD"]["billed"] == 7
    assert ask(tmp_path, "SELECT RegionId, Tags['New'], x_SourceFile FROM charges ORDER BY BilledCost") == [
        ("eu-west-1", None, "cur-1.csv"),
        ("eu-west-2", "x", "cur-2.csv"),
        ("us-east-1", None, "cur-3.csv"),
    ]


def test_cur_2_product_facts_come_from_the_map_where_there_is_no_column(tmp_path: Path) -> None:
    product = {"product_name": "New Thing", "operating_system": "Linux", "instance_type": "m5.large"}
    columns = {"line_item_product_code": "NewThing", "product_instance_type": "r5.large"}
    text = cur2({"product": json.dumps(product), **columns}, {"product": "", **columns})
    (tmp_path / "a.csv").write_text(text)
    load([str(tmp_path / "a.csv")], tmp_path / "lake", at=AT)
    as_parquet(
        tmp_path / "b.parquet", text.replace("111122223333", "222233334444"), {"product": "MAP(VARCHAR, VARCHAR)"}
    )
    load([str(tmp_path / "b.parquet")], tmp_path / "lake", at=AT)
    assert ask(tmp_path, "SELECT x_OperatingSystem, x_InstanceType, ServiceName FROM charges ORDER BY 1, 2, 3") == [
        ("Linux", "r5.large", "New Thing"),
        ("Linux", "r5.large", "New Thing"),
        (None, "r5.large", "NewThing"),
        (None, "r5.large", "NewThing"),
    ]


def test_keys_of_cur_2_that_collide(tmp_path: Path) -> None:
    tags = {"user_team": "first", "team": "second", "aws_created_by": "ada", "aws:created_by": "bob"}
    (tmp_path / "a.csv").write_text(cur2({"resource_tags": json.dumps(tags)}))
    load([str(tmp_path / "a.csv")], tmp_path / "lake", at=AT)
    assert ask(tmp_path, "SELECT Tags FROM charges") == [({"team": "first", "aws:created_by": "ada"},)]


def test_used_and_unused_of_a_reservation_are_its_fees(tmp_path: Path) -> None:
    rows = [dict(row) for row in BOUGHT]
    found = loaded(tmp_path, *rows)
    [check] = [
        check
        for check in found.months[0].checks
        if check.name == "used commitment and effective cost" and RESERVATION in check.subject
    ]
    assert (check.before, check.after) == (Decimal("0.06"), Decimal("0.06"))
    rows[1]["reservation/EffectiveCost"] = "0.07"
    with pytest.raises(Unreconciled, match=r"used commitment and effective cost, USD arn:aws:ec2"):
        loaded(tmp_path, *rows)


@pytest.mark.parametrize(("unused", "fits"), [("2968", True), ("2960", False), ("", True)])
def test_normalised_units_of_a_reservation(tmp_path: Path, unused: str, fits: bool) -> None:
    rows = [dict(row) for row in BOUGHT]
    rows[1] |= {"lineItem/NormalizedUsageAmount": "8", "lineItem/NormalizationFactor": "4"}
    rows[2] |= {"reservation/TotalReservedNormalizedUnits": "2976", "reservation/UnusedNormalizedUnitQuantity": unused}
    if fits:
        checks = loaded(tmp_path, *rows).months[0].checks
        assert sum(check.name == "normalised units of a reservation" for check in checks) == bool(unused)
    else:
        with pytest.raises(
            Unreconciled, match=r"normalised units of a reservation, arn:aws:ec2.*: 16\.0+ against 8\.0+,"
        ):
            loaded(tmp_path, *rows)
