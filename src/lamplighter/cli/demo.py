"""`lamp demo`: a simulated estate lives through a week."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.estate.control import SimulatedAws
    from lamplighter.estate.demo import Shown

DEFAULT_FOLDER = Path(".lamp-demo")

app, command = single("lamp demo", "lamp demo --keep", "lamp demo --stop")


@command
def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the simulated AWS running, to try other commands on it.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the one that was left running.")] = False,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="PATH", help="Where --keep puts definitions, state and variables.")
    ] = DEFAULT_FOLDER,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day of the week; default: last Monday's week.")
    ] = None,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Build a simulated estate of five accounts, light it by schedule for a week, and show what that saved."""
    from lamplighter.estate import kept

    printer = context.printer(Output.TABLE, verbose, no_color)
    if stop:
        printer.note(f"ended the simulated AWS (process {kept.end(folder)})")
        return
    start = _first_day(begin)
    if keep and kept.running(folder):
        from lamplighter.errors import UsageError

        raise UsageError(f"a demo runs from {folder} already", hint="use it, or end it: lamp demo --stop")
    began = time.monotonic()
    with _home(folder, keep) as home, _server(home, keep) as simulated:
        shown = _play(printer, simulated, home, start)
        show(printer, shown)
        workbook = _commitments(printer, shown, folder)
        if keep:
            _leave(printer, simulated, home)
    if workbook is not None:
        printer.note(f"usage, coverage, utilisation and what to buy, as a workbook: {workbook}")
    printer.note(f"the demo took {time.monotonic() - began:.0f} s")
    if shown.bill is not None and shown.bill.differing:
        printer.warn(f"the bill and the journal differ on {len(shown.bill.differing)} resources")
        exits.leave(exits.FAILED)
    if shown.differing:
        printer.warn(f"the journal and the simulated AWS differ on {len(shown.differing)} resources")
        exits.leave(exits.FAILED)


def _first_day(begin: str | None) -> datetime:
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from lamplighter.cli.values import moment
    from lamplighter.estate.demo import last_week

    if begin is None:
        return last_week(context.utc_now())
    return moment(begin, now=context.utc_now(), zone=ZoneInfo("UTC")).astimezone(UTC)


@contextmanager
def _home(folder: Path, keep: bool) -> Iterator[Path]:
    """The folder of this demo: one to keep, emptied before of what another demo left, or one that goes away."""
    from lamplighter.estate.demo_bill import BILLS, LAKE
    from lamplighter.estate.kept import ENVIRONMENT

    if not keep:
        with tempfile.TemporaryDirectory(prefix="lamp-demo-") as name:
            yield Path(name)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("state.sqlite*"):
        old.unlink()
    if (folder / ENVIRONMENT).exists():  # nobody else's folders are emptied
        for name in (BILLS, LAKE):
            shutil.rmtree(folder / name, ignore_errors=True)
    yield folder.resolve()


@contextmanager
def _server(home: Path, keep: bool) -> Iterator[SimulatedAws]:
    """The simulated AWS; one to be kept is ended all the same when the demo fails."""
    from lamplighter.estate.control import start_process

    with start_process(log=home / "server.log", keep=keep) as simulated:
        try:
            yield simulated
        except BaseException:
            simulated.close()
            raise


def _play(printer: Printer, simulated: SimulatedAws, home: Path, start: datetime) -> Shown:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from lamplighter.estate.demo import WEEK, play
    from lamplighter.store.open import open_store

    columns = (TextColumn("{task.description:<32}"), BarColumn(), TextColumn("{task.fields[now]}"), TimeElapsedColumn())
    store = open_store(str(home / "state.sqlite"))
    try:
        with Progress(*columns, console=printer.progress_console(), transient=True) as progress:
            building = progress.add_task("building 5 accounts x 2 regions", total=None, now="")
            living = progress.add_task("living through a week", total=WEEK.total_seconds(), now="")
            return play(
                simulated,
                store,
                start,
                home,
                building=lambda what, done, total: progress.update(building, completed=done, total=total, now=what),
                living=lambda at, _: progress.update(
                    living, completed=(at - start).total_seconds(), now=f"{at:%a %H:%M} UTC"
                ),
                billing=lambda: progress.update(living, completed=WEEK.total_seconds(), now="the bill"),
            )
    finally:
        store.close()


