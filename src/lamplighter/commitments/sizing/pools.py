"""Pools: the usage that one kind of reservation can serve, in instances of the size that it would be bought in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.commitments.model import Attributes
from lamplighter.commitments.sizing.shape import block_of

if TYPE_CHECKING:
    from lamplighter.commitments.sizing.demand import Demand, Floats, UsageKey


@dataclass(frozen=True, slots=True)
class Pool:
    """What one kind of reservation serves.

    Attributes:
        account: whose usage; empty for the whole organisation.
        attributes: what the usage has in common.
        size: the size to buy: the smallest in use where reservations are size-flexible, else the only one.
        units: normalised units of one of this size; None where reservations are not size-flexible.
        rows: keys of the demand.
        model: the key whose size is bought.
    """

    account: str
    attributes: Attributes
    size: str
    units: Decimal | None
    rows: tuple[int, ...]
    model: UsageKey

    @property
    def block(self) -> int:
        """How many come in one purchase."""
        return block_of(self.attributes)


def pools(demand: Demand, *, shared: bool = True) -> list[Pool]:
    """Every pool of a demand, in the order of its keys.

    Args:
        demand: usage.
        shared: whether accounts share reservations; otherwise each has pools of its own.
    """
    groups: dict[tuple[str, Attributes, str], list[int]] = {}
    for row, key in enumerate(demand.keys):
        size = "" if key.units is not None else key.size
        groups.setdefault(("" if shared else key.account, key.attributes, size), []).append(row)
    found = []
    for (account, attributes, _), rows in groups.items():
        smallest = min((demand.keys[row] for row in rows), key=lambda key: (key.units or Decimal(0), key.size))
        found.append(Pool(account, attributes, smallest.size, smallest.units, tuple(rows), smallest))
    return found


def level(demand: Demand, pool: Pool) -> Floats:
    """How many instances of the pool's size would carry it, by hour; only the hours that are known for all of it."""
    import numpy as np

    one = float(pool.units or 1) * pool.block
    each = np.array([float(demand.keys[row].units or 1) / one for row in pool.rows])
    total: Floats = each @ demand.quantity[list(pool.rows)]
    return total[demand.known_for(pool.rows)]
