from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lamplighter.estate.bill.lived import Estate, Moved, Running, Stored, lived_used
from lamplighter.estate.bill.meters import Meter, hourly, other, volume
from lamplighter.estate.history import StateChange
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import ec2_key

BOOK = PriceBook.bundled()
ACCOUNT, REGION = "444455556666", "eu-central-1"
START = datetime(2026, 11, 30, tzinfo=UTC)
END = datetime(2026, 12, 2, tzinfo=UTC)


def machine(id_: str) -> Running:
    meter = hourly(ec2_key(REGION, "m5.large"), BOOK, resource=id_, account=ACCOUNT, zone=f"{REGION}a", tags={})
    return Running("ec2-instance", id_, "", meter, ACCOUNT, REGION)


def change(at: datetime, state: str, id_: str = "i-1") -> StateChange:
    return StateChange(at, ACCOUNT, REGION, "ec2-instance", id_, None, state)


def test_hours_are_those_of_the_history() -> None:
    morning = START.replace(hour=8, minute=30)
    changes = [change(morning, "pending"), change(morning + timedelta(hours=2), "stopping")]
    used = lived_used([Estate((machine("i-1"), machine("i-2")), ())], changes, START, END)
    assert len(used.hours) == 48
    ran = {at.hour: hour for at, hour in used.hours.items() if hour}
    assert ran == {8: ((0, Decimal("0.5")),), 9: ((0, Decimal(1)),), 10: ((0, Decimal("0.5")),)}
    assert [meter.resource for meter in used.meters] == ["i-1", "i-2"]


def test_what_has_no_price_is_not_on_the_bill() -> None:
    unknown = Running("ec2-instance", "i-1", "", None, ACCOUNT, REGION)
    used = lived_used([Estate((unknown, machine("i-2")), ())], [change(START, "running", "i-2")], START, END)
    assert [meter.resource for meter in used.meters] == ["i-2"]
    assert used.hours[START] == ((0, Decimal(1)),)


def test_storage_is_there_once_a_day_with_its_share_of_the_month() -> None:
    disk: Meter = volume("gp3", BOOK, REGION, resource="vol-1", account=ACCOUNT)
    used = lived_used([Estate((), (Stored(disk, Decimal(60)),))], [], START, END)
    found = {at: hour for at, hour in used.hours.items() if hour}
    assert found == {
        START: ((0, Decimal(2)),),  # 60 GiB / 30 days
        START + timedelta(days=1): ((0, Decimal("1.93548387")),),  # 60 GiB / 31 days
    }


def test_what_is_moved_follows_what_runs_day_by_day() -> None:
    io = other("aurora-io", REGION, resource="arn", account=ACCOUNT)
    moved = Moved(io, Decimal(1000), ("rds-instance/a", "rds-instance/b"))
    evening = START.replace(hour=22)
    changes = [
        replace(change(evening, "available", id_="a"), kind="rds-instance"),
        replace(change(evening + timedelta(hours=1, minutes=30), "available", id_="b"), kind="rds-instance"),
        replace(change(evening + timedelta(hours=4), "stopping", id_="a"), kind="rds-instance"),
        replace(change(evening + timedelta(hours=4), "stopping", id_="b"), kind="rds-instance"),
    ]
    used = lived_used([Estate((), (), (moved,))], changes, START, END)
    found = {at: hour for at, hour in used.hours.items() if hour}
    assert found == {START: ((0, Decimal(2500)),), START + timedelta(days=1): ((0, Decimal(4000)),)}
    assert (io.usage_type, io.rate, io.instance_type) == ("EUC1-Aurora:StorageIOUsage", Decimal("0.0000002"), "")
