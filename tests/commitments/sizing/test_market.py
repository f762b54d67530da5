from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.commitments.sizing.test_demand import ACCOUNT, OTHER, START, look, sample
from tests.commitments.sizing.test_recommend import (
    BOOK,
    DAY,
    LARGE,
    NOW,
    ONE_YEAR,
    THREE,
    XLARGE,
    YEAR,
    by_hand,
    month,
    offer,
    office,
    reservation,
    usd,
)

from lamplighter.commitments.holdings import Held
from lamplighter.commitments.model import PlanKind, SavingsPlan
from lamplighter.commitments.sizing.demand import build
from lamplighter.commitments.sizing.market import Market, market
from lamplighter.commitments.sizing.wishes import Wishes
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Plan, PlanRate, Terms
from lamplighter.pricing.price import HOURS, Price, rds_key


def plan(commitment: str, terms: Terms | None = YEAR, **changed: object) -> Held:
    base = reservation(
        1,
        NOW + timedelta(days=3000),
        source="savings-plans",
        id="sp-1",
        arn="arn:sp-1",
        plan=PlanKind.COMPUTE,
        commitment=usd(commitment),
        attributes=None,
        region="",
        value="",
        terms=terms,
    )
    return replace(base, **changed)  # type: ignore[arg-type]


def found(held: tuple[Held, ...] = (), wishes: Wishes = ONE_YEAR, book: PriceBook = BOOK) -> Market:
    samples = [sample(0, "1"), sample(0, "1", account=OTHER), sample(0, "1", resource_type="m5.xlarge")]
    return market(month(samples, 1), book, held, NOW, wishes)


def test_usage_that_nothing_tells_apart_is_one() -> None:
    together = found()
    assert [(use.account, use.size) for use in together.items] == [("", "large"), ("", "xlarge")]
    assert together.quantity(together.demand).tolist() == [[2.0, 1.0]]
    # An account that holds something comes first for it, so its usage stands apart.
    apart = found((plan("0.1"),))
    assert [(use.account, use.size) for use in apart.items] == [("", "large"), (OTHER, "large"), ("", "xlarge")]
    alone = found(wishes=replace(ONE_YEAR, shared=False))
    assert {use.account for use in alone.items} == {ACCOUNT, OTHER}


def test_offers_of_each_pool_and_scope() -> None:
    there = found()
    assert [each.id for each in there.offers] == [
        "ri:ec2:m5.large:Linux:default:eu-west-1:1y No Upfront",
        "sp:EC2Instance:eu-west-1:m5:1y No Upfront",
        "sp:Compute:1y No Upfront",
    ]
    assert there.items[0].own_rates == {
        "sp:EC2Instance:eu-west-1:m5:1y No Upfront": Decimal("0.065"),
        "sp:Compute:1y No Upfront": Decimal("0.075"),
    }
    made = there.offers[1].made
    assert isinstance(made, SavingsPlan)
    assert (made.kind, made.region, made.family) == (PlanKind.EC2_INSTANCE, "eu-west-1", "m5")


def test_of_terms_that_cover_the_same_the_cheapest_is_kept_and_the_others_remembered() -> None:
    book = PriceBook.from_prices(
        {}, offers=[offer(LARGE, Terms(1, Payment.ALL_UPFRONT), "480", "0"), offer(LARGE, YEAR, "0", "0.06")], base=BOOK
    )
    wishes = replace(ONE_YEAR, payments=(Payment.NO_UPFRONT, Payment.ALL_UPFRONT))
    best = found(wishes=wishes, book=book).offers[0]
    # 480 for 8,760 hours is 0.0548 an hour; at 40 % interest more than 0.06.
    assert best.terms == Terms(1, Payment.ALL_UPFRONT)
    dear = found(wishes=replace(wishes, capital_rate=0.4), book=book)
    assert dear.offers[0].terms == YEAR
    assert [each.terms for each in dear.others[dear.offers[0].id]] == [Terms(1, Payment.ALL_UPFRONT)]


