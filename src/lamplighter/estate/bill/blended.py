"""Blended rates: what a unit of a SKU costs on average across the organisation, reserved and on demand together.

The rate of a SKU is what its usage cost on demand, plus the recurring fees that went into reserved usage of it, over
all of that usage; upfront payments do not count. A line's blended cost is that rate times its quantity. Usage that a
Savings Plan covers is neither reserved nor on demand: it keeps its own rate, so that its negation takes back all of it.
What of a recurring fee was not used stays with the fee. So all blended costs of a bill come to its unblended ones, to
the last digits of the rates; discounts have none.

Source: Billing user guide, "Blended rates and costs"; Cost and Usage Report user guide, `lineItem/BlendedRate`,
`lineItem/BlendedCost`. What covered usage and fees have is not said there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from lamplighter.estate.bill.meters import Meter, rounded
from lamplighter.estate.bill.month import Line

Sku = tuple[str, str, str]
"""Product code, usage type, operation."""

_AVERAGED = frozenset({"Usage", "DiscountedUsage"})


def sku(meter: Meter) -> Sku:
    """What a meter is averaged with."""
    return meter.service, meter.usage_type, meter.operation


@dataclass(slots=True)
class Blend:
    """Usage and its cost, by SKU.

    Attributes:
        quantities: how much was used.
        costs: what of it is averaged.
        reserved: SKUs of which some was reserved; all others cost their own rate.
    """

    quantities: dict[Sku, Decimal] = field(default_factory=dict)
    costs: dict[Sku, Decimal] = field(default_factory=dict)
    reserved: set[Sku] = field(default_factory=set)

    def count(self, line: Line, meter: Meter, times: int) -> None:
        """Count one line in, so many times."""
        if line.kind not in _AVERAGED:
            return
        key, cost = sku(meter), line.cost
        if line.kind == "DiscountedUsage":
            self.reserved.add(key)
            cost = (line.effective or Decimal(0)) - (line.upfront or Decimal(0))
        self.quantities[key] = self.quantities.get(key, Decimal(0)) + line.quantity * times
        self.costs[key] = self.costs.get(key, Decimal(0)) + cost * times

    def rates(self) -> Mapping[Sku, Decimal]:
        """The blended rates of SKUs of which some was reserved, with ten decimals."""
        return {key: rounded(self.costs[key] / self.quantities[key]) for key in sorted(self.reserved)}
