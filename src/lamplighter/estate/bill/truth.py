"""What a bill truly comes to, counted from its lines one by one with exact numbers, not from any file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from lamplighter.estate.bill.blended import Blend
from lamplighter.estate.bill.meters import Meter
from lamplighter.estate.bill.month import Block, Line
from lamplighter.estate.bill.options import Discounts
from lamplighter.estate.bill.split import Split

_ZERO = Decimal(0)
_Number = TypeVar("_Number", int, Decimal)
_USAGE = frozenset({"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"})
_SPREAD = frozenset({"SavingsPlanNegation", "SavingsPlanUpfrontFee", "SavingsPlanRecurringFee", "RIFee"})


@dataclass(slots=True)
class Commitment:
    """What one commitment came to.

    Attributes:
        total: money that it came to in the month, upfront share and recurring.
        used: what of it went into usage.
        upfront_paid: paid at once in this month.
    """

    total: Decimal = _ZERO
    used: Decimal = _ZERO
    upfront_paid: Decimal = _ZERO

    @property
    def unused(self) -> Decimal:
        """The rest."""
        return self.total - self.used

    @property
    def utilisation(self) -> Decimal | None:
        """Used of total, 0 to 1."""
        return self.used / self.total if self.total else None


@dataclass(slots=True)
class Truth:
    """What the lines of a month come to.

    Attributes:
        rows: lines by line item type.
        costs: by measure as `lamplighter.lake.columns.MEASURES` calls them: unblended, net_unblended, amortized,
            net_amortized, on_demand.
        by_service: unblended cost by product code.
        hours: instance hours by resource: EC2 instances, DB instances, nodes, however they are paid.
        tagged: net amortised cost of what carries tags, and of all that could.
        waste: net amortised cost by what it is wasted on.
        commitments: by ARN.
        blend: blended rates.
        capacity: instance hours by ARN of capacity reservations: reserved, used, unused.
        split: of split cost allocation data: split and unused cost together, by container.
        hosts: the same by instance: its amortised cost while it held containers.
        split_rows: lines of split cost allocation data; they are among `rows`.
    """

    rows: dict[str, int] = field(default_factory=dict)
    costs: dict[str, Decimal] = field(default_factory=dict)
    by_service: dict[str, Decimal] = field(default_factory=dict)
    hours: dict[str, Decimal] = field(default_factory=dict)
    tagged: dict[str, Decimal] = field(default_factory=dict)
    waste: dict[str, Decimal] = field(default_factory=dict)
    commitments: dict[str, Commitment] = field(default_factory=dict)
    blend: Blend = field(default_factory=Blend)
    capacity: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    split: dict[str, Decimal] = field(default_factory=dict)
    hosts: dict[str, Decimal] = field(default_factory=dict)
    split_rows: int = 0

    @property
    def lines(self) -> int:
        """All lines."""
        return sum(self.rows.values())

    def count(self, line: Line, meter: Meter, discounts: Discounts, times: int = 1) -> None:
        """Count one line in, so many times."""
        keep = 1 - line.discount if discounts is Discounts.NET else Decimal(1)
        amortised = _amortised(line) * times
        net, cost = amortised * keep, line.cost * times
        _add(self.rows, line.kind, times)
        for name, amount in (
            ("unblended", cost),
            ("net_unblended", cost * keep),
            ("amortized", amortised),
            ("net_amortized", net),
            ("on_demand", (line.on_demand or _ZERO) * times),
        ):
            _add(self.costs, name, amount)
        _add(self.by_service, meter.service, cost)
        self.blend.count(line, meter, times)
        if line.split:
            self._split(line.split, meter, times)
        elif line.kind in _USAGE:
            self._use(line.quantity * times, meter, net)
        if line.unused:
            _add(self.waste, "unused commitment", net)
        if line.commitment:
            self._commit(line, times)

    def _split(self, split: Split, meter: Meter, times: int) -> None:
        self.split_rows += times
        for sums, name in ((self.split, meter.resource), (self.hosts, meter.parent)):
            _add(sums, name, (split.cost + split.unused) * times)

    def _use(self, quantity: Decimal, meter: Meter, net: Decimal) -> None:
        if meter.capacity:
            status = "used" if not meter.only_reserved else "unused" if meter.rate else "reserved"
            _add(self.capacity.setdefault(meter.capacity, {}), status, quantity)
        if "Instance" in meter.family and not meter.only_reserved:
            _add(self.hours, meter.resource, quantity)
        if meter.taggable:
            _add(self.tagged, "taggable", net)
            _add(self.tagged, "tagged", net if meter.tags else _ZERO)
        if meter.waste:
            _add(self.waste, meter.waste, net)

    def _commit(self, line: Line, times: int) -> None:
        one = self.commitments.setdefault(line.commitment, Commitment())
        if line.kind in ("RIFee", "SavingsPlanRecurringFee"):
            one.total += (line.cost + (line.spread or _ZERO)) * times
        elif line.kind in ("Fee", "SavingsPlanUpfrontFee"):
            one.upfront_paid += line.cost * times
        elif line.kind != "SavingsPlanNegation":
            one.used += (line.effective or _ZERO) * times

    def as_json(self, copies: int = 1) -> dict[str, Any]:
        """As a file beside the bill keeps it; amounts as texts. `copies` of the estate cost so many times as much."""

        def texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
            return {name: f"{amount * copies:f}" for name, amount in sorted(amounts.items())}

        return {
            "copies": copies,
            "lines": self.lines * copies,
            "rows": {kind: count * copies for kind, count in sorted(self.rows.items())},
            "costs": texts(self.costs),
            "by_service": texts(self.by_service),
            "instance_hours": f"{sum(self.hours.values(), _ZERO) * copies:f}",
            "tagged": texts(self.tagged),
            "waste": texts(self.waste),
            "commitments": {
                arn: {"total": f"{one.total:f}", "used": f"{one.used:f}", "unused": f"{one.unused:f}"}
                for arn, one in sorted(self.commitments.items())
            },
            "capacity": {arn: texts(hours) for arn, hours in sorted(self.capacity.items())},
            "split": {
                "rows": self.split_rows * copies,
                "cost": f"{sum(self.split.values(), _ZERO) * copies:f}",
                "containers": {name: f"{cost:f}" for name, cost in sorted(self.split.items())},
                "instances": {name: f"{cost:f}" for name, cost in sorted(self.hosts.items())},
            },
            "blended_rates": {" ".join(key): f"{rate:f}" for key, rate in self.blend.rates().items()},
        }


def counted(blocks: Iterable[Block], meters: Sequence[Meter], discounts: Discounts, truth: Truth) -> Iterator[Block]:
    """Pass lines on, and count them in."""
    for block in blocks:
        yield Block(block.starts, _counted(block, meters, discounts, truth), block.apart)


def _counted(block: Block, meters: Sequence[Meter], discounts: Discounts, truth: Truth) -> Iterator[Line]:
    times = len(block.starts)
    for line in block.lines:
        truth.count(line, meters[line.meter], discounts, times)
        yield line


def _amortised(line: Line) -> Decimal:
    if line.kind in ("SavingsPlanCoveredUsage", "DiscountedUsage"):
        return line.effective or _ZERO
    if line.kind in _SPREAD or (line.kind == "Fee" and line.commitment):
        return line.unused or _ZERO
    return line.cost


def _add(sums: dict[str, _Number], name: str, amount: _Number) -> None:
    sums[name] = sums[name] + amount if name in sums else amount
