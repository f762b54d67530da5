"""Log groups of CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class LogGroup(Part):
    """A log group: there, and not kept for ever."""

    types = ("AWS::Logs::LogGroup",)
    title = "log group"
    source = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html"
    permissions = ("logs:DescribeLogGroups",)
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (_itself,)


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    found = session.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=piece.physical)
    own = next((each for each in found if each.get("logGroupName") == piece.physical), None)
    if own is None:
        yield Fact(Status.FAIL, "it is not there", "somebody removed it: deploy the stack again")
    else:
        days = own.get("retentionInDays")
        yield held(bool(days), f"kept for {days} days", "kept for ever", DEPLOY_AGAIN)
