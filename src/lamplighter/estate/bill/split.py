"""Split cost allocation data: what each container on an instance has of the instance's cost, hour by hour.

With H the amortised cost of the instance in the hour, and vCPUs weighing nine times what a GB weighs:

    unit         = H / (9 x vCPUs + GB)
    allocated    = max(reserved, used)                                        of each container, vCPUs and GB apart
    split cost   = allocated / max(all allocated, capacity) x capacity x unit x weight
    unused cost  = allocated / all allocated x max(capacity - all allocated, 0) x unit x weight

Split and unused costs of all containers come to H, to the last digit. They are said beside the instance's own line,
which carries the cost: the lines of containers cost nothing themselves.

Source: Cost and Usage Report user guide, "Understanding split cost allocation data", with its example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lamplighter.estate.bill.meters import Meter, rounded
from lamplighter.pricing.specs import find_type

CPU_WEIGHT = 9
_ZERO = Decimal(0)
_MIB = 1024


@dataclass(frozen=True, slots=True)
class Split:
    """What one line of a container says, amounts with ten decimals.

    Attributes:
        actual: vCPU-hours or GB-hours used.
        reserved: the same reserved.
        usage: the larger of both.
        ratio: of all that containers were allocated, or of the capacity where that is more.
        cost: its part of the instance.
        unused: its part of what nobody was allocated.
        public_cost: as `cost`, at public on-demand prices.
        public_unused: as `unused`, at public on-demand prices.
    """

    actual: Decimal
    reserved: Decimal
    usage: Decimal
    ratio: Decimal
    cost: Decimal
    unused: Decimal
    public_cost: Decimal
    public_unused: Decimal


@dataclass(slots=True)
class Host:
    """An instance that holds containers, in one hour.

    Attributes:
        instance_type: its type.
        hours: share of the hour that it ran.
        cost: amortised.
        public: at public on-demand prices.
        contained: (number of a container's meter, the meter, how much it used).
    """

    instance_type: str = ""
    hours: Decimal = _ZERO
    cost: Decimal = _ZERO
    public: Decimal = _ZERO
    contained: list[tuple[int, Meter, Decimal]] = field(default_factory=list)


def splits(host: Host) -> Iterator[tuple[int, Split]]:
    """The lines of its containers, by number of the meter: two each, of vCPUs and of memory.

    Raises:
        ValueError: nothing is known about the instance type.
    """
    capacity = _capacity(host)
    allocated = dict.fromkeys(capacity, _ZERO)
    usages = []
    for number, meter, actual in host.contained:
        reserved = meter.reserved * host.hours
        usages.append((number, meter.is_cpu, actual, reserved, max(actual, reserved)))
        allocated[meter.is_cpu] += max(actual, reserved)
    ratios, weights = [], []
    for _, is_cpu, _, _, usage in usages:
        whole, weight = capacity[is_cpu], CPU_WEIGHT if is_cpu else 1
        ratio = usage / max(allocated[is_cpu], whole)
        left = max(whole - allocated[is_cpu], _ZERO)
        ratios.append(ratio)
        weights += [ratio * whole * weight, usage / allocated[is_cpu] * left * weight]
    costs, publics = shares(host.cost, weights), shares(host.public, weights)
    for place, (number, _, actual, reserved, usage) in enumerate(usages):
        first, second = 2 * place, 2 * place + 1
        yield (
            number,
            Split(
                rounded(actual), rounded(reserved), rounded(usage), rounded(ratios[place]), costs[first],
                costs[second], publics[first], publics[second],
            ),
        )  # fmt: skip


def shares(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """An amount split by weights, with ten decimals; the parts come to the amount, and none has another sign."""
    whole, reached, given = sum(weights, _ZERO), _ZERO, _ZERO
    parts = []
    for place, weight in enumerate(weights):
        reached += weight
        upto = amount if place == len(weights) - 1 else rounded(amount * reached / whole)
        parts.append(upto - given)
        given = upto
    return parts


def hosts_of(meters: Iterable[Meter]) -> frozenset[str]:
    """Resource ids of instances that hold containers."""
    return frozenset(meter.parent for meter in meters if meter.parent)


def _capacity(host: Host) -> Mapping[bool, Decimal]:
    """vCPU-hours (True) and GB-hours (False) of the instance."""
    facts = find_type(host.instance_type)
    if facts is None:
        raise ValueError(f"nothing is known about {host.instance_type}")
    return {True: facts.vcpu * host.hours, False: Decimal(facts.memory_mib) / _MIB * host.hours}
