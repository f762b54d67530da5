"""`lamp deploy status` and `destroy`: what is deployed, and taking it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.deploy_home import GIVE_YES, chosen_settings, home
from lamplighter.cli.deploy_zips import DIST, Folder, Prefix, newest
from lamplighter.cli.failures import code_of
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import LamplighterError, UsageError

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.deploy.package import Package
    from lamplighter.deploy.push import Code
    from lamplighter.deploy.removal import Step
    from lamplighter.deploy.stacks import Stack
    from lamplighter.resources.kind import Session


def add_to(app: typer.Typer) -> None:
    """Add the commands to their group."""
    lines = ("lamp deploy status", "lamp deploy status --prefix lamplighter -o json")
    app.command("status", epilog=examples(*lines))(status)
    lines = ("lamp deploy destroy", "lamp deploy destroy --prefix lamplighter --yes")
    app.command("destroy", epilog=examples(*lines))(destroy)


def status(
    prefix: Prefix = "lamplighter",
    dist: Folder = DIST,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show the stacks of a deployment: state, the code they run beside the zips that are here, what was set."""
    from lamplighter.deploy import stacks
    from lamplighter.deploy.parameters import check_prefix
    from lamplighter.deploy.push import code_of

    printer = context.printer(output, verbose, no_color)
    check_prefix(prefix)
    made = newest(dist, needed=False)
    with printer.waiting("asking AWS") as tick, context.open_aws(chosen_settings(profile, endpoint_url), tick) as aws:
        session = home(aws)
        found = [*stacks.stacks(session, prefix), *stacks.beside(session, prefix)]
        code = {
            key: code_of(session, each.parameters["CodeBucket"], key)
            for each in found
            for key in each.code.values()
            if each.parameters.get("CodeBucket")
        }
    exits.leave(show_status(printer, found, made, code))


def show_status(printer: Printer, found: Sequence[Stack], made: Sequence[Package], code: Mapping[str, Code]) -> int:
    """Show stacks in the order of deployment, and return the exit code: findings where one is not in order."""
    from lamplighter.deploy.stacks import absent

    printer.answer(
        [_status_record(each, made, code) for each in found],
        (
            Column("Stack", whole=True),
            Column("State"),
            Column("Changed", whole=True),
            Column("Version", whole=True),
            Column("Built", whole=True),
            Column("Code"),
            Column("Set"),
        ),
        [_status_row(each, made, code, each.status or absent(each, found)) for each in found],
        empty="no stacks",
    )
    for zipped in made:
        at = f", built {zipped.facts.built:%Y-%m-%d %H:%M}" if zipped.facts.built else ""
        printer.note(f"here: {zipped.key}, version {zipped.facts.version}{at}")
    for known in code.values():
        if known.why:
            printer.note(f"{known.key}: {known.why}")
    wrong = [each for each in found if each.status and not each.settled]
    for stack in wrong:
        why = f" ({stack.why})" if stack.why else ""
        printer.warn(f"{stack.name} is not in order{why}: see its events in CloudFormation")
    return exits.FINDINGS if wrong or any(each.behind(made) for each in found) else exits.OK


def _status_record(stack: Stack, made: Sequence[Package], code: Mapping[str, Code]) -> dict[str, object]:
    run = _run(stack, code)
    return {
        "stack": stack.name,
        "template": stack.template,
        "status": stack.status or None,
        "changed": stack.changed,
        "code": stack.code,
        "version": (run and run.version) or None,
        "built": (run and run.built) or None,
        "behind": stack.behind(made),
        "set": stack.chosen,
    }


def _status_row(stack: Stack, made: Sequence[Package], code: Mapping[str, Code], state: str) -> list[str]:
    run = _run(stack, code)
    return [
        stack.name,
        state,
        f"{stack.changed:%Y-%m-%d %H:%M}" if stack.changed else "-",
        (run and run.version) or "-",
        (run and run.built) or "-",
        {None: "-", True: "other than here", False: "as here"}[stack.behind(made)],
        ", ".join(f"{name}={value}" for name, value in stack.chosen.items()) or "-",
    ]


def _run(stack: Stack, code: Mapping[str, Code]) -> Code | None:
    """The zip that a stack runs."""
    return next((code[key] for key in stack.code.values() if key in code), None)


def destroy(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what would be done.")] = False,
    prefix: Prefix = "lamplighter",
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Delete the stacks of a deployment, one after the other. Data stays: the lake, the tables, the key to them."""
    from lamplighter.deploy import removal, stacks
    from lamplighter.deploy.parameters import check_prefix

    printer = context.printer(output, verbose, no_color)
    check_prefix(prefix)
    with printer.waiting("asking AWS") as tick, context.open_aws(chosen_settings(profile, endpoint_url), tick) as aws:
        session = home(aws)
        found = stacks.stacks(session, prefix)
        planned = removal.steps(found, stacks.beside(session, prefix))
    refused = removal.obstacles(planned)
    outcomes = ["would be let go" if step.lets_go else "would be deleted" for step in planned]
    failure: LamplighterError | None = None
    if yes and not refused:
        with context.open_aws(chosen_settings(profile, endpoint_url)) as aws:
            outcomes, failure = take_all(printer, home(aws), planned)
    show_removal(printer, planned, outcomes, empty=f"there is no stack {prefix}-...")
    show_what_stays(printer, removal.left_behind(found))
    if planned:
        printer.note("stacks in member accounts, and the stack set that made them, stay as well")
    if refused:
        raise UsageError(f"nothing was deleted: {'; '.join(refused)}")
    if failure is not None:
        printer.failure(failure, subject=planned[outcomes.index("failed")].stack.name)
        exits.leave(code_of(failure))
    if planned and not yes:
        printer.note(f"nothing was deleted: {GIVE_YES}")


def show_what_stays(printer: Printer, kept: Sequence[tuple[str, str, str]]) -> None:
    """Name what CloudFormation keeps, a line for each type of a stack."""
    for name, kind in dict.fromkeys((name, kind) for name, _, kind in kept):
        logicals = ", ".join(logical for stack, logical, each in kept if (stack, each) == (name, kind))
        printer.note(f"stays: {logicals} of {name} ({kind})")
    if kept:
        printer.note("a new deployment takes it up again: docs/runbook.md, beginning again with what stayed")


def take_all(printer: Printer, session: Session, planned: Sequence[Step]) -> tuple[list[str], LamplighterError | None]:
    """(what became of each step, the error that stopped it): what comes after a failure is not begun with."""
    from lamplighter.deploy.removal import take

    done: list[str] = []
    for step in planned:
        try:
            with printer.waiting(step.stack.name):
                take(session, step, context.wait)
        except LamplighterError as error:
            return [*done, "failed", *["not tried"] * (len(planned) - len(done) - 1)], error
        done.append("let go" if step.lets_go else "deleted")
    return done, None


def show_removal(printer: Printer, planned: Sequence[Step], outcomes: Sequence[str], *, empty: str) -> None:
    """Show steps in their order, and what became of them."""
    rows = list(zip(planned, outcomes, strict=True))
    printer.answer(
        [
            {
                "stack": step.stack.name,
                "status": step.stack.status,
                "action": "let go of the application" if step.lets_go else "delete",
                "outcome": outcome,
            }
            for step, outcome in rows
        ],
        (Column("Stack", whole=True), Column("State"), Column("")),
        [[step.stack.name, step.stack.status, outcome] for step, outcome in rows],
        empty=empty,
    )
