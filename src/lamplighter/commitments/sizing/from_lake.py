"""The recommendation for what a lake knows: its usage, its inventory of what is held, schedules taken into account."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.kept import load_inventory
from lamplighter.commitments.sizing.demand import HOUR, Demand, build, scheduled, unscheduled
from lamplighter.commitments.sizing.lit import lit_by_schedule
from lamplighter.commitments.sizing.recommend import Options, recommend
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from lamplighter.commitments.kept import Inventory
    from lamplighter.commitments.sizing.recommendation import Recommendation
    from lamplighter.commitments.sizing.wishes import Wishes
    from lamplighter.lake.usage import Look, UsageSample
    from lamplighter.pricing.book import PriceBook
    from lamplighter.schedules.schedule import Schedule

DAYS: Final = 60
"""How far back usage is looked at if nothing is said: as AWS's own recommendations do at most."""


@dataclass(frozen=True, slots=True)
class Sized:
    """What to buy for what a lake knows.

    Attributes:
        recommendation: what to buy.
        warnings: what it could not take into account, a line each.
    """

    recommendation: Recommendation
    warnings: tuple[str, ...]


def size_lake(
    lake: Path,
    book: PriceBook,
    wishes: Wishes,
    now: datetime,
    *,
    periods: Collection[str] = (),
    since: datetime | None = None,
    schedules: Mapping[str, Schedule] | None = None,
    blind: bool = False,
    options: Options | None = None,
) -> Sized:
    """Size what a lake knows.

    Args:
        lake: its folder.
        book: prices.
        wishes: what may be bought.
        now: when a purchase would begin, aware.
        periods: only usage of these months, YYYY-MM.
        since: only usage from here on, aware; with neither, the last 60 days that are known.
        schedules: what is in force now: hours that they put out are taken out of the usage. None leaves it as it was.
        blind: as if no schedule had put anything out.
        options: how to go about it; everything at once, with tests, if None.

    Raises:
        UsageError: nothing is known of the time.
        LakeError: files of the lake cannot be read.
        LamplighterError: a library is not installed.
    """
    if absent := [name for name in ("numpy", "highspy") if find_spec(name) is None]:
        raise LamplighterError(f"{' and '.join(absent)} not installed", hint="pip install 'lamplighter[commit]'")
    collected = known_demand(lake, now, periods=periods, since=since)
    awake = unscheduled(collected)
    demand, warnings = (awake if blind else collected), []
    if schedules is not None and not blind:
        names = {key.schedule for key in collected.keys if key.schedule}
        lit = lit_by_schedule(schedules, names, collected.start, collected.hours)
        demand, missing = scheduled(collected, lit)
        if missing:
            warnings.append(f"no schedule is called {', '.join(missing)}: its hours are counted as they were")
    inventory = load_inventory(lake)
    found = recommend(
        demand, book, inventory.held, now, wishes, awake=None if blind else awake, options=options or Options()
    )
    return Sized(found, (*warnings, *_held(inventory)))


def known_demand(lake: Path, now: datetime, *, periods: Collection[str] = (), since: datetime | None = None) -> Demand:
    """Usage of a lake, see `size_lake`.

    Raises:
        UsageError: nothing is known of the time that is asked for.
        LakeError: files of the lake cannot be read.
    """
    from lamplighter.lake.ledger import Ledger
    from lamplighter.lake.months import periods as months_of
    from lamplighter.lake.usage import LOOKS
    from lamplighter.lake.usage_files import read_looks, read_usage

    known = months_of(lake, LOOKS) if lake.is_dir() else []
    wanted = [each for each in known if (not periods or each in periods) and (not since or each >= f"{since:%Y-%m}")]
    if not wanted:
        asked = ", ".join(periods) or (f"the time since {since:%Y-%m-%d}" if since else "any month")
        has = f"; the lake has {known[0]} to {known[-1]}" if known else ""
        raise UsageError(f"no usage is known of {asked}{has}", hint="lamp usage collect")
    if not periods and not since:
        wanted = wanted[-(DAYS // 28 + 1) :]
    with Ledger.open(lake) as ledger:
        # Looks first: an hour that is written in between is not yet known, instead of known and without usage.
        looks = read_looks(ledger, periods=wanted)
        samples = read_usage(ledger, periods=wanted)
    return build(samples, looks, *_span(samples, looks, now, since, given=bool(periods or since)))


def _span(
    samples: list[UsageSample], looks: list[Look], now: datetime, first: datetime | None, *, given: bool
) -> tuple[datetime, datetime]:
    """From the first to the last hour that is known of; the last 60 days of it unless a time is given.

    A day that is looked at as a whole begins at midnight and may end after `now`. What is looked at by the hour sets
    the beginning where there is any, and no day reaches beyond the hours that are over: nobody could have looked there.
    """
    every: list[UsageSample | Look] = [*samples, *looks]
    if not every:
        raise UsageError("no usage is known of that time", hint="lamp usage collect")
    finest = min(each.hours for each in every)
    begin = min(each.time for each in every if each.hours == finest)
    over = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    # An hour counts from the look at it, a day up to the last full hour.
    end = max(
        each.time + HOUR if each.hours == 1 else min(each.time + each.hours * HOUR, max(over, begin)) for each in every
    )
    if first is not None:
        begin = max(begin, first)
    if not given:
        begin = max(begin, end - timedelta(days=DAYS))
    if begin >= end:
        raise UsageError(f"no usage is known since {begin:%Y-%m-%d}", hint="lamp usage collect")
    return begin, end


def _held(inventory: Inventory) -> tuple[str, ...]:
    if not inventory.known:
        return ("what is held is not known: run `lamp commit inventory`, or it may be bought twice",)
    if inventory.unknown:
        places = "1 place" if len(inventory.unknown) == 1 else f"{len(inventory.unknown)} places"
        return (f"what is held is not known in {places}: `lamp commit inventory`",)
    return ()
