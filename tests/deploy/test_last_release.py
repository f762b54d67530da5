"""The release before: what it says and is not deployed must not be set back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.deploy.hub import AT, Hub, stack

from lamplighter.deploy.last_release import LastRelease, last_release, set_back
from lamplighter.deploy.release import Release, release_bytes
from lamplighter.deploy.stacks import stacks
from lamplighter.errors import AccessDenied, UsageError

LATER = AT + timedelta(hours=1)
Parameters = Mapping[str, Mapping[str, str]]


def said(before: Parameters, wanted: Parameters, given: Parameters | None = None, *deployed: str) -> list[str]:
    hub = Hub(*(stack(f"lamp-{name}") for name in deployed))
    planned = Release("release.zip", wanted, [], [], [])
    last = LastRelease(LATER, before)
    return [f"{each.where}: {each.message}" for each in set_back(last, stacks(hub, "lamp"), planned, given or {})]


WAITS = "hub.Frequency: the release of 2026-11-23T10:00:00Z says '10', and is not deployed; this one says '5'"


def test_what_waits_must_be_said_again() -> None:
    before = {"hub": {"Frequency": "10", "TagName": "Plan", "CoreCodeKey": "old", "Gone": "x"}, "gone": {"A": "b"}}
    wanted = {"hub": {"Frequency": "5", "TagName": "Plan", "CoreCodeKey": "new"}}
    assert said(before, wanted, {}, "hub") == [WAITS]
    assert said(before, wanted, {"hub": {"Frequency": "5"}}, "hub") == []
    assert said({"hub": {"Frequency": "5"}}, wanted, {}, "hub") == []


def test_of_a_stack_that_is_not_made_yet_the_default_counts() -> None:
    assert said({"hub": {"Frequency": "10"}}, {"hub": {}}) == [WAITS]
    assert said({"hub": {"Frequency": "5"}}, {"hub": {}}) == []


def test_what_was_changed_after_the_release_is_newer() -> None:
    hub = Hub({**stack("lamp-hub"), "LastUpdatedTime": LATER + timedelta(seconds=1)})
    planned = Release("release.zip", {"hub": {"Frequency": "5"}}, [], [], [])
    assert set_back(LastRelease(LATER, {"hub": {"Frequency": "10"}}), stacks(hub, "lamp"), planned, {}) == []


def test_what_was_rolled_back_was_not_changed() -> None:
    at = LATER + timedelta(minutes=5)
    hub = Hub({**stack("lamp-hub", "UPDATE_ROLLBACK_COMPLETE"), "LastUpdatedTime": at})
    planned = Release("release.zip", {"hub": {"Frequency": "5"}}, [], [], [])
    (problem,) = set_back(LastRelease(LATER, {"hub": {"Frequency": "10"}}), stacks(hub, "lamp"), planned, {})
    assert f"{problem.where}: {problem.message}" == WAITS


def test_it_is_read_from_the_bucket() -> None:
    hub = Hub()
    assert last_release(hub, "code", "release.zip") is None
    hub.objects["release.zip"] = release_bytes({"hub": {"Frequency": "10"}}), {}
    assert last_release(hub, "code", "release.zip") == LastRelease(AT, {"hub": {"Frequency": "10"}})


@pytest.mark.parametrize("content", [b"", b"no zip"])
def test_what_is_no_release_is_said(content: bytes) -> None:
    hub = Hub()
    hub.objects["release.zip"] = content, {}
    with pytest.raises(UsageError, match=r"s3://code/release\.zip is no release"):
        last_release(hub, "code", "release.zip")


def test_who_may_not_see_it_does_not_learn_that_there_is_none() -> None:
    hub = Hub()
    hub.error = AccessDenied("Forbidden", code="403")
    with pytest.raises(AccessDenied):
        last_release(hub, "code", "release.zip")
