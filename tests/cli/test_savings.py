"""`lamp savings` and `lamp journal` on a journal written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lamplighter.cli.context import state
from lamplighter.cli.testing import Lamp
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import HOURS, Price, PriceKey, ec2_key
from lamplighter.store import journal

KEY = ec2_key("eu-west-1", "m5.large")
OTHER = ec2_key("eu-west-1", "odd.large")
NOVEMBER = ["--from", "2026-11-01", "--to", "2026-11-03", "-o", "json"]


def entry(day: int, hour: int, action: str, resource: str = "web", account: str = "111122223333", **extra: str) -> None:
    """Write one entry: 2026-11-`day` at `hour` UTC."""
    key: PriceKey = OTHER if resource == "odd" else KEY
    given = {"outcome": journal.DONE, "state": "running", "schedule": "office", "reason": "why", **extra}
    made = journal.Entry(
        target=f"{account}/eu-west-1",
        at=datetime(2026, 11, day, hour, tzinfo=UTC),
        run="r1",
        resource=f"ec2-instance/{resource}",
        name=resource,
        action=action,
        prices=((key.service, key.region, key.resource_type, key.operating_system, key.engine, key.deployment),),
        **given,
    )
    with state(None, writes=True) as store:
        store.transact([journal.put(made)])


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    price = Price(Money(Decimal("0.10"), "USD"), HOURS, date(2026, 1, 1), "a test")
    monkeypatch.setattr(PriceBook, "bundled", lambda: PriceBook.from_prices({KEY: price}))


def test_hours_and_money_are_what_the_journal_says(lamp: Lamp) -> None:
    entry(1, 0, "seen")
    entry(1, 18, "stop")
    entry(2, 8, "start")
    entry(2, 18, "stop")
    [row] = lamp("savings", *NOVEMBER).rows
    assert (row["by"], row["group"], row["resources"]) == ("schedule", "office", 1)
    assert (row["lit_hours"], row["all_hours"]) == ("28", "48")
    assert (row["starts"], row["stops"]) == (1, 2)
    assert (row["cost"], row["cost_always_on"], row["saved"]) == ({"USD": "2.8"}, {"USD": "4.8"}, {"USD": "2"})
    assert row["saved_share"] == "0.416667"
    said = lamp("savings", "--from", "2026-11-01", "--to", "2026-11-03")
    assert said.out.splitlines()[2].split() == [
        *("office", "1", "28.0", "of", "48.0", "1,", "2", "2.80", "of", "4.80", "2.00", "42", "%")
    ]
    assert "measured from 2026-11-01 00:00 UTC to 2026-11-03 00:00 UTC by the journal" in said.err


def test_groups_add_up(lamp: Lamp) -> None:
    entry(1, 0, "seen")
    entry(1, 12, "stop")
    entry(1, 0, "seen", "odd", schedule="batch")
    entry(1, 0, "seen", "db", account="444455556666", schedule="batch")
    accounts = lamp("savings", "--by", "account", *NOVEMBER).rows
    assert [(row["group"], row["resources"], row["lit_hours"]) for row in accounts] == [
        ("111122223333", 2, "60"),
        ("444455556666", 1, "48"),
    ]
    assert [row["group"] for row in lamp("savings", *NOVEMBER).rows] == ["batch", "office"]
    only = lamp("savings", "--by", "resource", "--account", "444455556666", *NOVEMBER).rows
    assert [row["group"] for row in only] == ["444455556666/eu-west-1/ec2-instance/db"]
    table = lamp("savings", "--by", "account", "--from", "2026-11-01", "--to", "2026-11-03")
    assert "1 resource has no known price" in table.err
    assert table.out.splitlines()[-1].split()[:2] == ["Total", "3"]


def test_only_unknown_prices(lamp: Lamp) -> None:
    entry(1, 0, "seen", "odd")
    [row] = lamp("savings", *NOVEMBER).rows
    assert (row["cost"], row["cost_always_on"], row["saved"], row["unknown_prices"]) == (None, None, None, 1)
    assert lamp("savings", "--from", "2026-11-01", "--to", "2026-11-03").out.count("unknown") == 2


def test_nothing_measured(lamp: Lamp) -> None:
    said = lamp("savings", "-o", "json")
    assert (said.code, said.out) == (0, "[]\n")
    assert lamp("savings").err.startswith("the journal says nothing about this time\n")


def test_the_journal_is_in_the_order_of_time_over_targets(lamp: Lamp) -> None:
    entry(1, 9, "stop")
    entry(1, 8, "seen", "db", account="444455556666")
    entry(1, 9, "seen")
    entry(1, 10, "start", "db", account="444455556666", outcome=journal.FAILED, note="denied", code="AccessDenied")
    rows = lamp("journal", "-o", "json").rows
    assert [(row["name"], row["action"], row["outcome"]) for row in rows] == [
        ("db", "seen", "done"),
        ("web", "seen", "done"),
        ("web", "stop", "done"),
        ("db", "start", "failed"),
    ]
    assert (rows[3]["account"], rows[3]["note"], rows[3]["code"]) == ("444455556666", "denied", "AccessDenied")
    assert rows[0]["at"] == "2026-11-01T08:00:00+00:00"
    span = ["--from", "2026-11-01 09:00", "--to", "2026-11-01T10:00Z", "-o", "json"]
    assert [row["name"] for row in lamp("journal", *span).rows] == ["web", "web"]
    lines = lamp("journal", "db").out.splitlines()
    assert lines[3].split() == [
        *("2026-11-01", "10:00", "ec2-instance/db", "444455556666/eu-west-1", "start", "failed", "why;", "denied")
    ]
