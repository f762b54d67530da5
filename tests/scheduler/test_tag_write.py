"""Writing tags: in few calls, and failing without failing anything else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.scheduler.conftest import HERE, KINDS, Cloud, FakeSession

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, LeaseLost, NotFound, Throttled
from lamplighter.resources.kind import Resource, Search
from lamplighter.scheduler.tag_write import NOTHING_TAGGED, plan_tags, write_tags
from lamplighter.scheduler.tagging import Change


def nothing() -> None:
    """The lease holds."""


def found(cloud: Cloud) -> list[Resource]:
    session = FakeSession(HERE, cloud)
    return [resource for kind in KINDS.values() for resource in kind.discover(session, Search("Schedule"))]


def tag_calls(cloud: Cloud) -> list[tuple[str, int]]:
    return [(operation, len(ids)) for _, operation, ids in cloud.calls if "tag" in operation]


def test_nothing_to_write_calls_nothing() -> None:
    cloud = Cloud()
    assert write_tags(FakeSession(HERE, cloud), KINDS, [], nothing) == NOTHING_TAGGED
    assert cloud.calls == []


def test_resources_with_the_same_difference_go_together_and_removals_go_first() -> None:
    cloud = Cloud()
    for _ in range(201):
        cloud.instance()
    for number in range(21):
        cloud.database(f"db-{number}")
    resources = found(cloud)
    cloud.calls.clear()
    changes = [Change(each, {"last": "on"}, ("error",)) for each in resources]
    changes[0] = changes[0]._replace(put={"last": "on", "seen": "now"})
    assert write_tags(FakeSession(HERE, cloud), KINDS, changes, nothing).changed == 222
    assert tag_calls(cloud) == [
        ("delete_tags", 200),
        ("delete_tags", 1),
        ("untag_resources", 20),
        ("untag_resources", 1),
        ("create_tags", 1),
        ("create_tags", 200),
        ("tag_resources", 20),
        ("tag_resources", 1),
    ]
    assert {each.tags["last"] for each in found(cloud)} == {"on"}


def test_50_tags_are_reached_by_removing_first() -> None:
    cloud = Cloud()
    cloud.instance(tags={f"user-{n}": "x" for n in range(48)} | {"error": "x"})
    [resource] = found(cloud)
    tagging = write_tags(FakeSession(HERE, cloud), KINDS, [Change(resource, {"last": "on"}, ("error",))], nothing)
    assert (tagging.changed, tagging.warnings) == (1, ())
    assert len(found(cloud)[0].tags) == 50


@pytest.mark.parametrize("error", [AccessDenied("no", hint="allow it"), Throttled("no", hint="allow it")])
def test_what_is_refused_altogether_is_tried_once_for_each_kind(error: AwsError) -> None:
    cloud = Cloud()
    for name in ("a", "b", "c", "d"):
        cloud.instance(name=name)
    cloud.database("orders")
    resources = found(cloud)
    cloud.calls.clear()
    cloud.before = lambda _t, operation, _i: error if operation == "create_tags" else None
    changes = [Change(each, {"last": each.id}, ()) for each in resources]
    tagging = write_tags(FakeSession(HERE, cloud), KINDS, changes, nothing)
    assert tagging.changed == 1
    assert tagging.warnings == ("the tags of a, b, c and 1 more are not written: no (allow it)",)
    assert [operation for operation, _ in tag_calls(cloud)] == ["create_tags", "tag_resources"]
    assert cloud.thing("orders").tags["last"] == "orders"


def test_one_that_is_gone_is_told_and_stops_no_other() -> None:
    cloud = Cloud()
    ids = [cloud.instance() for _ in range(3)]
    resources = found(cloud)

    def gone(_target: Target, operation: str, called: Sequence[str]) -> AwsError | None:
        return NotFound(f"{ids[1]} does not exist") if operation == "create_tags" and ids[1] in called else None

    cloud.before = gone
    tagging = write_tags(FakeSession(HERE, cloud), KINDS, [Change(r, {"k": "v"}, ()) for r in resources], nothing)
    assert tagging.changed == 2
    assert tagging.warnings == (f"the tags of {ids[1]} are not written: {ids[1]} does not exist",)
    assert ["k" in cloud.thing(id_).tags for id_ in ids] == [True, False, True]


def test_a_defect_and_a_lost_lease_are_told_too() -> None:
    cloud = Cloud()
    cloud.instance(name="web")
    cloud.database("orders")
    changes = [Change(each, {"k": "v"}, ()) for each in found(cloud)]
    cloud.calls.clear()

    def lost() -> None:
        raise LeaseLost("the lease ran out")

    tagging = write_tags(FakeSession(HERE, cloud), KINDS, changes, lost)
    assert tagging.changed == 0
    assert tagging.warnings == (
        "the tags of web are not written: the lease ran out",
        "the tags of orders are not written: the lease ran out",
    )
    assert cloud.calls == []

    broken = [changes[0]._replace(put={"k": "a,b"}), changes[1]]
    tagging = write_tags(FakeSession(HERE, cloud), KINDS, broken, nothing)
    assert tagging.changed == 1
    [warning] = tagging.warnings
    assert warning.startswith("the tags of web are not written: 111122223333/eu-west-1: ec2-instance: unexpected ")


def test_what_has_no_room_is_told_and_not_tried() -> None:
    cloud = Cloud()
    for name in ("a", "b"):
        cloud.instance(name=name)
    changes = [Change(each, {}, (), ("seen", "last")) for each in found(cloud)]
    cloud.calls.clear()
    said = ("a, b: no room for last, seen: AWS allows 50 tags a resource",)
    for tagging in (plan_tags(changes), write_tags(FakeSession(HERE, cloud), KINDS, changes, nothing)):
        assert (tagging.changed, tagging.warnings) == (0, said)
    assert cloud.calls == []


def test_a_plan_counts_what_would_be_written() -> None:
    cloud = Cloud()
    cloud.instance()
    cloud.instance()
    first, second = found(cloud)
    changes = [Change(first, {"k": "v"}, ("x",)), Change(second, {}, (), ("k",))]
    assert plan_tags(changes).changed == 1
