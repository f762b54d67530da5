"""Coverage and utilisation of a month, worked out from collected usage and kept in the lake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.by_ledger import ledger_plan_rates
from lamplighter.commitments.coverage import Alike, Blind, measure
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.model import PlanKind
from lamplighter.commitments.used import HOUR, what_ran
from lamplighter.errors import UsageError
from lamplighter.lake.committed import write_hours
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage_files import read_looks, read_usage
from lamplighter.pricing.book import PriceBook

if TYPE_CHECKING:
    from lamplighter.commitments.kept import Inventory

NOTHING_COLLECTED: Final = "no usage of this month has been collected"


@dataclass(frozen=True, slots=True)
class Month:
    """Coverage and utilisation of a month.

    Attributes:
        period: YYYY-MM.
        hours: everything that is known.
        of: hours of the month that have passed.
        blind: what is not known.
        notes: what else to know about the figures, a line each.
    """

    period: str
    hours: Sequence[Alike]
    of: int
    blind: Sequence[Blind]
    notes: Sequence[str]

    @property
    def empty(self) -> bool:
        """Whether nothing is known at all."""
        return not self.hours


def month_of(period: str) -> tuple[datetime, datetime]:
    """The first instant of a month and of the next one, aware UTC.

    Raises:
        UsageError: the period is not YYYY-MM.
    """
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", period):
        raise UsageError(f"{period!r} is not a month", hint="write YYYY-MM, for example 2026-10")
    start = datetime(int(period[:4]), int(period[5:]), 1, tzinfo=UTC)
    return start, start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def measure_month(ledger: Ledger, period: str, inventory: Inventory, book: PriceBook, now: datetime) -> Month:
    """Coverage and utilisation of a month by its collected usage.

    Args:
        ledger: an open lake.
        period: YYYY-MM.
        inventory: what has been committed to.
        book: prices.
        now: aware; of a month that is not over the hours so far count.

    Raises:
        LakeError: files of the lake cannot be read.
        UsageError: the period is not YYYY-MM.
    """
    start, end = month_of(period)
    last = min(end, now.astimezone(UTC).replace(minute=0, second=0, microsecond=0))
    held = [each for each in inventory.held if each.start < last and (each.end is None or each.end > start)]
    looks, samples = read_looks(ledger, periods=[period]), read_usage(ledger, periods=[period])
    if last <= start or not (samples or looks):
        return Month(period, (), max(0, int((last - start) / HOUR)), (), (NOTHING_COLLECTED,))
    rates = ledger_plan_rates(ledger, period) if any(each.plan for each in held) else {}
    ran = what_ran(samples, looks, start, last, book, held, rates)
    hours = measure(ran.items, ran.hours, held, ran.unknown)
    notes = (*ran.notes, *_notes(inventory, held, told=bool(rates)))
    return Month(period, hours, int((last - start) / HOUR), ran.blind, notes)


def keep_month(lake: Path, month: Month, now: datetime) -> None:
    """Write a month into the lake, for the views `coverage_hours` and `commitment_hours`.

    Raises:
        LakeError: another load is at work, or the folder cannot be written.
    """
    record = {"at": now.astimezone(UTC).isoformat(), "hours": month.of, "blind": len(month.blind)}
    write_hours(lake, month.period, _coverage_rows(month.hours), _commitment_rows(month.hours), record)


def _coverage_rows(hours: Sequence[Alike]) -> Iterator[tuple[object, ...]]:
    for alike in hours:
        for row in alike.coverage:
            facts = (
                row.account, row.region, row.service, row.family, row.currency, row.hours, row.reserved_hours,
                row.plan_hours, row.borrowed_hours, row.units, row.covered_units, row.cost, row.covered_cost,
                row.unpriced_hours,
            )  # fmt: skip
            for at in alike.times:
                yield at.replace(tzinfo=None), *facts


def _commitment_rows(hours: Sequence[Alike]) -> Iterator[tuple[object, ...]]:
    for alike in hours:
        for row in alike.commitments:
            facts = (
                row.commitment, row.account, row.region, row.service, row.family, row.unit, row.total, row.used,
                row.lent, row.unused, row.currency, row.cost, row.used_cost, row.unused_cost, row.on_demand_cost,
            )  # fmt: skip
            for at in alike.times:
                yield at.replace(tzinfo=None), *facts


def _notes(inventory: Inventory, held: Sequence[Held], *, told: bool) -> Iterator[str]:
    if not inventory.known:
        yield "what has been committed to is not known: lamp commit inventory"
    for each in inventory.unknown:
        said = each.troubles[0].message
        yield f"{each.source} in {each.account}/{each.region} was not told: {said}"
    for one in held:
        if one.plan is None and one.attributes is None:
            yield f"{one.arn}: what it covers is not known, it is in no figure"
    if any(one.plan is PlanKind.COMPUTE for one in held):
        yield "Fargate and Lambda are not collected: Compute Savings Plans may be used more than this says"
    if any(one.plan is not None for one in held):
        where = "are those of the bill, as far as it has them" if told else "are estimates of the price book"
        yield f"rates of Savings Plans {where}"
