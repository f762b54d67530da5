"""`lamp deploy push`: zips into the bucket of the code, and a release, which starts the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.deploy_home import GIVE_YES, chosen_settings, home
from lamplighter.cli.deploy_zips import DIST, Also, Fetch, Folder, Machine, Prefix, Python, newest, pack
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.cli.views import counted
from lamplighter.errors import AccessDenied, DefinitionError, UsageError

if TYPE_CHECKING:
    from lamplighter.aws.access import TargetSession
    from lamplighter.cli.show import Printer
    from lamplighter.deploy.package import Package
    from lamplighter.deploy.push import Pushed
    from lamplighter.deploy.release import Release
    from lamplighter.deploy.stacks import Stack
    from lamplighter.errors import Problem
    from lamplighter.schedules.source import Document


def add_to(app: typer.Typer) -> None:
    """Add the command to its group."""
    app.command(
        "push",
        epilog=examples(
            "lamp deploy push --package --python 3.12 --fetch",
            "lamp deploy push --package --python 3.12 --fetch --release --parameters parameters.yaml",
            "lamp deploy push --release --parameters parameters.yaml --yes",
            "lamp deploy push --bucket example-code --dist build",
        ),
    )(push)


def push(
    bucket: Annotated[
        str | None,
        typer.Option("--bucket", metavar="NAME", help="Of the code; else that of the stack state.", show_default=False),
    ] = None,
    package: Annotated[bool, typer.Option("--package", help="Make the zips first.")] = False,
    python: Python = None,
    machine: Machine = "x86_64",
    fetch: Fetch = False,
    also: Also = None,
    dist: Folder = DIST,
    release: Annotated[
        bool, typer.Option("--release", help="Also a release of all templates, which starts the pipeline.")
    ] = False,
    parameters: Annotated[
        Path | None,
        typer.Option(
            "--parameters", metavar="FILE", help="YAML: by template, what is to differ from what is deployed."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send the release; else it is only said what it would change.")
    ] = False,
    prefix: Prefix = "lamplighter",
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put the zips into a bucket, under keys by content. A release keeps the parameters that are deployed."""
    from lamplighter.deploy import push as pushing
    from lamplighter.deploy.handlers import Group
    from lamplighter.deploy.release import release_bytes

    printer = context.printer(output, verbose, no_color)
    _fitting(release, parameters, package, python or also or fetch or machine != "x86_64")
    said = _read(parameters)
    called = f"lamp deploy push --package{' --release' if release else ''}"
    made = pack(printer, list(Group), dist, python, machine, fetch, also, called) if package else newest(dist)
    if not package:
        _old(printer, made)
    chosen = chosen_settings(profile, endpoint_url)
    planned = None
    if release or bucket is None:
        with printer.waiting("asking AWS") as tick, context.open_aws(chosen, tick) as aws:
            bucket, planned = _asked(printer, home(aws), prefix, bucket, made, said if release else None)
    if planned is not None and not _show_plan(printer, planned, yes=yes):
        printer.note(f"nothing was sent: {GIVE_YES}")
        return
    with printer.waiting("sending") as tick, context.open_aws(chosen, tick) as aws:
        session = home(aws)
        done = pushing.push(session, bucket, made)
        if planned is not None:
            done.append(pushing.push_release(session, bucket, planned.key, release_bytes(planned.parameters)))
    _show_pushed(printer, bucket, done)


@dataclass(frozen=True, slots=True)
class _Said:
    """What people wrote into the file of parameters."""

    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    document: Document | None = None

    def placed(self, problem: Problem) -> Problem:
        """With line and column, if it is about something in the file."""
        known = self.document is not None and tuple(problem.where.split(".")) in self.document.places
        return self.document.place(problem) if self.document and known else problem


def _fitting(release: bool, parameters: Path | None, package: bool, packing: object) -> None:
    if parameters is not None and not release:
        raise UsageError("--parameters belong to a release", hint="add --release")
    if packing and not package:
        raise UsageError("--python, --machine, --fetch and --with belong to the making of zips", hint="add --package")


