"""`lamp commit coverage` and `lamp commit utilisation`: what commitments covered, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted
from lamplighter.errors import LakeError

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.cli.show import Cell, Printer, Record
    from lamplighter.commitments.by_ledger import Difference
    from lamplighter.commitments.kept_hours import Month
    from lamplighter.commitments.totals import By, Coverage, SavingsRate, Utilisation
    from lamplighter.lake.ledger import Ledger

_MOST = 5
_FINE = Decimal("0.00000001")
_COVERAGE = (
    Column("Hours", right=True),
    Column("Reserved", right=True),
    Column("Plans", right=True),
    Column("Borrowed", right=True),
    Column("On demand", right=True),
    Column("By hours", right=True),
    Column("By units", right=True),
    Column("On-demand price", right=True),
    Column("By cost", right=True),
)
_UTILISATION = (
    Column("Unit"),
    Column("Bought", right=True),
    Column("Used", right=True),
    Column("Lent", right=True),
    Column("Unused", right=True),
    Column("Utilisation", right=True),
    Column("Cost", right=True),
    Column("Unused cost", right=True),
    Column("Saving", right=True),
)


class Source(StrEnum):
    """Where figures come from."""

    USAGE = "usage"
    LEDGER = "ledger"


Period = Annotated[
    str | None, typer.Option("--period", metavar="YYYY-MM", help="Month; default: the one that has begun.")
]
From = Annotated[Source, typer.Option("--source", help="Collected usage, or the bill.")]


def add_to(app: typer.Typer) -> None:
    """Add both commands to their group."""
    app.command(
        epilog=examples(
            "lamp commit coverage --period 2026-10",
            "lamp commit coverage --by account,family --source ledger",
            "lamp commit coverage --by hour --period 2026-10 -o csv",
        )
    )(coverage)
    app.command(
        epilog=examples(
            "lamp commit utilisation --period 2026-10",
            "lamp commit utilisation --by account --source ledger",
            "lamp commit utilisation --by hour,commitment -o csv",
        )
    )(utilisation)


def coverage(
    by: Annotated[
        str, typer.Option("--by", metavar="NAMES", help="Comma list: service, region, family, account, hour.")
    ] = "service,region,family",
    period: Period = None,
    source: From = Source.USAGE,
    prices: options.Prices = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show how much of the usage commitments covered: hours, normalised units, money; what is not known is said."""
    from lamplighter.commitments.by_ledger import differences, ledger_coverage, ledger_savings_rates
    from lamplighter.commitments.matching import FITS
    from lamplighter.commitments.totals import By, coverage_by, savings_rates
    from lamplighter.lake.ledger import Ledger

    printer = context.printer(output, verbose, no_color)
    names, month = _names(by, [each for each in By if each is not By.COMMITMENT]), _month(period)
    folder = context.lake_folder(lake)
    with Ledger.open(folder) as ledger:
        if source is Source.LEDGER:
            _show_coverage(printer, ledger_coverage(ledger, month, names), names, _no_bill(month))
            _show_rates(printer, ledger_savings_rates(ledger, month))
            return
        found = _measure(printer, ledger, folder, month, prices)
        rows = coverage_by(found.hours, names)
        _show_coverage(printer, rows, names, _no_usage(month))
        _show_rates(printer, savings_rates(found.hours))
        _show_known(printer, found)
        figures = ("hours", "reserved_hours", "plan_hours", "cost", "covered_cost")
        told = ledger_coverage(ledger, month, names, FITS)
        _show_differences(printer, differences(rows, told, figures) if rows and told else (), bool(told))


