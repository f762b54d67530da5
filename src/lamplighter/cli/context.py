"""From options to what a command works with: definitions, store, AWS, clock."""

from __future__ import annotations

import getpass
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from lamplighter.cli.show import Printer
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from lamplighter.aws.access import Aws
    from lamplighter.cli.options import Output
    from lamplighter.pricing.book import PriceBook
    from lamplighter.scheduler.passes import World
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.store.table import Store

FILE_NAME = "lamplighter.yaml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the shared options say; see `lamplighter.cli.options`."""

    file: Path | None = None
    store: str | None = None
    profile: str | None = None
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    endpoint_url: str | None = None


def settings(
    file: Path | None = None,
    store: str | None = None,
    profile: str | None = None,
    region: Sequence[str] | None = None,
    account: Sequence[str] | None = None,
    endpoint_url: str | None = None,
) -> Settings:
    """Settings from the options as typer hands them over."""
    return Settings(file, store, profile, tuple(region or ()), tuple(account or ()), endpoint_url)


class _ToStderr(logging.Handler):
    """Writes to stderr as it is when something is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        sys.stderr.write(self.format(record) + "\n")


def printer(output: Output, verbose: int, no_color: bool) -> Printer:
    """The printer of a command, after its log has been set up on stderr.

    Args:
        output: table or JSON.
        verbose: 0 for warnings, 1 for what is done, 2 for debugging and tracebacks.
        no_color: no colours.
    """
    logger = logging.getLogger("lamplighter")
    logger.setLevel({0: logging.WARNING, 1: logging.INFO}.get(verbose, logging.DEBUG))
    handler = _ToStderr()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.handlers[:] = [handler]
    return Printer(output, color=not no_color)


def utc_now() -> datetime:
    """The time now, aware, UTC."""
    return datetime.now(UTC)


def wait(seconds: float) -> None:
    """Sleep for that many seconds."""
    time.sleep(seconds)


def new_run() -> str:
    """An id for a pass or command, never used before."""
    return str(uuid4())


def this_user() -> str:
    """Who is at the keyboard, for the journal and overrides."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def config_home(environ: Mapping[str, str]) -> Path:
    """The folder of the user's own definitions (XDG Base Directory Specification)."""
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "lamplighter"


def default_store(environ: Mapping[str, str]) -> Path:
    """The file of state and journal (XDG Base Directory Specification)."""
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "lamplighter" / "state.sqlite"


def lake_folder(given: Path | None) -> Path:
    """The folder of the lake: the one given, else `lake` beside the default file of the state."""
    return given or default_store(os.environ).parent / "lake"


def price_book(files: Iterable[Path] | None) -> PriceBook:
    """The packaged prices, behind those of AWS's own files if there are any.

    Raises:
        PriceBookError: a file cannot be read.
    """
    from lamplighter.pricing.book import PriceBook

    book = PriceBook.bundled()
    return PriceBook.from_files(files, base=book) if files else book


def find_definitions(given: Path | None) -> Path | None:
    """The definition file: the one given, ./lamplighter.yaml, or the user's own; None if there is none.

    Raises:
        UsageError: the one given does not exist, or is a table, which commands about files cannot use.
    """
    from lamplighter.cli.config_table import refuse_table

    refuse_table(given)
    if given is not None:
        if not given.exists():
            raise UsageError(f"there is no file {given}", hint="check --file and LAMPLIGHTER_FILE")
        return given
    places = (Path(FILE_NAME), config_home(os.environ) / FILE_NAME)
    return next((place for place in places if place.is_file()), None)


def needed_definitions(given: Path | None) -> Path:
    """The definition file of a command that cannot do without.

    Raises:
        UsageError: there is none.
    """
    path = find_definitions(given)
    if path is None:
        raise UsageError(
            f"there is no definition file: neither ./{FILE_NAME} nor {config_home(os.environ) / FILE_NAME}",
            hint="give one with --file, or begin with `lamp periods create` and `lamp schedules create`",
        )
    return path


