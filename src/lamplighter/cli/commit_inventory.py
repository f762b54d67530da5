"""`lamp commit inventory`: reservations and Savings Plans of every account, and when they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted
from lamplighter.errors import LamplighterError

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.cli.context import Settings
    from lamplighter.cli.show import Cell, Printer, Record
    from lamplighter.commitments.holdings import Held
    from lamplighter.commitments.kept import Inventory
    from lamplighter.pricing.money import Money

_COLUMNS = (
    Column("Ends", whole=True),
    Column("Days", right=True),
    Column("Commitment", whole=True),
    Column("Where", whole=True),
    Column("Count", right=True),
    Column("Terms"),
    Column("State", whole=True),
    Column("An hour", right=True),
    Column("Notes"),
)


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    lines = (
        "lamp commit inventory",
        "lamp commit inventory --expiring 60",
        "lamp commit inventory --without-aws -o csv",
    )
    app.command(epilog=examples(*lines))(inventory)


def inventory(
    expiring: Annotated[
        int | None, typer.Option("--expiring", min=0, metavar="DAYS", help="Only those that end within so many days.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="NAME", help="Only ri-ec2, ri-rds, sp-compute, ...; repeatable."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended or never began.")] = False,
    without_aws: Annotated[bool, typer.Option("--without-aws", help="What was kept in the lake; ask nobody.")] = False,
    file: options.File = None,
    lake: options.Lake = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List what has been committed to, reservations and Savings Plans, the next to end first; keep it in the lake."""
    from lamplighter.commitments.kept import load_inventory

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, None, profile, region, account, endpoint_url)
    folder = context.lake_folder(lake)
    unresolved = 0
    kinds = _known(kind or ())
    if without_aws:
        found = load_inventory(folder)
    else:
        found, failures = _ask(printer, chosen, folder, kinds)
        unresolved = len(failures)
        for subject, error in failures:
            printer.failure(error, subject=subject)
    found = found.only(chosen.accounts, chosen.regions).told_by(_sources(kinds))
    at = context.utc_now()
    held = chosen_of(found, at, expiring=expiring, kinds=kinds, everything=everything)
    show_held(printer, held, at)
    code = show_unknown(printer, found)
    if found.as_of:
        printer.note(f"as AWS told from {found.as_of:%Y-%m-%d %H:%M} UTC on")
    elif not found.known:
        printer.note("nothing is kept yet: ask AWS, without --without-aws")
    exits.leave(exits.PARTIAL if unresolved else code)


def _ask(
    printer: Printer, chosen: Settings, folder: Path, kinds: frozenset[str]
) -> tuple[Inventory, list[tuple[str, LamplighterError]]]:
    """Ask who tells of these kinds, and keep what they say; what could not be made into targets comes beside it."""
    from lamplighter.commitments.collect import ask, ask_ledger
    from lamplighter.commitments.kept import keep
    from lamplighter.commitments.registry import sources
    from lamplighter.scheduler.passes import targets_of

    every = [source for name, source in sources().items() if name in _sources(kinds)]
    with printer.waiting("asking AWS") as tick, context.world(chosen, needs_file=False, on_call=tick) as world:
        listed = targets_of(world, chosen.accounts, chosen.regions)
        at = context.utc_now()
        threads = world.config.targets.threads if world.config.targets else 25
        answers = ask(world.aws.session, listed.targets, every, at, threads=threads)
    found = keep(folder, [*answers, *ask_ledger(folder, every)], at)
    return found, [(failure.subject, failure.error) for failure in listed.failures]


def _known(kinds: Sequence[str]) -> frozenset[str]:
    from lamplighter.cli.lookup import unknown
    from lamplighter.commitments.registry import sources

    keys = [key for source in sources().values() for key in source.keys]
    for kind in kinds:
        if kind not in keys:
            raise unknown("kind of commitment", kind, keys)
    return frozenset(kinds)


def _sources(kinds: frozenset[str]) -> frozenset[str]:
    """Names of the sources that tell of these kinds; of all if none is named."""
    from lamplighter.commitments.registry import sources

    return frozenset(name for name, source in sources().items() if not kinds or kinds & set(source.keys))


