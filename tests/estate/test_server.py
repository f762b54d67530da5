"""The simulated AWS in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lamplighter.errors import LamplighterError, Unreachable
from lamplighter.estate.control import EstateControl, start_process
from lamplighter.estate.testing import MANAGEMENT, EstateProbe

pytestmark = pytest.mark.slow


def wait_until_gone(pid: int, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False


def test_a_process_starts_serves_and_ends_quietly(tmp_path: Path) -> None:
    log = tmp_path / "estate.log"
    with start_process(log=log) as aws:
        assert aws.pid is not None
        assert aws.control.about()["pid"] == aws.pid
        probe = EstateProbe(aws)
        probe.fresh()
        ids = probe.launch(2)
        assert probe.states(ids) == ["running", "running"]
        assert probe.client("sts").get_caller_identity()["Account"] == MANAGEMENT
        probe.close()
    assert wait_until_gone(aws.pid)
    with pytest.raises(Unreachable):
        aws.control.now()
    assert log.read_text() == ""


def test_the_management_account_can_be_chosen() -> None:
    with start_process(management_account="123456789012") as aws:
        probe = EstateProbe(aws)
        assert probe.client("sts").get_caller_identity()["Account"] == "123456789012"
        probe.close()


def test_a_taken_port_is_said_in_the_log(tmp_path: Path) -> None:
    with start_process() as aws:
        port = int(aws.url.rsplit(":", 1)[1])
        log = tmp_path / "estate.log"
        with pytest.raises(LamplighterError, match="did not start") as error:
            start_process(port=port, log=log)
    assert str(log) in error.value.hint
    assert "in use" in log.read_text()


PARENT = """
import sys
from lamplighter.estate.control import start_process
aws = start_process(keep={keep})
print(aws.pid, aws.url, flush=True)
sys.stdin.read()
"""


def parent(*, keep: bool) -> tuple[subprocess.Popen[str], int, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(keep=keep)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid, url = process.stdout.readline().split()
    return process, int(pid), url


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def test_it_dies_with_a_parent_that_is_killed() -> None:
    process, pid, url = parent(keep=False)
    assert EstateControl(url).about()["pid"] == pid
    end(process)
    assert wait_until_gone(pid)


def test_a_kept_one_outlives_its_parent() -> None:
    process, pid, url = parent(keep=True)
    end(process)
    try:
        assert EstateControl(url).about()["pid"] == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    assert wait_until_gone(pid)
