from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lamplighter.errors import UsageError
from lamplighter.estate import kept


def test_nothing_runs_from_an_empty_folder(tmp_path: Path) -> None:
    assert kept.running(tmp_path) is None
    with pytest.raises(UsageError, match="no demo runs"):
        kept.end(tmp_path)


def test_what_was_left_running_is_found_and_ended(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    try:
        kept.remember(tmp_path, process.pid, {"B": "with space", "A": "1"})
        assert (tmp_path / "env").read_text() == "export A=1\nexport B='with space'\n"
        assert kept.running(tmp_path) == process.pid
        assert kept.end(tmp_path) == process.pid
        assert process.wait(10) != 0
        assert kept.running(tmp_path) is None
    finally:
        process.kill()
        process.stdin.close()


def test_a_process_that_is_gone_is_not_running(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(10)
    kept.remember(tmp_path, process.pid, {})
    assert kept.running(tmp_path) is None
