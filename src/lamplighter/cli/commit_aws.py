"""`lamp commit aws`: coverage, utilisation and recommendations as Cost Explorer states them, and what asking cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options, values
from lamplighter.cli.commands import examples
from lamplighter.cli.commit_aws_show import show_replies
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.cli.show import Printer
    from lamplighter.commitments.explorer import Explorer
    from lamplighter.commitments.explorer_questions import Question, Wanted
    from lamplighter.pricing.money import Money
    from lamplighter.pricing.offers import Payment


class PaymentName(StrEnum):
    """How a commitment is paid, as an option has it."""

    NO = "no"
    PARTIAL = "partial"
    ALL = "all"

    @property
    def payment(self) -> Payment:
        """As AWS spells it."""
        from lamplighter.pricing.offers import Payment

        return dict(zip(PaymentName, Payment, strict=True))[self]


class Lookback(StrEnum):
    """How many days recommendations look at."""

    SEVEN = "7"
    THIRTY = "30"
    SIXTY = "60"


class Years(StrEnum):
    """How long a commitment lasts."""

    ONE = "1"
    THREE = "3"


_GROUPS = {
    "account": "LINKED_ACCOUNT",
    "region": "REGION",
    "type": "INSTANCE_TYPE",
    "zone": "AZ",
    "system": "PLATFORM",
}


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command(
        "aws",
        epilog=examples(
            "lamp commit aws --dry-run",
            "lamp commit aws --what coverage --service ec2 --by region --from 2026-10-01 --to 2026-11-01",
            "lamp commit aws --what recommendations --years 3 --payment partial --budget 0.20 -o json",
        ),
    )(aws)


def aws(
    what: Annotated[
        list[str] | None,
        typer.Option("--what", metavar="NAME", help="coverage, utilisation, recommendations; repeatable; else all."),
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("--service", metavar="NAME", help="ec2, rds, ..., savings-plans; repeatable; default: all."),
    ] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day; default: 30 days ago.")] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="First day after the time; default: today.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="NAME", help="Coverage of reservations by account, region, type, zone, system."),
    ] = None,
    daily: Annotated[bool, typer.Option("--daily", help="A figure for each day.")] = False,
    years: Annotated[Years, typer.Option("--years", help="Of recommendations: years to commit to.")] = Years.ONE,
    payment: Annotated[
        PaymentName, typer.Option("--payment", help="Of recommendations: how much upfront.")
    ] = PaymentName.NO,
    convertible: Annotated[bool, typer.Option("--convertible", help="Of recommendations: EC2 convertible.")] = False,
    lookback: Annotated[
        Lookback, typer.Option("--lookback", help="Of recommendations: days of usage to look at.")
    ] = Lookback.THIRTY,
    per_account: Annotated[
        bool, typer.Option("--per-account", help="Of recommendations: for each account by itself.")
    ] = False,
    budget: Annotated[
        str, typer.Option("--budget", metavar="USD", help="What this run may spend; a page costs 0.01.")
    ] = "1.00",
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask and pay again for what is kept.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be asked, at what cost.")] = False,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Ask Cost Explorer what was covered, what was used, and what it recommends; every page is counted and kept."""
    from lamplighter.aws.targets import GLOBAL_REGION, Target
    from lamplighter.commitments.collect import homes
    from lamplighter.commitments.explorer import Explorer
    from lamplighter.commitments.explorer_questions import Wanted, ask_all, questions
    from lamplighter.commitments.source import Where
    from lamplighter.pricing.offers import OfferingClass, Terms

    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(None, store, profile, None, None, endpoint_url)
    now = context.utc_now()
    limit = read_budget(budget)
    first, last = _days(begin, end, now)
    groups = [_of("group", name, _GROUPS) for name in values.listed(by)]
    if groups and daily:
        raise UsageError("--by and --daily do not go together: AWS takes one of them", hint="leave one out")
    offering = OfferingClass.CONVERTIBLE if convertible else OfferingClass.STANDARD
    terms = Terms(int(years), payment.payment, offering)
    wanted = Wanted(
        first.date(),
        last.date(),
        terms,
        int(lookback),
        not per_account,
        granularity="DAILY" if daily else "",
        group_by=[_GROUPS[name] for name in groups],
    )
    asked = questions(_narrowed(wanted, values.listed(what), values.listed(service)))
    with (
        printer.waiting("asking Cost Explorer") as tick,
        context.state(chosen.store, writes=not dry_run, chosen=chosen) as opened,
        context.open_aws(chosen, tick) as session,
    ):
        [home] = homes([Target(session.own_account(), session.region or GLOBAL_REGION)])
        explorer = Explorer(session.session_as(home, None), opened, now, budget=limit, refresh=refresh)
        if dry_run:
            show_plan(printer, explorer, asked)
            return
        replies = ask_all(explorer, asked, Where(home.account, home.account, home.region, now).currency)
    code = show_replies(printer, replies)
    printer.note(cost_of(explorer))
    exits.leave(code)


