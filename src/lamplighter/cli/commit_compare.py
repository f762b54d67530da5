"""`lamp commit compare`: what to buy, beside what Cost Explorer recommends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.commit_aws import Lookback, PaymentName, Years, cost_of, read_budget
from lamplighter.cli.commit_aws_show import show_unanswered
from lamplighter.cli.commit_recommend import Asked, Blind, Period, Shared, Since, sized
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted

if TYPE_CHECKING:
    from decimal import Decimal

    from lamplighter.cli.show import Printer, Record
    from lamplighter.commitments.explorer_answers import Advice
    from lamplighter.commitments.sizing.compare import Difference
    from lamplighter.pricing.money import Money
    from lamplighter.pricing.offers import Terms

_COLUMNS: Final = (
    Column("What", whole=True),
    Column("Where", whole=True),
    Column("Here", right=True),
    Column("AWS", right=True),
    Column("Saves here", right=True),
    Column("Saves, says AWS", right=True),
    Column("Said"),
)


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command(
        epilog=examples(
            "lamp commit compare", "lamp commit compare --years 3 --payment all --lookback 60 --budget 0.20"
        )
    )(compare)


def compare(
    years: Annotated[Years, typer.Option("--years", help="Years to commit to.")] = Years.ONE,
    payment: Annotated[PaymentName, typer.Option("--payment", help="How much upfront.")] = PaymentName.NO,
    lookback: Annotated[Lookback, typer.Option("--lookback", help="Days that AWS looks at.")] = Lookback.THIRTY,
    period: Period = None,
    since: Since = None,
    without_schedules: Blind = False,
    shared: Shared = True,
    budget: Annotated[
        str, typer.Option("--budget", metavar="USD", help="What this run may spend; a page costs 0.01.")
    ] = "1.00",
    file: options.File = None,
    lake: options.Lake = None,
    store: options.StoreUrl = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put what to buy beside what Cost Explorer recommends, on the same terms and in the same units."""
    from lamplighter.commitments.sizing.compare import compare as beside
    from lamplighter.pricing.offers import Terms

    printer = context.printer(output, verbose, no_color)
    found = sized(
        printer,
        Asked(period, since, f"{years}y", payment, 0.0, without_schedules, shared, 1, False, file, lake),
    )
    chosen = context.settings(file, store, profile, None, None, endpoint_url)
    advice, silent, code = _ask(
        printer, chosen, Terms(int(years), payment.payment), int(lookback), budget, shared=shared
    )
    rows, unread = beside(found.lines, advice, silent)
    show_differences(printer, rows)
    for said in unread:
        printer.warn(said)
    printer.note("AWS works out each kind of purchase as if the others were not bought: its savings do not add up")
    exits.leave(code or (exits.PARTIAL if found.aside else exits.OK))


def _ask(
    printer: Printer, chosen: context.Settings, terms: Terms, lookback: int, budget: str, *, shared: bool
) -> tuple[list[Advice], set[str], int]:
    """AWS's recommendations, the services it said nothing of, and the exit code that what could not be had asks for."""
    from lamplighter.aws.targets import GLOBAL_REGION, Target
    from lamplighter.commitments.collect import homes
    from lamplighter.commitments.explorer import Explorer
    from lamplighter.commitments.explorer_answers import Advice
    from lamplighter.commitments.explorer_questions import RECOMMENDATIONS, Wanted, ask_all, questions
    from lamplighter.commitments.source import Where

    now = context.utc_now()
    limit = read_budget(budget)
    wanted = Wanted(now.date(), now.date(), terms, lookback, shared, topics=[RECOMMENDATIONS])
    with (
        printer.waiting("asking Cost Explorer") as tick,
        context.state(chosen.store, writes=True) as opened,
        context.open_aws(chosen, tick) as session,
    ):
        [home] = homes([Target(session.own_account(), session.region or GLOBAL_REGION)])
        explorer = Explorer(session.session_as(home, None), opened, now, budget=limit)
        replies = ask_all(explorer, questions(wanted), Where(home.account, home.account, home.region, now).currency)
    code = show_unanswered(printer, replies)
    printer.note(cost_of(explorer))
    advice = [one for each in replies for one in each.records if isinstance(one, Advice)]
    heard = {each.question.service for each in replies if each.error is None}
    return advice, {each.question.service for each in replies} - heard, code


def show_differences(printer: Printer, rows: Sequence[Difference]) -> None:
    """Show a row for each thing to buy."""
    printer.answer(
        [_record(row) for row in rows],
        _COLUMNS,
        [
            [
                " ".join(part for part in (row.subject.what, row.subject.service, row.subject.family) if part),
                row.subject.region or "everywhere",
                _amount(row.ours),
                _amount(row.theirs),
                _money(row.our_saving),
                _money(row.their_saving),
                row.said,
            ]
            for row in rows
        ],
        empty="neither here nor at AWS is anything to buy",
    )
    if rows and not printer.for_programs:
        printer.note(f"{counted(len(rows), 'purchase')}: reservations in normalised units, plans in money an hour")


def _record(row: Difference) -> Record:
    return {
        "what": row.subject.what.value,
        "service": row.subject.service,
        "region": row.subject.region or None,
        "family": row.subject.family or None,
        "ours": row.ours,
        "theirs": row.theirs,
        "our_saving": row.our_saving.rounded(6).amount if row.our_saving else None,
        "their_saving": row.their_saving.amount if row.their_saving else None,
        "said": row.said,
    }


def _amount(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def _money(money: Money | None) -> str:
    return "" if money is None else f"{money.rounded().amount:,.2f} {money.currency}"
