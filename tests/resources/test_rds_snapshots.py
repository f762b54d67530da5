from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.models import check_request
from tests.resources.conftest import HERE, Recorder, cluster, database

from lamplighter.errors import AccessDenied, AwsError, OutcomeUnknown, WrongState
from lamplighter.resources.kind import Result, Search
from lamplighter.resources.rds_cluster import RdsCluster
from lamplighter.resources.rds_instance import RdsInstance
from lamplighter.resources.rds_snapshots import TAG, snapshot_name
from lamplighter.resources.stop_options import StopOptions

CLUSTERS, INSTANCES = RdsCluster(), RdsInstance()
[SHOP] = CLUSTERS.discover(Recorder({"describe_db_clusters": [cluster()]}), Search("Schedule"))
[ORDERS] = INSTANCES.discover(Recorder({"describe_db_instances": [database()]}), Search("Schedule"))
MONDAY, TUESDAY, WEDNESDAY = ("20261123-180000", "20261124-180000", "20261125-180000")
MINE = {TAG: "shop"}


@dataclass
class Rds:
    """Snapshots of one cluster or database, by name; `refuses` what is to fail, by operation and snapshot."""

    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: dict[tuple[str, str], AwsError] = field(default_factory=dict)
    calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    untold_tags: bool = False

    target = HERE

    def add(self, name: str, status: str = "available", tags: Mapping[str, str] | None = None) -> str:
        self.snapshots[name] = {"Status": status, "tags": dict(MINE if tags is None else tags)}
        return name

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        self._note(operation, params)
        sort = "DBClusterSnapshot" if "cluster" in operation else "DBSnapshot"
        for name, each in self.snapshots.items():
            told = {} if self.untold_tags else {"TagList": _pairs(each["tags"])}
            yield {f"{sort}Identifier": name, f"{sort}Arn": f"arn:{name}", "Status": each["Status"], **told}

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        self._note(operation, params)
        name = params.get("DBClusterSnapshotIdentifier") or params.get("DBSnapshotIdentifier") or ""
        if operation.startswith("delete_"):
            del self.snapshots[name]
        elif operation == "create_db_cluster_snapshot":
            self.add(name, "creating", {pair["Key"]: pair["Value"] for pair in params["Tags"]})
        elif operation == "stop_db_instance" and name:
            self.add(name, "creating", {})
        elif operation == "add_tags_to_resource":
            found = self.snapshots[params["ResourceName"].rpartition(":")[2]]
            found["tags"] = {pair["Key"]: pair["Value"] for pair in params["Tags"]}
        elif operation == "list_tags_for_resource":
            return {"TagList": _pairs(self.snapshots[params["ResourceName"].removeprefix("arn:")]["tags"])}
        return {}

    def _note(self, operation: str, params: Mapping[str, Any]) -> None:
        check_request("rds", operation, params)
        self.calls.append((operation, params))
        name = params.get("DBClusterSnapshotIdentifier") or params.get("DBSnapshotIdentifier") or ""
        for key in ((operation, name), (operation, "")):
            if key in self.refuses:
                raise self.refuses[key]

    @property
    def operations(self) -> list[str]:
        done = [operation for operation, _ in self.calls]
        self.calls.clear()
        return done


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def stop_shop(rds: Rds, moment: str = MONDAY) -> Result:
    [result] = CLUSTERS.stop(rds, [SHOP], StopOptions(snapshot=moment))
    return result


def stop_orders(rds: Rds, moment: str = MONDAY) -> Result:
    [result] = INSTANCES.stop(rds, [ORDERS], StopOptions(snapshot=moment))
    return result


# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id_",
    ["a", "shop", "x" * 34, "x" * 35, "x" * 63, "a-very-long-name-25-chars-then-more-and-more", "y" * 24 + "-z" * 9],
)
def test_a_name_is_one_that_rds_takes(id_: str) -> None:
    name = snapshot_name(id_, MONDAY)
    assert re.fullmatch(r"[a-z](?:-?[a-z0-9]+)*", name)
    assert len(name) <= 63
    assert name.startswith("lamplighter-")
    assert name == snapshot_name(id_, MONDAY)


def test_names_tell_databases_and_moments_apart() -> None:
    long = ["x" * 40 + end for end in ("a", "b")]
    names = {snapshot_name(id_, moment) for id_ in ("shop", *long) for moment in (MONDAY, TUESDAY)}
    assert len(names) == 6
    assert snapshot_name("shop", MONDAY) == "lamplighter-shop-20261123-180000"


# --- clusters --------------------------------------------------------------------------------------


