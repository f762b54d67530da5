"""A fortnight of two accounts: machines that schedules put out, a database, hours at which looking failed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.commitments.estate import held

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.kept import Inventory, Known, Trouble
from lamplighter.commitments.kept_hours import keep_month, measure_month
from lamplighter.commitments.model import Attributes
from lamplighter.commitments.sizing.demand import build, unscheduled
from lamplighter.commitments.sizing.recommend import Options, recommend
from lamplighter.commitments.sizing.wishes import Wishes
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.lake.usage_files import read_looks, read_usage, write_usage
from lamplighter.pricing.book import PriceBook
from lamplighter.reports.ri_usage.page import Facts

SHOP, DATA = "111122223333", "444455556666"
NAMES = {SHOP: "=cmd|' /C calc'!A0", DATA: "data"}
START = datetime(2026, 10, 1, tzinfo=UTC)
HOURS = 14 * 24
END = START + timedelta(hours=HOURS)
REGION = "eu-central-1"


def sample(time: datetime, account: str, kind: str, quantity: int, **more: object) -> UsageSample:
    """Some of a type in an hour."""
    service = "rds" if kind.startswith("db.") else "ec2"
    facts: dict[str, object] = {
        "platform": "postgres" if service == "rds" else "Linux",
        "deployment": "single-az" if service == "rds" else "default",
        "zone": f"{REGION}a",
        "schedule": "",
        **more,
    }
    place = (time, 1, account, NAMES[account], REGION, service, kind)
    return UsageSample(*place, quantity=Decimal(quantity), **facts)  # type: ignore[arg-type]


def usage() -> Iterator[UsageSample | Look]:
    """Web servers by day, a database always, batch on Spot at night."""
    for number in range(HOURS):
        time = START + timedelta(hours=number)
        day = 8 <= time.hour < 18 and time.weekday() < 5
        off = Decimal(0 if day else 4)
        yield sample(time, SHOP, "m5.large", 6 if day else 2, schedule="office", scheduled_off=off)
        yield sample(time, SHOP, "db.m5.large", 1)
        if time.hour < 4:
            yield sample(time, DATA, "c5.xlarge", 3, spot=Decimal(3))
        yield Look(time, SHOP, NAMES[SHOP], REGION, "ec2", Source.COLLECTED)
        yield Look(time, SHOP, NAMES[SHOP], REGION, "rds", Source.COLLECTED)
        failed = 30 <= number < 40
        yield Look(
            time, DATA, NAMES[DATA], REGION, "ec2", None if failed else Source.COLLECTED, "refused" if failed else ""
        )


def reservation(end: datetime) -> Held:
    """One m5.large, regional."""
    made = Attributes("ec2", REGION, "m5", "Linux")
    return held(
        "arn:aws:ec2:eu-central-1:111122223333:reserved-instances/1", SHOP, START - timedelta(days=300), end,
        Decimal(0), Decimal("0.07"), region=REGION, key="ri-ec2", value="linux-m5.large", attributes=made,
        resource_type="m5.large", size="large", units=Decimal(4), offering="No Upfront", state="active", as_of=END,
    )  # fmt: skip


@pytest.fixture(scope="session")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    """Everything the pages are made from."""
    lake: Path = tmp_path_factory.mktemp("lake")
    rows = list(usage())
    samples = [row for row in rows if isinstance(row, UsageSample)]
    write_usage(lake, samples, [row for row in rows if isinstance(row, Look)], at=END)
    trouble = Trouble(END, "rds DescribeReservedDBInstances: AccessDenied")
    inventory = Inventory(
        (
            Known("ec2", SHOP, NAMES[SHOP], REGION, END, (reservation(END + timedelta(days=65)),)),
            Known("rds", SHOP, NAMES[SHOP], REGION, None, (), (trouble,)),
        )
    )
    book = PriceBook.bundled()
    with Ledger.open(lake) as ledger:
        keep_month(lake, measure_month(ledger, "2026-10", inventory, book, END), END)
        demand = build(read_usage(ledger), read_looks(ledger), START, END)
        found = recommend(
            demand, book, inventory.held, END, Wishes(), awake=unscheduled(demand), options=Options(tests=False)
        )
        yield Facts(ledger, "2026-10", "Example & Sons", inventory, found, "", END)
