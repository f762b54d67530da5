"""`lamp deploy package` and `template`: zips, and what CloudFormation is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lamplighter.cli import context, options
from lamplighter.cli.commands import examples
from lamplighter.cli.options import Output
from lamplighter.cli.show import Column
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from lamplighter.cli.show import Printer
    from lamplighter.deploy.handlers import Group
    from lamplighter.deploy.package import Package

DIST = Path("dist")
"""Where zips are put and looked for."""

Folder = Annotated[Path, typer.Option("--dist", metavar="FOLDER", help="Folder of the zips.")]
Bucket = Annotated[str | None, typer.Option("--bucket", metavar="NAME", help="Bucket of the code.", show_default=False)]
Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="NAME", help="A stack to leave out; repeatable.", show_default=False),
]
Prefix = Annotated[str, typer.Option("--prefix", metavar="NAME", help="What names of stacks begin with.")]
Python = Annotated[
    str | None,
    typer.Option("--python", metavar="X.Y", help="Python of the functions, 3.12 or 3.13; default: this one."),
]
Machine = Annotated[str, typer.Option("--machine", metavar="NAME", help="x86_64 or arm64.")]
Fetch = Annotated[
    bool, typer.Option("--fetch", help="Fetch the installed versions with pip, for that Python and machine.")
]
Also = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="NAME", help="A distribution to put in as well, for example your own kinds."),
]

EXAMPLES: Final = {
    "package": (
        "lamp deploy package --python 3.12 --fetch",
        "lamp deploy package --group core --dist build -o json",
        "lamp deploy package --python 3.12 --machine arm64 --fetch",
    ),
    "template": (
        "lamp deploy template",
        "lamp deploy template hub --bucket example-code",
        "lamp deploy template hub --out hub.yaml",
        "lamp deploy template pipeline --without watch --out pipeline.yaml",
    ),
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to their group."""
    for command in (package, template):
        app.command(command.__name__, epilog=examples(*EXAMPLES[command.__name__]))(command)


def package(
    groups: Annotated[
        list[str] | None, typer.Option("--group", metavar="NAME", help="core or data; default: both.")
    ] = None,
    dist: Folder = DIST,
    python: Python = None,
    machine: Machine = "x86_64",
    fetch: Fetch = False,
    also: Also = None,
    output: options.Format = Output.TABLE,
    verbose: options.Verbose = 0,
    no_color: options.NoColor = False,
) -> None:
    """Put the handlers into zips: same input, same bytes. `core` schedules; `data` counts, loads bills, reports."""
    from lamplighter.deploy.handlers import Group

    printer = context.printer(output, verbose, no_color)
    chosen = [_group(name) for name in groups or list(Group)]
    show_packages(printer, pack(printer, chosen, dist, python, machine, fetch, also, "lamp deploy package"))


def pack(
    printer: Printer,
    groups: Sequence[Group],
    dist: Path,
    python: str | None,
    machine: str,
    fetch: bool,
    also: Sequence[str] | None,
    called: str,
) -> list[Package]:
    """Build zips, as the options of `package` say: all of them or, if one cannot be made, none.

    Args:
        printer: shows that it takes its time.
        groups: which.
        dist: folder for them.
        python: of the functions; None for that of this process.
        machine: of the functions.
        fetch: whether wheels are fetched.
        also: further distributions.
        called: the command that was given, for hints.

    Raises:
        UsageError: what is asked for cannot be packed here.
    """
    from lamplighter.deploy.package import build, contents_of

    if machine not in ("x86_64", "arm64"):
        raise UsageError(f"there is no machine {machine!r}", hint="say x86_64 or arm64")
    python, also = python or "", also or ()
    try:
        with printer.waiting("packing"), _beside(dist) as fresh:
            for each in groups:
                contents_of(each, python=python, machine=machine, fetch=fetch, also=also)
            made = [build(each, fresh, python=python, machine=machine, fetch=fetch, also=also) for each in groups]
            return [replace(each, path=each.path.replace(dist / each.path.name)) for each in made]
    except UsageError as error:
        if "--python 3.12 --fetch" in error.hint:
            raise UsageError(error.message, hint=f"{called} --python 3.12 --fetch") from error
        raise


@contextmanager
def _beside(dist: Path) -> Iterator[Path]:
    """A folder within that of the zips, for zips until all are made; if none is, no new folder is left."""
    made = not dist.exists()
    try:
        dist.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".making-", dir=dist) as fresh:
            yield Path(fresh)
    except OSError as error:
        raise UsageError(
            f"no zips can be put into {dist}: {error.strerror}", hint="give a folder that can be written with --dist"
        ) from error
    finally:
        if made and dist.is_dir() and not any(dist.iterdir()):
            dist.rmdir()


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
            raise UsageError(
                f"{out} cannot be written: {error.strerror}", hint="give a file in a folder that is there, with --out"
            ) from error
        printer.note(f"{out} is written")
    else:
        printer.text(text.rstrip("\n"))


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
        raise UsageError(
            f"there are no zips in {folder}", hint="make them with `lamp deploy package --python 3.12 --fetch`"
        )
    return found
