"""Where slow tests are left out, properties try fewer examples; otherwise all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import try_fewer


@pytest.mark.parametrize(("full", "few"), [(150, 15), (60, 10), (10, 10), (4, 4)])
def test_a_tenth_and_not_too_few(full: int, few: int) -> None:
    tried: list[int] = []

    @settings(max_examples=full, database=None, derandomize=True)
    @given(st.integers())
    def holds(number: int) -> None:
        tried.append(number)

    holds()
    assert len(tried) == full
    tried.clear()
    try_fewer(holds)
    holds()
    assert len(tried) == few