def cost_of(explorer: Explorer) -> str:
    """What asking cost, and what the answers that were kept saved; for every command that asks Cost Explorer."""
    from lamplighter.commitments.explorer import PAGE_PRICE

    kept = f"; {counted(explorer.saved, 'page')} kept from before saved {PAGE_PRICE * explorer.saved}"
    asked = f"Cost Explorer: {counted(explorer.paid, 'page')} asked for, {explorer.spent}"
    return asked + (kept if explorer.saved else "")


def show_plan(printer: Printer, explorer: Explorer, asked: Sequence[Question]) -> None:
    """Show the questions, which of them are answered already, and what the others cost at least."""
    from lamplighter.commitments.explorer import PAGE_PRICE

    rows = [(one, explorer.knows(one.operation, one.params)) for one in asked]
    printer.answer(
        [
            {"topic": one.topic, "service": one.service, "operation": one.operation, "kept": kept, "params": one.params}
            for one, kept in rows
        ],
        (Column("What", whole=True), Column("Of", whole=True), Column("Asked as"), Column("Costs", whole=True)),
        [
            [one.topic, one.service, one.operation, "nothing: kept" if kept else f"{PAGE_PRICE} a page"]
            for one, kept in rows
        ],
        empty="nothing would be asked",
    )
    new = sum(not kept for _, kept in rows)
    printer.note(f"{counted(new, 'question')} would be asked, for {PAGE_PRICE * new} at least")


def _narrowed(wanted: Wanted, topics: Sequence[str], services: Sequence[str]) -> Wanted:
    from dataclasses import replace

    from lamplighter.commitments.explorer_questions import SAVINGS_PLANS, SERVICES, TOPICS

    return replace(
        wanted,
        topics=[_of("topic", name, TOPICS) for name in topics] or TOPICS,
        services=[_of("service", name, (*SERVICES, SAVINGS_PLANS)) for name in services] or wanted.services,
    )


def _of(what: str, name: str, known: Sequence[str] | dict[str, str]) -> str:
    from lamplighter.cli.lookup import unknown

    if name not in known:
        raise unknown(what, name, known)
    return name


def _days(begin: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Midnights in UTC: Cost Explorer counts days so."""
    from zoneinfo import ZoneInfo

    utc = ZoneInfo("UTC")
    today = values.midnight(now, utc)
    start = today - timedelta(days=30)
    first, last = values.span(begin, end, now=now, zone=utc, start=start, stop=today)
    return values.midnight(first, utc), values.midnight(last, utc)


def read_budget(text: str) -> Money:
    """The amount of --budget.

    Raises:
        UsageError: it is none.
    """
    from lamplighter.pricing.money import Money

    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise UsageError(f"--budget: {text!r} is no amount", hint="write --budget 1.00")
    return Money(amount, "USD")
