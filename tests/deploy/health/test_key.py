"""Keys that are as they should be, and that are not."""

from __future__ import annotations

from typing import Any

from tests.deploy.health.conftest import AGAIN, DENIED, NOW, health

TYPE = "AWS::KMS::Key"


def key(rotates: object, **more: Any) -> tuple[str, str, str]:
    described = {"KeyMetadata": {"KeyId": "k", **more}}
    rotation = {"KeyRotationEnabled": rotates} if isinstance(rotates, bool) else rotates
    return health(TYPE, describe_key=described, get_key_rotation_status=rotation)


def test_usable_or_not() -> None:
    assert key(True, KeyState="Enabled") == ("ok", "usable; renewed each year", "")
    assert key(False, KeyState="Enabled") == ("fail", "usable; not renewed", AGAIN)
    status, text, hint = key(DENIED, KeyState="PendingDeletion", DeletionDate=NOW)
    assert status == "fail"
    assert text == "PendingDeletion, to be deleted at 2026-11-27 08:00 UTC; not known: not authorized"
    assert hint == "cancel the deletion or enable it: see docs/runbook.md, keys and roles; allow the action"
    assert key(DENIED, KeyState="Enabled")[0] == "not known"
