from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.commitments.sizing.test_demand import ACCOUNT, OTHER, START, look, sample

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.model import Attributes
from lamplighter.commitments.sizing.demand import Demand, build, unscheduled
from lamplighter.commitments.sizing.recommend import Options, recommend
from lamplighter.commitments.sizing.recommendation import Bought, Recommendation
from lamplighter.commitments.sizing.wishes import Wishes
from lamplighter.errors import UsageError
from lamplighter.lake.usage import UsageSample
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import OfferingClass, Payment, Plan, PlanRate, ReservationOffer, Terms
from lamplighter.pricing.price import HOURS, Price, PriceKey, ec2_key

DAY = date(2026, 11, 1)
NOW = datetime(2026, 11, 30, tzinfo=UTC)
YEAR, THREE = Terms(1, Payment.NO_UPFRONT), Terms(3, Payment.ALL_UPFRONT)
LARGE, XLARGE = ec2_key("eu-west-1", "m5.large"), ec2_key("eu-west-1", "m5.xlarge")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def offer(key: PriceKey, terms: Terms, upfront: str, hourly: str) -> ReservationOffer:
    return ReservationOffer(key, terms, usd(upfront), usd(hourly), DAY, "by hand")


BOOK = PriceBook.from_prices(
    {
        LARGE: Price(usd("0.10"), HOURS, DAY, "by hand"),
        XLARGE: Price(usd("0.20"), HOURS, DAY, "by hand"),
    },
    offers=[offer(LARGE, YEAR, "0", "0.06"), offer(LARGE, THREE, "1051.2", "0"), offer(XLARGE, YEAR, "0", "0.12")],
    rates=[
        PlanRate(Plan.EC2_INSTANCE, LARGE, YEAR, usd("0.065"), DAY, "by hand"),
        PlanRate(Plan.EC2_INSTANCE, XLARGE, YEAR, usd("0.130"), DAY, "by hand"),
        PlanRate(Plan.EC2_INSTANCE, LARGE, THREE, usd("0.042"), DAY, "by hand"),
        PlanRate(Plan.COMPUTE, LARGE, YEAR, usd("0.075"), DAY, "by hand"),
        PlanRate(Plan.COMPUTE, XLARGE, YEAR, usd("0.150"), DAY, "by hand"),
    ],
)
ONE_YEAR = Wishes(years=(1,), payments=(Payment.NO_UPFRONT,))


def month(samples: list[UsageSample], hours: int) -> Demand:
    accounts = sorted({each.account for each in samples})
    looks = [look(hour, account=account) for hour in range(hours) for account in accounts]
    return build(samples, looks, START, START + timedelta(hours=hours))


def office(hours: int = 100) -> Demand:
    """4 instances always, 10 in 70 hours of 100, 12 in 40 of them."""
    levels = [12 if hour % 100 < 40 else 10 if hour % 100 < 70 else 4 for hour in range(hours)]
    return month([sample(hour, str(many)) for hour, many in enumerate(levels)], hours)


def reservation(count: int, end: datetime | None, **changed: object) -> Held:
    made = Held(
        "ec2", "r-1", "arn:r-1", OTHER, "payer", "eu-west-1", "ri-ec2", "linux-m5.large",
        Attributes("ec2", "eu-west-1", "m5", "Linux"), "m5.large", "large", Decimal(count), "", Decimal(4), None, None,
        "No Upfront", OfferingClass.STANDARD, YEAR, START - timedelta(days=300), end, usd("0"), usd("0.06"),
        "active", NOW,
    )  # fmt: skip
    return replace(made, **changed)  # type: ignore[arg-type]


def by_hand(demand: Demand, held: tuple[Held, ...] = (), wishes: Wishes = ONE_YEAR) -> Recommendation:
    return recommend(demand, BOOK, held, NOW, wishes)


