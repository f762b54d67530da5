"""What every handler works with, made of the environment when it is first needed and kept for later calls.

Nothing here belongs to one event: connections, the store, and the definitions as long as their version stays.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from uuid import uuid4

from lamplighter.deploy.metrics import METRICS, NAMESPACE
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from lamplighter.aws.access import Aws, TargetSession
    from lamplighter.resources.kind import Session
    from lamplighter.scheduler.kept_definitions import Kept
    from lamplighter.scheduler.passes import World
    from lamplighter.scheduler.settings import Configuration
    from lamplighter.scheduler.tick import Rhythm
    from lamplighter.store.dynamodb_calls import Connection
    from lamplighter.store.table import Store

MARGIN: Final = timedelta(seconds=90)
"""How long before its end a function begins nothing new: what is under way, the journal and messages need time."""

SCRATCH: Final = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - where a function may write


class Context(Protocol):
    """What Lambda hands to a handler beside the event, as far as it is used here."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""
        ...


class Runtime:
    """Connections and definitions of one function. Safe for use by several threads.

    Args:
        environ: variables, see `lamplighter.deploy.handlers.ENVIRONMENT`.
        clock: tells the time, aware.
        aws: sessions; None to make them when they are needed.
        store: the store; None to open it when it is needed.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        aws: Aws | None = None,
        store: Store | None = None,
    ) -> None:
        self.environ = environ
        self.clock = clock
        self._aws, self._store = aws, store
        self._config: tuple[int, Configuration] | None = None
        self._templates: Path | None = None
        self._lock = Lock()

    @cached_property
    def aws(self) -> Aws:
        """Sessions with the function's own role."""
        from lamplighter.aws.access import Aws

        return self._aws or Aws(environ=self.environ, endpoint_url=self.environ.get("LAMPLIGHTER_ENDPOINT_URL") or None)

    @cached_property
    def store(self) -> Store:
        """The store.

        Raises:
            UsageError: LAMPLIGHTER_STORE says nothing, or is no address.
        """
        from lamplighter.store.open import open_store

        return self._store or open_store(self.need("LAMPLIGHTER_STORE"), self._connect)

    def _connect(self, region: str | None, endpoint: str | None) -> Connection:
        from lamplighter.aws.access import Aws
        from lamplighter.aws.targets import Target
        from lamplighter.store.dynamodb_calls import Connection

        url = endpoint or self.environ.get("LAMPLIGHTER_ENDPOINT_URL") or None
        # The store repeats calls itself: it must know which answers were lost.
        aws = Aws(environ=self.environ, region=region, endpoint_url=url, retries=0)
        if aws.region is None:
            raise UsageError("the store's address names no region", hint="add ?region=eu-west-1")
        return Connection(aws.session_as(Target("store", aws.region), None), aws.region, aws.close)

    def session(self) -> Session:
        """Calls with the own role at home."""
        return self.objects()

    def objects(self) -> TargetSession:
        """The same, where bodies of objects are to be fetched too."""
        from lamplighter.aws.targets import GLOBAL_REGION, Target

        return self.aws.session_as(Target("own", self.aws.region or GLOBAL_REGION), None)

    def need(self, name: str) -> str:
        """A variable that must be there.

        Raises:
            UsageError: it is missing or empty.
        """
        value = self.environ.get(name, "")
        if not value:
            raise UsageError(f"{name} is not set", hint="the template of the stack sets it")
        return value

    def defaults(self) -> dict[str, object]:
        """Sections for definitions that lack them, as the variables say."""
        found: dict[str, object] = {}
        if zone := self.environ.get("LAMPLIGHTER_TIMEZONE"):
            found["timezone"] = zone
        if tag := self.environ.get("LAMPLIGHTER_TAG"):
            found["tag"] = tag
        targets: dict[str, object] = {}
        if accounts := self._listed("LAMPLIGHTER_ACCOUNTS"):
            targets["accounts"] = accounts
        if self.environ.get("LAMPLIGHTER_ORGANIZATION", "").lower() not in ("", "false"):
            targets["organization"] = True
        if targets:
            targets["include_own"] = True
        for name, key in (("LAMPLIGHTER_ROLE", "role"), ("LAMPLIGHTER_EXTERNAL_ID", "external_id")):
            if value := self.environ.get(name):
                targets[key] = value
        if regions := self._listed("LAMPLIGHTER_REGIONS"):
            targets["regions"] = regions
        if targets:
            found["targets"] = targets
        if topic := self.environ.get("LAMPLIGHTER_TOPIC_ARN"):
            found["notify"] = {"rules": [{"to": f"sns:{topic}", "about": ["errors"]}]}
        return found

    def _listed(self, name: str) -> list[str]:
        return [part.strip() for part in self.environ.get(name, "").split(",") if part.strip()]

    def configuration(self) -> Configuration:
        """The definitions as they are kept now: read again when their version changed, or if SSM could change them.

        Raises:
            DefinitionError: the file is not YAML.
            StoreError: the store failed.
        """
        from lamplighter.scheduler import kept_definitions

        with self._lock:
            version = kept_definitions.version(self.store)
            if self._config is not None and self._config[0] == version:
                return self._config[1]
            kept = kept_definitions.read(self.store)
            config = self._with_templates(kept_definitions.configuration(kept, self.defaults(), self.calendar), kept)
            self._config = None if config.loaded.change_calendars else (kept.version, config)
            return config

    def _with_templates(self, config: Configuration, kept: Kept) -> Configuration:
        """With the templates of messages that are kept in files of this function, where its senders find them."""
        if (own := config.notify.templates) is None:
            return config
        folder = Path(mkdtemp(prefix="definitions-", dir=SCRATCH))
        if self._templates is not None:
            rmtree(self._templates, ignore_errors=True)
        self._templates = folder
        for name, text in kept.files.items():
            place = (folder / name).resolve()
            if name.endswith(".j2") and place.is_relative_to(folder.resolve()):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
        notify = config.notify.model_copy(update={"templates": str(folder / own)})
        return replace(config, notify=notify)

    def calendar(self, document: str) -> str:
        """The text of an SSM Change Calendar as it is now; a copy is kept for commands.

        Raises:
            LamplighterError: it cannot be read.
        """
        from lamplighter.scheduler.change_calendars import live_reader

        return live_reader(self.aws, self.clock, self.store)(document)

    def world(self, config: Configuration, context: Context | None = None) -> World:
        """Everything that a pass works with.

        Args:
            config: the definitions.
            context: of the call; without, time does not run out.
        """
        from lamplighter.scheduler.passes import World

        until = self.clock() + remaining(context) - MARGIN if context is not None else None
        return replace(World(self.aws, self.store, config, config.kinds, self.clock), until=until)

    def rhythm(self) -> Rhythm:
        """How often passes are asked for beside transitions.

        Raises:
            UsageError: a variable is no number.
        """
        from lamplighter.scheduler.tick import Rhythm

        return Rhythm(
            timedelta(hours=self._number("LAMPLIGHTER_RECONCILE", 4)),
            timedelta(minutes=self._number("LAMPLIGHTER_FREQUENCY", 5)),
        )

    def set_alarm(self, at: datetime, *, now: datetime | None = None, renew: bool = False) -> None:
        """Let the clock be called, as `lamplighter.scheduler.alarm.set_alarm` does; nothing without LAMPLIGHTER_WAKE.

        Args:
            at: when, aware.
            now: aware; given, an earlier time that is still to come stays.
            renew: whether the alarm is to be on or off, and to call what it calls, as the template says now.

        Raises:
            AwsError: not permitted, or AWS does not answer.
        """
        from lamplighter.scheduler.alarm import set_alarm

        if wake := self.environ.get("LAMPLIGHTER_WAKE"):
            like = self.environ.get("LAMPLIGHTER_CLOCK", "")
            set_alarm(self.session(), wake, at, now=now, like=like, renew=renew)

    def _number(self, name: str, default: int) -> int:
        text = self.environ.get(name) or str(default)
        if not text.isdecimal() or int(text) < 1:
            raise UsageError(f"{name} is {text!r}, not a number from 1 on")
        return int(text)


