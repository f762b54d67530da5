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


class Plan(StrEnum):
    """Kinds of Savings Plans, as the Savings Plans API spells them."""

    COMPUTE = "Compute"
    EC2_INSTANCE = "EC2Instance"
    SAGEMAKER = "SageMaker"
    DATABASE = "Database"


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


def split(effective: Money, terms: Terms) -> tuple[Money, Money]:
    """The upfront and the hourly payment of a reservation of which only the effective hourly price is known.

    No Upfront pays it all by the hour and All Upfront all at once. Partial Upfront pays about half at once: AWS lists
    the hourly part first and rounds it (RDS db.m5.large: 457 USD and 0.0522 USD an hour, of 0.1044), so half of the
    price, rounded to four decimals, is taken to be hourly. Upfront amounts are whole cents.

    Args:
        effective: price of an hour with the upfront payment spread over the term.
        terms: how long, how paid.
    """
    nothing = Money(Decimal(0), effective.currency)
    if terms.payment is Payment.NO_UPFRONT:
        return nothing, effective
    hourly = nothing if terms.payment is Payment.ALL_UPFRONT else (effective * Decimal("0.5")).rounded(4)
    return ((effective - hourly) * terms.hours).rounded(), hourly


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
        plan: which kind of plan.
        key: the usage, in the words of its on-demand price.
        terms: how long, how paid.
        rate: drawn on the commitment by one unit of it.
        as_of: the day the source read the figure from AWS.
        source: where it comes from, for people.
        estimated: True when it is derived.
    """

    plan: Plan
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