def test_a_cluster_waits_for_its_snapshot_and_is_stopped() -> None:
    rds, name = Rds(), "lamplighter-shop-20261123-180000"
    waits = Result("shop", waiting=f"its snapshot {name} is being made first")
    assert stop_shop(rds) == waits
    assert rds.calls == [
        ("describe_db_cluster_snapshots", {"SnapshotType": "manual", "DBClusterIdentifier": "shop"}),
        (
            "create_db_cluster_snapshot",
            {
                "DBClusterIdentifier": "shop",
                "DBClusterSnapshotIdentifier": name,
                "Tags": [{"Key": "lamplighter:snapshot", "Value": "shop"}],
            },
        ),
    ]
    rds.calls.clear()
    assert stop_shop(rds) == waits
    assert rds.operations == ["describe_db_cluster_snapshots"]
    rds.snapshots[name]["Status"] = "available"
    assert stop_shop(rds) == Result("shop", note=f"snapshot {name}")
    assert rds.operations == ["describe_db_cluster_snapshots", "stop_db_cluster"]
    assert list(rds.snapshots) == [name]


def test_the_old_one_is_removed_only_when_the_new_one_is_there() -> None:
    rds = Rds()
    old, new = rds.add(snapshot_name("shop", MONDAY)), snapshot_name("shop", TUESDAY)
    stop_shop(rds, TUESDAY)
    stop_shop(rds, TUESDAY)
    assert list(rds.snapshots) == [old, new]
    rds.snapshots[new]["Status"] = "available"
    stop_shop(rds, TUESDAY)
    assert list(rds.snapshots) == [new]


def test_only_ours_are_removed() -> None:
    rds = Rds()
    kept = [
        rds.add("lamplighter-shop-20261121-180000", tags={}),
        rds.add("lamplighter-shop-20261120-180000", tags={TAG: "other"}),
        rds.add("lamplighter-shop-2-20261120-180000"),
        rds.add("lamplighter-shop-before-the-move"),
        rds.add("nightly-shop-20261120-180000"),
        rds.add("lamplighter-shop-20261120-1800000"),
    ]
    rds.add("lamplighter-shop-20261119-180000")
    now = rds.add(snapshot_name("shop", MONDAY))
    assert stop_shop(rds).error is None
    assert list(rds.snapshots) == [*kept, now]


def test_tags_that_are_not_told_are_asked_for() -> None:
    rds = Rds(untold_tags=True)
    kept = rds.add("lamplighter-shop-20261121-180000", tags={})
    rds.add("lamplighter-shop-20261120-180000")
    now = rds.add(snapshot_name("shop", MONDAY))
    stop_shop(rds)
    assert list(rds.snapshots) == [kept, now]
    assert rds.operations.count("list_tags_for_resource") == 3


def test_a_stop_that_is_refused_removes_nothing() -> None:
    rds = Rds(refuses={("stop_db_cluster", ""): WrongState("no", code="InvalidDBClusterStateFault")})
    names = [rds.add(snapshot_name("shop", moment)) for moment in (MONDAY, TUESDAY)]
    assert type(stop_shop(rds, TUESDAY).error) is WrongState
    assert list(rds.snapshots) == names


def test_what_cannot_be_removed_or_seen_through_is_said_and_the_stop_counts() -> None:
    old = snapshot_name("shop", MONDAY)
    rds = Rds(refuses={("delete_db_cluster_snapshot", old): AccessDenied("denied")})
    rds.add(old)
    rds.add(snapshot_name("shop", TUESDAY))
    result = stop_shop(rds, TUESDAY)
    assert (result.error, result.note) == (
        None,
        f"snapshot lamplighter-shop-20261124-180000; the old snapshot {old} could not be removed: denied",
    )
    rds = Rds(untold_tags=True, refuses={("list_tags_for_resource", ""): AccessDenied("denied")})
    rds.add(old)
    rds.add(snapshot_name("shop", TUESDAY))
    assert stop_shop(rds, TUESDAY).note.endswith("; it is not known which old snapshots may be removed: denied")
    assert len(rds.snapshots) == 2


@pytest.mark.parametrize("code", ["DBClusterSnapshotAlreadyExistsFault", "DBClusterSnapshotAlreadyExists"])
def test_one_that_exists_already_is_the_one_that_was_asked_for(code: str) -> None:
    rds = Rds(refuses={("create_db_cluster_snapshot", ""): AwsError("exists", code=code)})
    assert stop_shop(rds) == Result("shop", waiting="its snapshot lamplighter-shop-20261123-180000 is being made first")