class _Shared:
    """The runtime of this process."""

    runtime: Runtime | None = None


def runtime() -> Runtime:
    """The runtime of this process, made at the first call."""
    if _Shared.runtime is None:
        _Shared.runtime = Runtime(dict(os.environ))
    return _Shared.runtime


def remaining(context: Context) -> timedelta:
    """How long the call may still take."""
    return timedelta(milliseconds=context.get_remaining_time_in_millis())


def new_run() -> str:
    """An id for a pass, never used before."""
    return str(uuid4())


class _Line(NamedTuple):
    """What values have in common that are written together."""

    service: str
    at: datetime | None
    fields: tuple[tuple[str, str], ...]
    dimensions: tuple[str, ...]


class Meters:
    """Metrics of one call, in CloudWatch's embedded format: one line of the log for each set of fields.

    Args:
        environ: variables, for the namespace.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._counts: dict[_Line, dict[str, float]] = {}

    def add(self, name: str, value: float = 1, *, at: datetime | None = None, **fields: str) -> None:
        """Add to a metric.

        Args:
            name: of the metric.
            value: what to add.
            at: aware datetime that it is of, at most two weeks ago; None for now.
            fields: its fields and dimensions.

        Raises:
            KeyError: it is not declared, or has other fields.
        """
        metric = METRICS[name]
        if set(fields) != {*metric.fields, *metric.dimensions}:
            raise KeyError(f"{name} has the fields {(*metric.fields, *metric.dimensions)}")
        line = _Line(metric.service, at, tuple(sorted(fields.items())), metric.dimensions)
        counts = self._counts.setdefault(line, {})
        counts[name] = counts.get(name, 0) + value

    def write(self) -> None:
        """Write them, and begin anew."""
        from aws_lambda_powertools.metrics import EphemeralMetrics

        namespace = self._environ.get("POWERTOOLS_METRICS_NAMESPACE") or NAMESPACE
        for line, counts in self._counts.items():
            metrics = EphemeralMetrics(namespace=namespace, service=line.service)
            if line.at is not None:
                # Its own setter compares with the clock of the machine.
                metrics.timestamp = int(line.at.timestamp() * 1000)
            for key, value in line.fields:
                (metrics.add_dimension if key in line.dimensions else metrics.add_metadata)(key, value)
            for name, count in counts.items():
                metrics.add_metric(name=name, unit=METRICS[name].unit, value=count)
            metrics.flush_metrics()
        self._counts.clear()


class _ToStdout(logging.Handler):
    """Writes to stdout as it is when something is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        sys.stdout.write(self.format(record) + "\n")


@cache
def logger() -> Logger:
    """The log of this function as JSON lines; what the services below log goes there too."""
    from aws_lambda_powertools import Logger

    found = Logger(logger_handler=_ToStdout())
    ours = logging.getLogger("lamplighter")
    ours.handlers[:] = found.handlers
    ours.setLevel(found.log_level)
    ours.propagate = False
    return found
