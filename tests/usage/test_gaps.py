"""Gaps of a lake with a bill beside it, worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.lake.conftest import write_month
from tests.lake.known import SHOP, look, sample

from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.lake.usage_files import read_looks, read_usage, write_usage
from lamplighter.store.memory import MemoryStore
from lamplighter.usage.gaps import NOT_LOOKED, Filled, Gap, fill, find_gaps
from lamplighter.usage.record import record
from lamplighter.usage.registry import collectors
from lamplighter.usage.tables import COST

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)
TEN = datetime(2026, 10, 5, 10, tzinfo=UTC)
PLACE = (SHOP, "us-east-1", "ec2")
Row = Mapping[str, str]


def charge(time: datetime, hours: str, /, *, length: timedelta = HOUR, **more: str) -> Row:
    """Instance hours; texts are quoted here, what begins with `=` is SQL."""
    texts = {
        "SubAccountId": SHOP,
        "RegionId": "us-east-1",
        "AvailabilityZone": "us-east-1a",
        "x_ServiceCode": "AmazonEC2",
        "x_UsageType": "BoxUsage:m5.large",
        "x_Operation": "RunInstances",
        "x_InstanceType": "m5.large",
        "x_OperatingSystem": "Linux",
        "Tags": "=MAP {'Schedule': 'office'}",
        **more,
    }
    return {
        "ChargePeriodStart": f"TIMESTAMP '{time:%Y-%m-%d %H:%M}'",
        "ChargePeriodEnd": f"TIMESTAMP '{time + length:%Y-%m-%d %H:%M}'",
        "x_UsageQuantity": hours,
        **{name: text[1:] if text.startswith("=") else f"'{text}'" for name, text in texts.items()},
    }


LAST = charge(TEN + timedelta(days=2), "1", x_UsageType="EBS:VolumeUsage.gp3", x_Operation="CreateVolume")
"""Far enough beyond the hours that are asked for."""


def gaps_of(lake: Path, **more: datetime) -> list[Gap]:
    with Ledger.open(lake) as ledger:
        return find_gaps(ledger, **more)  # type: ignore[arg-type]


def filled(lake: Path, **more: datetime) -> Filled:
    with Ledger.open(lake) as ledger:
        return fill(ledger, find_gaps(ledger, **more), collectors(), "Schedule")  # type: ignore[arg-type]


def looked(lake: Path, *looks: Look) -> None:
    write_usage(lake, [], looks, at=TEN)


def test_hours_that_failed_and_hours_in_which_nobody_looked_are_gaps(tmp_path: Path) -> None:
    hours = [TEN + number * HOUR for number in range(10)]
    looked(
        tmp_path,
        look(hours[0]),
        look(hours[1], None, "refused"),
        look(hours[2], None, "refused"),
        look(hours[3], None, "throttled"),
        look(hours[4]),
        look(hours[8]),
        look(hours[0], service="rds"),
        look(hours[1], service="rds"),
    )
    found = gaps_of(tmp_path)
    assert [(gap.begins, gap.ends, gap.hours, gap.reason) for gap in found] == [
        (hours[1], hours[3], 2, "refused"),
        (hours[3], hours[4], 1, "throttled"),
        (hours[5], hours[8], 3, NOT_LOOKED),
    ]
    assert {(gap.account, gap.region, gap.service) for gap in found} == {PLACE}
    assert found[0].times == [hours[1], hours[2]]


def test_what_lies_before_the_first_look_is_a_gap_if_it_is_asked_for(tmp_path: Path) -> None:
    midnight = TEN.replace(hour=0)
    looked(tmp_path, look(TEN), look(midnight, service="redshift", hours=24))
    assert gaps_of(tmp_path) == []
    found = gaps_of(tmp_path, since=midnight - timedelta(hours=30, minutes=-5))
    assert [(gap.service, gap.begins, gap.ends, gap.step) for gap in found] == [
        ("ec2", midnight - 29 * HOUR, TEN, 1),
        ("redshift", midnight - timedelta(days=1), midnight, 24),
    ]
    assert found[1].times == [midnight - timedelta(days=1)]
    assert gaps_of(tmp_path, since=TEN) == []


def test_what_lies_behind_the_last_look_is_a_gap_up_to_a_time_that_is_asked_for(tmp_path: Path) -> None:
    """Whoever looked may have stopped. The last look may have failed."""
    midnight = TEN.replace(hour=0)
    looked(tmp_path, look(TEN), look(TEN + HOUR, None, "no", service="rds"))
    looked(tmp_path, look(midnight, service="redshift", hours=24))
    found = gaps_of(tmp_path, until=midnight + timedelta(hours=75, minutes=59))
    assert [(gap.service, gap.begins, gap.ends, gap.reason) for gap in found] == [
        ("ec2", TEN + HOUR, midnight + 75 * HOUR, NOT_LOOKED),
        ("rds", TEN + HOUR, TEN + 2 * HOUR, "no"),
        ("rds", TEN + 2 * HOUR, midnight + 75 * HOUR, NOT_LOOKED),
        ("redshift", midnight + 24 * HOUR, midnight + 72 * HOUR, NOT_LOOKED),
    ]
    assert [gap.service for gap in gaps_of(tmp_path, until=TEN + timedelta(minutes=90))] == ["rds"]
    assert [gap.hours for gap in gaps_of(tmp_path, since=TEN - HOUR, until=TEN + 2 * HOUR)] == [1, 1, 2, 1]


def test_gaps_can_be_narrowed_down(tmp_path: Path) -> None:
    for region in ("us-east-1", "eu-west-1"):
        looked(tmp_path, *(look(TEN, None, "no", region=region, service=service) for service in ("ec2", "rds")))
    with Ledger.open(tmp_path) as ledger:
        assert len(find_gaps(ledger)) == 4
        assert len(find_gaps(ledger, accounts=["shop"], regions=["eu-west-1"], services=["ec2"])) == 1
        assert len(find_gaps(ledger, accounts=[SHOP])) == 4
        assert find_gaps(ledger, accounts=["other"]) == []


def test_the_ledger_fills_what_it_knows_zero_as_well(tmp_path: Path) -> None:
    looked(tmp_path, look(TEN), look(TEN + 4 * HOUR))
    write_month(
        tmp_path,
        "2026-10",
        [
            charge(TEN + HOUR, "1"),
            charge(TEN + HOUR, "0.5"),
            charge(TEN + HOUR, "1", CommitmentDiscountStatus="Used"),
            charge(TEN + HOUR, "1", x_Operation="RunInstances:0002", x_OperatingSystem="Windows", Tags="=NULL"),
            charge(TEN + HOUR, "2", x_UsageType="SpotUsage:m5.large", x_Operation="RunInstances:SV001"),
            charge(TEN + 3 * HOUR, "3", AvailabilityZone="us-east-1b"),
            # None of these counts.
            charge(TEN + HOUR, "7", RegionId="eu-west-1"),
            charge(TEN + HOUR, "7", SubAccountId="777788889999"),
            charge(TEN + HOUR, "7", CommitmentDiscountStatus="Unused"),
            charge(TEN + HOUR, "7", ChargeCategory="Adjustment"),
            charge(TEN + HOUR, "7", ChargeClass="Correction"),
            charge(TEN + HOUR, "7", x_SplitParentId="i-1"),
            charge(TEN + HOUR, "NULL"),
            charge(TEN, "7"),
            charge(TEN + 4 * HOUR, "7"),
            LAST,
        ],
    )
    found = filled(tmp_path)
    assert found.left == []
    assert found.looks == [look(TEN + number * HOUR, Source.LEDGER) for number in (1, 2, 3)]
    known: dict[str, object] = {"source": Source.LEDGER, "covered": Decimal(0)}
    assert set(found.samples) == {
        sample(TEN + HOUR, "4.5", **{**known, "spot": Decimal(2), "covered": Decimal(1)}),
        sample(TEN + HOUR, "1", platform="Windows", schedule="", **known),
        sample(TEN + 3 * HOUR, "3", zone="us-east-1b", **known),
    }


def test_a_day_is_filled_with_its_average(tmp_path: Path) -> None:
    days = [TEN.replace(hour=0) + timedelta(days=number) for number in range(3)]
    looked(tmp_path, *(look(day, service="redshift", hours=24) for day in (days[0], days[2])))

    def node(time: datetime) -> Row:
        return charge(time, "2", x_ServiceCode="AmazonRedshift", x_UsageType="Node:dc2.large", x_Operation="")

    rows = [node(days[1] + number * HOUR) for number in range(12)]
    write_month(tmp_path, "2026-10", [*rows, node(days[1] + timedelta(days=2))])
    found = filled(tmp_path)
    assert [(each.time, each.hours, each.resource_type, each.quantity) for each in found.samples] == [
        (days[1], 24, "dc2.large", Decimal(1))
    ]
    assert [(each.service, each.hours, each.source) for each in found.looks] == [("redshift", 24, Source.LEDGER)]


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "no charges of 2026-10 are loaded"),
        ([charge(TEN + 5 * DAY, "1", SubAccountId="777788889999")], "no charges of 2026-10 are loaded"),
        (
            [charge(TEN.replace(hour=0) + n * DAY, "24", length=DAY) for n in range(4)],
            "the bill of 2026-10 is not by the hour",
        ),
        (
            [charge(TEN + 25 * HOUR, "1")],
            "the bill of 2026-10 is open and does not reach 24 h beyond",
        ),
        (
            [charge(TEN + 26 * HOUR, "1", x_Operation="=NULL")],
            "the bill of 2026-10 has no product codes, usage types or operations",
        ),
        ([charge(TEN + 26 * HOUR, "1")], ""),
        ([charge(TEN, "1", InvoiceId="1")], ""),
    ],
)
def test_an_hour_that_the_bill_does_not_reach_is_not_known(tmp_path: Path, rows: list[Row], why: str) -> None:
    looked(tmp_path, look(TEN), look(TEN + HOUR, None, "refused"), look(TEN + 2 * HOUR))
    if rows:
        write_month(tmp_path, "2026-10", rows)
    found = filled(tmp_path)
    assert [gap.reason for gap in found.left] == ([f"refused; {why}"] if why else [])
    assert len(found.looks) == (0 if why else 1)


def test_an_account_that_used_nothing_is_known_when_the_bill_is_final(tmp_path: Path) -> None:
    """It pays for a reservation; another account of the same bill used something."""
    looked(tmp_path, look(TEN), look(TEN + HOUR, None, "refused"), look(TEN + 2 * HOUR))
    bought = charge(TEN, "1", length=30 * DAY, ChargeCategory="Purchase")
    write_month(tmp_path, "2026-10", [bought, charge(TEN + 2 * DAY, "1", SubAccountId="777788889999")])
    assert [gap.hours for gap in filled(tmp_path).left] == [1]
    write_month(tmp_path, "2026-10", [bought, charge(TEN, "1", SubAccountId="777788889999", InvoiceId="1")])
    found = filled(tmp_path)
    assert (found.samples, found.looks, found.left) == ([], [look(TEN + HOUR, Source.LEDGER)], [])


@pytest.mark.parametrize(
    "invoiced",
    [
        charge(TEN, "1", ChargeCategory="Purchase", InvoiceId="1"),
        charge(TEN, "1", ChargeCategory="Tax", InvoiceId="1"),
        charge(TEN, "1", SubAccountId="777788889999", InvoiceId="1"),
    ],
    ids=["an upfront payment", "its tax", "another account's usage"],
)
def test_an_invoice_of_anything_but_the_accounts_usage_makes_no_month_final(tmp_path: Path, invoiced: Row) -> None:
    looked(tmp_path, look(TEN), look(TEN + HOUR, None, "refused"), look(TEN + 2 * HOUR))
    write_month(tmp_path, "2026-10", [invoiced, charge(TEN, "1")])
    [left] = filled(tmp_path).left
    assert left.reason == "refused; the bill of 2026-10 is open and does not reach 24 h beyond"


def test_an_account_that_used_nothing_is_not_known_while_another_of_its_bill_is_open(tmp_path: Path) -> None:
    looked(tmp_path, look(TEN), look(TEN + HOUR, None, "refused"), look(TEN + 2 * HOUR))
    bought = charge(TEN, "1", ChargeCategory="Purchase", InvoiceId="1")
    others = [
        charge(TEN, "1", SubAccountId="777788889999", InvoiceId="2"),
        charge(TEN, "1", SubAccountId="999988887777"),
    ]
    write_month(tmp_path, "2026-10", [bought, *others])
    assert [gap.hours for gap in filled(tmp_path).left] == [1]


def test_the_last_day_of_a_month_is_known_when_the_next_month_reaches_on(tmp_path: Path) -> None:
    last = datetime(2026, 10, 31, 22, tzinfo=UTC)
    looked(tmp_path, look(last), look(last + 2 * HOUR))
    write_month(tmp_path, "2026-10", [charge(last + HOUR, "2")])
    assert len(filled(tmp_path).left) == 1
    write_month(tmp_path, "2026-11", [charge(last + 2 * DAY, "1")])
    assert [int(each.quantity) for each in filled(tmp_path).samples] == [2]


def test_what_is_filled_is_written_and_no_gap_any_more(tmp_path: Path) -> None:
    looked(tmp_path, look(TEN), look(TEN + HOUR, None, "refused"), look(TEN + 3 * HOUR))
    write_month(tmp_path, "2026-10", [charge(TEN + HOUR, "2"), LAST])
    store = MemoryStore()
    for _ in range(2):
        found = filled(tmp_path)
        record(found.samples, found.looks, at=TEN + DAY, lake=tmp_path, store=store)
    assert gaps_of(tmp_path) == []
    with Ledger.open(tmp_path) as ledger:
        expected: UsageSample = sample(TEN + HOUR, "2", source=Source.LEDGER, covered=Decimal(0))
        assert read_usage(ledger) == [expected]
        assert [each.source for each in read_looks(ledger)] == ["collected", "ledger", "ledger", "collected"]
    items = list(store.query(COST, "ec2:shop:us-east-1"))
    assert [(item.sort, item.data["x_source"]) for item in items] == [
        ("2026-10-05T11:00:00Z", "ledger"),
        ("2026-10-05T12:00:00Z", "ledger"),
    ]
    assert items[0].data["m5.large:us-east-1a"] == 2


def test_an_empty_lake_has_no_gaps_and_nothing_is_written(tmp_path: Path) -> None:
    found = filled(tmp_path)
    assert (found.looks, found.samples, found.left) == ([], [], [])
    record([], [], at=TEN, lake=tmp_path / "none", store=MemoryStore())
    assert not (tmp_path / "none").exists()
