"""A bill that is only a member's part: what it cannot tell is said, all else is held to the rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.billing.conftest import BOUGHT, PLAN, RESERVATION, line, write_cur

from lamplighter.billing.checking import check_months
from lamplighter.billing.load import load
from lamplighter.billing.prepared import Month
from lamplighter.errors import Unreconciled

pytestmark = pytest.mark.slow

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
MEMBER = "444455556666"
OTHER = "222233334444"
Row = dict[str, str]


def owned(arn: str, account: str) -> str:
    return arn.replace("111122223333", account)


def fees(account: str = MEMBER, used: str = "0.06") -> list[Row]:
    """A reservation that came to 44.64, of which `used` was used, and a plan of which 0.07 was."""
    unused = str(Decimal("44.64") - Decimal(used) - Decimal("7.43"))
    rows = [dict(row) for row in BOUGHT if row["lineItem/LineItemType"] in ("RIFee", "SavingsPlanRecurringFee")]
    rows[0] |= {"reservation/ReservationARN": owned(RESERVATION, account), "reservation/UnusedRecurringFee": unused}
    rows[1] |= {"savingsPlan/SavingsPlanARN": owned(PLAN, account)}
    return rows


def usage(account: str = MEMBER, cost: str = "0.06") -> Row:
    return line(
        "DiscountedUsage",
        reservation__ReservationARN=owned(RESERVATION, account),
        reservation__EffectiveCost=cost,
    )


def loaded(folder: Path, rows: list[Row]) -> Month:
    [month] = load([str(write_cur(folder / "a.csv", rows))], folder / "lake", at=AT).months
    return month


def test_fees_of_what_others_used_and_use_of_what_others_pay(tmp_path: Path) -> None:
    rows = [*fees(), usage(cost="0.02"), usage(OTHER, "0.5"), line(cost="3")]
    month = loaded(tmp_path, rows)
    assert [str(check) for check in month.unproven] == [
        f"not provable from this file: used commitment and effective cost, USD {arn}: {why}"
        for arn, why in (
            (
                owned(RESERVATION, OTHER),
                f"account {OTHER} pays its fees; account {MEMBER} used 0.500000000000000000 of it",
            ),
            (
                owned(RESERVATION, MEMBER),
                (
                    f"fees say that 0.060000000000000000 was used, account {MEMBER} used 0.020000000000000000;"
                    " others have the rest"
                ),
            ),
            (
                owned(PLAN, MEMBER),
                f"fees say that 0.070000000000000000 was used, account {MEMBER} used 0; others have the rest",
            ),
        )
    ]
    [bridge] = [check for check in month.checks if check.name == "unblended and amortised cost"]
    assert bridge.before == bridge.after == Decimal("40.26")
    [checked] = check_months(tmp_path / "lake")
    assert all(check.holds for check in checked.checks)
    assert sum(bool(check.unproven) for check in checked.checks) == 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([*fees(), usage(cost="0.07")], "used commitment and effective cost", id="more than fees say"),
        pytest.param([*fees("111122223333"), line()], "used commitment and effective cost", id="the payer's own fees"),
        pytest.param([usage(cost="0.07")], "unblended and amortised cost", id="its own reservation without fees"),
        pytest.param(
            [*fees(), line(lineItem__UsageAccountId=OTHER)], "used commitment and effective cost", id="two accounts"
        ),
        pytest.param(
            [*fees(), line(lineItem__UsageAccountId="111122223333")],
            "used commitment and effective cost",
            id="the payer is in it",
        ),
        pytest.param(
            [fees()[0], {**fees()[1], "lineItem/UnblendedCost": "0.05"}],
            "unblended and amortised cost",
            id="a fee that is not what the plan came to",
        ),
        pytest.param(
            [*fees(), line("SavingsPlanCoveredUsage", "1", savingsPlan__SavingsPlanARN=owned(PLAN, OTHER))],
            "covered by a plan and negated",
            id="no negation",
        ),
    ],
)
def test_what_can_be_proven_is_proven(tmp_path: Path, rows: list[Row], said: str) -> None:
    with pytest.raises(Unreconciled, match=said):
        loaded(tmp_path, rows)


@pytest.mark.parametrize(("account", "fits"), [(MEMBER, True), ("111122223333", False)])
def test_a_manifest_tells_whose_bill_it_is(tmp_path: Path, account: str, fits: bool) -> None:
    bills = tmp_path / "bills"
    bills.mkdir()
    write_cur(bills / "a.csv", fees())
    (bills / "cur-Manifest.json").write_text(json.dumps({"reportKeys": ["a.csv"], "account": account}))
    if fits:
        [month] = load([str(bills)], tmp_path / "lake", at=AT).months
        assert len(month.unproven) == 2
    else:
        with pytest.raises(Unreconciled, match="used commitment"):
            load([str(bills)], tmp_path / "lake", at=AT)


def test_units_of_a_reservation_that_others_used(tmp_path: Path) -> None:
    units = {"reservation/TotalReservedNormalizedUnits": "2976", "reservation/UnusedNormalizedUnitQuantity": "2968"}
    rows = [fees()[0] | units, usage(cost="0.02") | {"lineItem/NormalizedUsageAmount": "4"}]
    month = loaded(tmp_path, rows)
    [check] = [each for each in month.checks if each.name == "normalised units of a reservation"]
    assert (check.before, check.after, bool(check.unproven)) == (Decimal(8), Decimal(4), True)
    rows[1]["lineItem/NormalizedUsageAmount"] = "9"
    with pytest.raises(Unreconciled, match="normalised units"):
        loaded(tmp_path, rows)