def test_ten_are_reserved_and_nothing_else_pays() -> None:
    """10 are in use in 70 % of the hours (above 60 %), 2 more in 40 %: less than 60 and less than 75 %."""
    found = by_hand(office())
    (line,) = found.lines
    assert (line.what, line.resource_type, line.quantity, line.terms) == (
        Bought.RESERVATION,
        "m5.large",
        Decimal(10),
        YEAR,
    )
    assert line.break_even == Decimal("0.6")
    assert line.utilisation == Decimal("0.82")
    assert line.monthly == usd("438")
    assert line.saving == usd("160.6")  # (8.2 x 0.10 - 10 x 0.06) x 730
    assert line.break_even_months == 0.0
    # On demand: 40 x 12 + 30 x 10 + 30 x 4 instance hours of 100.
    assert found.before == found.list_cost == usd("657")
    assert found.after == usd("496.4")
    assert found.saving == line.saving
    assert found.after - usd("0.001") < found.bound <= found.after
    assert found.gap == pytest.approx(0.0, abs=1e-6)
    why = found.explanations[1]
    assert why.ratio == pytest.approx(0.6)
    assert why.last_utilisation == pytest.approx(0.7)
    assert why.next_utilisation == pytest.approx(0.4)
    assert why.last == pytest.approx(0.7 / 0.6)
    assert why.next == pytest.approx(0.4 / 0.6)
    assert dict(why.quantiles)[95] == 4.0
    assert dict(why.quantiles)[60] == 10.0
    assert dict(why.quantiles)[40] == 12.0
    told = {each.what: each.more for each in why.alternatives}
    assert told == {"one fewer": usd("7.3"), "one more": usd("14.6"), "none of it": usd("160.6")}
    (pool,) = found.pools
    assert pool.levels is not None
    assert pool.best is not None
    assert (pool.levels.p5, pool.levels.p50, pool.levels.p95, pool.best.count) == (4.0, 10.0, 12.0, 10)


def test_longer_terms_reach_further_up_and_interest_pulls_back() -> None:
    """0.04 of 0.10 over three years, paid at once: 40 % of the hours do not exceed it; with interest it is dearer."""
    both = replace(ONE_YEAR, years=(1, 3), payments=tuple(Payment))
    (line,) = by_hand(office(), wishes=both).lines
    assert (line.terms, line.quantity, line.upfront) == (THREE, Decimal(10), usd("10512"))
    assert line.break_even_months == pytest.approx(10512 / (0.82 * 730))
    dear = by_hand(office(), wishes=replace(both, capital_rate=0.40))
    assert dear.lines[0].terms == YEAR
    assert any("40 % a year" in said for said in dear.assumptions)


def test_what_is_held_is_taken_off_until_it_ends() -> None:
    lasting = by_hand(office(), (reservation(6, None),))
    assert lasting.lines[0].quantity == 4
    # It covers 4 in 30 % of the hours, 6 in 70 %: 5.4 x 0.10 x 730.
    assert lasting.before == usd("262.8")
    # It ends after a tenth of the year: 10 pay for 90 % of the time at 70 %, the last six 63 %, above 60 %.
    short = by_hand(office(), (reservation(6, NOW + timedelta(hours=876)),))
    assert short.lines[0].quantity == 10
    # It ends after half of it: the last six would be in use in 35 % of the time.
    half = by_hand(office(), (reservation(6, NOW + timedelta(hours=4380)),))
    assert half.lines[0].quantity == 4
    ended = by_hand(office(), (reservation(6, NOW - timedelta(hours=1)),))
    assert ended.lines[0].quantity == 10


def test_hours_that_a_schedule_puts_out_are_not_bought() -> None:
    """8 run in 50 of 100 hours and stand still in the others: as if they always ran, all 8 would be reserved."""
    hours = 100
    samples = [
        sample(hour, "8", schedule="office")
        if hour < 50
        else sample(hour, "0", schedule="office", scheduled_off=Decimal(8))
        for hour in range(hours)
    ]
    demand = month(samples, hours)
    found = recommend(demand, BOOK, (), NOW, ONE_YEAR, awake=unscheduled(demand))
    assert found.lines == ()
    assert found.before == found.after == usd("292")
    waste = found.waste
    assert waste is not None
    # 8 x 0.06 for every hour, of which half is used in place of 0.10.
    assert (waste.bought, waste.unused, waste.wasted) == (usd("350.4"), usd("175.2"), usd("58.4"))
    assert waste.cost == usd("350.4")
    assert waste.off == Decimal(8 * 365)
    assert by_hand(demand).waste is None


def test_a_ladder_buys_the_same_by_and_by() -> None:
    found = recommend(office(), BOOK, (), NOW, ONE_YEAR, options=Options(months=4))
    assert [rung.buy[1] for rung in found.ladder] == [2, 3, 3, 2]
    assert found.ladder[-1].cost == found.after
    # The first four are always in use: each saves 0.04 an hour. The others 0.10 x 0.7 - 0.06.
    assert found.ladder[0].cost == usd("657") - usd("58.4")
    assert found.ladder_cost == sum((rung.cost - found.after for rung in found.ladder), usd("0"))


