"""A function's runtime over light doubles of AWS: the queue and the scheduler of the hub, and the cloud of passes."""

from __future__ import annotations

import fcntl
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import Any, cast

import pytest
from tests.scheduler.conftest import HERE, MONDAY, OFFICE, THERE, Clock, Cloud, FakeAws
from tests.scheduler.test_alarm import Scheduler
from tests.scheduler.test_messages import Queue

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target
from lamplighter.deploy.contents import OWN, closure, copy_distribution, copy_own
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.metrics import METRICS
from lamplighter.deploy.package import ROOTS, build
from lamplighter.lambdas.custom_resource import answer
from lamplighter.lambdas.runtime import Runtime, logger
from lamplighter.resources.kind import Session
from lamplighter.scheduler import kept_definitions
from lamplighter.scheduler.messages import Message
from lamplighter.store.memory import MemoryStore

pytest.register_assert_rewrite("tests.lambdas.deployed", "tests.lambdas.traces")

EVENTS = Path(__file__).parent / "events"

ENVIRON = {
    "LAMPLIGHTER_STORE": "memory:",
    "LAMPLIGHTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/lamplighter-passes",
    "LAMPLIGHTER_WAKE": "lamplighter/wake",
    "LAMPLIGHTER_CLOCK": "lamplighter/clock",
    "LAMPLIGHTER_TAG": "Schedule",
    "LAMPLIGHTER_ACCOUNTS": "111122223333, 444455556666",
    "LAMPLIGHTER_ROLE": "Lamplighter",
    "POWERTOOLS_SERVICE_NAME": "test",
    "POWERTOOLS_METRICS_NAMESPACE": "Lamplighter",
}


def event(name: str) -> dict[str, Any]:
    """An event as the documentation of its service shows it."""
    return cast("dict[str, Any]", json.loads((EVENTS / f"{name}.json").read_text()))


class Context:
    """What Lambda hands over beside the event."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:lamplighter"
    function_name = "lamplighter"
    memory_limit_in_mb = 512

    def __init__(self, left: timedelta = timedelta(minutes=15)) -> None:
        self.left = left

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left.total_seconds() * 1000)


class HubSession:
    """Calls in the hub's own account."""

    target = HERE

    def __init__(self, queue: Queue, scheduler: Scheduler) -> None:
        self._services: dict[str, Any] = {"sqs": queue, "scheduler": scheduler}

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self._services[service].call(service, operation, **params))

    def pages(self, *_: Any, **__: Any) -> Iterator[Any]:
        raise AssertionError


class HubAws(FakeAws):
    """The cloud, and the services of the hub."""

    region = "eu-west-1"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self.queue, self.scheduler = Queue(), Scheduler()

    def session_as(self, target: Target, role: None) -> Session:
        assert role is None
        return cast(Session, HubSession(self.queue, self.scheduler))


class Hub:
    """A deployed hub: its store, its queue, its clock, and the clouds of two accounts."""

    def __init__(self, yaml: str = OFFICE, environ: Mapping[str, str] = ENVIRON) -> None:
        # A command that ran in this process has told loggers where to write: a function begins with its own.
        logger.cache_clear()
        self.cloud = Cloud(HERE, THERE, quick=True)
        self.clock = Clock(MONDAY + timedelta(hours=9))
        self.cloud.clock = lambda: self.clock.now
        self.cloud.ssm.now = lambda: self.clock.now
        self.store = MemoryStore()
        self.aws = HubAws(self.cloud)
        self.runtime = Runtime(dict(environ), clock=self.clock, aws=cast(Aws, self.aws), store=self.store)
        self.define(yaml)

    def define(self, yaml: str) -> None:
        kept_definitions.put_files(self.store, {"lamplighter.yaml": yaml})

    @property
    def sent(self) -> list[Message]:
        return self.aws.queue.taken

    @property
    def alarm(self) -> str:
        return str(self.aws.scheduler.schedule["ScheduleExpression"])


@pytest.fixture
def hub() -> Hub:
    """A hub with office hours, on a Monday at 9:00 UTC."""
    return Hub()


class Answers:
    """What CloudFormation was told, and how often it refused to hear it."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.types: list[str | None] = []
        self.refuses = 0
        self.url = ""


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A response URL on loopback."""
    found = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.refuses:
                found.refuses -= 1
                self.send_error(503)
                return
            assert len(body) <= 4096
            found.bodies.append(json.loads(body))
            found.types.append(self.headers["Content-Type"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(HTTPServer):
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/answer?signature=x"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


class Stack:
    """A stack with one resource, and a hub that answers it."""

    def __init__(self, answers: Answers) -> None:
        self.hub = Hub(environ={**ENVIRON, "LAMPLIGHTER_ENDPOINT_URL": "http://127.0.0.1:1"})
        self.answers = answers
        self.id = ""
        self.left = timedelta(minutes=2)
        self.pauses: list[float] = []

    def ask(self, kind: str, properties: object = None, **more: Any) -> dict[str, Any]:
        given = {**event("stack_create"), "RequestType": kind, "ResponseURL": self.answers.url, **more}
        if properties is not None:
            given["ResourceProperties"] = properties
        if self.id:
            given["PhysicalResourceId"] = self.id
        answer(given, Context(self.left), self.hub.runtime, sleep=self.pauses.append)
        told = self.answers.bodies[-1]
        for key in ("StackId", "RequestId", "LogicalResourceId"):
            assert told[key] == given[key]
        return told

    def create(self, properties: object = None, **more: Any) -> dict[str, Any]:
        told = self.ask("Create", properties, **more)
        self.id = told["PhysicalResourceId"]
        return told

    @property
    def entries(self) -> dict[str, Any]:
        return {each.key: dict(each.fields) for each in kept_definitions.read(self.hub.store).entries}


@pytest.fixture
def stack(answers: Answers) -> Stack:
    """A stack that nothing has been asked of yet."""
    return Stack(answers)


def metrics(text: str) -> dict[str, float]:
    """What was written in CloudWatch's embedded format, by name; over all dimensions."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        data = json.loads(line)
        if "_aws" not in data:
            continue
        (directive,) = data["_aws"]["CloudWatchMetrics"]
        assert directive["Dimensions"] == [["service"]]
        assert directive["Namespace"] == "Lamplighter"
        for metric in directive["Metrics"]:
            assert data["service"] == METRICS[metric["Name"]].service
            values = data[metric["Name"]]
            found[metric["Name"]] = found.get(metric["Name"], 0) + sum(values if isinstance(values, list) else [values])
        for names in directive["Dimensions"]:
            assert all(name in data for name in names)
    return found


@pytest.fixture(scope="session")
def core_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda makes of the small zip: a folder."""

    def make(out: Path) -> None:
        made = build(Group.CORE, out / "zip", environ={"SOURCE_DATE_EPOCH": "1795424400"})
        with zipfile.ZipFile(made.path) as archive:
            archive.extractall(out / "task")

    return made_once(tmp_path_factory, "core", make) / "task"


@pytest.fixture(scope="session")
def data_task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the large zip. They are not packed here: tests of the packaging do, and it takes half a minute."""

    def make(out: Path) -> None:
        for name in closure(ROOTS[Group.DATA]):
            if name != OWN:
                copy_distribution(name, out)
        copy_own(out)

    return made_once(tmp_path_factory, "data", make)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the whole run: of several processes of pytest-xdist the first makes it, the others wait for it."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place = root / f"task-{name}"
    with (root / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            fresh = Path(mkdtemp(prefix=f"{place.name}-", dir=root))
            make(fresh)
            fresh.rename(place)
    return place
