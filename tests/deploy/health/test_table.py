"""Tables that are as they should be, and that are not."""

from __future__ import annotations

from typing import Any

from tests.deploy.health.conftest import AGAIN, DENIED, NOW, health

from lamplighter.errors import NotFound

TYPE = "AWS::DynamoDB::Table"


def table(status: str = "ACTIVE", sse: str = "KMS") -> dict[str, Any]:
    return {"Table": {"TableStatus": status, "SSEDescription": {"Status": "ENABLED", "SSEType": sse}}}


def backups(status: str = "ENABLED", **more: Any) -> dict[str, Any]:
    point = {"PointInTimeRecoveryStatus": status, **more}
    described = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": point}
    return {"ContinuousBackupsDescription": described}


def test_a_table() -> None:
    found = health(TYPE, describe_table=table(), describe_continuous_backups=backups(EarliestRestorableDateTime=NOW))
    text = "ACTIVE; encrypted with a KMS key; recoverable since 2026-11-27 08:00 UTC"
    assert found == ("ok", text, "")


def test_what_is_not_as_the_template_made_it() -> None:
    found = health(TYPE, describe_table=table(sse="AES256"), describe_continuous_backups=backups("DISABLED"))
    assert found == ("fail", "ACTIVE; not encrypted with a KMS key; point-in-time recovery is off", AGAIN)
    assert (
        health(TYPE, describe_table={"Table": {"TableStatus": "ARCHIVED"}}, describe_continuous_backups=backups())[0]
        == "fail"
    )
    assert health(TYPE, describe_table=table("UPDATING"), describe_continuous_backups=backups())[0] == "warn"


def test_what_is_not_known() -> None:
    found = health(TYPE, describe_table=table(), describe_continuous_backups=DENIED)
    assert found == ("not known", "ACTIVE; encrypted with a KMS key; not known: not authorized", "allow the action")
    # What fails is worse than what is not known.
    assert health(TYPE, describe_table=table(sse="AES256"), describe_continuous_backups=DENIED)[0] == "fail"


def test_it_is_gone() -> None:
    found = health(TYPE, describe_table=NotFound("no such table"))
    assert found == ("fail", "it is not there", "somebody removed it: deploy the stack again")
