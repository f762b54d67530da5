"""Everything side by side: usage, what is held, what can be bought.

An hour of the sample stands for hours to come. What is held ends at different times, so the time ahead is cut where
something expires, and each part sees every hour of the sample with what is then still in force, weighted by its length.
Hours that are alike are counted, not repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.apply import covers, plan_rate, takes
from lamplighter.commitments.model import Reservation, SavingsPlan, Use
from lamplighter.commitments.sizing.breakpoints import STEP
from lamplighter.commitments.sizing.capital import hourly_cost
from lamplighter.pricing.offers import Terms

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Bools, Floats

MOST_PARTS: Final = 6
"""Expiries beyond these fall together with the nearest: each part repeats all hours."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """Something that covers usage: a commitment that is held, or one purchase of what is on offer.

    Attributes:
        id: unique.
        made: what is held; or what one purchase brings: one reservation (or block of them), one unit of money an hour.
        terms: of an offer; None for what is held.
        upfront: of an offer: paid at once for one purchase.
        hourly: of an offer: paid each hour for one purchase.
        end: of what is held: when it ends; None if that is not known (it then stays in force).
    """

    id: str
    made: Reservation | SavingsPlan
    terms: Terms | None = None
    upfront: Decimal = Decimal(0)
    hourly: Decimal = Decimal(0)
    end: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether it is there already."""
        return self.terms is None

    @property
    def capacity(self) -> Decimal:
        """What an hour of one brings: units (size-flexible), instances (other reservations) or money (plans)."""
        if isinstance(self.made, SavingsPlan):
            return self.made.commitment
        flexible = self.made.units is not None and not self.made.zone
        return self.made.count * (self.made.units or 1 if flexible else 1)

    @property
    def step(self) -> Decimal:
        """The smallest purchase."""
        return STEP if isinstance(self.made, SavingsPlan) else Decimal(1)

    def draw(self, use: Use) -> Decimal | None:
        """What one of a use takes of the capacity; None if it cannot be covered."""
        made = self.made
        if made.account != use.account and not made.shared:
            return None
        if isinstance(made, SavingsPlan):
            return plan_rate(use, made) if takes(use, made) else None
        if not covers(use, made):
            return None
        return use.units if made.units is not None and not made.zone else Decimal(1)

    def cost(self, capital_rate: float = 0.0) -> float:
        """What an hour of one purchase costs, its upfront payment spread with interest; nothing more if it is held."""
        if self.terms is None:
            return 0.0
        return hourly_cost(float(self.upfront), float(self.hourly), self.terms.hours, capital_rate)

    @property
    def amortised(self) -> Decimal:
        """What an hour of one purchase costs, its upfront payment spread evenly, as bills show it."""
        return Decimal(0) if self.terms is None else self.upfront / self.terms.hours + self.hourly


@dataclass(frozen=True, slots=True)
class Problem:
    """What to size.

    Attributes:
        items: usages, each with quantity 1; columns of `quantity`.
        quantity: hours x usages; hours that are alike are one row.
        weight: how often each row occurs.
        instruments: what is held, then what is on offer; AWS applies them in this order among equals.
        in_force: hours x instruments.
        capital_rate: of a year, what money costs: 0.08 for 8 %.
    """

    items: tuple[Use, ...]
    quantity: Floats
    weight: Floats
    instruments: tuple[Instrument, ...]
    in_force: Bools
    capital_rate: float = 0.0

    @property
    def offers(self) -> list[int]:
        """Places of the instruments that can be bought."""
        return [place for place, each in enumerate(self.instruments) if not each.held]

    @property
    def costs(self) -> Floats:
        """What an hour of one of each instrument costs."""
        import numpy as np

        return np.array([each.cost(self.capital_rate) for each in self.instruments])

    @property
    def draws(self) -> Floats:
        """Instruments x usages: share of one purchase (or of what is held) that one of a usage takes, or NaN."""
        import numpy as np

        found = np.full((len(self.instruments), len(self.items)), np.nan)
        for row, each in enumerate(self.instruments):
            for column, use in enumerate(self.items):
                drawn = each.draw(use)
                if drawn is not None and each.capacity > 0:
                    found[row, column] = float(drawn / each.capacity)
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time ahead.

    Attributes:
        hours: its length.
        ended: ids of what is held that has ended before it.
    """

    hours: int
    ended: frozenset[str]


def parts(held: Sequence[Instrument], begin: datetime, hours: int, most: int = MOST_PARTS) -> list[Part]:
    """The time ahead, cut where something that is held expires.

    Args:
        held: what is held.
        begin: when a purchase would begin.
        hours: how far to look ahead.
        most: how many parts at most; the shortest are joined with the one before.
    """
    hour = timedelta(hours=1)
    ends = {each.id: min(max(int((each.end - begin) / hour), 0), hours) for each in held if each.end is not None}
    cuts = sorted({0, *(end for end in ends.values() if end < hours)})
    while len(cuts) > most:
        lengths = [after - before for before, after in zip(cuts, [*cuts[1:], hours], strict=True)]
        del cuts[min(range(1, len(cuts)), key=lambda place: lengths[place])]
    found = []
    for begins, ends_at in zip(cuts, [*cuts[1:], hours], strict=True):
        middle = (begins + ends_at) / 2
        found.append(Part(ends_at - begins, frozenset(each for each, end in ends.items() if end <= middle)))
    return found


def assemble(
    items: Sequence[Use],
    quantity: Floats,
    held: Sequence[Instrument],
    offers: Sequence[Instrument],
    *,
    ahead: Sequence[Part] = (Part(1, frozenset()),),
    capital_rate: float = 0.0,
) -> Problem:
    """A problem from usage by the hour.

    Args:
        items: usages, each with quantity 1.
        quantity: hours x usages.
        held: what is held.
        offers: what can be bought.
        ahead: parts of the time ahead, see `parts`.
        capital_rate: of a year.

    Raises:
        ValueError: there is no hour.
    """
    import numpy as np

    if not len(quantity):
        raise ValueError("no hour is known")
    instruments = (*held, *offers)
    # Adding zero makes minus zero plain, so that equal hours are equal bytes.
    rows, counts = _alike(np.ascontiguousarray(quantity, dtype=np.float64) + 0.0)
    force = [np.array([each.id not in part.ended for each in instruments], dtype=bool) for part in ahead]
    return Problem(
        tuple(items),
        np.concatenate([rows] * len(ahead)),
        np.concatenate([counts * part.hours for part in ahead]).astype(np.float64),
        instruments,
        np.concatenate([np.broadcast_to(each, (len(rows), len(instruments))) for each in force]),
        capital_rate,
    )


def _alike(quantity: Floats) -> tuple[Floats, Floats]:
    """Different rows in order of first appearance, and how often each occurs."""
    import numpy as np

    places: dict[bytes, int] = {}
    found = np.array([places.setdefault(row.tobytes(), len(places)) for row in quantity])
    firsts = np.unique(found, return_index=True)[1]
    return quantity[firsts], np.bincount(found).astype(np.float64)


def amounts_of(problem: Problem, bought: Mapping[str, Decimal]) -> tuple[Decimal, ...]:
    """How much of each instrument: what is held once, and what is bought by id."""
    return tuple(Decimal(1) if each.held else bought.get(each.id, Decimal(0)) for each in problem.instruments)