def test_terms_of_plans_that_are_better_for_some_usage_stay() -> None:
    """Three years are cheaper for m5.large only: both terms are worth a thought. Dearer for both: one is not."""
    rates = {(LARGE, THREE): "0.05", (XLARGE, THREE): "0.16"}
    listed = [PlanRate(Plan.COMPUTE, key, terms, usd(rate), DAY, "by hand") for (key, terms), rate in rates.items()]
    wishes = Wishes(years=(1, 3), payments=(Payment.NO_UPFRONT, Payment.ALL_UPFRONT))
    both = found(wishes=wishes, book=PriceBook.from_prices({}, rates=listed, base=BOOK))
    assert [each.id for each in both.offers if "Compute" in each.id] == [
        "sp:Compute:3y All Upfront",
        "sp:Compute:1y No Upfront",
    ]
    worse = [replace(each, rate=each.rate * 4) for each in listed]
    one = found(wishes=wishes, book=PriceBook.from_prices({}, rates=worse, base=BOOK))
    assert [each.id for each in one.offers if "Compute" in each.id] == ["sp:Compute:1y No Upfront"]


def test_a_plan_that_is_held_covers_first() -> None:
    """0.30 an hour of Compute at 0.075 covers 4 instances: of 10 in 70 % of the hours 6 are left to reserve."""
    held = (plan("0.30"),)
    told = by_hand(office(), held)
    # Reservations are applied before plans, so with the plan as it is the best is what serves beside it.
    assert told.before == usd("365")
    assert told.lines[0].quantity == 6
    unknown = by_hand(office(), (plan("0.30", None),))
    assert any("terms of sp-1 are not known" in said for said in unknown.assumptions)


def test_what_is_queued_counts_and_what_has_ended_does_not() -> None:
    queued = reservation(6, NOW + timedelta(days=400), state="queued", start=NOW + timedelta(days=3))
    told = by_hand(office(), (queued,))
    assert told.lines[0].quantity == 4
    assert any("1 purchases that are queued" in said for said in told.assumptions)
    assert found((reservation(6, NOW),)).held == ()
    assert found((reservation(6, None, state="retired"),)).held == ()


def test_a_database_plan_covers_databases_only() -> None:
    key = rds_key("eu-west-1", "db.r7g.large", "postgres")
    book = PriceBook.from_prices({key: Price(usd("0.25"), HOURS, DAY, "by hand")}, base=BOOK)
    samples = [
        sample(0, "1"),
        sample(
            0, "2", service="rds", resource_type="db.r7g.large", platform="postgres", deployment="single-az", zone=""
        ),
    ]
    made = build(samples, [look(0), look(0, service="rds")], START, START + timedelta(hours=1))
    there = market(made, book, (), NOW, ONE_YEAR)
    by_size = {use.attributes.service: set(use.own_rates) for use in there.items if use.attributes}
    assert by_size["rds"] == {"sp:Database:1y No Upfront"}
    assert "sp:Database:1y No Upfront" not in by_size["ec2"]


def test_prices_in_another_currency_are_not_mixed_in() -> None:
    book = PriceBook.from_prices({LARGE: Price(Money(Decimal("0.7"), "CNY"), HOURS, DAY, "by hand")}, base=BOOK)
    there = found(book=book)
    assert [use.size for use in there.items] == ["xlarge"]
    assert "ec2 m5.large Linux in eu-west-1: no price on demand in USD" in there.unknown


def test_a_plan_that_is_held_in_another_currency_covers_nothing_and_is_named() -> None:
    held = (replace(plan("0.30"), commitment=Money(Decimal("0.30"), "CNY")),)
    there = found(held)
    assert there.held == ()
    assert all("arn:sp-1" not in use.own_rates for use in there.items)
    assert there.notes == ("sp-1 is paid in CNY: it covers no usage in USD",)
    chinese = by_hand(office(), held)
    assert chinese.before == by_hand(office()).before
    assert "sp-1 is paid in CNY: it covers no usage in USD" in chinese.assumptions


def test_rates_of_a_held_plan_in_another_currency_are_not_mixed_in() -> None:
    listed = [PlanRate(Plan.COMPUTE, LARGE, YEAR, Money(Decimal("0.5"), "CNY"), DAY, "by hand")]
    there = found((plan("0.30"),), book=PriceBook.from_prices({}, rates=listed, base=BOOK))
    assert [(use.size, "arn:sp-1" in use.own_rates) for use in there.items] == [
        ("large", False),
        ("large", False),
        ("xlarge", True),
    ]


def test_a_price_that_is_not_by_the_hour_stops_nothing_else() -> None:
    book = PriceBook.from_prices({LARGE: Price(usd("0.1"), "GB-Mo", DAY, "by hand")}, base=BOOK)
    there = found(book=book)
    assert [use.size for use in there.items] == ["xlarge"]
    assert "ec2 m5.large Linux in eu-west-1: no price on demand in USD" in there.unknown