def utilisation(
    by: Annotated[
        str,
        typer.Option("--by", metavar="NAMES", help="Comma list: commitment, account, service, region, family, hour."),
    ] = "commitment",
    period: Period = None,
    source: From = Source.USAGE,
    prices: options.Prices = None,
    lake: options.Lake = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show what became of reservations and Savings Plans: used, lent, unused, and what they saved."""
    from lamplighter.commitments.by_ledger import differences, ledger_utilisation
    from lamplighter.commitments.totals import By, utilisation_by
    from lamplighter.lake.ledger import Ledger

    printer = context.printer(output, verbose, no_color)
    names, month = _names(by, list(By)), _month(period)
    folder = context.lake_folder(lake)
    with Ledger.open(folder) as ledger:
        if source is Source.LEDGER:
            _show_utilisation(printer, ledger_utilisation(ledger, month, names), names, _no_bill(month))
            return
        found = _measure(printer, ledger, folder, month, prices)
        rows = utilisation_by(found.hours, names)
        _show_utilisation(printer, rows, names, "no commitment was in force" if found.hours else _no_usage(month))
        _show_known(printer, found)
        told = [] if By.HOUR in names else ledger_utilisation(ledger, month, names)
        figures = ("used_cost", "unused_cost")
        _show_differences(printer, differences(rows, told, figures) if rows and told else (), bool(told))


def _month(given: str | None) -> str:
    from lamplighter.commitments.kept_hours import month_of

    period = given or f"{context.utc_now():%Y-%m}"
    month_of(period)
    return period


def _names(text: str, known: Sequence[By]) -> list[By]:
    from lamplighter.cli.lookup import unknown
    from lamplighter.commitments.totals import By
    from lamplighter.errors import UsageError

    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise UsageError("--by names nothing", hint=f"one or more of {', '.join(known)}")
    for name in names:
        if name not in known:
            raise unknown("name to add up by", name, [str(each) for each in known])
    return [By(name) for name in names]


def _measure(printer: Printer, ledger: Ledger, folder: Path, period: str, prices: Sequence[Path] | None) -> Month:
    """Work a month out, and keep it for questions in SQL; that this fails is no reason not to show it."""
    from lamplighter.commitments.kept import load_inventory
    from lamplighter.commitments.kept_hours import keep_month, measure_month

    now, book = context.utc_now(), context.price_book(prices)
    with printer.waiting("working it out"):
        found = measure_month(ledger, period, load_inventory(folder), book, now)
        if found.hours:
            try:
                keep_month(folder, found, now)
            except LakeError as error:
                printer.warn(f"not kept for lamp sql: {error.message}")
    return found


def _no_usage(period: str) -> str:
    return f"no usage of {period} has been collected: lamp usage collect, or --source ledger"


def _no_bill(period: str) -> str:
    return f"no bill of {period} is loaded: lamp bill load"


def _show_coverage(printer: Printer, rows: Sequence[Coverage], names: Sequence[By], empty: str) -> None:
    several = len({row.currency for row in rows}) > 1
    columns = [Column(name.capitalize(), whole=True) for name in names] + ([Column("Currency")] if several else [])
    shown: list[list[Cell]] = []
    for row in rows:
        cells: list[Cell] = [*(value or "-" for value in row.group), *([row.currency] if several else [])]
        hours = (row.hours, row.reserved_hours, row.plan_hours, row.borrowed_hours, row.on_demand_hours)
        price = _money(row.cost) + ("+" if row.unpriced_hours else "")
        cells += [*(_number(value) for value in hours), _share(row.by_hours), _share(row.by_units)]
        shown.append([*cells, price, _share(row.by_cost)])
    printer.answer([_coverage_record(row, names) for row in rows], [*columns, *_COVERAGE], shown, empty=empty)
    unpriced = sum((row.unpriced_hours for row in rows), Decimal(0))
    if unpriced:
        printer.warn(f"{_number(unpriced)} hours have no known price on demand (+): in no money")


def _coverage_record(row: Coverage, names: Sequence[By]) -> Record:
    return {
        **dict(zip(map(str, names), row.group, strict=True)),
        "currency": row.currency,
        "hours": _exact(row.hours),
        "reserved_hours": _exact(row.reserved_hours),
        "plan_hours": _exact(row.plan_hours),
        "borrowed_hours": _exact(row.borrowed_hours),
        "on_demand_hours": _exact(row.on_demand_hours),
        "units": _exact(row.units),
        "covered_units": _exact(row.covered_units),
        "cost": _exact(row.cost),
        "covered_cost": _exact(row.covered_cost),
        "on_demand_cost": _exact(row.on_demand_cost),
        "unpriced_hours": _exact(row.unpriced_hours),
        "coverage_by_hours": _exact(row.by_hours),
        "coverage_by_units": _exact(row.by_units),
        "coverage_by_cost": _exact(row.by_cost),
    }


def _show_utilisation(printer: Printer, rows: Sequence[Utilisation], names: Sequence[By], empty: str) -> None:
    columns = [Column(name.capitalize(), whole=True) for name in names]
    shown: list[list[Cell]] = []
    for row in rows:
        amounts = [_number(value) for value in (row.total, row.used, row.lent, row.unused)]
        money = [_money(row.cost), _money(row.unused_cost), _money(row.saving)]
        cells: list[Cell] = [*(value or "-" for value in row.group), row.unit, *amounts, _share(row.utilisation)]
        shown.append([*cells, *money])
    printer.answer([_utilisation_record(row, names) for row in rows], [*columns, *_UTILISATION], shown, empty=empty)
    if unknown := sum(row.unknown_hours for row in rows):
        said = "some was left and usage that it may have covered is not known"
        printer.warn(f"{counted(unknown, 'hour')} of commitments left out: {said}")
    if unpriced := sum(row.unpriced_hours for row in rows):
        printer.warn(f"{counted(unpriced, 'hour')} of commitments have no known cost: in no money")


def _utilisation_record(row: Utilisation, names: Sequence[By]) -> Record:
    return {
        **dict(zip(map(str, names), row.group, strict=True)),
        "unit": row.unit,
        "total": _exact(row.total),
        "used": _exact(row.used),
        "lent": _exact(row.lent),
        "unused": _exact(row.unused),
        "utilisation": _exact(row.utilisation),
        "currency": row.currency,
        "cost": _exact(row.cost),
        "used_cost": _exact(row.used_cost),
        "unused_cost": _exact(row.unused_cost),
        "on_demand_cost": _exact(row.on_demand_cost),
        "saving": _exact(row.saving),
        "unknown_hours": row.unknown_hours,
        "unpriced_hours": row.unpriced_hours,
    }


def _show_rates(printer: Printer, rates: Sequence[SavingsRate]) -> None:
    for one in rates:
        if one.rate is not None:
            money = f"{_money(one.actual)} instead of {_money(one.on_demand_equivalent)} {one.currency}"
            printer.note(f"effective savings rate {_share(one.rate)}: {money} on demand")
        elif one.on_demand_equivalent or one.left_out_hours:
            printer.note(f"effective savings rate in {one.currency} not known")
        if one.rate is None or one.left_out_hours or one.unpriced_hours:
            _show_left_out(printer, one)


def _show_left_out(printer: Printer, one: SavingsRate) -> None:
    """What is in neither side of a savings rate."""
    if one.actual is None:
        printer.warn("commitments covered usage that has no price on demand: what they took off cannot be told")
    if one.left_out_hours:
        hours = counted(one.left_out_hours, "hour")
        why = "their cost, or the price of what they covered, is not known"
        printer.warn(f"{hours} of commitments, and what they covered, left out of the savings rate: {why}")
    if one.unpriced_hours:
        printer.warn(f"{_number(one.unpriced_hours)} hours without a price left out of the savings rate")


def _show_known(printer: Printer, found: Month) -> None:
    """Which hours are not known, and what else to know."""
    if not found.hours:
        return
    blind = sorted(found.blind, key=lambda each: (-each.hours, each.target))
    for each in blind[:_MOST]:
        where = f"{each.target.service} in {each.target.account}/{each.target.region}"
        printer.warn(f"{where}: {each.hours:,} of {found.of:,} hours are not known ({each.reason}): in no figure")
    if rest := blind[_MOST:]:
        printer.warn(f"and {len(rest)} more, {sum(each.hours for each in rest):,} hours: lamp usage gaps")
    for note in found.notes:
        printer.note(note)


def _show_differences(printer: Printer, found: Sequence[Difference], compared: bool) -> None:
    if compared and not found:
        printer.note("the bill says the same, within 1 %")
    for each in found[:_MOST]:
        what = " ".join(value or "-" for value in each.group)
        usage, bill = (_number(value) if value is not None else "nothing" for value in (each.usage, each.ledger))
        printer.warn(f"{what}: {each.figure.replace('_', ' ')} {usage} by usage, {bill} by the bill")
    if len(found) > _MOST:
        printer.warn(f"and {len(found) - _MOST} more figures differ from the bill by over 1 %")


def _exact(value: Decimal | None) -> Decimal | None:
    """A figure for programs: quotients have no end, eight decimals are those of a bill's quantities."""
    return None if value is None else value.quantize(_FINE)


def _number(value: Decimal) -> str:
    return f"{value:,.1f}"


def _money(value: Decimal | None) -> str:
    return "not known" if value is None else f"{value:,.2f}"


def _share(value: Decimal | None) -> str:
    return "" if value is None else f"{value * 100:.1f} %"
