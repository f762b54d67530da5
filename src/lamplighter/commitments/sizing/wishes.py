"""What may be bought, and where prices come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lamplighter.pricing.offers import YEAR_HOURS, Payment, Terms


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be bought.

    Attributes:
        years: lengths of terms.
        payments: ways of paying.
        shared: whether accounts share commitments; otherwise each buys for itself.
        capital_rate: of a year, what money costs: 0.08 for 8 %.
        ahead: hours to look ahead: how long what is held lasts is seen within them.
        currency: ISO 4217 code; usage that is priced in another is left out and named.
    """

    years: tuple[int, ...] = (1, 3)
    payments: tuple[Payment, ...] = tuple(Payment)
    shared: bool = True
    capital_rate: float = 0.0
    ahead: int = YEAR_HOURS
    currency: str = "USD"

    @property
    def terms(self) -> tuple[Terms, ...]:
        """Every combination."""
        return tuple(Terms(years, payment) for years in sorted(self.years) for payment in self.payments)


class Evidence(NamedTuple):
    """Where the prices of an offer come from."""

    source: str
    estimated: bool