def read_text(path: Path) -> str:
    """The text of a file, line ends as they are.

    Raises:
        UsageError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})", hint="save it as UTF-8") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def reader(path: Path | None, change_calendar: Callable[[str], str] | None = None) -> Callable[[str], str]:
    """Reads what a definition file names.

    Args:
        path: the definition file; other files are relative to its folder.
        change_calendar: gives the text of an SSM Change Calendar; None for the copy in the default store.
    """
    from lamplighter.schedules.calendars import CHANGE_CALENDAR

    folder = path.parent if path else Path()
    calendar = change_calendar or kept_calendars(None)

    def read(name: str) -> str:
        if name.startswith(CHANGE_CALENDAR):
            return calendar(name.removeprefix(CHANGE_CALENDAR))
        return (folder / name).read_text(encoding="utf-8")

    return read


def kept_calendars(store: str | None, notes: list[str] | None = None) -> Callable[[str], str]:
    """Gives the copies of SSM Change Calendars that the store keeps, and says in `notes` how old they are.

    Args:
        store: address of the store; None for LAMPLIGHTER_STORE, else the default one.
        notes: where a line for each copy is put.
    """
    from lamplighter.scheduler.change_calendars import kept
    from lamplighter.schedules.durations import duration_text

    def read(document: str) -> str:
        with state(store or os.environ.get("LAMPLIGHTER_STORE"), writes=False) as opened:
            copy = kept(opened, document)
        if notes is not None:
            age = duration_text(utc_now() - copy.as_of)
            notes.append(f"Change Calendar {document}: as read {age} ago, {copy.as_of:%Y-%m-%d %H:%M} UTC")
        return copy.text

    return read


def configuration(given: Path | None, *, needed: bool = True, store: str | None = None) -> Configuration:
    """The definitions, read and compiled; without a file, the built-in schedules only. Asks nobody.

    Args:
        given: the file, if one was given.
        needed: whether there must be one.
        store: address of the store that keeps copies of SSM Change Calendars, if one was given.

    Raises:
        UsageError: a needed or given file is missing or unreadable.
        DefinitionError: the file is not YAML.
    """
    from lamplighter.cli.config_table import in_place, is_table

    if given is not None and is_table(given):
        return in_place(given, Settings())
    notes: list[str] = []
    config = _loaded(*_definitions(given, needed=needed), kept_calendars(store, notes))
    return replace(config, notes=tuple(notes))


def _definitions(given: Path | None, *, needed: bool) -> tuple[Path | None, str]:
    """The definition file and its text."""
    path = needed_definitions(given) if needed else find_definitions(given)
    return path, read_text(path) if path else "version: 1\n"


def _loaded(path: Path | None, text: str, change_calendar: Callable[[str], str]) -> Configuration:
    from lamplighter.scheduler.settings import load_configuration

    return load_configuration(text, name=str(path or FILE_NAME), read_text=reader(path, change_calendar))


def zone_of(config: Configuration) -> ZoneInfo:
    """The default zone of the file, in which times without a zone are read.

    Raises:
        UsageError: the file names no valid zone.
    """
    from lamplighter.schedules.days import GrammarError
    from lamplighter.schedules.zones import find_zone

    try:
        return find_zone(config.loaded.timezone)
    except GrammarError as error:
        raise UsageError(f"timezone of the definition file: {error.message}", hint=error.hint) from error


@contextmanager
def state(url: str | None, *, writes: bool, chosen: Settings | None = None) -> Iterator[Store]:
    """The store, closed at the end. To read from a default file that does not exist yet, none is made.

    Where the clock of a deployment reads it, the clock is woken for what was written.

    Args:
        url: its address, or None for the default file.
        writes: whether it will be written to.
        chosen: the options, of commands that have more of them than the address.

    Raises:
        UsageError: the address is no store's.
        StoreError: the store cannot be opened.
    """
    from lamplighter.cli.stores import Way
    from lamplighter.store.open import open_store

    place = default_store(os.environ)
    if url is None:
        url = str(place) if writes or place.exists() else "memory:"
    way = Way(chosen or Settings())
    store = open_store(url, way)
    try:
        yield store
        if writes:
            way.wake(store, utc_now())
    finally:
        store.close()


def open_aws(chosen: Settings, on_call: Callable[[object], None] | None = None) -> Aws:
    """Sessions as the options and the AWS variables say. --region chooses targets; home is where AWS_REGION says.

    Raises:
        UsageError: the endpoint is not a URL.
    """
    from lamplighter.aws.access import Aws

    endpoint = chosen.endpoint_url
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise UsageError(f"{endpoint!r} is not a URL", hint="write --endpoint-url http://127.0.0.1:4566")
    return Aws(profile=chosen.profile, endpoint_url=endpoint, on_call=on_call)


@contextmanager
def world(
    chosen: Settings,
    *,
    needs_file: bool,
    writes: bool = False,
    on_call: Callable[[object], None] | None = None,
) -> Iterator[World]:
    """Everything a pass works with; store and connections are closed at the end. SSM Change Calendars are read anew.

    Args:
        chosen: the options.
        needs_file: whether the command means nothing without definitions.
        writes: whether it may write to the store.
        on_call: told about every call to AWS.

    Raises:
        UsageError: a file or address that was given is none.
        DefinitionError: the definition file is not YAML, or its targets or guardrails are not valid.
        StoreError: the store cannot be opened.
    """
    from lamplighter.cli.config_table import in_place, is_table
    from lamplighter.scheduler.change_calendars import live_reader
    from lamplighter.scheduler.passes import World

    table = in_place(chosen.file, chosen) if chosen.file is not None and is_table(chosen.file) else None
    path, text = (None, "") if table else _definitions(chosen.file, needed=needs_file)
    with state(chosen.store, writes=writes, chosen=chosen) as store, open_aws(chosen, on_call) as aws:
        config = table or _loaded(path, text, live_reader(aws, utc_now, store if writes else None))
        yield World(aws, store, config, config.kinds, utc_now, sleep=wait)
