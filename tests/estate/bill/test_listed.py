from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.estate.bill.conftest import FIFTH, Estate

from lamplighter.commitments.holdings import Held, plans_at, reservations_at
from lamplighter.commitments.matching import elasticache_fit, opensearch_fit, redshift_fit
from lamplighter.commitments.model import Reservation
from lamplighter.commitments.registry import sources
from lamplighter.commitments.source import Where
from lamplighter.estate import wire
from lamplighter.estate.bill.listed import listed
from lamplighter.estate.bill.used import Bought, Reserved
from lamplighter.estate.strict_commitments import LISTINGS, Commitments, PlantedCommitments
from lamplighter.pricing.money import Money


def read(planted: Mapping[str, Any], at: datetime) -> list[Held]:
    """What the inventory makes of the rows, after botocore has parsed them."""
    commitments = Commitments()
    commitments.plant(PlantedCommitments.model_validate(planted))
    found = []
    for (service, account, region), rows in commitments.rows.items():
        listing = next(each for each in LISTINGS.values() if each.service == service)
        source = sources()["savings-plans" if service == "savingsplans" else service]
        where = Where(account, account, region or "us-east-1", at)
        parsed = wire.parsed(service, listing.operation, {listing.key: rows})[listing.key]
        found += [source.held(row, where) for row in parsed]
    return found


def test_bill_and_inventory_know_the_same_commitments(small: Estate) -> None:
    held = read(listed(small.bought, FIFTH), FIFTH)
    by_arn = {each.arn: each for each in held}
    reservations = {each.id: each for each in reservations_at(held, FIFTH)}
    assert reservations == {each.holds.id: each.holds for each in small.bought.reservations}
    assert {each.id: each for each in plans_at(held, FIFTH)} == {
        each.holds.id: each.holds for each in small.bought.plans
    }
    for each in small.bought.reservations:
        found = by_arn[each.holds.id]
        assert (found.start, found.end) == (each.start, each.end)
        assert found.effective is not None
        assert abs(found.effective.amount - each.upfront_hour - each.hourly) < Decimal("0.00000001")
        assert found.notes == ()
    for plan in small.bought.plans:
        assert by_arn[plan.holds.id].upfront == Money(plan.upfront, "USD")
        assert by_arn[plan.holds.id].hourly == Money(plan.hourly, "USD")


@pytest.mark.parametrize(("days", "state"), [(-1, "queued"), (0, "active"), (364, "active"), (365, "retired")])
def test_states_are_those_of_the_time(small: Estate, days: int, state: str) -> None:
    one = replace(small.bought.reservations[0], start=FIFTH)
    [found] = read(listed(Bought((one,)), FIFTH + timedelta(days=days)), FIFTH)
    assert found.state == state


@pytest.mark.parametrize(
    ("service", "kind", "value"),
    [
        ("elasticache", "cache.r6g.large", "cache.r6g.large"),
        ("opensearch", "m5.large.search", "m5.large.elasticsearch"),
        ("redshift", "ra3.4xlarge", "ra3.4xlarge"),
    ],
)
def test_other_services(small: Estate, service: str, kind: str, value: str) -> None:
    fit = {
        "elasticache": elasticache_fit("eu-west-1", kind, "redis"),
        "opensearch": opensearch_fit("eu-west-1", kind),
        "redshift": redshift_fit("eu-west-1", kind),
    }[service]
    end = "00000009-2222-3333-4444-555566667777"
    arn = {
        "elasticache": f"arn:aws:elasticache:eu-west-1:111122223333:reserved-instance:{end}",
        "opensearch": f"arn:aws:es:eu-west-1:111122223333:reserved-instances/{end}",
        "redshift": f"arn:aws:redshift:eu-west-1:111122223333:reserved-node:{end}",
    }[service]
    holds = Reservation(arn, "111122223333", fit.attributes, fit.size, Decimal(2), units=fit.units)
    one: Reserved = replace(small.bought.reservations[0], holds=holds, instance_type=kind)
    [found] = read(listed(Bought((one,)), FIFTH), FIFTH)
    assert reservations_at([found], FIFTH) == [holds]
    assert (found.key.startswith("ri-"), found.value) == (True, value)


def test_a_service_without_a_list_is_refused(small: Estate) -> None:
    one = small.bought.reservations[0]
    odd = replace(one, holds=replace(one.holds, attributes=replace(one.holds.attributes, service="odd")))
    with pytest.raises(ValueError, match="listed by no API"):
        listed(Bought((odd,)), FIFTH)
