"""The simulated AWS as a server: `python -m lamplighter.estate.server --port 0`.

It prints one line, `listening on http://127.0.0.1:PORT`, and serves until it is terminated. It listens on
127.0.0.1 only.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from lamplighter.errors import UsageError
from lamplighter.estate.clock import utc_now
from lamplighter.estate.fleet import IMAGES_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from werkzeug.serving import BaseWSGIServer

    from lamplighter.estate.front import World

HOST = "127.0.0.1"
MANAGEMENT_ACCOUNT = "111122223333"
ANNOUNCEMENT = "listening on "
# Without this moto loads 1,291 machine images into every region it is asked about (1.9 s each time).
IMAGES = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "MOTO_AMIS_PATH": str(IMAGES_FILE)}


_claimed = Lock()


def claim_process() -> Callable[[], None]:
    """Claim this process's moto for one simulated AWS, with moto set up for it.

    Returns:
        A function that gives the claim back and restores the environment.

    Raises:
        UsageError: it is claimed already.
    """
    if not _claimed.acquire(blocking=False):
        raise UsageError(
            "a simulated AWS is running in this process already", hint="close it first, or use start_process"
        )
    before = {name: os.environ.get(name) for name in IMAGES}
    os.environ.update(IMAGES)

    def release() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _claimed.release()

    return release


def build(
    port: int, *, management: str = MANAGEMENT_ACCOUNT, real: Callable[[], datetime] = utc_now
) -> tuple[BaseWSGIServer, World]:
    """A server that listens but does not serve yet, and what its front knows.

    Args:
        port: port on 127.0.0.1; 0 for any free one.
        management: id of the management account.
        real: where real time comes from.

    Raises:
        SystemExit: the port is taken.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    from lamplighter.estate.endpoints import control
    from lamplighter.estate.front import StrictFront, World
    from lamplighter.estate.quick_moto import quicken
    from lamplighter.estate.told_parameters import tell_parameters
    from lamplighter.estate.whole_stacks import list_whole

    quicken()
    list_whole()
    tell_parameters()

    class QuietHandler(MotoRequestHandler):
        """Writes down errors, not every request."""

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - named by werkzeug
            """Write errors to standard error."""
            if type == "error":
                sys.stderr.write((message % args if args else message) + "\n")

    world = World(management, real)
    front = StrictFront(DomainDispatcherApplication(create_backend_app), control(world), world)
    server = make_server(HOST, port, front, threaded=True, request_handler=QuietHandler)
    return server, world


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until terminated.

    Args:
        argv: arguments; those of the process when None.

    Returns:
        Exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m lamplighter.estate.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 for any free one")
    parser.add_argument(
        "--management-account",
        default=os.environ.get("LAMPLIGHTER_MANAGEMENT_ACCOUNT", MANAGEMENT_ACCOUNT),
        help="account that credentials unknown to the estate belong to (env LAMPLIGHTER_MANAGEMENT_ACCOUNT)",
    )
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input is closed")
    options = parser.parse_args(argv)
    claim_process()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    server, _ = build(options.port, management=options.management_account)
    if options.watch_stdin:
        Thread(target=_end_with_stdin, daemon=True).start()
    sys.stdout.write(f"{ANNOUNCEMENT}http://{HOST}:{server.server_port}\n")
    sys.stdout.flush()
    # moto prints at times, and nobody reads that pipe any more.
    sys.stdout = sys.stderr
    try:
        server.serve_forever()
    finally:
        server.server_close()
    return 0


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _end_with_stdin() -> None:
    # A parent that dies, in whatever way, closes its end of the pipe. Not sys.stdin: its lock outlives this thread.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