def _read(path: Path | None) -> _Said:
    from lamplighter.deploy.parameters import texts
    from lamplighter.schedules.source import parse_yaml

    if path is None:
        return _Said()
    if not path.exists():
        hint = "write hub: {TagName: Schedule} into it, or leave --parameters out to keep what is deployed"
        raise UsageError(f"{path} cannot be read: there is no such file", hint=hint)
    try:
        document = parse_yaml(context.read_text(path), str(path))
    except DefinitionError as error:
        first = f": {error.problems[0]}" if error.problems else ""
        raise UsageError(f"{path} holds no parameters{first}", hint="write hub: {TagName: Schedule}") from error
    given, problems = texts(document.data)
    return _Said(given, (*document.problems, *problems), document)


def _old(printer: Printer, made: Sequence[Package]) -> None:
    from lamplighter.deploy.package import outdated

    for each in made:
        if why := outdated(each.facts):
            printer.warn(f"{each.path} {why}: --package makes it anew")


def _asked(
    printer: Printer,
    session: TargetSession,
    prefix: str,
    bucket: str | None,
    made: Sequence[Package],
    said: _Said | None,
) -> tuple[str, Release | None]:
    """(bucket, what a release would do, if there is to be one)."""
    from lamplighter.deploy.last_release import last_release, set_back
    from lamplighter.deploy.release import other_stages, plan_release, without_code
    from lamplighter.deploy.stacks import stacks

    found = stacks(session, prefix)
    bucket = bucket or _own_bucket(found, prefix)
    if said is None:
        return bucket, None
    plan = plan_release(found, made, said.given, bucket)
    pipeline = next(each for each in found if each.template == "pipeline")
    problems = [*said.problems, *other_stages(session, pipeline), *plan.problems]
    if not problems:
        problems += without_code(session, bucket, plan, made)
        try:
            before = last_release(session, bucket, plan.key)
        except (AccessDenied, UsageError) as error:
            printer.warn(f"whether this sets back what the release before says is not known: {error.message}")
            before = None
        problems += set_back(before, found, plan, said.given) if before else []
    return bucket, replace(plan, problems=[said.placed(problem) for problem in problems])


def _own_bucket(found: Sequence[Stack], prefix: str) -> str:
    own = next((each.outputs.get("CodeBucket", "") for each in found if each.template == "state"), "")
    if not own:
        raise UsageError(
            f"which bucket? there is no stack {prefix}-state, whose output CodeBucket it would be",
            hint="deploy that first, or say --bucket NAME",
        )
    return own


def _show_plan(printer: Printer, plan: Release, *, yes: bool) -> bool:
    """Say what a release changes, and whether to go on with it; where it cannot work, it ends here."""
    if plan.problems:
        summary = f"the pipeline would fail, {counted(len(plan.problems), 'problem')}; nothing was sent"
        printer.failure(DefinitionError(summary, problems=tuple(plan.problems)))
        exits.leave(exits.FINDINGS)
    rows = [(name, "-", "not deployed", "made") for name in plan.fresh]
    rows += [
        (each.stack, each.parameter, _shown(each.before), _shown(each.after, each.source)) for each in plan.changes
    ]
    if yes:
        for name, parameter, before, after in rows:
            printer.note(f"{name}: {parameter}: {before} -> {after}")
        return True
    printer.answer(
        [
            *({"stack": name, "parameter": None, "before": None, "after": None, "source": None} for name in plan.fresh),
            *(
                {
                    "stack": each.stack,
                    "parameter": each.parameter,
                    "before": each.before,
                    "after": each.after,
                    "source": each.source or None,
                }
                for each in plan.changes
            ),
        ],
        (Column("Stack", whole=True), Column("Parameter", whole=True), Column("Deployed"), Column("Released")),
        rows,
        empty="the release changes no parameter",
    )
    return False


def _shown(value: str | None, source: str = "") -> str:
    if value is None:
        return f"output of {source}" if source else "-"
    return value or "(empty)"


def _show_pushed(printer: Printer, bucket: str, done: Sequence[Pushed]) -> None:
    printer.answer(
        [{"bucket": bucket, "key": each.key, "bytes": each.size, "uploaded": each.uploaded} for each in done],
        (Column("Key", whole=True), Column("MB", right=True), Column("State")),
        [[each.key, f"{each.size / 2**20:.1f}", "sent" if each.uploaded else "there already"] for each in done],
        empty="nothing to send",
    )
    printer.note(f"in the bucket {bucket}")
