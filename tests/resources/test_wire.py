"""Every kind over the wire, against a simulated AWS as strict as the real one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.resources.conftest import errors, find

from lamplighter.aws.access import TargetSession
from lamplighter.errors import (
    AccessDenied,
    AwsError,
    CapacityUnavailable,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Throttled,
    WrongState,
)
from lamplighter.estate.control import capacity, deny, throttle, timeout_after
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.registry import kinds
from lamplighter.resources.stop_options import StopOptions
from lamplighter.schedules.decision import Live

EC2, DATABASES, CLUSTERS = (kinds()[name] for name in ("ec2-instance", "rds-instance", "rds-cluster"))
TAGGED = [{"Key": "Schedule", "Value": "office"}]
TAGS = [{"ResourceType": "instance", "Tags": TAGGED}]


# --- EC2 -----------------------------------------------------------------------------------------------


def test_ec2_is_found_stopped_and_started(estate: EstateProbe, session: TargetSession) -> None:
    ids = estate.launch(2, TagSpecifications=TAGS)
    estate.launch(1)
    found = find(EC2, session)
    assert set(found) == set(ids)
    assert {resource.live for resource in found.values()} == {Live.RUNNING}
    assert found[ids[0]].arn == f"arn:aws:ec2:{REGION}:{MANAGEMENT}:instance/{ids[0]}"

    assert errors(EC2.stop(session, list(found.values()))) == dict.fromkeys(ids)
    assert {resource.live for resource in find(EC2, session).values()} == {Live.STOPPING}
    estate.control.advance(45)
    stopped = find(EC2, session)
    assert {resource.live for resource in stopped.values()} == {Live.STOPPED}

    assert errors(EC2.start(session, list(stopped.values()))) == dict.fromkeys(ids)
    assert {resource.live for resource in find(EC2, session).values()} == {Live.STARTING}
    estate.control.advance(30)
    assert estate.states(ids) == ["running"] * 2


def test_ec2_searches(estate: EstateProbe, session: TargetSession) -> None:
    lab = [{"ResourceType": "instance", "Tags": [{"Key": "Schedule", "Value": "lab*"}]}]
    [office], [other], [plain] = (
        estate.launch(TagSpecifications=TAGS),
        estate.launch(TagSpecifications=lab),
        estate.launch(),
    )
    assert set(find(EC2, session)) == {office, other}
    assert set(find(EC2, session, schedules=frozenset({"office"}))) == {office}
    assert set(find(EC2, session, schedules=frozenset({"*"}))) == set()
    assert set(find(EC2, session, schedules=frozenset({"lab*"}))) == {other}
    assert set(find(EC2, session, ids=frozenset({plain, "i-00000000000000000", "web"}))) == {plain}


def test_ec2_tells_whether_checks_passed(estate: EstateProbe, session: TargetSession) -> None:
    lit, out = estate.launch(2, TagSpecifications=TAGS)
    estate.client("ec2").stop_instances(InstanceIds=[out])
    estate.control.advance(600)
    assert EC2.healthy(session, list(find(EC2, session).values())) == {lit: True, out: False}


def test_ec2_reads_many_pages(estate: EstateProbe, session: TargetSession) -> None:
    ids = [estate.launch(25, TagSpecifications=TAGS, running=False) for _ in range(2)]
    assert len(find(EC2, session)) == 50
    found = find(EC2, session, ids=frozenset(f"i-{n:017x}" for n in range(450)) | set(ids[0]))
    assert set(found) == set(ids[0])


def test_ec2_capacity_in_a_batch_fails_only_the_one(estate: EstateProbe, session: TargetSession) -> None:
    ids = estate.launch(5, TagSpecifications=TAGS)
    EC2.stop(session, list(find(EC2, session).values()))
    estate.control.advance(45)
    estate.control.inject(capacity(ids[3]))

    found = errors(EC2.start(session, list(find(EC2, session).values())))
    assert found == {**dict.fromkeys(ids), ids[3]: CapacityUnavailable}
    estate.control.advance(30)
    assert estate.states(ids) == ["running", "running", "running", "stopped", "running"]


def test_ec2_that_aws_refuses(estate: EstateProbe, session: TargetSession) -> None:
    ids = estate.launch(4, TagSpecifications=TAGS)
    ec2 = estate.client("ec2")
    ec2.modify_instance_attribute(InstanceId=ids[0], DisableApiStop={"Value": True})
    found = find(EC2, session)
    ec2.terminate_instances(InstanceIds=[ids[1]])

    results = errors(EC2.stop(session, list(found.values())))
    assert results == {ids[0]: NotSupported, ids[1]: WrongState, ids[2]: None, ids[3]: None}
    assert errors(EC2.start(session, [found[ids[2]]])) == {ids[2]: WrongState}
    estate.control.advance(60)
    assert set(find(EC2, session)) == {ids[0], ids[2], ids[3]}


def test_ec2_that_does_not_exist_is_isolated(estate: EstateProbe, session: TargetSession) -> None:
    from dataclasses import replace

    [id_] = estate.launch(TagSpecifications=TAGS)
    [real] = find(EC2, session).values()
    ghost = replace(real, id="i-0fffffffffffffff0")
    assert errors(EC2.stop(session, [ghost, real])) == {ghost.id: NotFound, id_: None}


def test_ec2_hibernates_what_can_and_stops_what_cannot(estate: EstateProbe, session: TargetSession) -> None:
    asked: dict[str, Any] = {"TagSpecifications": TAGS, "InstanceType": "m5.large"}
    [sleepy] = estate.launch(**asked, HibernationOptions={"Configured": True})
    [plain] = estate.launch(**asked)
    found = find(EC2, session)
    assert (found[sleepy].can_hibernate, found[plain].can_hibernate) == (True, False)
    notes = {result.id: result.note for result in EC2.stop(session, list(found.values()), StopOptions(hibernate=True))}
    assert notes == {sleepy: "hibernated", plain: "stopped: the instance is not set up for hibernation"}
    estate.control.advance(45)
    assert estate.states([sleepy, plain]) == ["stopping", "stopped"]
    estate.control.advance(75)
    assert estate.states([sleepy]) == ["stopped"]


def test_ec2_throttling_is_one_call(estate: EstateProbe, session: TargetSession) -> None:
    ids = estate.launch(8, TagSpecifications=TAGS)
    found = list(find(EC2, session).values())
    estate.control.inject(throttle("ec2:StopInstances"))
    estate.control.clear_calls()
    assert errors(EC2.stop(session, found)) == dict.fromkeys(ids, Throttled)
    assert estate.control.calls().count("StopInstances") == 1


def test_ec2_a_lost_answer_is_no_failure(estate: EstateProbe, session: TargetSession) -> None:
    ids = estate.launch(2, TagSpecifications=TAGS)
    found = list(find(EC2, session).values())
    estate.control.inject(timeout_after("ec2:StopInstances"))
    assert errors(EC2.stop(session, found)) == dict.fromkeys(ids, OutcomeUnknown)
    assert estate.states(ids) == ["stopping"] * 2


# --- RDS -----------------------------------------------------------------------------------------------


def test_databases_are_found_stopped_and_started(estate: EstateProbe, session: TargetSession) -> None:
    estate.database("orders", Tags=TAGGED)
    estate.database("plain")
    [found] = find(DATABASES, session).values()
    assert (found.id, found.live, found.state) == ("orders", Live.RUNNING, "available")
    assert find(DATABASES, session, ids=frozenset({"plain"}))["plain"].schedule is None

    assert errors(DATABASES.stop(session, [found])) == {"orders": None}
    [stopping] = find(DATABASES, session).values()
    assert stopping.live is Live.STOPPING
    assert errors(DATABASES.start(session, [stopping])) == {"orders": WrongState}
    estate.control.advance(240)
    [stopped] = find(DATABASES, session).values()
    assert stopped.live is Live.STOPPED
    assert errors(DATABASES.stop(session, [stopped])) == {"orders": WrongState}
    assert errors(DATABASES.start(session, [stopped])) == {"orders": None}
    estate.control.advance(240)
    assert estate.statuses()["orders"] == "available"


def test_databases_that_rds_does_not_stop_are_known_beforehand(estate: EstateProbe, session: TargetSession) -> None:
    estate.database("orders", Tags=TAGGED)
    estate.client("rds").create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="orders", Tags=TAGGED
    )
    estate.cluster()
    estate.client("rds").add_tags_to_resource(ResourceName=f"arn:aws:rds:{REGION}:{MANAGEMENT}:db:shop-a", Tags=TAGGED)
    found = find(DATABASES, session)
    assert {name: resource.unsupported for name, resource in found.items()} == {
        "orders": "it has read replicas (replica), and RDS does not stop their source",
        "replica": "it is a read replica of orders, and RDS does not stop replicas",
        "shop-a": "it is a member of cluster shop; tag the cluster instead",
    }
    refused = errors(DATABASES.stop(session, list(found.values())))
    assert None not in refused.values()


def test_one_database_that_fails_stops_no_other(estate: EstateProbe, session: TargetSession) -> None:
    for name in ("a", "b", "c"):
        estate.database(name, Tags=TAGGED)
    found = list(find(DATABASES, session).values())
    estate.control.inject({"service": "rds", "action": "StopDBInstance", "resource": "b", "error": {"code": "Boom"}})
    assert errors(DATABASES.stop(session, found)) == {"a": None, "b": AwsError, "c": None}


def test_a_lost_answer_of_rds_is_no_failure(estate: EstateProbe, session: TargetSession) -> None:
    estate.database("orders", Tags=TAGGED)
    found = list(find(DATABASES, session).values())
    estate.control.inject(timeout_after("rds:StopDBInstance"))
    assert errors(DATABASES.stop(session, found)) == {"orders": OutcomeUnknown}
    assert estate.statuses()["orders"] == "stopping"


def test_clusters_are_stopped_and_started_with_their_members(estate: EstateProbe, session: TargetSession) -> None:
    estate.cluster("shop")
    estate.client("rds").add_tags_to_resource(
        ResourceName=f"arn:aws:rds:{REGION}:{MANAGEMENT}:cluster:shop", Tags=TAGGED
    )
    estate.cluster("plain", ("plain-a",))
    [found] = find(CLUSTERS, session).values()
    assert (found.id, found.live, found.unsupported) == ("shop", Live.RUNNING, None)
    assert found.instance_type == "db.r6g.large, db.r6g.large"
    assert len(found.prices) == 2

    assert errors(CLUSTERS.stop(session, [found])) == {"shop": None}
    assert next(iter(find(CLUSTERS, session).values())).live is Live.STOPPING
    estate.control.advance(240)
    assert estate.statuses() == {
        "shop": "stopped",
        "shop-a": "stopped",
        "shop-b": "stopped",
        "plain": "available",
        "plain-a": "available",
    }
    [stopped] = find(CLUSTERS, session).values()
    assert stopped.live is Live.STOPPED
    assert errors(CLUSTERS.start(session, [stopped])) == {"shop": None}
    estate.control.advance(240)
    assert set(estate.statuses().values()) == {"available"}
    [running] = find(CLUSTERS, session).values()
    assert errors(CLUSTERS.start(session, [running])) == {"shop": WrongState}


@pytest.mark.parametrize(
    ("kind", "action"),
    [(EC2, "ec2:DescribeInstances"), (DATABASES, "rds:DescribeDBInstances"), (CLUSTERS, "rds:DescribeDBClusters")],
    ids=["ec2", "databases", "clusters"],
)
def test_a_refused_look_is_an_error_and_not_an_empty_list(
    estate: EstateProbe, session: TargetSession, kind: Any, action: str
) -> None:
    estate.control.inject(deny(MANAGEMENT, action))
    with pytest.raises(AccessDenied) as refusal:
        find(kind, session)
    assert refusal.value.target == f"{MANAGEMENT}/{REGION}"
