"""What was saved on the last whole days, as metrics and lines of the log: `lamp savings` for the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from lamplighter.errors import StoreCorrupt, StoreError, TooLarge
from lamplighter.lambdas.runtime import Meters, Runtime, logger

if TYPE_CHECKING:
    from datetime import date

    from lamplighter.pricing.book import PriceBook
    from lamplighter.savings.daily import Saved, Whose

DAYS: Final = 3
"""Days that each call tells: one on which it failed is made up for, and one that is told again changes nothing."""

NO_TEAM: Final = "(no team)"
NOT_KNOWN: Final = "(not known)"


def tell_saved(with_: Runtime, book: PriceBook, meters: Meters) -> list[StoreError]:
    """Measure the last whole days in every target that a pass has seen, and write what was saved.

    Args:
        with_: connections.
        book: on-demand list prices.
        meters: get the sums of each day, with its last minute as their time.

    Returns:
        Why a target could not be measured: what was saved there is not known, and in no sum.

    Raises:
        StoreError: the store failed.
    """
    from lamplighter.savings.daily import days_before, together
    from lamplighter.scheduler.roster import roster

    days = days_before(with_.clock(), DAYS)
    failures: list[StoreError] = []
    measured: list[list[Saved]] = []
    for target in sorted(roster(with_.store)):
        try:
            measured.append(_measured(with_, target, book, days))
        except (StoreCorrupt, TooLarge) as error:
            failures.append(error)
    for saved in together(measured):
        _count(meters, saved)
        for whose in saved.groups:
            for message, said in _lines(saved, whose):
                logger().info(message, extra=said)
    meters.add("TargetsUnmeasured", len(failures))
    return failures


def _measured(with_: Runtime, target: str, book: PriceBook, days: list[date]) -> list[Saved]:
    from lamplighter.savings.daily import DAY, begin_of, daily
    from lamplighter.savings.since import entries_since

    return daily(entries_since(with_.store, target, begin_of(days[0]), begin_of(days[-1]) + DAY), book, days)


def _count(meters: Meters, saved: Saved) -> None:
    total = saved.total
    meters.add("HoursSaved", float(total.all_hours - total.lit_hours), at=saved.last)
    meters.add("ResourcesUnpriced", total.unpriced, at=saved.last)
    for currency, money in sorted(total.saved.items()):
        meters.add("MoneySaved", float(money.amount), at=saved.last, currency=currency)


def _lines(saved: Saved, whose: Whose) -> Iterator[tuple[str, dict[str, object]]]:
    one = saved.groups[whose]
    team = NOT_KNOWN if whose.team is None else whose.team or NO_TEAM
    common: dict[str, object] = {"day": saved.day.isoformat(), "account": whose.account, "team": team}
    hours = float(one.all_hours - one.lit_hours)
    counts = {"resources": one.resources, "starts": one.starts, "stops": one.stops, "unpriced": one.unpriced}
    yield "hours saved", {**common, "hours": hours, **counts}
    for currency, money in sorted(one.saved.items()):
        amount = float(money.amount)
        yield "money saved", {**common, "currency": currency, "money": amount, "estimated": one.estimated}
