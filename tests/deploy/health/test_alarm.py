"""Alarms that are as they should be, and that are not."""

from __future__ import annotations

from typing import Any

from tests.deploy.health.conftest import DENIED, health

TYPE = "AWS::CloudWatch::Alarm"


def alarm(state: str, reason: str = "") -> tuple[str, str, str]:
    one: dict[str, Any] = {"AlarmName": "it", "StateValue": state, "StateReason": reason, "AlarmDescription": "Look."}
    return health(TYPE, describe_alarms={"MetricAlarms": [one]})


def test_quiet_or_not() -> None:
    assert alarm("OK") == ("ok", "quiet", "")
    assert alarm("ALARM", "2 > 0") == ("fail", "it is on: 2 > 0", "Look.")
    assert alarm("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation") == (
        "not known",
        "not known: Unchecked: Initial alarm creation",
        "",
    )
    assert health(TYPE, describe_alarms={"MetricAlarms": []})[:2] == ("fail", "it is not there")
    assert health(TYPE, describe_alarms=DENIED)[0] == "not known"