@pytest.mark.slow
def test_weeks_drawn_anew_and_later_weeks_tell_how_sure_it_is() -> None:
    found = by_hand(office(1000))
    assert found.range is not None
    low, high = found.range
    assert low <= found.saving <= high
    assert low < high
    (line,) = found.lines
    assert line.low is not None
    assert line.high is not None
    assert line.low <= 10 <= line.high
    assert found.regret is not None
    assert (found.regret.trained, found.regret.scored) == (648, 352)
    assert found.regret.best <= found.regret.cost <= found.regret.before
    assert found.regret.regret == found.regret.cost - found.regret.best
    # The same draws again: the seed is fixed.
    assert by_hand(office(1000)).range == found.range
    short = by_hand(office(100))
    assert (short.range, short.regret, short.lines[0].low) == (None, None, None)


def test_accounts_that_do_not_share_buy_for_themselves() -> None:
    """Each account is up in half of the hours, in turn: together always, alone 50 %."""
    samples = [sample(hour, "5", account=ACCOUNT if hour % 2 else OTHER) for hour in range(100)]
    demand = month(samples, 100)
    assert by_hand(demand).lines[0].quantity == 5
    alone = by_hand(demand, wishes=replace(ONE_YEAR, shared=False))
    assert alone.lines == ()


def test_sizes_are_bought_as_the_smallest_in_use() -> None:
    demand = month(
        [each for hour in range(50) for each in (sample(hour, "1"), sample(hour, "2", resource_type="m5.xlarge"))], 50
    )
    (line,) = by_hand(demand).lines
    assert (line.resource_type, line.quantity, line.utilisation) == ("m5.large", Decimal(5), Decimal(1))


def test_what_has_no_price_or_offer_is_named_and_not_counted() -> None:
    samples = [
        each
        for hour in range(30)
        for each in (
            sample(hour, "1"),
            sample(hour, "3", resource_type="x9.huge"),
            sample(hour, "1", service="dynamodb", resource_type="read", platform="", deployment="", zone=""),
        )
    ]
    looks = [look(hour, service=service) for hour in range(30) for service in ("ec2", "dynamodb")]
    found = by_hand(build(samples, looks, START, START + timedelta(hours=30)))
    assert found.list_cost == usd("73")
    assert "ec2 x9.huge Linux in eu-west-1: no price on demand in USD" in found.unknown
    assert "dynamodb read in eu-west-1: no reservation is known at all" in found.unknown


def test_no_known_hour_is_said() -> None:
    demand = build([], [look(0, None, "denied")], START, START + timedelta(hours=1))
    with pytest.raises(UsageError, match="no hour is known"):
        by_hand(demand)


def test_that_nothing_was_in_use_is_said() -> None:
    demand = build([], [look(0)], START, START + timedelta(hours=1))
    with pytest.raises(UsageError, match="nothing was in use that a commitment could cover"):
        by_hand(demand)


def test_that_too_few_hours_are_known_of_a_target_is_said() -> None:
    samples = [sample(hour) for hour in range(3)]
    looks = [look(hour, *(() if hour < 3 else (None, "denied"))) for hour in range(10)]
    demand = build(samples, looks, START, START + timedelta(hours=10))
    with pytest.raises(UsageError, match=r"set aside were 1 targets, least is known of .* ec2 \(3 of 10 hours\)"):
        by_hand(demand)


def test_a_compute_plan_covers_what_no_reservation_is_offered_for() -> None:
    book = PriceBook.from_prices(
        {XLARGE: Price(usd("0.20"), HOURS, DAY, "by hand")},
        rates=[PlanRate(Plan.COMPUTE, XLARGE, YEAR, usd("0.150"), DAY, "by hand")],
    )
    demand = month([sample(hour, "2", resource_type="m5.xlarge") for hour in range(24)], 24)
    found = recommend(demand, book, (), NOW, ONE_YEAR)
    (line,) = found.lines
    assert (line.what, line.service, line.region, line.quantity) == (Bought.SAVINGS_PLAN, "Compute", "", Decimal("0.3"))
    assert (line.hourly, line.upfront, line.utilisation) == (usd("0.3"), usd("0"), Decimal(1))
    assert found.saving == usd("73")
    assert line.break_even is None
    assert "1.333" in line.why
