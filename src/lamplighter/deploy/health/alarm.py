"""Alarms of CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import Ask, Fact, Part, Piece, Scene
from lamplighter.resources.kind import Session


class Alarm(Part):
    """An alarm: there, and quiet."""

    types = ("AWS::CloudWatch::Alarm",)
    title = "CloudWatch alarm"
    source = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html"
    permissions = ("cloudwatch:DescribeAlarms",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    found = list(session.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=[piece.physical]))
    if not found:
        yield Fact(Status.FAIL, "it is not there", "somebody removed it: deploy the stack again")
        return
    (alarm,) = found
    state = str(alarm.get("StateValue", ""))
    why = str(alarm.get("StateReason", ""))
    if state == "ALARM":
        yield Fact(Status.FAIL, f"it is on: {why}", str(alarm.get("AlarmDescription", "")))
    elif state == "OK":
        yield Fact(Status.OK, "quiet")
    else:
        yield Fact(Status.UNKNOWN, f"not known: {why or state}")
