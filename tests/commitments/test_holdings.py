from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.commitments.conftest import NOW, START, WHERE
from tests.commitments.inventory.test_ec2 import row

from lamplighter.commitments.holdings import Held, by_expiry, expiring, in_force, reservations_at, terms_of
from lamplighter.commitments.inventory.ec2 import Ec2
from lamplighter.commitments.model import Attributes, Reservation
from lamplighter.pricing.offers import OfferingClass, Payment, Terms

HELD = Ec2().held(row(), WHERE)
END = datetime(2027, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def held(**changed: object) -> Held:
    return replace(HELD, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [(START - SECOND, False), (START, True), (NOW, True), (END - SECOND, True), (END, False)],
)
def test_it_is_good_from_its_start_to_its_end(at: datetime, expected: bool) -> None:
    assert HELD.in_force(at) is expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("active", True),
        ("exchanging", True),
        ("queued", False),
        ("payment-pending", False),
        ("payment-failed", False),
        ("retired", False),
        ("returned", False),
        ("pending-return", False),
        ("something new", False),
    ],
)
def test_states(state: str, expected: bool) -> None:
    assert held(state=state).in_force(NOW) is expected


def test_one_that_has_ended_was_good_until_then() -> None:
    ended = held(state="retired", end=NOW - timedelta(days=2))
    assert ended.in_force(NOW - timedelta(days=3))
    assert not ended.in_force(NOW)
    assert not ended.lives


def test_one_that_was_retired_before_its_end_is_never_good() -> None:
    assert not held(state="retired").in_force(START)


def test_one_whose_end_is_not_known_goes_on_and_comes_last() -> None:
    endless = held(id="endless", end=None, terms=None)
    assert endless.in_force(NOW + timedelta(days=3650))
    assert endless.lives
    assert endless.effective is None
    assert expiring([endless], NOW, 3650) == []
    assert by_expiry([endless, HELD]) == [HELD, endless]


def test_a_queued_one_counts_from_its_start_when_looking_ahead() -> None:
    queued = held(state="queued", start=NOW + timedelta(days=10))
    later = NOW + timedelta(days=11)
    assert in_force([queued], later) == []
    assert in_force([queued], later, queued=True) == [queued]
    assert in_force([queued], NOW, queued=True) == []
    assert queued.lives


def test_what_is_handed_to_the_simulator() -> None:
    zonal = held(arn="zonal", zone="eu-west-1b", units=None)
    attributes = Attributes("ec2", "eu-west-1", "t2", "Linux", "default")
    assert reservations_at([HELD, zonal, held(state="queued")], NOW) == [
        Reservation(HELD.arn, "111122223333", attributes, "small", Decimal(3), "", Decimal(1)),
        Reservation("zonal", "111122223333", attributes, "small", Decimal(3), "eu-west-1b", None),
    ]


def test_what_ends_soon_comes_in_order() -> None:
    soon, later = held(id="soon", end=NOW + timedelta(days=5)), held(id="later", end=NOW + timedelta(days=30))
    past = held(id="past", end=NOW - timedelta(days=1))
    far = held(id="far", end=NOW + timedelta(days=30, seconds=1))
    assert [each.id for each in expiring([far, later, past, soon], NOW, 30)] == ["soon", "later"]
    assert [each.id for each in by_expiry([far, later, past, soon])] == ["past", "soon", "later", "far"]


@pytest.mark.parametrize(
    ("days", "offering", "expected"),
    [
        (365, "No Upfront", Terms(1, Payment.NO_UPFRONT)),
        (366, "ALL_UPFRONT", Terms(1, Payment.ALL_UPFRONT)),
        (1095, "PARTIAL_UPFRONT", Terms(3, Payment.PARTIAL_UPFRONT)),
        (1096, "partial upfront", Terms(3, Payment.PARTIAL_UPFRONT)),
        (200, "No Upfront", None),
        (365, "Light Utilization", None),
        (365, "", None),
    ],
)
def test_terms(days: int, offering: str, expected: Terms | None) -> None:
    assert terms_of(START, START + timedelta(days=days), offering, OfferingClass.STANDARD) == expected
