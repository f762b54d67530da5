"""The config table of the AWS Instance Scheduler, read where it lies: periods and schedules, every page of them.

Source: the solution's data layer (v3.2.8): partition key `type` (`period`, `schedule`, `config`), sort key `name`. The
solution itself reads the first page only, and takes schedules past 1 MB for unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lamplighter.errors import AwsError, LamplighterError, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lamplighter.resources.kind import Session

PERMISSIONS: Final = ("dynamodb:Query",)
"""What the own credentials need on the table, besides the use of its KMS key."""

_TYPES: Final = ("period", "schedule")


def fetch(session: Session, table: str) -> list[Mapping[str, Any]]:
    """The periods and schedules of a config table, with DynamoDB's type markers.

    Args:
        session: calls in the table's account and region.
        table: its name or ARN.

    Raises:
        LamplighterError: the table is no config table.
        AwsError: it is missing or not permitted, or AWS does not answer.
    """
    try:
        return [
            item
            for kind in _TYPES
            for item in session.pages(
                "dynamodb",
                "query",
                "Items",
                TableName=table,
                KeyConditionExpression="#type = :type",
                ExpressionAttributeNames={"#type": "type"},
                ExpressionAttributeValues={":type": {"S": kind}},
                ConsistentRead=True,
            )
        ]
    except NotFound as error:
        raise NotFound(
            f"there is no table {table} in {session.target.region}",
            hint="check the region; `aws dynamodb list-tables` lists those there are, ...-ConfigTable-... among them",
            service=error.service,
            operation=error.operation,
            code=error.code,
            target=error.target,
        ) from error
    except AwsError as error:
        if error.code != "ValidationException":
            raise
        raise LamplighterError(
            f"{table} is no config table of the AWS Instance Scheduler: {error.message}",
            hint="it has the keys type and name; another table of the stack was named, or another store",
        ) from error