def test_a_quota_that_is_used_up_is_an_error_and_nothing_is_stopped_or_removed() -> None:
    rds = Rds(refuses={("create_db_cluster_snapshot", ""): AwsError("full", code="SnapshotQuotaExceeded")})
    old = rds.add(snapshot_name("shop", MONDAY))
    assert str(stop_shop(rds, TUESDAY).error) == "full"
    assert (rds.operations[-1], list(rds.snapshots)) == ("create_db_cluster_snapshot", [old])


def test_one_that_failed_is_an_error_and_made_anew() -> None:
    rds = Rds()
    old, name = rds.add(snapshot_name("shop", MONDAY)), snapshot_name("shop", TUESDAY)
    rds.add(name, "failed")
    error = stop_shop(rds, TUESDAY).error
    assert error is not None
    assert error.message == "111122223333/eu-west-1: the snapshot lamplighter-shop-20261124-180000 failed"
    assert list(rds.snapshots) == [old]
    assert stop_shop(rds, TUESDAY).waiting


def test_one_under_way_is_waited_for_and_none_is_made_beside_it() -> None:
    rds = Rds()
    rds.add(snapshot_name("shop", MONDAY), "creating")
    assert "20261123-180000 is being made first" in stop_shop(rds, TUESDAY).waiting
    assert rds.operations == ["describe_db_cluster_snapshots"]


def test_failures_are_isolated_and_lost_answers_are_told() -> None:
    rds = Rds(refuses={("describe_db_cluster_snapshots", ""): OutcomeUnknown("lost")})
    results = CLUSTERS.stop(rds, [SHOP, SHOP], StopOptions(snapshot=MONDAY))
    assert [type(result.error) for result in results] == [OutcomeUnknown] * 2


# --- instances -------------------------------------------------------------------------------------


def test_an_instance_is_stopped_with_its_snapshot() -> None:
    rds, name = Rds(), "lamplighter-orders-20261123-180000"
    assert stop_orders(rds) == Result("orders", note=f"snapshot {name}")
    assert rds.calls == [
        ("describe_db_snapshots", {"SnapshotType": "manual", "DBInstanceIdentifier": "orders"}),
        ("stop_db_instance", {"DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": name}),
        (
            "add_tags_to_resource",
            {
                "ResourceName": f"arn:aws:rds:eu-west-1:111122223333:snapshot:{name}",
                "Tags": [{"Key": "lamplighter:snapshot", "Value": "orders"}],
            },
        ),
    ]


def test_the_one_before_is_kept_until_the_next_stop() -> None:
    """The new one is not there yet when the stop is done, so the newest that is there stays."""
    rds, counts = Rds(), []
    for moment in (MONDAY, TUESDAY, WEDNESDAY):
        assert stop_orders(rds, moment).error is None
        counts.append(sum(each["Status"] == "available" for each in rds.snapshots.values()))
        for each in rds.snapshots.values():
            each["Status"] = "available"
    assert counts == [0, 1, 1]
    assert list(rds.snapshots) == [snapshot_name("orders", TUESDAY), snapshot_name("orders", WEDNESDAY)]


def test_a_stop_after_a_snapshot_of_the_same_attempt_takes_no_second_one() -> None:
    rds = Rds()
    name = rds.add(snapshot_name("orders", MONDAY), "creating", {})
    assert stop_orders(rds).waiting == f"its snapshot {name} is being made first"
    rds.snapshots[name]["Status"] = "available"
    rds.calls.clear()
    assert stop_orders(rds).note == f"snapshot {name}"
    assert rds.calls[-1] == ("stop_db_instance", {"DBInstanceIdentifier": "orders"})


def test_a_snapshot_that_exists_already_is_waited_for() -> None:
    rds = Rds(refuses={("stop_db_instance", ""): AwsError("exists", code="DBSnapshotAlreadyExists")})
    assert stop_orders(rds).waiting == "its snapshot lamplighter-orders-20261123-180000 is being made first"


def test_a_tag_that_could_not_be_written_keeps_the_snapshot() -> None:
    rds = Rds(refuses={("add_tags_to_resource", ""): AccessDenied("denied")})
    for moment in (MONDAY, TUESDAY, WEDNESDAY):
        result = stop_orders(rds, moment)
        assert result.error is None
        assert result.note.endswith("; it could not be tagged, so it will be kept: denied")
        for each in rds.snapshots.values():
            each["Status"] = "available"
    assert len(rds.snapshots) == 3


def test_without_a_snapshot_nothing_is_asked() -> None:
    rds = Rds()
    assert [result.note for result in INSTANCES.stop(rds, [ORDERS])] == [""]
    assert [result.note for result in CLUSTERS.stop(rds, [SHOP])] == [""]
    assert rds.operations == ["stop_db_instance", "stop_db_cluster"]
