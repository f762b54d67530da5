from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import GB_MONTH, GIBPS_MONTH, HOURS, IOPS_MONTH, Price, PriceKey, ebs_key
from lamplighter.resources.kind import Kind, Resource, Session, Standing
from lamplighter.resources.registry import kinds
from lamplighter.savings.standing import StandingCost, ask_standing, standing_cost
from lamplighter.schedules.decision import Live

FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
GB, IOPS, GIBPS, HOUR, ODD, YUAN = (
    ebs_key("eu-west-1", name) for name in ("gp3", "gp3-iops", "gp3-throughput", "hour", "odd", "yuan")
)


def price(amount: str, unit: str, currency: str = "USD", *, estimated: bool = False) -> Price:
    return Price(Money(Decimal(amount), currency), unit, date(2026, 1, 1), "a test", estimated)


BOOK = PriceBook.from_prices(
    {
        GB: price("0.08", GB_MONTH),
        IOPS: price("0.005", IOPS_MONTH, estimated=True),
        GIBPS: price("40.96", GIBPS_MONTH),
        HOUR: price("0.005", HOURS),
        ODD: price("1", "Fortnights"),
        YUAN: price("0.6", GB_MONTH, "CNY"),
    }
)


def cost(*standing: tuple[PriceKey, str], start: datetime = FEBRUARY, end: datetime = MARCH) -> StandingCost:
    return standing_cost(BOOK, [Standing(key, Decimal(quantity)) for key, quantity in standing], start, end)


@pytest.mark.parametrize(
    ("key", "quantity", "amount"),
    [(GB, "100", "8"), (IOPS, "1000", "5"), (GIBPS, "0.125", "5.12"), (HOUR, "2", "6.72")],
)
def test_a_whole_month(key: PriceKey, quantity: str, amount: str) -> None:
    found = cost((key, quantity))
    assert found.costs == {"USD": Money(Decimal(amount), "USD")}
    assert (found.whole, found.estimated) == (True, key == IOPS)


def test_a_day_costs_its_share_of_its_month() -> None:
    day = timedelta(days=1)
    assert cost((GB, "280"), end=FEBRUARY + day).costs["USD"].amount == Decimal("0.8")
    assert cost((GB, "310"), start=MARCH, end=MARCH + day).costs["USD"].amount == Decimal("0.8")
    assert cost((GB, "100"), start=FEBRUARY, end=MARCH + timedelta(days=31)).costs["USD"].amount == 16


def test_parts_add_up_in_their_currencies() -> None:
    found = cost((GB, "100"), (GB, "50"), (YUAN, "10"))
    assert found.costs == {"USD": Money(Decimal(12), "USD"), "CNY": Money(Decimal(6), "CNY")}


@pytest.mark.parametrize("unknown", [ODD, ebs_key("eu-west-1", "io9")])
def test_what_has_no_price_is_missing_and_not_nothing(unknown: PriceKey) -> None:
    assert cost((GB, "100"), (unknown, "1")) == StandingCost({"USD": Money(Decimal(8), "USD")}, whole=False)
    assert cost((unknown, "1")) == StandingCost({}, whole=False)
    assert standing_cost(BOOK, None, FEBRUARY, MARCH) == StandingCost({}, whole=False)
    assert cost() == StandingCost({}, whole=True)


# --- asking --------------------------------------------------------------------------------------------

HERE, THERE = Target("111122223333", "eu-west-1"), Target("444455556666", "eu-west-1")


class Disk(type(kinds()["ec2-instance"])):  # type: ignore[misc]
    """A kind whose every resource has a disk; in one account it may not be asked."""

    name = "disk"

    def standing(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, tuple[Standing, ...] | None]:
        if session.target == THERE:
            raise AccessDenied("not allowed")
        return {resource.id: (Standing(GB, Decimal(8)),) for resource in resources}


class Broken(Disk):
    """A kind with a mistake in it."""

    name = "broken"

    def standing(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, tuple[Standing, ...] | None]:
        raise KeyError("Size")


class Silent(type(kinds()["ec2-instance"])):  # type: ignore[misc]
    """A kind that does not say."""

    name = "silent"
    standing = Kind.standing


ALL: dict[str, Kind] = {"disk": Disk(), "broken": Broken(), "silent": Silent()}


class Here:
    """A session that only knows where it is."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        raise AssertionError(f"{service} {operation} {params}")

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Any:
        raise AssertionError(f"{service} {operation} {key} {params}")


def resource(kind: str, target: Target, id_: str = "a") -> Resource:
    arn = f"arn:aws:x:{target.region}:{target.account}:{id_}"
    return Resource(kind, id_, arn, target.account, target.region, id_, {}, "office", Live.RUNNING, "running")


def test_every_kind_is_asked_in_every_target() -> None:
    resources = {HERE: [resource("disk", HERE), resource("disk", HERE, "b"), resource("silent", HERE)]}
    asked = ask_standing(resources, ALL, Here, threads=2)
    disk = (Standing(GB, Decimal(8)),)
    assert asked.found == {(HERE, "disk/a"): disk, (HERE, "disk/b"): disk, (HERE, "silent/a"): None}
    assert asked.failures == []


def test_a_kind_or_target_that_fails_stops_no_other() -> None:
    resources = {
        HERE: [resource("disk", HERE)],
        THERE: [resource("disk", THERE), resource("silent", THERE)],
    }
    asked = ask_standing(resources, ALL, Here, threads=2)
    assert asked.found == {(HERE, "disk/a"): (Standing(GB, Decimal(8)),), (THERE, "silent/a"): None}
    assert [(target, type(error)) for target, error in asked.failures] == [(THERE, AccessDenied)]
    asked = ask_standing({HERE: [resource("broken", HERE)], THERE: []}, ALL, Here, threads=1)
    assert asked.found == {}
    [(target, error)] = asked.failures
    assert (target, "unexpected KeyError" in error.message) == (HERE, True)
