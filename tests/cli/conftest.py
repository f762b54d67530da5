"""The command in this process, in an empty folder, without any variable of the machine."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import EstateProbe

DEFINITIONS = """\
version: 1
timezone: Europe/Berlin
periods:
  office: {begintime: "08:00", endtime: "18:00", weekdays: mon-fri}
schedules:
  office-hours: {periods: office}
"""


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variables, no files, a log as it was before."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "LAMPLIGHTER_", "XDG_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)
    logger = logging.getLogger("lamplighter")
    before = logger.level, list(logger.handlers)
    yield
    logger.setLevel(before[0])
    logger.handlers[:] = before[1]


@pytest.fixture
def lamp() -> Lamp:
    """Runs command lines."""
    return Lamp()


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """A definition file in the folder of the command."""
    path = tmp_path / "lamplighter.yaml"
    path.write_text(DEFINITIONS)
    return path


@pytest.fixture
def closed_port() -> str:
    """The URL of an endpoint where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with start_thread() as server:
            probe = EstateProbe(server)
            yield probe
            probe.close()


@pytest.fixture
def estate(_probe: EstateProbe, monkeypatch: pytest.MonkeyPatch) -> EstateProbe:
    """An empty simulated AWS to which the command's variables point."""
    _probe.fresh()
    for name, value in _probe.server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return _probe
