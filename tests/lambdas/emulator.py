"""Functions as Lambda runs them: AWS's runtime interface emulator, its Python runtime, and what lies in a zip.

The emulator is the binary that aws-sam-cli carries along; `make emulator` fetches it and the runtime, pinned. Lambda is
not imitated here: the emulator starts the process, hands events to it, ends it when its time is over.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PLACE: Final = ROOT / ".emulator"
_PATH: Final = "/2015-03-31/functions/function/invocations"
_START: Final = 60.0
_CALL: Final = 120.0
_LOG: Final = 10.0
_GONE: Final = "Waiting for runtime domain processes termination"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call.

    Attributes:
        value: what the function returned; None if it failed.
        error: what was said in place of that, with the type of the exception; empty if the function returned.
        log: lines that the function and the emulator wrote meanwhile.
    """

    value: Any
    error: str
    log: tuple[str, ...]

    def said(self, message: str) -> dict[str, Any]:
        """The first line of the log in JSON with this message."""
        for line in self.log:
            if line.startswith("{"):
                found: dict[str, Any] = json.loads(line)
                if found.get("message") == message:
                    return found
        raise AssertionError(f"nobody said {message!r}: {self.log}")


class Emulator:
    """One function under the emulator, one call at a time as in Lambda; made by `emulated`."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self._port = port
        self._lines: Queue[str] = Queue()
        assert process.stdout is not None
        self._reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: Iterator[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip("\n"))

    def invoke(self, event: object) -> Answer:
        """Call the function."""
        self._drain()
        connection = HTTPConnection("127.0.0.1", self._port, timeout=_CALL)
        try:
            connection.request("POST", _PATH, json.dumps(event).encode())
            text = connection.getresponse().read().decode()
        except (OSError, HTTPException) as error:
            return Answer(None, f"{type(error).__name__}: {error}", self._log())
        finally:
            connection.close()
        return _answer(text, self._log())

    def crash(self) -> None:
        """Kill the process of the function, as when memory runs out; the emulator lives on."""
        pid = self._process.pid
        for each in Path(f"/proc/{pid}/task").iterdir():
            for child in (each / "children").read_text().split():
                os.kill(int(child), signal.SIGKILL)

    def close(self) -> None:
        """End the emulator and its function."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(5)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _drain(self) -> None:
        with suppress(Empty):
            while True:
                self._lines.get_nowait()

    def _log(self) -> tuple[str, ...]:
        """Lines up to the one that ends every call: the report, or that of a process that is gone."""
        lines: list[str] = []
        with suppress(Empty):
            while not (lines and (lines[-1].startswith("REPORT RequestId") or lines[-1].endswith(_GONE))):
                lines.append(self._lines.get(timeout=_LOG))
        return tuple(lines)


def _answer(text: str, log: tuple[str, ...]) -> Answer:
    try:
        value = json.loads(text)
    except ValueError:
        return Answer(None, text or "nothing was answered", log)
    if isinstance(value, dict) and "errorType" in value:
        return Answer(None, f"{value['errorType']}: {value.get('errorMessage', '')}", log)
    return Answer(value, "", log)


def available() -> Path:
    """Where the emulator lies; elsewhere than on Linux on x86_64 the test is skipped."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip("Lambda's emulator that is fetched runs on Linux on x86_64 only")
    if not (PLACE / "rie").is_file():
        pytest.fail("Lambda's emulator is not installed: run `make emulator`")
    return PLACE


@contextmanager
def emulated(
    task: Path, handler: str, environ: Mapping[str, str], *, timeout: int = 60, layer: Path | None = None
) -> Iterator[Emulator]:
    """A function until the end of the block.

    Args:
        task: folder into which the zip was unpacked.
        handler: `module.function`.
        environ: all the function gets, beside what Lambda itself sets.
        timeout: seconds for a call.
        layer: further folder with modules; found before those of the zip.
    """
    place = available()
    folders = [*([layer] if layer else []), task, place / "runtime"]
    given = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        **environ,
    }
    port, api = _ports()
    # -S and -s: nothing of the environment that runs the tests is found.
    command = [str(place / "rie"), "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api}", sys.executable, "-s", "-S", "-P", "-m", "awslambdaric"]
    process = subprocess.Popen(
        [*command, handler],
        cwd=task,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    function = Emulator(process, port)
    try:
        _until_it_listens(process, port)
        yield function
    finally:
        function.close()


def _ports() -> tuple[int, int]:
    """Two ports that are free now."""
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def _until_it_listens(process: subprocess.Popen[str], port: int) -> None:
    pause = Event()
    for _ in range(int(_START / 0.05)):
        assert process.poll() is None, "the emulator ended"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        pause.wait(0.05)
    pytest.fail("the emulator does not listen")
