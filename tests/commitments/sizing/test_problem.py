from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from tests.commitments.sizing.worlds import ACCOUNT, usages

from lamplighter.commitments.model import Attributes, Reservation
from lamplighter.commitments.sizing.problem import Instrument, Part, assemble, parts

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def held(name: str, hours: float | None) -> Instrument:
    made = Reservation(name, ACCOUNT, Attributes("ec2", "eu-west-1", "m5", "Linux"), "large", Decimal(1))
    return Instrument(name, made, end=None if hours is None else NOW + timedelta(hours=hours))


def test_the_time_ahead_is_cut_where_something_ends() -> None:
    found = parts([held("a", 100), held("b", 300), held("c", None), held("d", 9999), held("e", 100)], NOW, 1000)
    assert found == [
        Part(100, frozenset()),
        Part(200, frozenset({"a", "e"})),
        Part(700, frozenset({"a", "b", "e"})),
    ]
    assert parts([], NOW, 1000) == [Part(1000, frozenset())]
    assert parts([held("a", -5)], NOW, 1000) == [Part(1000, frozenset({"a"}))]


def test_many_ends_fall_together() -> None:
    found = parts([held(str(number), 10 + number * 50) for number in range(15)], NOW, 1000, most=4)
    assert len(found) == 4
    assert sum(part.hours for part in found) == 1000
    assert [len(part.ended) for part in found] == sorted(len(part.ended) for part in found)
    assert len(found[-1].ended) == 15


def test_hours_that_are_alike_are_counted_once_for_each_part() -> None:
    (use, *_) = usages(Random(0), 1)
    ahead = [Part(2, frozenset()), Part(3, frozenset({"a"}))]
    made = assemble([use], np.array([[1.0], [2.0], [1.0], [-0.0], [0.0]]), [held("a", 2)], (), ahead=ahead)
    assert made.quantity[:, 0].tolist() == [1.0, 2.0, 0.0] * 2
    assert made.weight.tolist() == [4.0, 2.0, 4.0, 6.0, 3.0, 6.0]
    assert made.in_force[:, 0].tolist() == [True] * 3 + [False] * 3


def test_no_hour_is_no_problem() -> None:
    with pytest.raises(ValueError, match="no hour"):
        assemble([], np.zeros((0, 0)), (), ())
