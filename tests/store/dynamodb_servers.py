"""Two emulators of DynamoDB over the wire, and a way to them that makes the tables that a test names."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from lamplighter.aws.access import Aws
from lamplighter.aws.calls import CallRecord
from lamplighter.aws.targets import Target
from lamplighter.errors import AwsError, NotFound, OutcomeUnknown, WrongState
from lamplighter.store.dynamodb import DynamoDBStore
from lamplighter.store.dynamodb_calls import Caller, Connection
from lamplighter.store.dynamodb_layout import TABLES, Layout, table_request

REGION = "eu-west-1"
ROOT = Path(__file__).parents[2]
_SCRIPT = """
const server = require('dynalite')({createTableMs: 0, deleteTableMs: 0, updateTableMs: 0})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
"""
_numbers = count(1)


@contextmanager
def dynalite() -> Iterator[str]:
    """The URL of a dynalite that ends with the block; the test is skipped where there is no npm to install it by."""
    if not (ROOT / "node_modules" / "dynalite").is_dir():
        if shutil.which("npm") is None:
            pytest.skip("npm is not installed, so there is no dynalite")
        pytest.fail("dynalite is not installed: run `make node_modules`")
    command = ["node", "-e", _SCRIPT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def way(url: str, on_call: Callable[[CallRecord], None] | None = None) -> Aws:
    """AWS at an emulator, with nothing of this machine."""
    environ = {
        "AWS_ACCESS_KEY_ID": "simulated",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }
    return Aws(region=REGION, endpoint_url=url, environ=environ, retries=0, on_call=on_call)


class Plain:
    """Calls as they are, noted in `made`; what an emulator cannot do skips the test."""

    def __init__(self, inner: Caller) -> None:
        self._inner = inner
        self.made: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        self.made.append((operation, params))
        try:
            return self._inner.call(service, operation, **params)
        except AwsError as error:
            if error.code == "UnknownOperationException":
                pytest.skip(f"the emulator has no {error.operation}: {error.code}")
            raise


class OneByOne:
    """One call at a time."""

    def __init__(self, inner: Caller) -> None:
        self._inner = inner
        self._lock = Lock()

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        with self._lock:
            return self._inner.call(service, operation, **params)


class TableMaker:
    """Makes the tables that a call names when they are missing: the contract names tables as it likes."""

    def __init__(self, inner: Caller, layouts: Mapping[str, Layout]) -> None:
        self._inner = inner
        self._layouts = layouts

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        try:
            return self._inner.call(service, operation, **params)
        except AwsError as error:
            # moto calls a transaction of deletes cancelled when their table is missing.
            if not isinstance(error, NotFound) and "ResourceNotFoundException" not in error.message:
                raise
            for name in _tables(params):
                self._make(name)
            return self._inner.call(service, operation, **params)

    def _make(self, name: str) -> None:
        layout = self._layouts.get(name.partition("-")[2], Layout())
        with suppress(WrongState):  # another thread was faster
            self._inner.call("dynamodb", "create_table", **table_request(name, layout))
        while self._inner.call("dynamodb", "describe_table", TableName=name)["Table"]["TableStatus"] != "ACTIVE":
            pass


def _tables(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        named = [value["TableName"]] if "TableName" in value else list(value.get("RequestItems", ()))
        return sorted({*named, *(name for part in value.values() for name in _tables(part))})
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return sorted({name for part in value for name in _tables(part)})
    return []


class Losing:
    """Loses answers: those of the first `done` writes, which take effect, and of the first `undone`, which do not."""

    def __init__(self, inner: Caller, *, done: int = 0, undone: int = 0) -> None:
        self._inner = inner
        self.done, self.undone = done, undone
        self.between: Callable[[], object] = lambda: None
        """What others do after the last loss."""

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        writes = ("put_item", "update_item", "delete_item", "transact_write_items")
        if operation not in writes or not (self.done or self.undone):
            return self._inner.call(service, operation, **params)
        if self.undone:
            self.undone -= 1
        else:
            self.done -= 1
            self._inner.call(service, operation, **params)
        if not (self.done or self.undone):
            self.between()
        raise OutcomeUnknown("the answer was lost", code="ReadTimeout", operation=operation)


def no_sleep(_seconds: float) -> None:
    """Waits for nothing."""


def caller(aws: Aws) -> Caller:
    """The calls of a store."""
    return aws.session_as(Target("store", REGION), None)


def empty_store(
    aws: Aws,
    *,
    wrap: Callable[[Caller], Caller] = lambda inner: inner,
    layouts: Mapping[str, Layout] = TABLES,
) -> DynamoDBStore:
    """A store of tables that nobody else uses; they are made when they are named.

    Args:
        aws: the emulator.
        wrap: put around the calls, nearest to the store.
        layouts: keys of tables.
    """
    made = wrap(TableMaker(Plain(caller(aws)), layouts))
    return DynamoDBStore(Connection(made, REGION), f"t{next(_numbers)}", layouts=layouts, sleep=no_sleep)
