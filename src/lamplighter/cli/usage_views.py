"""Usage as tables and records; for `lamp usage`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from lamplighter.cli import exits
from lamplighter.cli.money import exact
from lamplighter.cli.show import Cell, Column, Printer, Record
from lamplighter.cli.views import counted

if TYPE_CHECKING:
    from lamplighter.errors import LamplighterError
    from lamplighter.usage.collect import Result, Task
    from lamplighter.usage.gaps import Filled, Gap
    from lamplighter.usage.summary import Counted, Summary


def show_plan(printer: Printer, tasks: Sequence[Task]) -> int:
    """Show what a collection would ask, and return the exit code."""
    by_service: dict[str, list[Task]] = {}
    for task in tasks:
        by_service.setdefault(task.collector.service, []).append(task)
    rows: list[Sequence[Cell]] = [
        [
            service,
            f"{own[0].time:%Y-%m-%d %H:%M}",
            str(sum(not task.known for task in own)),
            str(sum(task.known for task in own)),
            ", ".join(own[0].collector.permissions),
        ]
        for service, own in by_service.items()
    ]
    printer.answer(
        [{**_task_record(task), "state": "known" if task.known else "would be asked"} for task in tasks],
        (
            Column("Service", whole=True),
            Column("Time (UTC)", whole=True),
            Column("To ask", right=True),
            Column("Known", right=True),
            Column("Asks"),
        ),
        rows,
        empty="there is no target",
    )
    asked = sum(not task.known for task in tasks)
    targets = len({task.target for task in tasks})
    printer.note(f"{counted(asked, 'look')} would be taken in {counted(targets, 'target')}")
    return exits.OK


def show_results(printer: Printer, tasks: Sequence[Task], results: Sequence[Result]) -> int:
    """Show what a collection found, what failed once with all places, and return the exit code."""
    done = {(result.look.account, result.look.region, result.look.service): result for result in results}
    by_service: dict[str, list[tuple[Task, Result | None]]] = {}
    for task in tasks:
        found = done.get((task.target.account, task.target.region, task.collector.service))
        by_service.setdefault(task.collector.service, []).append((task, found))
    printer.answer(
        [{**_task_record(task), **_outcome(result)} for own in by_service.values() for task, result in own],
        (
            Column("Service", whole=True),
            Column("Time (UTC)", whole=True),
            Column("Looked", right=True),
            Column("Known before", right=True),
            Column("Failed", right=True),
            Column("In use", right=True),
            Column("On Spot", right=True),
            Column("Put out", right=True),
        ),
        [_service_row(service, own) for service, own in by_service.items()],
        empty="there is no target",
    )
    failed = [result for result in results if result.error is not None]
    _show_failures(printer, failed)
    known = len(tasks) - len(results)
    targets = counted(len({task.target for task in tasks}), "target")
    printer.note(f"{counted(len(results), 'look')} in {targets}, {len(failed)} failed, {known} known before")
    return exits.PARTIAL if failed else exits.OK


def show_summaries(printer: Printer, found: Sequence[Summary]) -> None:
    """Show usage by key over all hours that are known."""
    printer.answer(
        [
            {
                **_key_record(one),
                "hours": one.hours,
                "least": exact(one.least),
                "mean": exact(one.mean),
                "most": exact(one.most),
                "spot": exact(one.spot),
                "scheduled_off": exact(one.scheduled_off),
            }
            for one in found
        ],
        (
            *_KEY_COLUMNS,
            Column("Hours", right=True),
            Column("Least", right=True),
            Column("Mean", right=True),
            Column("Most", right=True),
            Column("Spot", right=True),
            Column("Put out", right=True),
        ),
        [
            [
                *_key_cells(one),
                str(one.hours),
                *map(_short, (one.least, one.mean, one.most, one.spot, one.scheduled_off)),
            ]
            for one in found
        ],
        empty="no usage is known: lamp usage collect",
    )


def show_counted(printer: Printer, found: Sequence[Counted]) -> None:
    """Show usage by key hour by hour."""
    printer.answer(
        [
            {
                **_key_record(one),
                "time": one.time,
                "hours": one.hours,
                "quantity": exact(one.quantity),
                "spot": exact(one.spot),
                "scheduled_off": exact(one.scheduled_off),
                "covered": None if one.covered is None else exact(one.covered),
                "source": one.source.value,
            }
            for one in found
        ],
        (
            Column("Time (UTC)", whole=True),
            *_KEY_COLUMNS,
            Column("In use", right=True),
            Column("Spot", right=True),
            Column("Put out", right=True),
            Column("Covered", right=True),
            Column("Source", whole=True),
        ),
        [
            [
                f"{one.time:%Y-%m-%d %H:%M}",
                *_key_cells(one),
                *map(_short, (one.quantity, one.spot, one.scheduled_off)),
                "" if one.covered is None else _short(one.covered),
                one.source.value,
            ]
            for one in found
        ],
        empty="no usage is known: lamp usage collect",
    )


def show_gaps(printer: Printer, found: Sequence[Gap]) -> None:
    """Show time that nobody knows."""
    printer.answer(
        [
            {
                "account": gap.account,
                "account_name": gap.account_name,
                "region": gap.region,
                "service": gap.service,
                "begins": gap.begins,
                "ends": gap.ends,
                "hours": gap.hours,
                "reason": gap.reason,
            }
            for gap in found
        ],
        (
            Column("Account", whole=True),
            Column("Region", whole=True),
            Column("Service", whole=True),
            Column("From (UTC)", whole=True),
            Column("To", whole=True),
            Column("Hours", right=True),
            Column("Why"),
        ),
        [
            [
                gap.account_name,
                gap.region,
                gap.service,
                f"{gap.begins:%Y-%m-%d %H:%M}",
                f"{gap.ends:%Y-%m-%d %H:%M}",
                str(gap.hours),
                gap.reason,
            ]
            for gap in found
        ],
        empty="there are no gaps",
    )
    if found:
        printer.note(
            f"{counted(sum(gap.hours for gap in found), 'hour')} that nobody knows, in {counted(len(found), 'gap')}"
        )


def show_filled(printer: Printer, filled: Filled) -> None:
    """Say how much the ledger knew."""
    hours = sum(look.hours for look in filled.looks)
    left = sum(gap.hours for gap in filled.left)
    printer.note(f"{counted(hours, 'hour')} filled from the ledger, {left} left")


_KEY_COLUMNS = (
    Column("Key", whole=True),
    Column("Value", whole=True),
    Column("Account", whole=True),
    Column("Region", whole=True),
)


def _key_record(one: Summary | Counted) -> Record:
    return {
        "key": one.key,
        "value": one.value,
        "account": one.account,
        "account_name": one.account_name,
        "region": one.region,
    }


def _key_cells(one: Summary | Counted) -> list[Cell]:
    return [one.key, one.value, one.account_name, one.region]


def _task_record(task: Task) -> Record:
    return {
        "account": task.target.account,
        "account_name": task.target.name or task.target.account,
        "region": task.target.region,
        "service": task.collector.service,
        "time": task.time,
        "hours": task.collector.hours,
    }


def _outcome(result: Result | None) -> Record:
    nothing = {"quantity": None, "spot": None, "scheduled_off": None, "reason": None}
    if result is None:
        return {"state": "known", **nothing}
    if result.error is not None:
        return {"state": "failed", **nothing, "reason": result.look.reason}
    samples = result.samples
    return {
        "state": "collected",
        "quantity": _sum(sample.quantity for sample in samples),
        "spot": _sum(sample.spot for sample in samples),
        "scheduled_off": _sum(sample.scheduled_off for sample in samples),
        "reason": None,
    }


def _service_row(service: str, own: Sequence[tuple[Task, Result | None]]) -> list[Cell]:
    results = [result for _, result in own if result is not None]
    samples = [sample for result in results for sample in result.samples]
    failed = sum(result.error is not None for result in results)
    return [
        service,
        f"{own[0][0].time:%Y-%m-%d %H:%M}",
        str(len(results) - failed),
        str(len(own) - len(results)),
        str(failed),
        _short(_sum(sample.quantity for sample in samples)),
        _short(_sum(sample.spot for sample in samples)),
        _short(_sum(sample.scheduled_off for sample in samples)),
    ]


def _show_failures(printer: Printer, failed: Sequence[Result]) -> None:
    """What failed; one account that cannot be entered, or one region, is said once with its services."""
    places: dict[str, tuple[LamplighterError, list[str]]] = {}
    for result in failed:
        assert result.error is not None
        _, services = places.setdefault(result.error.message, (result.error, []))
        where = f"{result.look.account}/{result.look.region}"
        services.append(result.look.service if where in result.error.message else f"{where} {result.look.service}")
    for error, services in places.values():
        shown = ", ".join(services[:4]) + (f" and {len(services) - 4} more" if len(services) > 4 else "")
        printer.failure(error, subject=shown)


def _sum(numbers: Iterable[Decimal]) -> Decimal:
    return exact(sum(numbers, Decimal(0)))


def _short(number: Decimal) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")
