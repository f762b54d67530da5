"""Queues that are as they should be, and that are not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.deploy.health.conftest import DENIED, NOW, health

TYPE = "AWS::SQS::Queue"
URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/lit-passes"


def queue(waiting: int, *, dead: bool = False, **changes: Any) -> tuple[str, str, str]:
    attributes = {"ApproximateNumberOfMessages": str(waiting), "KmsMasterKeyId": "k", "RedrivePolicy": "{}"}
    if dead:
        del attributes["RedrivePolicy"]
    answers: dict[str, Any] = {"get_queue_attributes": {"Attributes": attributes}}
    return health(TYPE, URL, **{**answers, **changes})


def points(*seconds: float) -> dict[str, Any]:
    """Ages in CloudWatch, the newest first."""
    times = (NOW - timedelta(minutes=number) for number in range(1, 9))
    return {"Datapoints": [{"Timestamp": at, "Maximum": age} for at, age in zip(times, seconds, strict=False)]}


def test_nothing_waits() -> None:
    assert queue(0) == ("ok", "encrypted; nothing waits", "")


@pytest.mark.parametrize(("age", "status"), [(900.0, "ok"), (901.0, "fail")])
def test_how_long_the_oldest_waits(age: float, status: str) -> None:
    found = queue(3, get_metric_statistics=points(age, 5.0))
    assert found[:2] == (status, f"encrypted; 3 wait, the oldest for {age:.0f} s")


def test_dead_letters() -> None:
    assert queue(0, dead=True) == ("ok", "encrypted; no dead letters", "")
    hint = "read them, then send them back (docs/runbook.md, dead letters)"
    assert queue(2, dead=True) == ("fail", "encrypted; 2 dead letters", hint)


def test_what_is_not_known() -> None:
    status, text, _ = queue(3, get_metric_statistics=points())
    assert (status, text) == (
        "not known",
        "encrypted; 3 wait, for how long is not known: CloudWatch has no values yet",
    )
    assert queue(3, get_metric_statistics=DENIED)[0] == "not known"
    assert queue(3, get_queue_attributes=DENIED) == ("not known", "not known: not authorized", "allow the action")


def test_encryption() -> None:
    plain = {"Attributes": {"ApproximateNumberOfMessages": "0", "RedrivePolicy": "{}"}}
    assert queue(0, get_queue_attributes=plain)[:2] == ("fail", "not encrypted; nothing waits")
    by_sqs = {"Attributes": {**plain["Attributes"], "SqsManagedSseEnabled": "true"}}
    assert queue(0, get_queue_attributes=by_sqs)[0] == "ok"
