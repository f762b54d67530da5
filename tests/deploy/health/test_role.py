"""Roles that are as they should be, and that are not."""

from __future__ import annotations

from typing import Any

from tests.deploy.health.conftest import DENIED, NOW, health

from lamplighter.errors import NotFound

TYPE = "AWS::IAM::Role"


def role(**more: Any) -> dict[str, Any]:
    names = {"Path": "/", "RoleName": "it-role", "RoleId": "AROA00000000000000000", "CreateDate": NOW}
    return {"Role": {**names, "Arn": "arn:aws:iam::111122223333:role/it-role", **more}}


def test_there_and_gone() -> None:
    assert health(TYPE, get_role=role()) == ("ok", "there", "")
    assert health(TYPE, get_role=role(RoleLastUsed={"LastUsedDate": NOW}))[1] == "there; last used 2026-11-27"
    assert health(TYPE, get_role=NotFound("NoSuchEntity"))[:2] == ("fail", "it is not there")
    assert health(TYPE, get_role=DENIED)[0] == "not known"
