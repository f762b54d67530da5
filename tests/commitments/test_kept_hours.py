"""A month of collected usage and an inventory in a lake, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.commitments.estate import facts, held

from lamplighter.commitments.coverage import Blind
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.kept import Inventory, Known, Trouble
from lamplighter.commitments.kept_hours import NOTHING_COLLECTED, keep_month, measure_month, month_of
from lamplighter.commitments.matching import ec2_fit
from lamplighter.commitments.model import Target
from lamplighter.commitments.totals import By, coverage_by, utilisation_by
from lamplighter.errors import UsageError
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.lake.usage_files import write_usage
from lamplighter.pricing import PriceBook

START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOP, DATA = "111122223333", "444455556666"
BOOK = PriceBook.bundled()


def reserved() -> Held:
    """Two m5.large of the account DATA, from the third hour on, 0.06 an hour each."""
    fit = ec2_fit("us-east-1", "m5.large")
    return held(
        "arn:ri", DATA, START + 2 * HOUR, START + timedelta(days=365), Decimal(0), Decimal("0.06"), region="us-east-1",
        key="ri-ec2", attributes=fit.attributes, resource_type="m5.large", size="large", count=Decimal(2),
        units=fit.units,
    )  # fmt: skip


def inventory(*bought: Held, troubles: tuple[Trouble, ...] = ()) -> Inventory:
    return Inventory((Known("ec2", DATA, "data", "us-east-1", START, bought, troubles),))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four hours: one m5.large of SHOP in each; nobody could look at DATA in the last."""
    folder = tmp_path_factory.mktemp("lake")
    hours = [START + number * HOUR for number in range(4)]
    samples = [
        UsageSample(at, 1, SHOP, "shop", "us-east-1", "ec2", "m5.large", "Linux", "default", "", "", Decimal(1))
        for at in hours
    ]
    looks = [Look(at, SHOP, "shop", "us-east-1", "ec2", Source.COLLECTED) for at in hours]
    looks += [Look(at, DATA, "data", "us-east-1", "ec2", Source.COLLECTED) for at in hours[:3]]
    looks += [Look(hours[3], DATA, "data", "us-east-1", "ec2", None, "AccessDenied")]
    write_usage(folder, samples, looks, at=hours[3])
    return folder


@pytest.fixture
def ledger(lake: Path) -> Iterator[Ledger]:
    with Ledger.open(lake, threads=1) as opened:
        yield opened


@pytest.mark.slow
def test_a_month_is_measured_up_to_now_and_can_be_asked_in_sql(lake: Path, ledger: Ledger) -> None:
    now = START + 4 * HOUR + timedelta(minutes=5)
    month = measure_month(ledger, "2026-10", inventory(reserved()), BOOK, now)
    assert (month.of, month.empty) == (4, False)
    assert month.blind == [Blind(Target(DATA, "us-east-1", "ec2"), 1, "AccessDenied")]
    [used] = coverage_by(month.hours, [By.ACCOUNT])
    assert facts(used.group, used.hours, used.reserved_hours, used.borrowed_hours) == ((SHOP,), 4, 2, 2)
    assert facts(used.cost, used.covered_cost) == (Decimal("0.384"), Decimal("0.192"))
    [one] = utilisation_by(month.hours, [By.COMMITMENT])
    assert facts(one.total, one.used, one.lent, one.unused, one.unknown_hours) == (8, 4, 4, 4, 1)
    keep_month(lake, month, now)
    keep_month(lake, month, now)
    asked = "SELECT COUNT(*), SUM(hours), SUM(borrowed_hours), SUM(covered_cost) FROM coverage_hours"
    assert ledger.query(asked).rows == [(4, 4, 2, Decimal("0.192"))]
    asked = "SELECT COUNT(*), SUM(used), COUNT(unused), SUM(cost), SUM(unused_cost) FROM commitment_hours"
    assert ledger.query(asked).rows == [(2, 8, 1, Decimal("0.24"), Decimal("0.06"))]


def test_an_empty_month_says_so(ledger: Ledger) -> None:
    for period, now in (("2026-09", START), ("2026-11", START)):
        month = measure_month(ledger, period, inventory(reserved()), BOOK, now)
        assert month.empty
        assert month.notes == (NOTHING_COLLECTED,)
    with pytest.raises(UsageError, match="2026-13"):
        month_of("2026-13")


def test_what_is_not_known_of_commitments_is_said(ledger: Ledger) -> None:
    odd = held("arn:odd", DATA, START, START + HOUR, Decimal(0), Decimal(1), region="us-east-1", key="ri-new")
    refused = Trouble(START, "AccessDenied: no")
    month = measure_month(ledger, "2026-10", inventory(odd, troubles=(refused,)), BOOK, START + 4 * HOUR)
    assert month.notes == (
        "ec2 in 444455556666/us-east-1 was not told: AccessDenied: no",
        "arn:odd: what it covers is not known, it is in no figure",
    )
    nothing = measure_month(ledger, "2026-10", Inventory(), BOOK, START + 4 * HOUR)
    assert nothing.notes == ("what has been committed to is not known: lamp commit inventory",)
    assert utilisation_by(nothing.hours, []) == []
