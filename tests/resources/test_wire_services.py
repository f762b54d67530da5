"""ECS services, SageMaker notebooks and Redshift clusters over the wire, against a simulated AWS.

It has no lives of these: they change at once, and Application Auto Scaling changes no count.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.resources.conftest import errors, find

from lamplighter.aws.access import TargetSession
from lamplighter.errors import AccessDenied, AwsError, NotFound, NotSupported, OutcomeUnknown, Throttled
from lamplighter.estate.control import deny, throttle, timeout_after
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.pricing import PriceKey
from lamplighter.resources.ecs_service import EcsService
from lamplighter.resources.kind import Kind
from lamplighter.resources.redshift_cluster import RedshiftCluster
from lamplighter.resources.sagemaker_notebook import SagemakerNotebook
from lamplighter.schedules.decision import Live

pytestmark = pytest.mark.slow

SERVICES, NOTEBOOKS, WAREHOUSES = EcsService(), SagemakerNotebook(), RedshiftCluster()
DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
TAGGED = [{"Key": "Schedule", "Value": "office"}]


# --- ECS -----------------------------------------------------------------------------------------------


def serve(estate: EstateProbe, name: str, cluster: str = "shop", count: int = 3, **more: Any) -> None:
    """A service whose tasks run: those of a new one stay pending here, those of an updated one run."""
    ecs = estate.client("ecs")
    ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}])
    tags = {"tags": [{"key": "Schedule", "value": "office"}]}
    asked = {"launchType": "FARGATE", **tags, **more}
    ecs.create_service(cluster=cluster, serviceName=name, taskDefinition="web", desiredCount=count, **asked)
    ecs.update_service(cluster=cluster, service=name, desiredCount=count)


def scale(estate: EstateProbe, id_: str, low: int, high: int) -> None:
    estate.client("application-autoscaling").register_scalable_target(
        ResourceId=f"service/{id_}", MinCapacity=low, MaxCapacity=high, **DIMENSION
    )


def bounds(estate: EstateProbe) -> dict[str, tuple[int, int]]:
    found = estate.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    return {each["ResourceId"]: (each["MinCapacity"], each["MaxCapacity"]) for each in found["ScalableTargets"]}


def test_services_go_out_and_come_back_with_their_bounds(estate: EstateProbe, session: TargetSession) -> None:
    serve(estate, "api")
    serve(estate, "worker", count=1, launchType="EC2")
    serve(estate, "plain", tags=[])
    serve(estate, "api", cluster="lab", count=2)
    scale(estate, "shop/api", 1, 4)
    lit = find(SERVICES, session)
    assert {id_: each.size for id_, each in lit.items()} == {
        "shop/api": {"min": "1", "desired": "3", "max": "4"},
        "shop/worker": {"desired": "1"},
        "lab/api": {"desired": "2"},
    }
    assert {each.live for each in lit.values()} == {Live.RUNNING}
    assert lit["shop/api"].arn == f"arn:aws:ecs:{REGION}:{MANAGEMENT}:service/shop/api"

    assert errors(SERVICES.stop(session, list(lit.values()))) == dict.fromkeys(lit)
    out = find(SERVICES, session)
    assert {each.live for each in out.values()} == {Live.STOPPED}
    assert bounds(estate) == {"service/shop/api": (0, 0)}

    assert errors(SERVICES.start(session, list(out.values()))) == dict.fromkeys(lit, NotSupported)
    remembered = [replace(each, restore=lit[id_].size) for id_, each in out.items()]
    assert errors(SERVICES.start(session, remembered)) == dict.fromkeys(lit)
    assert find(SERVICES, session) == lit
    assert bounds(estate) == {"service/shop/api": (1, 4)}


def test_more_services_than_one_call_describes(estate: EstateProbe, session: TargetSession) -> None:
    names = [f"s{number:02}" for number in range(12)]
    for name in names:
        serve(estate, name)
    assert list(find(SERVICES, session)) == [f"shop/{name}" for name in names]
    assert list(find(SERVICES, session, ids=frozenset({"shop/s07", "lab/s01"}))) == ["shop/s07"]
    assert find(SERVICES, session, schedules=frozenset({"night"})) == {}


def test_a_stop_that_dies_between_its_two_calls_is_repeated(estate: EstateProbe, session: TargetSession) -> None:
    serve(estate, "api")
    scale(estate, "shop/api", 1, 4)
    [lit] = find(SERVICES, session).values()
    estate.control.inject(throttle("ecs:UpdateService", times=1))
    assert errors(SERVICES.stop(session, [lit])) == {"shop/api": Throttled}
    [half] = find(SERVICES, session).values()
    assert (half.live, half.size) == (Live.RUNNING, {"min": "0", "desired": "3", "max": "0"})
    assert errors(SERVICES.stop(session, [half])) == {"shop/api": None}
    [out] = find(SERVICES, session).values()
    assert errors(SERVICES.start(session, [replace(out, restore=lit.size)])) == {"shop/api": None}
    assert find(SERVICES, session) == {"shop/api": lit}


def test_a_service_or_cluster_that_is_gone(estate: EstateProbe, session: TargetSession) -> None:
    serve(estate, "api")
    serve(estate, "web")
    found = find(SERVICES, session)
    estate.client("ecs").delete_service(cluster="shop", service="api", force=True)
    ghost = replace(found["shop/web"], id="nowhere/web")
    results = errors(SERVICES.stop(session, [found["shop/api"], ghost, found["shop/web"]]))
    assert results == {"shop/api": results["shop/api"], "nowhere/web": NotFound, "shop/web": None}
    assert set(find(SERVICES, session)) <= {"shop/web", "shop/api"}
    assert find(SERVICES, session)["shop/web"].live is Live.STOPPED


# --- SageMaker and Redshift ----------------------------------------------------------------------------


def write(estate: EstateProbe, name: str, **more: Any) -> None:
    asked = {"InstanceType": "ml.t3.medium", "RoleArn": f"arn:aws:iam::{MANAGEMENT}:role/lab", "Tags": TAGGED, **more}
    estate.client("sagemaker").create_notebook_instance(NotebookInstanceName=name, **asked)


def store(estate: EstateProbe, name: str, **more: Any) -> None:
    asked = {"NodeType": "ra3.xlplus", "ClusterType": "multi-node", "NumberOfNodes": 2, "Tags": TAGGED, **more}
    estate.client("redshift").create_cluster(
        ClusterIdentifier=name, MasterUsername="root", MasterUserPassword="Not-a-secret1", **asked
    )


@pytest.mark.parametrize(
    ("kind", "make", "lit", "out", "arn", "type_"),
    [
        (NOTEBOOKS, write, "InService", "Stopped", "sagemaker:{}:{}:notebook-instance/a", "ml.t3.medium"),
        (WAREHOUSES, store, "available", "paused", "redshift:{}:{}:cluster:a", "ra3.xlplus"),
    ],
    ids=["notebooks", "warehouses"],
)
def test_found_put_out_and_lit(
    estate: EstateProbe, session: TargetSession, kind: Kind, make: Any, lit: str, out: str, arn: str, type_: str
) -> None:
    make(estate, "a")
    make(estate, "b", Tags=[{"Key": "Schedule", "Value": "night"}])
    make(estate, "c", Tags=[])
    found = find(kind, session)
    assert {id_: (each.live, each.state, each.schedule) for id_, each in found.items()} == {
        "a": (Live.RUNNING, lit, "office"),
        "b": (Live.RUNNING, lit, "night"),
    }
    assert found["a"].arn == f"arn:aws:{arn.format(REGION, MANAGEMENT)}"
    assert (found["a"].instance_type, found["a"].unsupported) == (type_, None)
    assert set(find(kind, session, schedules=frozenset({"night"}))) == {"b"}
    assert set(find(kind, session, ids=frozenset({"c", "d"}))) == {"c"}

    assert errors(kind.stop(session, [found["a"]])) == {"a": None}
    assert {id_: (each.live, each.state) for id_, each in find(kind, session).items()} == {
        "a": (Live.STOPPED, out),
        "b": (Live.RUNNING, lit),
    }
    assert errors(kind.start(session, [found["a"]])) == {"a": None}
    assert find(kind, session)["a"].live is Live.RUNNING


def test_the_nodes_of_a_cluster_are_priced(estate: EstateProbe, session: TargetSession) -> None:
    store(estate, "dwh")
    assert find(WAREHOUSES, session)["dwh"].prices == (PriceKey("redshift", REGION, "ra3.xlplus"),) * 2


@pytest.mark.parametrize(
    ("kind", "make", "action", "error"),
    [
        (SERVICES, serve, "ecs:UpdateService", None),
        (NOTEBOOKS, write, "sagemaker:StopNotebookInstance", AwsError),
        (WAREHOUSES, store, "redshift:PauseCluster", NotFound),
    ],
    ids=["services", "notebooks", "warehouses"],
)
def test_failures(
    estate: EstateProbe, session: TargetSession, kind: Kind, make: Any, action: str, error: type[AwsError] | None
) -> None:
    for name in ("a", "b"):
        make(estate, name)
    a, b = find(kind, session).values()
    estate.control.inject(timeout_after(action))
    assert errors(kind.stop(session, [a, b])) == {a.id: OutcomeUnknown, b.id: None}
    assert {each.live for each in find(kind, session).values()} == {Live.STOPPED}
    if error:
        assert errors(kind.stop(session, [replace(a, id="ghost"), b])) == {"ghost": error, b.id: None}


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (SERVICES, "ecs:ListClusters"),
        (NOTEBOOKS, "sagemaker:ListNotebookInstances"),
        (NOTEBOOKS, "sagemaker:ListTags"),
        (WAREHOUSES, "redshift:DescribeClusters"),
    ],
)
def test_a_refused_look_is_an_error_and_not_an_empty_list(
    estate: EstateProbe, session: TargetSession, kind: Kind, action: str
) -> None:
    write(estate, "lab")
    estate.control.inject(deny(MANAGEMENT, action))
    with pytest.raises(AccessDenied) as refusal:
        find(kind, session)
    assert refusal.value.target == f"{MANAGEMENT}/{REGION}"