def chosen_of(
    found: Inventory, at: datetime, *, expiring: int | None, kinds: frozenset[str], everything: bool
) -> list[Held]:
    """Those that are asked for, in order of their ends."""
    from lamplighter.commitments.holdings import by_expiry
    from lamplighter.commitments.holdings import expiring as ending

    held = [each for each in found.held if not kinds or each.key in kinds]
    if expiring is not None:
        return ending(held, at, expiring)
    return by_expiry(each for each in held if everything or (each.lives and not each.ended(at)))


def show_held(printer: Printer, held: Sequence[Held], at: datetime) -> None:
    """Show a row for each."""
    wide = len(_COLUMNS) if any(each.notes for each in held) else len(_COLUMNS) - 1
    printer.answer(
        [held_record(each, at) for each in held],
        _COLUMNS[:wide],
        [_row(each, at)[:wide] for each in held],
        empty="no commitment fits",
    )


def _row(each: Held, at: datetime) -> list[Cell]:
    ends = f"{each.end:%Y-%m-%d}" if each.end else "not known"
    where = each.zone or each.region or "everywhere"
    terms = f"{each.terms.years} y {each.terms.payment}" if each.terms else each.offering or "not known"
    hour = each.commitment or each.effective
    return [
        ends,
        "" if each.end is None else str((each.end - at).days),
        (f"{each.key} {each.value}".strip(), each.id),
        (each.account_name, where),
        "" if each.plan else f"{each.count:f}",
        f"{terms}, convertible" if each.offering_class == "convertible" else terms,
        each.state,
        "not known" if hour is None else f"{hour.amount:,.4f} {hour.currency}",
        "; ".join(each.notes),
    ]


def held_record(each: Held, at: datetime) -> Record:
    """A commitment for programs; amounts are for all of it, an hour's are amortised in `effective_hourly`."""
    return {
        "kind": each.key,
        "value": each.value,
        "id": each.id,
        "arn": each.arn,
        "account": each.account,
        "account_name": each.account_name,
        "region": each.region or None,
        "zone": each.zone or None,
        "scope": each.scope,
        "resource_type": each.resource_type or None,
        "count": each.count,
        "units": each.units,
        "size_flexible": each.size_flexible,
        "state": each.state,
        "in_force": each.in_force(at),
        "start": each.start,
        "end": each.end,
        "days_left": None if each.end is None else (each.end - at).days,
        "years": each.terms.years if each.terms else None,
        "payment": each.terms.payment.value if each.terms else None,
        "offering": each.offering or None,
        "offering_class": each.offering_class.value,
        "upfront": _total(each.upfront, each.count),
        "hourly": _total(each.hourly, each.count),
        "effective_hourly": _total(each.effective, Decimal(1)),
        "commitment": _total(each.commitment, Decimal(1)),
        "currency": next((m.currency for m in (each.commitment, each.hourly, each.upfront) if m), None),
        "shared": each.shared,
        "as_of": each.as_of,
        "notes": list(each.notes),
    }


def _total(money: Money | None, count: Decimal) -> Decimal | None:
    return None if money is None else money.amount * count


def show_unknown(printer: Printer, found: Inventory) -> int:
    """Say what could not be found out, the same message once for all its places; return the exit code.

    That bills tell nothing of what only bills tell is worth a note and no failure.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for each in found.unknown:
        for trouble in each.troubles:
            if each.from_ledger:
                printer.note(trouble.message + (f" ({trouble.hint})" if trouble.hint else ""))
            else:
                where = f"{each.account}/{each.region}"
                message = trouble.message.removeprefix(f"{where}: ")
                places.setdefault((message, trouble.hint), []).append(where)
    for (message, hint), asked in places.items():
        printer.failure(LamplighterError(message, hint=hint), subject=", ".join(dict.fromkeys(asked)))
    old = [each for each in found.unknown if not each.from_ledger and each.as_of is None]
    if old:
        printer.warn(f"what {counted(len(old), 'source')} would tell was never known, which does not mean none")
    return exits.PARTIAL if places else exits.OK
