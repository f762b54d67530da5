"""Functions that are as they should be, and that are not."""

from __future__ import annotations

from typing import Any

from tests.deploy.health.conftest import DENIED, health

from lamplighter.errors import NotFound

TYPE = "AWS::Lambda::Function"


def function(
    tags: dict[str, str] | None = None, variables: dict[str, str] | None = None, **more: Any
) -> tuple[str, str, str]:
    configuration = {
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "LastModified": "2026-11-26T09:30:00.000+0000",
        "Environment": {"Variables": variables or {}},
        **more,
    }
    return health(TYPE, get_function={"Configuration": configuration, "Tags": tags or {}})


def test_of_the_same_version() -> None:
    wanted = ("ok", "Active, last changed 2026-11-26T09:30; version 1.2.3", "")
    assert function({"lamplighter:version": "1.2.3"}) == wanted
    assert function(variables={"LAMPLIGHTER_VERSION": "1.2.3"}) == wanted


def test_of_another_version() -> None:
    status, text, hint = function({"lamplighter:version": "1.2.2"})
    assert (status, text.partition("; ")[2]) == ("warn", "version 1.2.2, and here is 1.2.3")
    assert hint == "deploy the version that is here, or use the one that is there"


def test_of_no_known_version() -> None:
    status, text, _ = function()
    assert status == "not known"
    wanted = "neither LAMPLIGHTER_VERSION, the tag lamplighter:version nor its zip tells it"
    assert text.endswith(f"its version is not known: {wanted}")


def test_not_ready() -> None:
    tags = {"lamplighter:version": "1.2.3"}
    assert function(tags, State="Inactive")[0] == "ok"
    status, text, hint = function(tags, State="Failed", StateReason="the key is gone")
    assert (status, hint) == ("fail", "deploy it again")
    assert "Failed, last changed 2026-11-26T09:30, update Successful: the key is gone" in text
    assert function(tags, LastUpdateStatus="Failed")[0] == "fail"
    assert health(TYPE, get_function=NotFound("no"))[:2] == ("fail", "it is not there")
    assert health(TYPE, get_function=DENIED)[0] == "not known"
