"""One hour with what had been bought applied to it, in parts that add up to the last digit.

Who covers what is `lamplighter.commitments.apply`; here its exact parts are rounded to the digits of a bill: quantities
to eight decimals, amounts to ten, so that parts still add up to their use, and a used-up plan to its commitment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from lamplighter.commitments.apply import apply
from lamplighter.commitments.model import Applied, Use
from lamplighter.estate.bill.meters import Meter, rounded
from lamplighter.estate.bill.used import FINE, Bought, Quantities


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what a meter counted in an hour.

    Attributes:
        meter: its number.
        quantity: how much.
        commitment: ARN of what covers it, or None.
        drawn: money it draws on a Savings Plan; zero otherwise.
    """

    meter: int
    quantity: Decimal
    commitment: str | None
    drawn: Decimal


class Applying:
    """Applies what had been bought hour by hour.

    Args:
        meters: everything that is metered.
        bought: what had been bought.
    """

    def __init__(self, meters: Sequence[Meter], bought: Bought) -> None:
        self._meters = meters
        self._bought = bought

    def parts(self, at: datetime, quantities: Quantities) -> Sequence[Part]:
        """The parts of an hour that begins at `at`, an aware time."""
        reservations = [each.holds for each in self._bought.reservations if each.start <= at < each.end]
        plans = [each.holds for each in self._bought.plans if each.start <= at < each.end]
        uses = [
            Use(
                str(number), meter.account, quantity, meter.rate, meter.plan_rates, meter.attributes, meter.size,
                meter.zone, meter.units,
            )
            for number, quantity in quantities
            if (meter := self._meters[number]).attributes is not None or meter.plan_rates
        ]  # fmt: skip
        covered = tuple(_rounded(uses, apply(uses, reservations, plans)))
        named = {part.meter for part in covered}
        plain = (Part(number, much, None, Decimal(0)) for number, much in quantities if number not in named)
        return (*covered, *plain)


def _rounded(uses: Sequence[Use], applied: Applied) -> Iterator[Part]:
    left = {use.id: use.quantity for use in uses}
    last = {portion.use: number for number, portion in enumerate(applied.portions)}
    ends = {portion.commitment: number for number, portion in enumerate(applied.portions)}
    money = {name: used for name, used in applied.used.items() if not applied.unused[name]}
    for number, portion in enumerate(applied.portions):
        final = last[portion.use] == number
        quantity = left[portion.use] if final else portion.quantity.quantize(FINE, ROUND_DOWN)
        left[portion.use] -= quantity
        drawn = rounded(portion.cost, ROUND_DOWN) if portion.commitment else Decimal(0)
        if portion.commitment in money:
            if ends[portion.commitment] == number and portion.cost:
                drawn = rounded(money[portion.commitment])
            money[portion.commitment] -= drawn
        if quantity or drawn:
            yield Part(int(portion.use), quantity, portion.commitment, drawn)
