"""`lamp commit recommend`: what to buy. `lamp commit explain`: why a line of it is as large as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.commit_aws import PaymentName
from lamplighter.cli.commit_recommend_show import show_explanation, show_recommendation
from lamplighter.cli.commit_statistics_show import show_statistics
from lamplighter.cli.options import Output
from lamplighter.cli.values import day
from lamplighter.cli.views import counted
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lamplighter.cli.show import Printer
    from lamplighter.commitments.sizing.recommendation import Recommendation
    from lamplighter.commitments.sizing.wishes import Wishes
    from lamplighter.schedules.schedule import Schedule


Period: TypeAlias = Annotated[
    list[str] | None, typer.Option("--period", metavar="YYYY-MM", help="Only usage of this month; repeatable.")
]
Since: TypeAlias = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Usage from this day on; default: the last 60 days of it.")
]
Term: TypeAlias = Annotated[str, typer.Option("--terms", metavar="LIST", help="1y, 3y or both.")]
Payments: TypeAlias = Annotated[str, typer.Option("--payment", metavar="LIST", help="Upfront: no, partial, all.")]
Capital: TypeAlias = Annotated[
    float, typer.Option("--capital-rate", metavar="PERCENT", help="What money costs a year; 8 for 8 %.")
]
Blind: TypeAlias = Annotated[bool, typer.Option("--without-schedules", help="As if no schedule had put anything out.")]
Shared: TypeAlias = Annotated[
    bool, typer.Option("--shared/--per-account", help="Whether accounts share, or each buys for itself.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to their group."""
    app.command(
        epilog=examples(
            "lamp commit recommend",
            "lamp commit recommend --period 2026-10 --terms 1y --payment no --ladder 6",
            "lamp commit recommend --without-schedules -o json",
            "lamp commit recommend --statistics --since 2026-10-01",
        )
    )(recommend)
    app.command(
        epilog=examples("lamp commit explain 1", "lamp commit explain 2 --period 2026-10 --terms 1y --payment no")
    )(explain)


def recommend(
    period: Period = None,
    since: Since = None,
    terms: Term = "1y,3y",
    payment: Payments = "no,partial,all",
    capital_rate: Capital = 0.0,
    without_schedules: Blind = False,
    shared: Shared = True,
    ladder: Annotated[
        int, typer.Option("--ladder", min=1, max=36, metavar="MONTHS", help="Buy a part each month, over so many.")
    ] = 1,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Levels of use and the best number of each reservation, bought or not.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Without looking at other and later weeks.")] = False,
    file: options.File = None,
    prices: options.Prices = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Say what to buy: the best purchase for what schedules leave lit, and how much better one could be at most."""
    printer = context.printer(output, verbose, no_color)
    asked = Asked(
        period, since, terms, payment, capital_rate, without_schedules, shared, ladder, not quick, file, lake, prices
    )
    found = sized(printer, asked)
    if statistics:
        show_statistics(printer, found)
    else:
        show_recommendation(printer, found)
    exits.leave(exits.PARTIAL if found.aside else exits.OK)


def explain(
    line: Annotated[int, typer.Argument(min=1, help="Number of the line in `lamp commit recommend`.")],
    period: Period = None,
    since: Since = None,
    terms: Term = "1y,3y",
    payment: Payments = "no,partial,all",
    capital_rate: Capital = 0.0,
    without_schedules: Blind = False,
    shared: Shared = True,
    file: options.File = None,
    prices: options.Prices = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Tell why a line is as large as it is: demand, the last one bought, the first one not, and other purchases."""
    printer = context.printer(output, verbose, no_color)
    asked = Asked(period, since, terms, payment, capital_rate, without_schedules, shared, 1, True, file, lake, prices)
    found = sized(printer, asked)
    if line > len(found.lines):
        many = counted(len(found.lines), "line")
        raise UsageError(f"there is no line {line}: the recommendation has {many}", hint="lamp commit recommend")
    show_explanation(printer, found.lines[line - 1], found.explanations[line])


@dataclass(frozen=True, slots=True)
class Asked:
    """What both commands are asked."""

    periods: list[str] | None
    since: str | None
    terms: str
    payments: str
    capital_rate: float
    without_schedules: bool
    shared: bool
    months: int
    tests: bool
    file: Path | None
    lake: Path | None
    prices: list[Path] | None = None


def sized(printer: Printer, asked: Asked) -> Recommendation:
    """Size what the lake knows.

    Raises:
        UsageError: an option cannot be read, or nothing is known of the time.
        LamplighterError: a library is not installed.
    """
    from lamplighter.commitments.sizing.from_lake import size_lake
    from lamplighter.commitments.sizing.recommend import Options

    found = size_lake(
        context.lake_folder(asked.lake),
        context.price_book(asked.prices),
        read_wishes(asked),
        context.utc_now(),
        periods=asked.periods or (),
        since=datetime.combine(day(asked.since), datetime.min.time(), UTC) if asked.since else None,
        schedules=known_schedules(asked.file),
        blind=asked.without_schedules,
        options=Options(asked.months, asked.tests),
    )
    for warning in found.warnings:
        printer.warn(warning)
    return found.recommendation


def known_schedules(file: Path | None) -> Mapping[str, Schedule] | None:
    """The schedules of the definitions; None if there are none."""
    return context.configuration(file).loaded.schedules if context.find_definitions(file) else None


def read_wishes(asked: Asked) -> Wishes:
    """What may be bought.

    Raises:
        UsageError: a word of a list is none of those.
    """
    from lamplighter.commitments.sizing.wishes import Wishes

    years = {"1y": 1, "3y": 3}
    if asked.capital_rate <= -100 or asked.capital_rate > 1000:
        raise UsageError("--capital-rate is percent a year, above -100 and at most 1000")
    return Wishes(
        tuple(years[word] for word in _words("--terms", asked.terms, tuple(years))),
        tuple(PaymentName(word).payment for word in _words("--payment", asked.payments, tuple(PaymentName))),
        asked.shared,
        asked.capital_rate / 100,
    )


def _words(option: str, text: str, known: tuple[str, ...]) -> list[str]:
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in known]
    if wrong or not words:
        raise UsageError(f"{option} {text!r} is none of {', '.join(known)}", hint=f"for example {option} {known[0]}")
    return [word for word in known if word in words]
