"""`lamp simulate --compare`: what schedules ask for, held against what the journal says was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.cli import context, views
from lamplighter.cli.grouping import Group, group_cells, group_columns, group_record, grouped, labels_of
from lamplighter.cli.money import exact
from lamplighter.cli.show import Cell, Column
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.cli.show import Printer, Record
    from lamplighter.savings.compare import Compared
    from lamplighter.scheduler.settings import Configuration


def compare_with_journal(
    printer: Printer,
    config: Configuration,
    chosen: context.Settings,
    by: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    now: datetime,
) -> None:
    """Compare over [start, end), as far as it is past.

    Raises:
        UsageError: it is still to come.
    """
    from lamplighter.cli.journal import entries
    from lamplighter.cli.values import shown
    from lamplighter.savings.compare import compare
    from lamplighter.scheduler.overrides import list_overrides

    zone = context.zone_of(config)
    last = min(end, now).replace(microsecond=0)
    if last <= start:
        raise UsageError(
            f"nothing is in the journal yet from {shown(start, zone)} on", hint="--compare needs a time that is past"
        )
    with context.state(chosen.store, writes=False, chosen=chosen) as opened:
        found = compare(
            entries(opened, chosen.accounts, chosen.regions, end=last),
            config.loaded.schedules,
            list_overrides(opened),
            start,
            last,
        )
    show_compared(printer, found, by)
    printer.note(
        f"compared from {shown(start, zone)} to {shown(last, zone)}: the schedules as they are defined now, "
        "the journal, which does not know what was done by hand"
    )
    views.show_problems(printer, config)


def show_compared(printer: Printer, found: Iterable[Compared], by: Sequence[str]) -> None:
    """Show a row for each group and the total of all; resources without a plan are counted and left out."""
    listed = list(found)
    groups = grouped(
        (
            (labels_of(one.target, one.resource, one.schedule, one.team), one)
            for one in listed
            if one.planned is not None
        ),
        by,
    )
    columns = [
        *group_columns(by),
        Column("Equal", right=True),
        Column("Asked h", right=True),
        Column("Lit h", right=True),
        Column("Too long", right=True),
        Column("Too short", right=True),
        Column("Why"),
    ]
    printer.answer(
        [_record(by, group, some) for group, some in groups.items()],
        columns,
        [_row(group_cells(group), some) for group, some in groups.items()],
        empty="the journal says nothing about this time",
        foot=_row(["Total", *[""] * (len(by) - 1)], [one for some in groups.values() for one in some], why=False)
        if len(groups) > 1
        else (),
    )
    if left := sum(one.planned is None for one in listed):
        printer.note(f"{views.counted(left, 'resource')} left out: the schedule is ignore, not valid or not defined")


def _row(names: Sequence[str], some: Sequence[Compared], *, why: bool = True) -> list[Cell]:
    planned, done, over, under = _sums(some)
    causes = [f"{hours:,.1f} h: {cause}" for cause, hours in _causes(some).items()] if why else []
    return [
        *names,
        (str(sum(one.equal for one in some)), f"of {len(some)}"),
        *(f"{hours:,.1f}" for hours in (planned, done, over, under)),
        tuple(causes),
    ]


def _sums(some: Sequence[Compared]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    zero = Decimal(0)
    planned = sum((one.planned or zero for one in some), zero)
    return (
        planned,
        sum((one.done for one in some), zero),
        sum((one.over for one in some), zero),
        sum((one.under for one in some), zero),
    )


def _causes(some: Sequence[Compared]) -> Mapping[str, Decimal]:
    """Hours by cause, the most first."""
    found: dict[str, Decimal] = {}
    for one in some:
        for cause, hours in one.why.items():
            found[cause] = found.get(cause, Decimal(0)) + hours
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _record(by: Sequence[str], group: Group, some: Sequence[Compared]) -> Record:
    planned, done, over, under = _sums(some)
    return {
        **group_record(by, group),
        "resources": len(some),
        "equal": sum(one.equal for one in some),
        "asked_hours": exact(planned),
        "lit_hours": exact(done),
        "too_long_hours": exact(over),
        "too_short_hours": exact(under),
        "why": [f"{exact(hours):f} h: {cause}" for cause, hours in _causes(some).items()],
    }
