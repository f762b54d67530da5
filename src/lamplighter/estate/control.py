"""Start a simulated AWS and steer it: clock, faults, history, calls, seed.

`start_process` runs it in a process of its own, which ends with its parent; `start_thread` runs it inside this
process, for tests. Both give a `SimulatedAws`; an `EstateControl` also steers one that runs already.

Neither boto3 nor moto is imported here.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from threading import Thread, Timer
from typing import TYPE_CHECKING, Any, Self

from lamplighter.errors import LamplighterError
from lamplighter.estate.clock import utc_now
from lamplighter.estate.presets import capacity, deny, expired_credentials, throttle, timeout_after, unreachable
from lamplighter.estate.steering import CallReport, EstateControl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

__all__ = [
    "CallReport",
    "EstateControl",
    "SimulatedAws",
    "capacity",
    "deny",
    "expired_credentials",
    "start_process",
    "start_thread",
    "throttle",
    "timeout_after",
    "unreachable",
]

MANAGEMENT_ACCOUNT = "111122223333"
START_SECONDS = 60.0
STOP_SECONDS = 10.0

_kept: list[subprocess.Popen[bytes]] = []


class SimulatedAws:
    """A running simulated AWS; a context manager that ends it.

    Attributes:
        url: its address, the `endpoint_url` of every client.
        control: steers it.
        pid: its process id, or None inside this process.
    """

    def __init__(self, url: str, close: Callable[[], None], pid: int | None = None, *, keep: bool = False) -> None:
        self.url = url
        self.control = EstateControl(url)
        self.pid = pid
        self._close = close
        self._keep = keep

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that send any AWS SDK there, with base credentials of the management account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def close(self) -> None:
        """End it."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._keep:
            self.close()


def start_process(
    *, log: Path | None = None, keep: bool = False, port: int = 0, management_account: str = MANAGEMENT_ACCOUNT
) -> SimulatedAws:
    """Start a simulated AWS in a process of its own, and wait until it listens.

    It ends with `close`, or when this process ends in whatever way, unless `keep`.

    Args:
        log: file to which its errors are appended; None throws them away.
        keep: let it outlive this process; leaving the context does not end it either, `close` does.
        port: port on 127.0.0.1; 0 for any free one.
        management_account: account that base credentials belong to.

    Raises:
        LamplighterError: it did not start.
    """
    command = [sys.executable, "-m", "lamplighter.estate.server", "--port", str(port)]
    command += ["--management-account", management_account, *([] if keep else ["--watch-stdin"])]
    with ExitStack() as stack:
        errors: Any = stack.enter_context(log.open("ab")) if log else subprocess.DEVNULL
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.DEVNULL if keep else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=keep,
        )
    assert process.stdout is not None
    watchdog = Timer(START_SECONDS, process.kill)
    watchdog.start()
    line = process.stdout.readline().decode()
    watchdog.cancel()

    def close() -> None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    if not line.startswith("listening on "):
        close()
        raise LamplighterError(
            "the simulated AWS did not start", hint=f"see {log}" if log else "give a log file to see why"
        )
    if keep:
        process.stdout.close()
        _kept.append(process)
    return SimulatedAws(line.removeprefix("listening on ").strip(), close, process.pid, keep=keep)


def start_thread(
    *, management_account: str = MANAGEMENT_ACCOUNT, real: Callable[[], datetime] = utc_now
) -> SimulatedAws:
    """Start a simulated AWS inside this process, empty; for tests.

    moto's resources belong to the process, so there can be one at a time.

    Args:
        management_account: account that base credentials belong to.
        real: where real time comes from.

    Raises:
        UsageError: one is running already.
    """
    from lamplighter.estate.server import build, claim_process

    release = claim_process()
    server, world = build(0, management=management_account, real=real)
    world.reset()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def close() -> None:
        world.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
        world.reset()
        release()

    return SimulatedAws(f"http://{server.host}:{server.server_port}", close)