def show(printer: Printer, shown: Shown) -> None:
    """Show what the week came to."""
    from lamplighter.cli.demo_bill import show_bill
    from lamplighter.cli.savings import show_savings
    from lamplighter.cli.why import explained
    from lamplighter.estate.demo import demo_configuration
    from lamplighter.pricing.book import PriceBook

    config, lived = demo_configuration(), shown.lived
    printer.text(
        f"From {lived.start:%a %Y-%m-%d} to {lived.end:%a %Y-%m-%d}: "
        f"{len(shown.built.schedulable)} schedulable resources, {lived.passes} passes, "
        f"{lived.started} starts, {lived.stopped} stops, {len(lived.failed)} failed.\n"
    )
    show_savings(printer, shown.measured, PriceBook.bundled(), ("account",))
    agreed = len(shown.measured) - len(shown.differing)
    printer.text(
        f"\nLit hours in the journal and in the simulated AWS's own record: {agreed} of {len(shown.measured)} equal."
    )
    if shown.bill is not None:
        show_bill(printer, shown.bill)
    else:
        printer.note("there is no bill of the week: it needs the extra `lake` (pip install 'lamplighter[lake]')")
    printer.text("\nWhy is it off?\n" + explained(shown.off, config))
    printer.text("\nWhy is it on?\n" + explained(shown.on, config))
    printer.text("\nWhat went wrong, and stopped nothing else\n")
    for line in _troubles(shown):
        printer.text(f"  {line}")


def _commitments(printer: Printer, shown: Shown, folder: Path) -> Path | None:
    """What to commit to; the workbook stays in the demo's folder, also when nothing else is kept."""
    if shown.bill is None:
        return None
    from lamplighter.cli.demo_commit import show_commitments

    return show_commitments(printer, shown.bill.lake, shown.lived.start, shown.lived.end, folder)


def _troubles(shown: Shown) -> Iterator[str]:
    lived = shown.lived
    for step in lived.invalid.values():
        if step.decision.rule == "invalid-schedule":
            where = f"{step.resource.name} in {step.target}"
            yield f"a bad schedule: {where} is left as it is, because {step.decision.reason}"
            break
    denied: dict[str, int] = {}
    for _, target, _ in lived.denied:
        denied[target] = denied.get(target, 0) + 1
    for target in sorted(denied)[:1]:
        error = next(error for _, name, error in lived.denied if name == target)
        yield f"a denied account: {error.message}; {denied[target]} passes went on without it"
        yield f"  hint: {error.hint}"
    failed = [entry for entry in shown.scarce if entry.outcome == "failed"]
    if failed:
        after = [entry for entry in shown.scarce if entry.at > failed[-1].at and entry.lit_after]
        yield f"no capacity: {failed[0].name} could not be started on {failed[0].at:%a %H:%M} UTC: {failed[0].note}"
        yield (
            f"  tried {len(failed)} times; it ran from {after[0].at:%a %H:%M} UTC" if after else "  it never ran again"
        )


def _leave(printer: Printer, simulated: SimulatedAws, home: Path) -> None:
    from lamplighter.estate import kept
    from lamplighter.estate.demo import definitions
    from lamplighter.estate.demo_bill import LAKE

    assert simulated.pid is not None
    simulated.control.release_clock()
    simulated.control.clear_faults()
    copy = home / "lamplighter.yaml"
    shutil.copyfile(definitions(), copy)
    variables = {
        **simulated.environment,
        "AWS_REGION": "eu-central-1",
        "LAMPLIGHTER_FILE": str(copy),
        "LAMPLIGHTER_LAKE": str(home / LAKE),
        "LAMPLIGHTER_STORE": str(home / "state.sqlite"),
    }
    kept.remember(home, simulated.pid, variables)
    where = home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home
    printer.note(f"the simulated AWS is left running at {simulated.url}; its clock is yours again")
    printer.note(f"try it:  source {where}/env; lamp plan; lamp next; lamp cost --by tag:Schedule")
    printer.note("end it:  lamp demo --stop")
