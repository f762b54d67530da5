from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.commitments.estate import facts, held

from lamplighter.commitments.coverage import Blind, measure
from lamplighter.commitments.matching import price_key
from lamplighter.commitments.model import PlanKind, Target
from lamplighter.commitments.totals import By, coverage_by, utilisation_by
from lamplighter.commitments.used import NOBODY, what_ran
from lamplighter.lake.usage import Look, Source, UsageSample
from lamplighter.pricing import Money, Payment, PriceBook, Terms, ec2_key

START = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = START + 4 * HOUR
SHOP = "111122223333"
BOOK = PriceBook.bundled()
UNPRICED = (
    "no price on demand is known of m5.huge in us-east-1, write in us-east-1: "
    "counted in hours, their money is not known"
)  # fmt: skip
EC2 = Target(SHOP, "us-east-1", "ec2")


def sample(hour: int, quantity: str, service: str = "ec2", kind: str = "m5.large", **more: object) -> UsageSample:
    platform = {"ec2": "Linux", "rds": "postgres"}.get(service, "")
    one = UsageSample(
        START + hour * HOUR, 1, SHOP, "shop", "us-east-1", service, kind, platform, "", "", "", Decimal(quantity)
    )
    return replace(one, **more)  # type: ignore[arg-type]


def look(hour: int, source: Source | None = Source.COLLECTED, reason: str = "", service: str = "ec2") -> Look:
    return Look(START + hour * HOUR, SHOP, "shop", "us-east-1", service, source, reason)


def test_alike_usage_is_added_up_without_spot() -> None:
    samples = [
        sample(0, "3", spot=Decimal(1), schedule="office"),
        sample(0, "2", schedule="always"),
        sample(1, "1", spot=Decimal(1)),
        sample(1, "4", zone="us-east-1b"),
    ]
    ran = what_ran(samples, [look(2), look(3)], START, END, BOOK)
    assert facts(*(ran.hours[START + number * HOUR] for number in range(4))) == (((0, 4),), ((1, 4),), (), ())
    assert [facts(each.use.zone, each.use.rate, each.units) for each in ran.items] == [
        ("", Decimal("0.096"), 4),
        ("us-east-1b", Decimal("0.096"), 4),
    ]
    assert facts(ran.blind, ran.notes) == ([], [])


def test_an_hour_that_nobody_looked_at_is_left_out_and_counted() -> None:
    looks = [look(0), look(1, None, "AccessDenied"), look(2, None, "AccessDenied")]
    ran = what_ran([sample(0, "1")], looks, START, END, BOOK)
    assert list(ran.hours) == [START]
    assert ran.blind == [Blind(EC2, 3, "AccessDenied")]
    assert ran.unknown[END - HOUR] == {EC2}
    nobody = what_ran([sample(0, "1")], [], START, END, BOOK)
    assert nobody.blind == [Blind(EC2, 3, NOBODY)]


def test_one_target_that_refuses_does_not_hide_the_others() -> None:
    looks = [look(hour) for hour in range(4)] + [look(hour, None, "AccessDenied", "rds") for hour in range(4)]
    ran = what_ran([sample(hour, "1") for hour in range(4)], looks, START, END, BOOK)
    assert len(ran.hours) == 4
    assert ran.blind == [Blind(Target(SHOP, "us-east-1", "rds"), 4, "AccessDenied")]


def test_a_sample_of_a_day_counts_in_each_hour_of_the_span() -> None:
    daily = replace(sample(-2, "3", "redshift", "ra3.xlplus"), hours=24)
    ran = what_ran([daily], [], START, END, BOOK)
    assert facts(*(ran.hours[START + number * HOUR] for number in range(4))) == (((0, 3),),) * 4
    [one] = coverage_by(measure(ran.items, ran.hours, []), [By.SERVICE])
    assert facts(one.hours, one.cost) == (12, 12 * Decimal("1.086"))


def test_capacity_units_are_no_hours_and_what_has_no_price_is_named() -> None:
    samples = [sample(0, "100", "dynamodb", "write"), sample(0, "1", kind="m5.huge"), sample(0, "1", "gamelift", "x")]
    ran = what_ran(samples, [], START, START + HOUR, BOOK)
    assert ran.notes == [
        "gamelift: no commitment is known for it, 1 hours of usage left out",
        UNPRICED,
    ]
    totals = {each.group[0]: each for each in coverage_by(measure(ran.items, ran.hours, []), [By.SERVICE])}
    assert facts(totals["dynamodb"].hours, totals["dynamodb"].units, totals["dynamodb"].cost) == (0, 100, None)
    assert facts(totals["ec2"].hours, totals["ec2"].unpriced_hours, totals["ec2"].by_cost) == (1, 1, None)


def test_a_plan_charges_what_the_bill_says_and_else_what_its_terms_cost() -> None:
    given = {"plan": PlanKind.COMPUTE, "commitment": Money(Decimal(1), "USD"), "terms": Terms(3, Payment.NO_UPFRONT)}
    plan = held("arn:sp", SHOP, START, END, Decimal(0), Decimal(1), **given)
    key = ec2_key("us-east-1", "m5.large")
    guessed = what_ran([sample(0, "1")], [], START, END, BOOK, [plan])
    assert guessed.items[0].use.own_rates == {"arn:sp": Decimal("0.049")}
    told = what_ran([sample(0, "1")], [], START, END, BOOK, [plan], {("arn:sp", key): Decimal("0.05")})
    assert told.items[0].use.own_rates == {"arn:sp": Decimal("0.05")}
    [used] = utilisation_by(measure(told.items, told.hours, [plan]), [])
    assert facts(used.used, used.on_demand_cost) == (Decimal("0.05"), Decimal("0.096"))
    yuan = replace(plan, commitment=Money(Decimal(1), "CNY"))
    assert what_ran([sample(0, "1")], [], START, END, BOOK, [yuan]).items[0].use.own_rates == {}


def test_samples_and_the_price_book_speak_of_the_same_things() -> None:
    assert price_key("ec2", "us-east-1", "m5.large", "", "dedicated") is None
    for service, kind, platform, deployment, rate in (
        ("rds", "db.m5.large", "postgres", "multi-az", "0.356"),
        ("elasticache", "cache.m5.large", "redis", "", "0.156"),
        ("opensearch", "m5.large.elasticsearch", "", "", "0.142"),
        ("redshift", "ra3.xlplus", "", "", "1.086"),
    ):
        key = price_key(service, "us-east-1", kind, platform, deployment)
        assert key is not None
        assert BOOK.hourly(key) == Money(Decimal(rate), "USD")
