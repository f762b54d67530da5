from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lamplighter.aws.targets import Target
from lamplighter.estate.bill.lived import Estate, Running
from lamplighter.estate.bill.meters import hourly
from lamplighter.estate.demo_usage import week_usage
from lamplighter.estate.history import StateChange
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import MULTI_AZ, PriceKey, ec2_key, rds_key

ACCOUNT, REGION = "111122223333", "eu-central-1"
START = datetime(2026, 11, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def running(kind: str, name: str, key: PriceKey, schedule: str) -> Running:
    zone = f"{REGION}a" if kind == "ec2-instance" else ""
    tags = {"Schedule": schedule} if schedule else {}
    meter = hourly(key, PriceBook.bundled(), resource=name, account=ACCOUNT, zone=zone, tags=tags)
    return Running(kind, name, "", meter, ACCOUNT, REGION)


def change(kind: str, name: str, hour: float, state: str) -> StateChange:
    return StateChange(START + hour * HOUR, ACCOUNT, REGION, kind, name, None, state)


def test_parts_of_an_hour_count_in_part_and_what_schedules_put_out_beside_them() -> None:
    large = ec2_key(REGION, "m5.large")
    estate = Estate(
        (
            running("ec2-instance", "i-1", large, "office"),
            running("ec2-instance", "i-2", large, "office"),
            running("ec2-instance", "i-3", large, ""),
            running("rds-instance", "db-1", rds_key(REGION, "db.m5.large", "postgres", MULTI_AZ), "gone"),
            Running("ec2-instance", "i-4", "", None, ACCOUNT, REGION),
        ),
        (),
    )
    history = [
        change("ec2-instance", "i-1", 0, "running"),
        change("ec2-instance", "i-1", 1.5, "stopping"),
        change("ec2-instance", "i-2", -1, "running"),
        change("ec2-instance", "i-3", 0, "running"),
        change("ec2-instance", "i-3", 1, "stopping"),
        change("rds-instance", "db-1", 2, "available"),
    ]
    targets = [Target(ACCOUNT, REGION, "shop"), Target("444455556666", REGION, "")]
    samples, looks = week_usage([estate], targets, history, {"office"}, START, START + 3 * HOUR)
    seen = {
        (each.service, each.schedule, (each.time - START) // HOUR): (each.quantity, each.scheduled_off)
        for each in samples
    }
    half = Decimal("0.5")
    assert seen == {
        ("ec2", "office", 0): (2, 0),
        ("ec2", "office", 1): (1 + half, half),
        ("ec2", "office", 2): (1, 1),
        ("ec2", "", 0): (1, 0),
        # Nobody's schedule is called `gone`: what stands still with it was not put out by one.
        ("rds", "gone", 2): (1, 0),
    }
    web = next(each for each in samples if each.schedule == "office")
    assert (web.account_name, web.resource_type, web.platform, web.deployment, web.zone) == (
        *("shop", "m5.large", "Linux", "default", f"{REGION}a"),
    )
    database = next(each for each in samples if each.service == "rds")
    assert (database.resource_type, database.platform, database.deployment) == ("db.m5.large", "postgres", "multi-az")
    assert len(looks) == len(targets) * 2 * 3
    assert {look.account_name for look in looks} == {"shop", "444455556666"}
