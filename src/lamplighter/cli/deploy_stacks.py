"""`lamp deploy package`, `push`, `template`, `status` and `destroy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lamplighter.cli import context, exits, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from lamplighter.aws.access import Aws
    from lamplighter.cli.show import Printer
    from lamplighter.deploy.handlers import Group
    from lamplighter.deploy.package import Package
    from lamplighter.deploy.stacks import Stack
    from lamplighter.resources.kind import Session


DIST = Path("dist")
"""Where zips are put and looked for."""

Folder = Annotated[Path, typer.Option("--dist", metavar="FOLDER", help="Folder of the zips.")]
Bucket = Annotated[str | None, typer.Option("--bucket", metavar="NAME", help="Bucket of the code.", show_default=False)]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="NAME", help="A stack to leave out; repeatable.", show_default=False),
]
Prefix = Annotated[str, typer.Option("--prefix", metavar="NAME", help="What names of stacks begin with.")]

EXAMPLES: Final = {
    "package": (
        "lamp deploy package",
        "lamp deploy package --group core --dist build -o json",
        "lamp deploy package --python 3.12 --machine arm64 --fetch",
    ),
    "push": (
        "lamp deploy push --bucket example-code",
        "lamp deploy push --bucket example-code --release --parameters parameters.yaml",
    ),
    "template": (
        "lamp deploy template",
        "lamp deploy template hub --bucket example-code",
        "lamp deploy template hub --out hub.yaml",
        "lamp deploy template pipeline --without watch --out pipeline.yaml",
    ),
    "status": (
        "lamp deploy status",
        "lamp deploy status --prefix lamplighter -o json",
    ),
    "destroy": (
        "lamp deploy destroy",
        "lamp deploy destroy --prefix lamplighter --yes",
    ),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to their group."""
    for command in (package, push, template, status, destroy):
        app.command(command.__name__, epilog=examples(*EXAMPLES[command.__name__]))(command)


def package(
    groups: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="core or data; default: both.")
    ] = None,
    dist: Folder = DIST,
    python: Annotated[
        str | None, typer.Option("--python", metavar="X.Y", help="Python of the functions; default: this one.")
    ] = None,
    machine: Annotated[str, typer.Option("--machine", metavar="NAME", help="x86_64 or arm64.")] = "x86_64",
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch the installed versions with pip, for that Python and machine.")
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME", help="A distribution to put in as well, for example your own kinds."),
    ] = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put the handlers into zips: same input, same bytes. `core` schedules; `data` counts, loads bills, reports."""
    from lamplighter.deploy.handlers import Group
    from lamplighter.deploy.package import build

    printer = context.printer(output, verbose, no_color)
    chosen = [_group(name) for name in groups or list(Group)]
    if machine not in ("x86_64", "arm64"):
        raise UsageError(f"there is no machine {machine!r}", hint="say x86_64 or arm64")
    with printer.waiting("packing"):
        made = [
            build(each, dist, python=python or "", machine=machine, fetch=fetch, also=also or ()) for each in chosen
        ]
    show_packages(printer, made)


def _group(name: str) -> Group:
    from lamplighter.cli.lookup import unknown
    from lamplighter.deploy.handlers import Group

    if name not in list(Group):
        raise unknown("group", name, list(Group))
    return Group(name)


def show_packages(printer: Printer, made: Sequence[Package]) -> None:
    """Show zips with their sizes, and warn of those that can only be deployed through S3."""
    from lamplighter.deploy.package import DIRECT

    printer.answer(
        [
            {
                "group": each.facts.group.value,
                "file": str(each.path),
                "key": each.key,
                "sha256": each.digest,
                "bytes": each.size,
                "unpacked_bytes": each.unpacked,
                "version": each.facts.version,
                "built": each.facts.built,
                "commit": each.facts.commit,
                "python": each.facts.python,
                "machine": each.facts.machine,
                "dependencies": dict(each.facts.dependencies),
            }
            for each in made
        ],
        (
            Column("Group"),
            Column("File", whole=True),
            Column("MB", right=True),
            Column("Unpacked", right=True),
            Column("SHA-256", whole=True),
            Column("Built", whole=True),
        ),
        [
            [
                each.facts.group.value,
                str(each.path),
                f"{each.size / 2**20:.1f}",
                f"{each.unpacked / 2**20:.1f}",
                each.digest[:16],
                f"{each.facts.built:%Y-%m-%d %H:%M}" if each.facts.built else "-",
            ]
            for each in made
        ],
        empty="no zips",
    )
    for each in made:
        if each.size > DIRECT:
            printer.note(f"{each.facts.group.value} is above 50 MB: Lambda takes it from S3 only (`lamp deploy push`)")


def push(
    bucket: Bucket = None,
    dist: Folder = DIST,
    release: Annotated[
        bool, typer.Option("--release", help="Also a release of all templates, which starts the pipeline.")
    ] = False,
    parameters: Annotated[
        Path | None,
        typer.Option("--parameters", metavar="FILE", help="YAML: parameters of the release by template."),
    ] = None,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put the zips into a bucket, under keys by content: what lies there already is not sent again."""
    from lamplighter.deploy import stacks

    printer = context.printer(output, verbose, no_color)
    if bucket is None:
        raise UsageError(
            "which bucket?", hint="say --bucket NAME, for example the output CodeBucket of the stack state"
        )
    if parameters is not None and not release:
        raise UsageError("--parameters belong to a release", hint="add --release")
    made = newest(dist)
    content = stacks.release(made, _parameters(parameters)) if release else None
    with printer.waiting("sending") as tick, context.open_aws(chosen_settings(profile, endpoint_url), tick) as aws:
        session = home(aws)
        done = stacks.push(session, bucket, made)
        if content is not None:
            done.append(stacks.push_release(session, bucket, content))
    printer.answer(
        [{"bucket": bucket, "key": each.key, "bytes": each.size, "uploaded": each.uploaded} for each in done],
        (Column("Key", whole=True), Column("MB", right=True), Column("State")),
        [[each.key, f"{each.size / 2**20:.1f}", "sent" if each.uploaded else "there already"] for each in done],
        empty="nothing to send",
    )


