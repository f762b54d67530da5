"""Tables of DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.deploy.check import Status
from lamplighter.deploy.health.part import DEPLOY_AGAIN, Ask, Fact, Part, Piece, Scene, held
from lamplighter.resources.kind import Session


class Table(Part):
    """A table: there, in use, encrypted with a KMS key, recoverable."""

    types = ("AWS::DynamoDB::Table",)
    title = "DynamoDB table"
    source = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html"
    permissions = (
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
    )
    since = "0.1.0"

    def asks(self) -> tuple[Ask, ...]:
        """The questions."""
        return (
            _itself,
            _recovery,
        )


def _itself(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    table = session.call("dynamodb", "describe_table", TableName=piece.physical)["Table"]
    status = table["TableStatus"]
    yield (
        Fact(Status.WARN, status, "wait until it has settled")
        if status == "UPDATING"
        else held(status == "ACTIVE", status, status, "it cannot be used")
    )
    key = table.get("SSEDescription", {})
    by_key = key.get("SSEType") == "KMS" and key.get("Status") in ("ENABLED", "UPDATING")
    yield held(by_key, "encrypted with a KMS key", "not encrypted with a KMS key", DEPLOY_AGAIN)


def _recovery(session: Session, piece: Piece, _: Scene) -> Iterator[Fact]:
    answer = session.call("dynamodb", "describe_continuous_backups", TableName=piece.physical)
    point = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    since = point.get("EarliestRestorableDateTime")
    on = f"recoverable since {since:%Y-%m-%d %H:%M %Z}" if since else "recoverable"
    is_on = point.get("PointInTimeRecoveryStatus") == "ENABLED"
    yield held(is_on, on, "point-in-time recovery is off", DEPLOY_AGAIN)
