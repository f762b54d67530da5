from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from tests.lake.conftest import write_month

from lamplighter.commitments.collect import LEDGER, Answered, ask_ledger
from lamplighter.commitments.inventory.dynamodb import DynamoDb
from lamplighter.commitments.model import Attributes
from lamplighter.pricing.money import Money

ARN = "arn:aws:dynamodb:us-east-1:111122223333:reserved-instances/00000009-2222-3333-4444-555566667777"


def fee(month: str, first: str, last: str, units: int, hours: int, usage: str, **more: str) -> Mapping[str, str]:
    """A recurring fee for some units in [first, last) days of a month, 0.0001 USD an hour for each."""
    return {
        "ServiceName": "'Amazon DynamoDB'",
        "ChargeCategory": "'Purchase'",
        "ChargeFrequency": "'Recurring'",
        "CommitmentDiscountCategory": "'Usage'",
        "CommitmentDiscountId": f"'{ARN}'",
        "SubAccountId": "'444455556666'",
        "SubAccountName": "'shop'",
        "RegionId": "'us-east-1'",
        "x_UsageType": f"'{usage}'",
        "PricingQuantity": str(units * hours),
        "x_UnblendedCost": f"{units * hours} * 0.0001",
        "ChargePeriodStart": f"TIMESTAMP '{first}'",
        "ChargePeriodEnd": f"TIMESTAMP '{last}'",
        **more,
    }


def asked(lake: Path) -> Answered:
    [answer] = ask_ledger(lake, [DynamoDb()])
    assert (answer.source, answer.target) == ("dynamodb", LEDGER)
    return answer


def test_what_the_last_month_has_goes_on(tmp_path: Path) -> None:
    read = "HeavyUsage:dynamodb.read"
    write_month(tmp_path, "2026-09", [fee("2026-09", "2026-09-11", "2026-10-01", 500, 480, read)])
    write_month(tmp_path, "2026-10", [fee("2026-10", "2026-10-01", "2026-11-01", 500, 744, read)])
    answer = asked(tmp_path)
    assert (answer.whole, answer.failures) == (True, ())
    [found] = answer.held
    assert (found.key, found.value, found.count) == ("ri-dynamodb", "read", Decimal(500))
    assert found.attributes == Attributes("dynamodb", "us-east-1", "read")
    assert (found.account, found.account_name, found.region) == ("444455556666", "shop", "us-east-1")
    assert found.start == datetime(2026, 9, 11, tzinfo=UTC)
    assert found.end is None
    assert found.terms is None
    assert found.upfront is None
    assert found.hourly == Money(Decimal("0.0001"), "USD")
    assert found.as_of == datetime(2026, 11, 1, tzinfo=UTC)
    assert found.notes == ("from bills: what was paid upfront, the term and its end are not on them",)
    assert found.in_force(datetime(2026, 10, 15, tzinfo=UTC))


def test_what_the_last_month_has_not_has_ended(tmp_path: Path) -> None:
    fees = [fee("2026-09", "2026-09-01", "2026-09-21", 100, 480, "EU-HeavyUsage:dynamodb.write")]
    write_month(tmp_path, "2026-09", fees)
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    [found] = asked(tmp_path).held
    assert (found.value, found.state, found.end) == ("write", "retired", datetime(2026, 9, 21, tzinfo=UTC))
    assert found.in_force(datetime(2026, 9, 20, tzinfo=UTC))
    assert not found.in_force(datetime(2026, 9, 22, tzinfo=UTC))


def test_each_payer_has_a_last_month_of_its_own(tmp_path: Path) -> None:
    """The bill of October of one payer is loaded, that of the other is not: its reservation may well go on."""
    paid = fee("2026-09", "2026-09-01", "2026-10-01", 100, 720, "HeavyUsage:dynamodb.read")
    write_month(tmp_path, "2026-09", [paid])
    write_month(tmp_path, "2026-10", [{"BilledCost": "1", "BillingAccountId": "'999988887777'"}])
    [found] = asked(tmp_path).held
    assert (found.state, found.end) == ("active", None)
    assert found.as_of == datetime(2026, 10, 1, tzinfo=UTC)


def test_what_cannot_be_told_is_said(tmp_path: Path) -> None:
    write_month(
        tmp_path,
        "2026-10",
        [
            fee("2026-10", "2026-10-01", "2026-11-01", 100, 744, "HeavyUsage:dynamodb.odd"),
            fee("2026-10", "2026-10-01", "2026-11-01", 100, 744, "HeavyUsage:dynamodb.read", PricingQuantity="NULL"),
        ],
    )
    answer = asked(tmp_path)
    assert answer.held == ()
    assert sorted(str(error).rpartition("read: ")[2] for error in answer.failures) == [
        "the bill does not say how many units it is for",
        "usage type 'HeavyUsage:dynamodb.odd' is neither of reading nor of writing",
    ]


def test_a_ledger_without_bills_knows_nothing(tmp_path: Path) -> None:
    answer = asked(tmp_path)
    assert not answer.whole
    assert [error.message for error in answer.failures] == [
        "DynamoDB reservations stand on bills only, and none is loaded"
    ]


def test_a_ledger_with_bills_and_no_reservations_knows_that_there_are_none(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    assert asked(tmp_path) == Answered("dynamodb", LEDGER, (), everywhere=True)
