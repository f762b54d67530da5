"""Folders of calls, and those that calls which were ended have left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lamplighter.lambdas.scratch import scratch, tidy_up


def test_a_call_has_a_folder_and_leaves_none(tmp_path: Path) -> None:
    with scratch("bill", tmp_path) as folder:
        (folder / "a").mkdir()
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_what_a_call_that_was_ended_has_left_is_removed_once(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f"{ended.pid}-bill-x", f"{os.getpid()}-lake-y", "1-bill-z", "soon"):
        (tmp_path / f"lamplighter-{name}").mkdir()
        (tmp_path / f"lamplighter-{name}" / "text.csv").write_text("1")
    (tmp_path / "other").mkdir()
    with scratch("bill", tmp_path) as first, scratch("lake", tmp_path) as second:
        there = {path.name for path in tmp_path.iterdir()}
        assert there == {"lamplighter-1-bill-z", "lamplighter-soon", "other", first.name, second.name}
        tidy_up(tmp_path)
        assert first.is_dir()
