from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.commitments.sizing.test_demand import ACCOUNT, EC2, START, look, sample

from lamplighter.commitments.model import Target
from lamplighter.commitments.sizing.from_lake import known_demand
from lamplighter.errors import UsageError
from lamplighter.lake import usage_files
from lamplighter.lake.usage_files import write_usage

if TYPE_CHECKING:
    from lamplighter.lake.ledger import Ledger
    from lamplighter.lake.usage import Look, UsageSample

SEARCH = Target(ACCOUNT, "eu-west-1", "opensearch")


def day(hour: int) -> tuple[UsageSample, Look]:
    """A day of OpenSearch, beginning with an hour."""
    found = sample(
        hour, "3", service="opensearch", hours=24, resource_type="r6g.large.search", platform="", deployment="", zone=""
    )
    return found, replace(look(hour), service="opensearch", hours=24)


def test_a_day_stretches_the_period_neither_before_the_first_hour_nor_beyond_now(tmp_path: Path) -> None:
    """Collected by the hour from 10 to 15 o'clock, by the day from midnight to midnight; asked at 16:20."""
    searched, looked = day(0)
    hours = range(10, 16)
    write_usage(tmp_path, [searched, *map(sample, hours)], [looked, *map(look, hours)], at=START)
    found = known_demand(tmp_path, START + timedelta(hours=16, minutes=20))
    assert (found.start, found.hours) == (START + timedelta(hours=10), 6)
    assert found.known[found.targets.index(EC2)].all()
    assert found.known[found.targets.index(SEARCH)].all()
    assert found.gaps == ()


def test_the_hour_that_was_just_looked_at_counts(tmp_path: Path) -> None:
    write_usage(tmp_path, [sample(0)], [look(0)], at=START)
    found = known_demand(tmp_path, START + timedelta(minutes=5))
    assert (found.start, found.hours) == (START, 1)


def test_hours_that_are_over_without_a_look_are_not_known(tmp_path: Path) -> None:
    """By the hour until 4 o'clock only, by the day two days: what nobody looked at is a gap, up to now."""
    (one, first), (two, second) = day(0), day(24)
    write_usage(tmp_path, [one, two, *map(sample, range(4))], [first, second, *map(look, range(4))], at=START)
    found = known_demand(tmp_path, START + timedelta(hours=30))
    assert found.hours == 30
    assert [(gap.target, gap.hours) for gap in found.gaps] == [(EC2, 26)]


def test_only_days(tmp_path: Path) -> None:
    searched, looked = day(0)
    write_usage(tmp_path, [searched], [looked], at=START)
    assert known_demand(tmp_path, START + timedelta(hours=7, minutes=59)).hours == 7
    with pytest.raises(UsageError, match="no usage is known since 2026-11-02"):
        known_demand(tmp_path, START + timedelta(minutes=20))


def test_an_hour_that_is_written_while_it_is_read_is_not_without_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_usage(tmp_path, [sample(0, "2"), sample(2, "2")], [look(0), look(2)], at=START)
    written: list[str] = []

    def then_write() -> None:
        if not written:
            written.append(write_usage(tmp_path, [sample(1, "2")], [look(1)], at=START + timedelta(hours=3)))

    def looks(ledger: Ledger, *, periods: list[str]) -> list[Look]:
        found = usage_looks(ledger, periods=periods)
        then_write()
        return found

    def usage(ledger: Ledger, *, periods: list[str]) -> list[UsageSample]:
        found = usage_samples(ledger, periods=periods)
        then_write()
        return found

    usage_looks, usage_samples = usage_files.read_looks, usage_files.read_usage
    monkeypatch.setattr(usage_files, "read_looks", looks)
    monkeypatch.setattr(usage_files, "read_usage", usage)
    found = known_demand(tmp_path, START + timedelta(hours=3))
    assert found.quantity[0][found.known[0]].tolist() in ([2.0, 2.0], [2.0, 2.0, 2.0])
