"""A simulated AWS for the tests of this folder: one server a module, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lamplighter.estate.control import start_thread
from lamplighter.estate.testing import EstateProbe


@pytest.fixture(scope="module")
def _probe() -> Iterator[EstateProbe]:
    with start_thread() as server:
        probe = EstateProbe(server)
        yield probe
        probe.close()


@pytest.fixture
def estate(_probe: EstateProbe) -> EstateProbe:
    """An empty estate; its clock stands at Monday, 2026-11-23, 08:00 UTC."""
    _probe.fresh()
    return _probe
