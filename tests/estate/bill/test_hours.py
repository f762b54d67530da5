"""Parts of an hour add up to its use, whatever is rounded. Who covers what is tested with `commitments.apply`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lamplighter.commitments.model import PlanKind, Reservation, SavingsPlan
from lamplighter.estate.bill.hours import Applying
from lamplighter.estate.bill.meters import Meter, hourly, spot
from lamplighter.estate.bill.used import Bought, Planned, Reserved, month_after, month_of, spread
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import ec2_key

AT = datetime(2026, 10, 5, 10, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MINE = "444455556666"


def meter(kind: str = "m5.large", account: str = MINE) -> Meter:
    made = hourly(
        ec2_key("us-east-1", kind),
        PriceBook.bundled(),
        resource=f"i-{kind}",
        account=account,
        zone="us-east-1a",
        tags={},
    )
    assert made is not None
    return made


def plan(commitment: str) -> Planned:
    holds = SavingsPlan("plan", MINE, PlanKind.COMPUTE, Decimal(commitment))
    return Planned(holds, LONG_AGO)


def test_a_plan_that_is_used_up_is_used_to_the_last_digit() -> None:
    one = meter()
    assert (one.rate, one.plan_rates[PlanKind.COMPUTE]) == (Decimal("0.096"), Decimal("0.07008"))
    applying = Applying([one], Bought(plans=(plan("0.05"),)))
    covered, rest = applying.parts(AT, ((0, Decimal(1)),))
    assert (covered.commitment, covered.drawn) == ("plan", Decimal("0.05"))
    assert covered.quantity == Decimal("0.71347031")  # 0.05 / 0.07008, cut
    assert (rest.commitment, rest.quantity) == (None, 1 - covered.quantity)


def test_a_plan_that_is_not_used_up_draws_its_rate() -> None:
    applying = Applying([meter()], Bought(plans=(plan("1"),)))
    [part] = applying.parts(AT, ((0, Decimal("0.5")),))
    assert (part.quantity, part.drawn) == (Decimal("0.5"), Decimal("0.03504"))


def test_reservations_come_first_and_what_is_not_on_offer_stays_as_it_is() -> None:
    large, cheap = meter(), spot(meter("c6i.large"))
    assert large.attributes is not None
    assert (cheap.rate, cheap.list_rate) == (Decimal("0.02975"), Decimal("0.085"))
    holds = Reservation("ri", MINE, large.attributes, "large", Decimal(1), units=Decimal(4))
    bought = Reserved(
        holds, "AmazonEC2", "m5.large", large.usage_type, "RunInstances", LONG_AGO, Decimal(0), Decimal("0.06"),
        Decimal(4),
    )  # fmt: skip
    parts = Applying([large, cheap], Bought((bought,), (plan("1"),))).parts(AT, ((0, Decimal(1)), (1, Decimal(1))))
    assert [(part.meter, part.commitment, part.quantity) for part in parts] == [
        (0, "ri", Decimal(1)),
        (1, None, Decimal(1)),
    ]


def test_what_is_not_yet_or_no_longer_in_force_covers_nothing() -> None:
    applying = Applying([meter()], Bought(plans=(plan("1"),)))
    for at, expected in (
        (LONG_AGO - timedelta(hours=1), None),
        (LONG_AGO, "plan"),
        (LONG_AGO.replace(year=2027), None),
    ):
        [part] = applying.parts(at, ((0, Decimal(1)),))
        assert part.commitment == expected


def test_spells_become_hours() -> None:
    start = datetime(2026, 10, 5, 6, 50, tzinfo=UTC)
    found = spread(
        [(start, start.replace(hour=8, minute=15)), (start.replace(hour=8, minute=45), start.replace(hour=9, minute=0))]
    )
    assert {at.hour: share for at, share in found.items()} == {
        6: Decimal("0.16666667"),
        7: Decimal(1),
        8: Decimal("0.5"),
    }
    assert spread([(start, start)]) == {}


def test_months() -> None:
    assert month_of(AT) == datetime(2026, 10, 1, tzinfo=UTC)
    assert month_after(datetime(2026, 12, 1, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)
