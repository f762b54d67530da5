"""How many calls a pass makes when everything changes: E6, at most three for 50 machines."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.scheduler.conftest import Cloud, Stage

from lamplighter.aws.targets import Target

pytestmark = pytest.mark.slow

TARGETS = tuple(Target("111122223333", f"eu-west-{n}") for n in range(1, 11))


def test_two_thousand_machines_change_with_few_calls() -> None:
    stage = Stage(cloud=Cloud(*TARGETS, quick=True))
    for target in TARGETS:
        for _ in range(200):
            stage.cloud.instance(at=target)
    for hour in (8, 18):
        stage.cloud.calls.clear()
        report = stage.run(hour)
        assert sum(len(target.done) for target in report.targets) == 2000
        assert not report.partial
        made = Counter(operation for _, operation, _ in stage.cloud.calls if "db_" not in operation)
        assert made.total() <= 3 * 2000 / 50
        assert made["start_instances" if hour == 8 else "stop_instances"] == 40
    stage.cloud.calls.clear()
    stage.run(19)
    assert stage.cloud.writes == []
