"""`lamp doctor`: whether everything is in place for a pass."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import single
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.cli.context import Settings
    from lamplighter.cli.show import Printer
    from lamplighter.deploy.check import Check

app, command = single(
    "lamp doctor",
    "lamp doctor --region all --exit-code",
    "lamp doctor --without-aws",
    "lamp doctor --store dynamodb://lamplighter --create-tables",
    "lamp doctor --stack lamplighter-state --stack lamplighter-hub --region eu-central-1",
)


@command
def doctor(
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 if a check fails.")] = False,
    without_aws: Annotated[bool, typer.Option("--without-aws", help="Only what is on this machine.")] = False,
    create_tables: Annotated[
        bool, typer.Option("--create-tables", help="Make the missing tables of a store in DynamoDB first.")
    ] = False,
    stack: Annotated[
        list[str] | None,
        typer.Option("--stack", metavar="NAME", help="Look at this deployed stack and all of its parts; repeatable."),
    ] = None,
    file: options.File = None,
    store: options.StoreUrl = None,
    lake: options.Lake = None,
    profile: options.Profile = None,
    region: options.Regions = None,
    account: options.Accounts = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Check versions, definitions, store, prices, credentials, targets and permissions; or what is deployed."""
    printer = context.printer(output, verbose, no_color)
    chosen = context.settings(file, store, profile, region, account, endpoint_url)
    if stack:
        code = of_stacks(printer, chosen, stack, lake)
        exits.leave(code if exit_code else exits.OK)
        return
    with printer.waiting("looking") as tick:
        made = make_tables(chosen) if create_tables else []
        found = list(local_checks(chosen, without_aws=without_aws))
        if not without_aws:
            with context.open_aws(chosen, tick) as aws:
                found += aws_checks(aws, chosen)
    for name in made:
        printer.note(f"made the table {name}")
    code = show_checks(printer, found)
    exits.leave(code if exit_code else exits.OK)


def of_stacks(printer: Printer, chosen: Settings, stacks: Sequence[str], lake: Path | None) -> int:
    """Look at deployed stacks, show what was found, and return 3 if a check fails."""
    from lamplighter.cli.doctor_stack import stack_checks

    with printer.waiting("looking") as tick, context.open_aws(chosen, tick) as aws:
        found = list(stack_checks(aws, chosen, stacks, lake))
    return show_checks(printer, found)


def make_tables(chosen: Settings) -> list[str]:
    """Make the missing tables of the store; their names.

    Raises:
        UsageError: the store is not in DynamoDB.
        StoreError: they could not be made.
    """
    from lamplighter.errors import UsageError
    from lamplighter.store.dynamodb import DynamoDBStore
    from lamplighter.store.dynamodb_tables import create_tables

    with context.state(chosen.store, writes=False, chosen=chosen) as opened:
        if not isinstance(opened, DynamoDBStore):
            raise UsageError("--create-tables: the store is not in DynamoDB", hint="say --store dynamodb://lamplighter")
        return create_tables(opened, context.wait)


def local_checks(chosen: Settings, *, without_aws: bool = False) -> Iterator[Check]:
    """What can be looked at without AWS, and the store."""
    from lamplighter.cli import checks
    from lamplighter.deploy.check import Check, Status
    from lamplighter.errors import LamplighterError
    from lamplighter.pricing.book import PriceBook
    from lamplighter.scheduler.passes import last_passes

    now = context.utc_now()
    yield checks.versions()
    try:
        path = context.find_definitions(chosen.file)
        yield checks.definitions(path, lambda: context.configuration(chosen.file, store=chosen.store), now)
    except LamplighterError as error:
        yield checks.failed("definitions", error)
    try:
        yield checks.prices(PriceBook.bundled(), now)
    except LamplighterError as error:
        yield checks.failed("prices", error)
    place = context.default_store(os.environ)
    if chosen.store is None and not place.exists():
        yield Check("store", Status.WARN, f"{place} does not exist yet", "`lamp run` makes it")
        return
    if without_aws and (chosen.store or "").startswith("dynamodb:"):
        yield Check("store", Status.WARN, f"{chosen.store}: not looked at", "leave out --without-aws")
        return
    try:
        with context.state(chosen.store, writes=False, chosen=chosen) as opened:
            content = checks.store_content(opened)
            yield content
            if content.status is Status.OK:
                yield checks.last_pass(last_passes(opened), now)
    except LamplighterError as error:
        yield checks.failed("store", error)


def aws_checks(aws: object, chosen: Settings) -> list[Check]:
    """What AWS has to say: who we are, how late it is, and whether every target answers for every kind."""
    from lamplighter.aws.access import Aws
    from lamplighter.aws.targets import GLOBAL_REGION, Target
    from lamplighter.cli import checks
    from lamplighter.deploy.check import Status
    from lamplighter.errors import DefinitionError, UsageError

    assert isinstance(aws, Aws)
    found = [checks.credentials(aws)]
    if found[0].status is not Status.OK:
        return found
    home = Target(aws.own_account(), aws.region or GLOBAL_REGION)
    found.append(checks.clock(aws, home, context.utc_now))
    try:
        config = context.configuration(chosen.file, needed=False, store=chosen.store)
    except (DefinitionError, UsageError):
        return found  # the local check has said so
    found += checks.change_calendars(aws, config, context.utc_now)
    if config.fatal:
        return found
    return [*found, *checks.targets(aws, config, config.kinds, chosen.accounts, chosen.regions)]


def show_checks(printer: Printer, found: Sequence[Check]) -> int:
    """Show every check and what to do, and return 3 if one fails."""
    from lamplighter.deploy.check import Status

    printer.answer(
        [
            {"check": check.name, "status": check.status.value, "detail": check.detail, "hint": check.hint or None}
            for check in found
        ],
        (Column("Check"), Column("Is", whole=True), Column("Found"), Column("Do")),
        [[check.name, check.status.value, check.detail, check.hint] for check in found],
        empty="nothing checked",
    )
    bad = sum(check.status is Status.FAIL for check in found)
    doubtful = sum(check.status is Status.WARN for check in found)
    hidden = sum(check.status is Status.UNKNOWN for check in found)
    unknown = f", {hidden} not known" if hidden else ""
    printer.note(f"{len(found) - bad - doubtful - hidden} ok, {doubtful} warnings{unknown}, {bad} failures")
    return exits.FINDINGS if bad else exits.OK
