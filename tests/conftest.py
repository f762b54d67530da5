"""For every test: properties are searched the same way each time in CI, and no test is judged by a clock."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("search", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "search")


WIRE = {"_probe", "probe", "estate", "server", "wire"}
"""Fixtures behind which a simulated AWS answers over the wire."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever talks to a server is slow."""
    for item in items:
        if WIRE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many faults were tried, which no passing test says by itself."""
    found = [
        (report.nodeid.rpartition("::")[2], value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in getattr(report, "user_properties", ())
        if name == "faults tried"
    ]
    if found:
        terminalreporter.section("faults tried")
        for test, value in found:
            terminalreporter.line(f"{test}: {value}")