def _parameters(path: Path | None) -> Mapping[str, Mapping[str, str]]:
    from lamplighter.schedules.source import parse_yaml

    if path is None:
        return {}
    data = parse_yaml(context.read_text(path), str(path)).data
    found: dict[str, dict[str, str]] = {}
    for name, given in data.items():
        if not isinstance(given, Mapping):
            raise UsageError(f"{path}: {name} must be a mapping of parameters", hint="write hub: {TagName: Schedule}")
        found[name] = {str(key): _parameter(value) for key, value in given.items()}
    return found


def _parameter(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(_parameter, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def template(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of a template; else they are listed.", show_default=False)
    ] = None,
    bucket: Bucket = None,
    dist: Folder = DIST,
    without: Without = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it to a file.")] = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """List the templates, or print one; with --bucket, its parameters name the zips as they were pushed.

    With --without, the pipeline leaves out a stack.
    """
    from lamplighter.cli.lookup import unknown
    from lamplighter.deploy.family import TEMPLATES, left_out
    from lamplighter.deploy.stacks import leaving_out, values, with_defaults

    printer = context.printer(output, verbose, no_color)
    away = left_out(without or ())
    if name is None:
        found = [each for each in TEMPLATES.values() if each.name not in away]
        printer.answer(
            [{"name": t.name, "title": t.title, "where": t.where, "after": list(t.after)} for t in found],
            (Column("Name", whole=True), Column("What it makes"), Column("Where"), Column("After")),
            [[t.name, t.title, t.where, ", ".join(t.after)] for t in found],
            empty="no templates",
        )
        return
    if name not in TEMPLATES:
        raise unknown("template", name, list(TEMPLATES))
    chosen = TEMPLATES[name]
    given = (values(chosen, newest(dist), bucket) if bucket else {}) | leaving_out(chosen, away)
    text = with_defaults(chosen, given)
    if out is not None:
        try:
            out.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{out} cannot be written: {error.strerror}") from error
        printer.note(f"{out} is written")
    else:
        printer.text(text.rstrip("\n"))


def status(
    prefix: Prefix = "lamplighter",
    dist: Folder = DIST,
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Show the stacks of a deployment, and whether they run the code of the zips that are here."""
    from lamplighter.deploy import stacks

    printer = context.printer(output, verbose, no_color)
    made = newest(dist, needed=False)
    with printer.waiting("asking AWS") as tick, context.open_aws(chosen_settings(profile, endpoint_url), tick) as aws:
        found = stacks.stacks(home(aws), prefix)
    exits.leave(show_status(printer, found, made))


def show_status(printer: Printer, found: Sequence[Stack], made: Sequence[Package]) -> int:
    """Show stacks in the order of deployment, and return the exit code: findings where one is not in order."""
    from lamplighter.deploy.family import TEMPLATES

    printer.answer(
        [
            {
                "stack": each.name,
                "template": each.template,
                "status": each.status or None,
                "changed": each.changed,
                "code": dict(each.code),
                "behind": each.behind(made),
            }
            for each in found
        ],
        (Column("Stack", whole=True), Column("State"), Column("Changed", whole=True), Column("Code")),
        [
            [
                each.name,
                each.status or ("left out" if TEMPLATES[each.template].without else "not deployed"),
                f"{each.changed:%Y-%m-%d %H:%M}" if each.changed else "-",
                {None: "-", True: "other than here", False: "as here"}[each.behind(made)],
            ]
            for each in found
        ],
        empty="no stacks",
    )
    for each in made:
        printer.note(f"here: {each.key}, version {each.facts.version}")
    wrong = [each.name for each in found if each.status and not _settled(each.status)]
    for name in wrong:
        printer.warn(f"{name} is not in order: see its events in CloudFormation")
    return exits.FINDINGS if wrong or any(each.behind(made) for each in found) else exits.OK


def _settled(state: str) -> bool:
    return state.endswith("_COMPLETE") and not state.startswith(("ROLLBACK", "DELETE"))


def destroy(
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what would be done.")] = False,
    prefix: Prefix = "lamplighter",
    profile: options.Profile = None,
    endpoint_url: options.Endpoint = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Delete the stacks of a deployment. Data stays: the lake, the tables of the store, and the key to them."""
    from lamplighter.deploy import stacks

    printer = context.printer(output, verbose, no_color)
    with printer.waiting("asking AWS") as tick, context.open_aws(chosen_settings(profile, endpoint_url), tick) as aws:
        session = home(aws)
        found = stacks.stacks(session, prefix)
        there = [each for each in reversed(found) if each.status]
        if yes:
            stacks.destroy(session, found)
    word = "being deleted" if yes else "would be deleted"
    printer.answer(
        [{"stack": each.name, "status": each.status, "deleting": yes} for each in there],
        (Column("Stack", whole=True), Column("State"), Column("")),
        [[each.name, each.status, word] for each in there],
        empty=f"there is no stack {prefix}-...",
    )
    for stack, logical, kind in stacks.left_behind(found):
        printer.note(f"stays: {logical} of {stack} ({kind})")
    if there:
        printer.note("stacks in member accounts, and the stack set that made them, stay as well")
    if there and not yes:
        raise UsageError("nothing was deleted", hint="add --yes")


def newest(folder: Path, *, needed: bool = True) -> list[Package]:
    """The zip of each group in a folder that was built last.

    Raises:
        UsageError: there is none, and one is needed.
    """
    from lamplighter.deploy.handlers import Group
    from lamplighter.deploy.package import open_package

    found = []
    for each in Group:
        files = sorted(folder.glob(f"lamplighter-{each.value}-*.zip"), key=lambda path: path.stat().st_mtime_ns)
        found += [open_package(files[-1])] if files else []
    if needed and not found:
        raise UsageError(f"there are no zips in {folder}", hint="make them with `lamp deploy package`")
    return found


def chosen_settings(profile: str | None, endpoint_url: str | None) -> context.Settings:
    """The options of commands that know no targets."""
    return context.settings(None, None, profile, None, None, endpoint_url)


def home(aws: Aws) -> Session:
    """Calls with the own credentials in the home region.

    Raises:
        UsageError: there is no home region.
    """
    from lamplighter.aws.targets import Target

    if aws.region is None:
        raise UsageError("it is not said in which region", hint="set AWS_REGION")
    return aws.session_as(Target("own", aws.region), None)
