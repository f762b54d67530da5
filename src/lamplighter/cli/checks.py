"""What `lamp doctor` looks at. Every check gives findings; none raises what it was meant to find."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from lamplighter import __version__
from lamplighter.aws.parallel import each
from lamplighter.deploy.check import Check, Status
from lamplighter.errors import DefinitionError, LamplighterError, UsageError
from lamplighter.resources.kind import Kind, Search

if TYPE_CHECKING:
    from pathlib import Path

    from lamplighter.aws.access import Aws
    from lamplighter.aws.targets import Target
    from lamplighter.pricing.book import PriceBook
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.store.dynamodb import DynamoDBStore
    from lamplighter.store.table import JSON, Store

PACKAGES = ("boto3", "botocore", "pydantic", "holidays", "icalendar", "recurring-ical-events", "tzdata")
OLD_PRICES = timedelta(days=540)
OLD_PASS = timedelta(days=1)
CLOCK_DOUBTFUL = timedelta(seconds=30)
CLOCK_REFUSED = timedelta(minutes=5)
"""AWS refuses signatures that differ more (AWS Signature Version 4, RequestTimeTooSkewed)."""


def failed(name: str, error: LamplighterError) -> Check:
    """An error as a finding."""
    return Check(name, Status.FAIL, error.message, error.hint)


def versions() -> Check:
    """Python, Lamplighter, and the packages it stands on."""
    found = []
    missing = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    python = ".".join(str(part) for part in sys.version_info[:3])
    detail = f"lamplighter {__version__}, Python {python}, {', '.join(found)}"
    if missing:
        return Check("versions", Status.FAIL, f"{detail}; missing: {', '.join(missing)}", "install lamplighter again")
    return Check("versions", Status.OK, detail)


def definitions(path: Path | None, load: Callable[[], Configuration], now: datetime) -> Check:
    """The definition file: whether it can be read, and what is wrong with it."""
    from lamplighter.schedules.traps import warnings

    if path is None:
        return Check("definitions", Status.WARN, "there is no definition file", "give one with --file")
    try:
        config = load()
    except (DefinitionError, UsageError) as error:
        return failed("definitions", error)
    count = f"{path}: {len(config.loaded.schedules)} schedules, {len(config.loaded.periods)} periods"
    see = "`lamp schedules validate` shows where"
    if config.problems:
        detail = f"{count}, {len(config.problems)} problems, the first: {config.problems[0]}"
        return Check("definitions", Status.FAIL, detail, see)
    doubts = len(warnings(config.loaded, now))
    if doubts:
        return Check("definitions", Status.WARN, f"{count}, {doubts} warnings", see)
    return Check("definitions", Status.OK, count)


def store_content(store: Store) -> Check:
    """Whether the store is whole; of one in DynamoDB, whether its tables are there."""
    from lamplighter.store.dynamodb import DynamoDBStore

    if isinstance(store, DynamoDBStore):
        return store_tables(store)
    integrity: Callable[[], list[str]] | None = getattr(store, "integrity", None)
    place = getattr(store, "path", "in memory")
    damage = integrity() if integrity else []
    if damage:
        hint = "bring back a copy from a backup; `lamp run` refuses to act on what it cannot read"
        return Check("store", Status.FAIL, f"{place}: {len(damage)} damages, the first: {damage[0]}", hint)
    return Check("store", Status.OK, f"{place}: whole")


def store_tables(store: DynamoDBStore) -> Check:
    """Whether the tables of a store in DynamoDB are there, and have its keys."""
    from lamplighter.store.dynamodb_tables import MISSING, look_at_tables

    tables = look_at_tables(store)
    missing = [table.name for table in tables if table.problem == MISSING]
    wrong = [f"{table.name} {table.problem}" for table in tables if table.problem not in ("", MISSING)]
    problems = [f"missing {', '.join(missing)}"] if missing else []
    if not problems and not wrong:
        return Check("store", Status.OK, f"{store.path}: all {len(tables)} are there")
    hints = ["make the missing ones with `lamp doctor --create-tables`"] if missing else []
    hints += ["name another prefix, or wait until they are ready"] if wrong else []
    return Check("store", Status.FAIL, f"{store.path}: {'; '.join(problems + wrong)}", "; ".join(hints))


def prices(book: PriceBook, now: datetime) -> Check:
    """How old the price book is."""
    dates = book.as_of_range()
    if dates is None:
        return Check("prices", Status.FAIL, "the price book is empty", "install lamplighter again")
    detail = f"as of {dates[0]} to {dates[1]}"
    if now.date() - dates[1] > OLD_PRICES:
        return Check("prices", Status.WARN, detail, "upgrade lamplighter for newer prices")
    return Check("prices", Status.OK, detail)


def last_pass(passes: list[Mapping[str, JSON]], now: datetime) -> Check:
    """What the last pass did, and whether it was long ago."""
    if not passes:
        return Check("last pass", Status.WARN, "none is recorded in this store", "start one with `lamp run`")
    last = passes[0]
    at = datetime.fromisoformat(str(last["at"]))
    bad = last["failed_targets"] if isinstance(last["failed_targets"], list) else []
    detail = f"{at:%Y-%m-%d %H:%M %Z}: {last['resources']} resources, {last['done']} done, {last['failed']} failed"
    if last["refused"]:
        return Check("last pass", Status.FAIL, f"{detail}; refused: {last['refused']}", "look at `lamp plan`")
    if bad or last["failed"]:
        where = f"{detail}; in {', '.join(str(target) for target in bad)}"
        return Check("last pass", Status.FAIL, where, "look at `lamp journal` and `lamp plan`")
    if now - at > OLD_PASS:
        return Check("last pass", Status.WARN, detail, "is `lamp run` still in cron?")
    untagged = last.get("tag_warnings")
    if isinstance(untagged, list) and untagged:
        more = f", and {len(untagged) - 1} more" if len(untagged) > 1 else ""
        return Check("last pass", Status.WARN, f"{detail}; tags: {untagged[0]}{more}", "see docs/tags.md")
    return Check("last pass", Status.OK, detail)


def credentials(aws: Aws) -> Check:
    """Who we are to AWS."""
    try:
        identity = aws.identity()
    except LamplighterError as error:
        return failed("credentials", error)
    return Check("credentials", Status.OK, f"account {identity.account} as {identity.arn}")


def clock(aws: Aws, target: Target, now: Callable[[], datetime]) -> Check:
    """How far our clock is from that of AWS, by the date of an answer (whole seconds)."""
    try:
        answer = aws.session_as(target, None).call("sts", "get_caller_identity")
    except LamplighterError as error:
        return failed("clock", error)
    date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    if date is None:
        return Check("clock", Status.WARN, "the answer has no date", "")
    apart = now() - parsedate_to_datetime(date)
    detail = f"{apart.total_seconds():+.0f} s from AWS"
    if abs(apart) >= CLOCK_REFUSED:
        return Check("clock", Status.FAIL, detail, "AWS refuses such signatures: set the clock of this machine")
    doubtful = abs(apart) >= CLOCK_DOUBTFUL
    return Check("clock", Status.WARN if doubtful else Status.OK, detail, "set the clock" if doubtful else "")


def change_calendars(aws: Aws, config: Configuration, now: Callable[[], datetime]) -> Iterator[Check]:
    """Whether each SSM Change Calendar of the file can be read."""
    from lamplighter.scheduler.change_calendars import PERMISSIONS, fetch

    for name, document in config.loaded.change_calendars.items():
        try:
            copy = fetch(aws, document, now=now)
        except LamplighterError as error:
            yield failed(f"calendar {name}", error)
        else:
            yield Check(f"calendar {name}", Status.OK, f"read in {copy.source}; needs {', '.join(PERMISSIONS)}")


def targets(
    aws: Aws,
    config: Configuration,
    kinds: Mapping[str, Kind],
    accounts: tuple[str, ...] = (),
    regions: tuple[str, ...] = (),
) -> Iterator[Check]:
    """Whether every kind can be listed in every target, and which IAM actions that and acting need."""
    try:
        listed = aws.targets(config.targets, accounts=accounts, regions=regions)
    except LamplighterError as error:
        yield failed("targets", error)
        return
    for failure in listed.failures:
        yield failed(f"target {failure.subject}", failure.error)
    if not listed.targets:
        yield Check("targets", Status.FAIL, "there are none", "set --region, AWS_REGION or `regions` in `targets`")
        return
    threads = config.targets.threads if config.targets else 25
    for kind in kinds.values():
        outcomes = each(listed.targets, _asker(aws, kind, config.tag), threads=threads)
        broken = [outcome for outcome in outcomes if outcome.error is not None]
        allowed = kind.permissions
        needs = f"listing needs {', '.join(allowed.discover)}; acting {', '.join((*allowed.start, *allowed.stop))}"
        needs += f"; order {', '.join(allowed.health)}" if allowed.health else ""
        needs += f"; another type {', '.join(allowed.resize)}" if allowed.resize else ""
        needs += f"; tags {', '.join(allowed.tag)}" if allowed.tag and config.tags.on else ""
        needs += f"; an idle guard {', '.join(allowed.measure)}" if allowed.measure else ""
        answered = len(outcomes) - len(broken)
        status = Status.FAIL if broken else Status.OK
        yield Check(kind.name, status, f"{answered} of {len(outcomes)} targets answer; {needs}")
        for outcome in broken:
            assert outcome.error is not None
            yield failed(f"{kind.name} {outcome.target.key}", outcome.error)
    yield from maintenance_windows(aws, config, listed.targets)


def maintenance_windows(aws: Aws, config: Configuration, listed: Sequence[Target]) -> Iterator[Check]:
    """Whether SSM tells of its windows in every target, where the file needs them, and whether the named ones exist."""
    from lamplighter.scheduler.window_check import check_windows

    found = check_windows(aws, config, listed)
    if found is None:
        return
    name = "maintenance windows"
    needs = f"reading needs {', '.join(found.permissions)}"
    status = Status.FAIL if found.failures else Status.WARN if found.missing or found.doubts else Status.OK
    answered = f"{len(listed) - len(found.failures)} of {len(listed)} targets answer; {needs}"
    yield Check(name, status, answered)
    for missing, schedules in found.missing.items():
        detail = f"no target has a window called {missing}, which is named by {', '.join(schedules)}"
        yield Check(f"{name} {missing}", Status.WARN, detail, "correct the name, or make the window")
    for target, window, doubt in found.doubts:
        hint = "until it can be read, what it is for is not stopped"
        yield Check(f"{name} {target.key}", Status.WARN, f"{window}: {doubt}", hint)
    for target, error in found.failures:
        yield failed(f"{name} {target.key}", error)


def _asker(aws: Aws, kind: Kind, tag: str) -> Callable[[Target], bool]:
    """Asks for the first resource of a kind; raises LamplighterError when it cannot be listed."""
    return lambda target: next(iter(kind.discover(aws.session(target), Search(tag))), None) is not None
