"""Stacks: what is deployed, what follows from zips, and templates with their keys filled in."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.deploy.hub import AT, Hub, arn, made, stack

from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.stacks import Stack, beside, stacks, values, with_defaults
from lamplighter.deploy.yamls import load
from lamplighter.errors import AccessDenied


@pytest.mark.parametrize("name", ["hub", "data", "application"])
def test_defaults_of_a_template_name_the_code(tmp_path: Path, name: str) -> None:
    template = TEMPLATES[name]
    packages = [made(tmp_path), made(tmp_path, Group.DATA, "cd" * 32)]
    given = values(template, packages, "example-code")
    changed = load(with_defaults(template, given))
    before = load(template.text)
    for parameter, value in given.items():
        assert changed["Parameters"][parameter]["Default"] == value
        before["Parameters"][parameter].pop("Default", None)
        del changed["Parameters"][parameter]["Default"]
    told = {"Version", "BuiltAt"} if name == "application" else {"CodeBucket", "Runtime", "Architecture"}
    assert set(given) >= told
    assert changed == before, "nothing else has changed"


def test_the_application_tells_version_and_build_of_the_zips(tmp_path: Path) -> None:
    core, data = made(tmp_path), made(tmp_path, Group.DATA)
    same = {"Version": "1.2.3", "BuiltAt": "2026-11-20T09:30:00Z"}
    assert values(TEMPLATES["application"], [core], "") == same
    assert values(TEMPLATES["application"], [core, data], "") == same
    data = made(tmp_path, Group.DATA, version="1.2.4", built=AT)
    assert values(TEMPLATES["application"], [core, data], "") == {
        "Version": "1.2.3 (core), 1.2.4 (data)",
        "BuiltAt": "2026-11-20T09:30:00Z (core), 2026-11-23T09:00:00Z (data)",
    }


def test_a_template_without_code_has_no_such_values(tmp_path: Path) -> None:
    assert values(TEMPLATES["state"], [made(tmp_path)], "example-code") == {}
    assert values(TEMPLATES["application"], [], "") == {}


def test_stacks_are_listed_in_order_absent_ones_too(tmp_path: Path) -> None:
    key = made(tmp_path).key
    hub = Hub(stack("lamp-hub", "UPDATE_COMPLETE", {"Wake": "a/b"}, CoreCodeKey=key, TagName="Plan", Frequency="5"))
    found = stacks(hub, "lamp")
    assert [each.name for each in found][:4] == ["lamp-application", "lamp-state", "lamp-lake", "lamp-hub"]
    assert {each.template for each in found} == set(TEMPLATES) - {"member", "organization"}
    (one,) = [each for each in found if each.status]
    given = {"CoreCodeKey": key, "TagName": "Plan", "Frequency": "5"}
    assert one == Stack("hub", "lamp-hub", "UPDATE_COMPLETE", AT, given, {"Wake": "a/b"}, arn("lamp-hub"))
    assert one.code == {"CoreCodeKey": key}
    assert one.chosen == {"TagName": "Plan"}
    assert one.behind([made(tmp_path)]) is False
    assert one.behind([made(tmp_path, digest="ef" * 32)]) is True
    assert one.behind([]) is None
    assert found[0].behind([made(tmp_path)]) is None


def test_what_other_stacks_put_out_was_not_set_by_people() -> None:
    wired = {"KeyArn": "arn:x", "LakeBucket": "lake", "CodeBucket": "code", "ApplicationId": "0a1b", "Prefix": "lamp"}
    given = {**wired, "Runtime": "python3.12", "BillBucket": "b"}
    one = Stack("data", "lamp-data", "CREATE_COMPLETE", parameters=given)
    assert one.chosen == {"BillBucket": "b"}


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        ("CREATE_COMPLETE", True),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("IMPORT_COMPLETE", True),
        ("ROLLBACK_COMPLETE", False),
        ("UPDATE_IN_PROGRESS", False),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", False),
        ("DELETE_FAILED", False),
        ("", False),
    ],
)
def test_a_stack_is_settled_when_it_is_deployed_and_at_rest(status: str, settled: bool) -> None:
    assert Stack("hub", "lamp-hub", status).settled is settled


def test_an_error_is_not_an_absent_stack() -> None:
    hub = Hub()
    hub.error = AccessDenied("not authorized", code="AccessDenied")
    with pytest.raises(AccessDenied):
        stacks(hub, "lamp")
    with pytest.raises(AccessDenied):
        beside(hub, "lamp")


def test_member_stacks_of_the_hubs_own_account_are_found_by_what_they_are_given() -> None:
    own = {"HubAccount": "111122223333", "HubPrefix": "lamp", "BusArn": "arn:bus"}
    hub = Hub(
        stack("lamp-hub", HubPrefix="lamp"),
        stack("StackSet-lamp-members-1f2e", **own),
        stack("by-hand", **own, TagName="Plan"),
        stack("of-another-hub", **{**own, "HubPrefix": "other"}),
        stack("of-another-account", **{**own, "HubAccount": "444455556666"}),
        stack("lamp-organization", **own, OrganizationalUnitIds="r-1a2b"),
    )
    assert [each.name for each in beside(hub, "lamp")] == ["StackSet-lamp-members-1f2e", "by-hand"]
