"""What AWS offers to those who commit: reservations and Savings Plans, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lamplighter.pricing.money import Money
from lamplighter.pricing.price import PriceKey

YEAR_HOURS: Final = 8760
"""Hours of a year as AWS amortises them: 365 days of 24 hours."""


class Payment(StrEnum):
    """How a commitment is paid, as AWS spells it."""

    NO_UPFRONT = "No Upfront"
    PARTIAL_UPFRONT = "Partial Upfront"
    ALL_UPFRONT = "All Upfront"


class OfferingClass(StrEnum):
    """Whether a reservation can be exchanged."""

    STANDARD = "standard"
    CONVERTIBLE = "convertible"


@dataclass(frozen=True, slots=True, order=True)
class Terms:
    """How long, how paid.

    Attributes:
        years: 1 or 3.
        payment: how it is paid.
        offering_class: of EC2 reservations; `standard` for everything else.
    """

    years: int
    payment: Payment
    offering_class: OfferingClass = OfferingClass.STANDARD

    @property
    def hours(self) -> int:
        """Hours of the whole term."""
        return self.years * YEAR_HOURS


@dataclass(frozen=True, slots=True)
class ReservationOffer:
    """A reservation that can be bought, for one instance.

    Attributes:
        key: what it covers, in the words of its on-demand price.
        terms: how long, how paid.
        upfront: paid at once; zero for No Upfront.
        hourly: paid each hour of the term, used or not; zero for All Upfront.
        as_of: the day the source read the figures from AWS.
        source: where they come from, for people.
        estimated: True when they are derived, or listed for something slightly different.
    """

    key: PriceKey
    terms: Terms
    upfront: Money
    hourly: Money
    as_of: date
    source: str
    estimated: bool = False

    @property
    def effective(self) -> Money:
        """What an hour of it costs with the upfront payment spread over the term."""
        return Money(self.upfront.amount / self.terms.hours, self.upfront.currency) + self.hourly


@dataclass(frozen=True, slots=True)
class PlanRate:
    """What one hour (or GB, or request) of usage draws on a Savings Plan.

    Attributes:
        plan: `Compute`, `EC2Instance`, `SageMaker` or `Database`.
        key: the usage, in the words of its on-demand price.
        terms: how long, how paid.
        rate: drawn on the commitment by one unit of it.
        as_of: the day the source read the figure from AWS.
        source: where it comes from, for people.
        estimated: True when it is derived.
    """

    plan: str
    key: PriceKey
    terms: Terms
    rate: Money
    as_of: date
    source: str
    estimated: bool = False

    def saving(self, on_demand: Money) -> Decimal:
        """Share of the on-demand price that it saves, 0 to 1; below 0 if it costs more.

        Raises:
            ValueError: the prices are in different currencies.
        """
        return (on_demand - self.rate).amount / on_demand.amount
