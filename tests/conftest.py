"""For every test: properties are searched the same way each time in CI, and no test is judged by a clock."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings
from tests import calls

settings.register_profile("search", deadline=None)
settings.register_profile("repeat", deadline=None, derandomize=True)
settings.load_profile("repeat" if os.environ.get("CI") else "search")


WIRE = {"_probe", "probe", "estate", "server", "wire", "moto"}
"""Fixtures behind which a simulated AWS answers over the wire."""


SHARE = 10
"""Of the examples of a property the fast tests try one in so many; whoever runs slow tests too tries them all."""

FEWEST = 10

LONGEST = {"test_fault_sweep", "test_fault_sweep_options", "test_demo"}
"""Modules that take minutes: begun first, or one process would still be at them when the others have finished."""


WHOLE = re.compile(r"^pytestmark = .*\bpytest\.mark\.slow\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where slow tests are left out, a module of nothing else is not read: what it imports takes longest to load."""
    if config.getoption("markexpr") != "not slow" or collection_path.suffix != ".py":
        return None
    return True if WHOLE.search(collection_path.read_text()) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whatever talks to a server is slow; where slow tests are left out, properties try fewer examples."""
    for item in items:
        if WIRE & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.path.stem not in LONGEST)
    if config.getoption("markexpr") == "not slow":
        for test in {getattr(item, "obj", None) for item in items}:
            if is_hypothesis_test(test):
                try_fewer(test)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note the product's calls from here on, where there can be any."""
    over_wire = any(WIRE & set(getattr(item, "fixturenames", ())) for item in session.items)
    if over_wire or "lamplighter.aws.calls" in sys.modules:
        session.config.add_cleanup(calls.watch())


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a process of pytest-xdist has noted."""
    calls.merge(getattr(node, "workeroutput", {}).get("calls", ()))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hand over what was noted; where all comes together, hold it against what is declared."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["calls"] = calls.noted()
    elif exitstatus == pytest.ExitCode.OK and (calls.made or calls.doubled):
        from tests import actions

        wrong = actions.problems(calls.made, calls.doubled, whole=calls.is_whole(session.config))
        if wrong:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            session.config.stash[WRONG] = wrong


WRONG = pytest.StashKey[list[str]]()


def try_fewer(test: object) -> None:
    """Let a property try a tenth of its examples; hypothesis has no public way where a test has settings of its own."""
    own = test._hypothesis_internal_use_settings  # type: ignore[attr-defined]
    few = max(FEWEST, own.max_examples // SHARE)
    if few < own.max_examples:
        test._hypothesis_internal_use_settings = settings(own, max_examples=few)  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which calls are not as declared, and how many faults were tried, which no passing test says by itself."""
    found = [
        (report.nodeid.rpartition("::")[2], value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in getattr(report, "user_properties", ())
        if name == "faults tried"
    ]
    if wrong := terminalreporter.config.stash.get(WRONG, []):
        terminalreporter.section("calls to AWS", red=True)
        for line in wrong:
            terminalreporter.line(line, red=True)
    if found:
        terminalreporter.section("faults tried")
        for test, value in found:
            terminalreporter.line(f"{test}: {value}")
