from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from tests.actions import SERVICES, actions_of, beside
from tests.models import check_request, service_model
from tests.resources.conftest import (
    Recorder,
    cluster,
    database,
    group,
    instance,
    node_group,
    notebook,
    offerings,
    reservation,
    scalable_target,
    service,
    status,
    tags,
    type_facts,
    volume,
    warehouse,
)

from lamplighter import families
from lamplighter.errors import NotSupported, UsageError
from lamplighter.resources import registry
from lamplighter.resources.kind import Kind, Permissions, Resource, Search
from lamplighter.resources.metrics import MEASURE
from lamplighter.resources.registry import kinds
from lamplighter.resources.stop_options import StopOptions
from lamplighter.schedules.decision import Live

TESTS = Path(__file__).parent
KINDS = list(kinds().values())
SIZE = {"lamplighter:size": "1-2-4"}
PAGES: dict[str, list[Any]] = {
    "describe_instances": [reservation(instance(HibernationOptions={"Configured": True}))],
    "describe_db_instances": [database()],
    "describe_db_clusters": [cluster(), cluster("graph", Engine="neptune"), cluster("papers", Engine="docdb")],
    "describe_auto_scaling_groups": [group(Tags=tags(Schedule="office", **SIZE))],
    "list_clusters": ["shop"],
    "list_nodegroups": ["workers"],
    "list_services": [service()["serviceArn"]],
    "describe_scalable_targets": [scalable_target()],
    "list_notebook_instances": [notebook()],
    "list_tags": tags(Schedule="office"),
    "describe_clusters": [warehouse()],
    "describe_instance_status": [status()],
    "describe_volumes": [volume()],
    "describe_addresses": [],
}
RESIZABLE = {
    **PAGES,
    "describe_instances": [reservation(instance())],
    "describe_instance_types": [type_facts("m5.xlarge"), type_facts("m5.large")],
    "describe_instance_type_offerings": offerings("m5.xlarge", "m5.large"),
}
SERVICE_TAGS = [{"key": key, "value": value} for key, value in {"Schedule": "office", **SIZE}.items()]
ANSWERS: dict[str, dict[str, Any]] = {
    "describe_nodegroup": {"nodegroup": node_group(tags={"Schedule": "office", **SIZE})},
    "describe_services": {"services": [service(tags=SERVICE_TAGS)], "failures": []},
}
"""What each kind finds something in. A new kind brings its answers here."""


def simulated(pages: Mapping[str, list[Any]] = PAGES, answers: Mapping[str, dict[str, Any]] = ANSWERS) -> Recorder:
    return Recorder(pages, answer=lambda operation, **_: answers.get(operation, {}))


@pytest.fixture(params=KINDS, ids=lambda kind: str(kind.name))
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def found(kind: Kind, session: Recorder) -> list[Resource]:
    resources = list(kind.discover(session, Search("Schedule")))
    assert resources, f"{kind.name} finds nothing in the answers of this test"
    return resources


def test_the_kinds_there_are() -> None:
    assert list(kinds()) == [
        "autoscaling-group",
        "docdb-cluster",
        "ec2-instance",
        "ecs-service",
        "eks-nodegroup",
        "neptune-cluster",
        "rds-cluster",
        "rds-instance",
        "redshift-cluster",
        "sagemaker-notebook",
    ]
    assert all(kind.name == name for name, kind in kinds().items())


def test_a_kind_says_what_it_is(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", kind.name)
    assert kind.title
    assert kind.title[0].isupper()
    assert kind.why.endswith(".")
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", kind.source)
    assert re.fullmatch(r"\d+\.\d+\.\d+", kind.since)
    assert isinstance(kind.permissions, Permissions)
    assert kind.batch >= 1
    for states in (kind.may_start_from, kind.may_stop_from):
        assert isinstance(states, frozenset)
        assert states
    assert inspect.getdoc(type(kind))
    assert inspect.getdoc(type(kind)) != inspect.getdoc(Kind)


def test_a_kind_declares_its_own_attributes(kind: Kind) -> None:
    declared = set(vars(type(kind)))
    notes = inspect.get_annotations(Kind)
    wanted = {name for name, note in notes.items() if "ClassVar" in str(note) and name not in vars(Kind)}
    assert len(wanted) == 9
    assert wanted <= declared


def test_a_kind_is_one_small_file_with_a_test_of_its_own(kind: Kind) -> None:
    module = type(kind).__module__.rpartition(".")[2]
    assert module == kind.name.replace("-", "_")
    assert (TESTS / f"test_{module}.py").is_file()
    source = inspect.getsourcefile(type(kind))
    assert source is not None
    assert len(Path(source).read_text().splitlines()) <= 150


def test_its_permissions_are_actions_of_aws(kind: Kind) -> None:
    allowed = kind.permissions
    for action in (action for purpose in astuple(allowed) for action in purpose):
        prefix, _, operation = action.partition(":")
        service = SERVICES.get(prefix, prefix)
        assert operation in service_model(service).operation_names, action


def actions(session: Recorder) -> set[str]:
    """The IAM actions of the calls a session was asked for."""
    return {action for service, operation, _ in session.asked for action in actions_of((service, operation))}


def test_its_permissions_are_the_calls_it_makes(kind: Kind) -> None:
    look = simulated()
    resources = found(kind, look)
    assert actions(look) == set(kind.permissions.discover)

    start = Recorder()
    assert [result.error for result in kind.start(start, resources)] == [None] * len(resources)
    assert actions(start) == set(kind.permissions.start)

    stops: set[str] = set()
    for hibernate, refuses in [(False, False), (True, False), (True, True)]:

        def answer(*_: object, refuses: bool = refuses, **params: Any) -> dict[str, Any]:
            if refuses and params.get("Hibernate"):
                raise NotSupported("not prepared")
            return {}

        stop = Recorder(answer=answer)
        assert [result.error for result in kind.stop(stop, resources, StopOptions(hibernate=hibernate))] == [
            None
        ] * len(resources)
        stops |= actions(stop)
    assert stops == set(kind.permissions.stop)
    assert stops_with_snapshots(kind, resources) <= {*kind.permissions.stop, *kind.permissions.snapshot}

    health = simulated()
    assert kind.healthy(health, resources) == {resource.id: True for resource in resources}
    assert actions(health) == set(kind.permissions.health)


MOMENT = "20261123-180000"


def stops_with_snapshots(kind: Kind, resources: Sequence[Resource]) -> set[str]:
    """The actions of stops with a snapshot that is still to be made, that is there, and that failed."""

    def old(name: str, status: str) -> dict[str, Any]:
        keys = ("DBSnapshotIdentifier", "DBClusterSnapshotIdentifier")
        return dict.fromkeys(keys, name) | {"Status": status, "DBSnapshotArn": "a", "DBClusterSnapshotArn": "a"}

    called: set[str] = set()
    for newest in ("", "available", "failed"):
        names = [f"lamplighter-{each.id}-{when}" for each in resources for when in ("20261121-180000", MOMENT)]
        listed = [old(name, newest if name.endswith(MOMENT) else "available") for name in names if newest]
        pages = {"describe_db_snapshots": listed, "describe_db_cluster_snapshots": listed}
        tagged = {"TagList": [{"Key": "lamplighter:snapshot", "Value": resources[0].id}]}
        session = Recorder(pages, answer=lambda *_, tagged=tagged, **__: tagged)
        kind.stop(session, resources, StopOptions(snapshot=MOMENT))
        called |= actions(session)
        validate(session)
    return called


def validate(session: Recorder) -> None:
    """What was asked for is what the models of the services allow."""
    for asked, operation, params in session.asked:
        check_request(asked, operation, params)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.permissions.snapshot], ids=lambda kind: kind.name)
def test_a_kind_that_takes_snapshots_calls_for_them_what_it_declares(kind: Kind) -> None:
    called = stops_with_snapshots(kind, found(kind, simulated()))
    assert called >= set(kind.permissions.stop)
    also = {action for each in called for action in beside(each)}
    assert called | also == {*kind.permissions.stop, *kind.permissions.snapshot}


def test_the_kinds_that_take_snapshots() -> None:
    names = [kind.name for kind in KINDS if kind.permissions.snapshot]
    assert names == ["docdb-cluster", "neptune-cluster", "rds-cluster", "rds-instance"]


def test_what_is_not_lit_is_not_healthy_and_nothing_is_asked(kind: Kind) -> None:
    resources = [
        replace(resource, live=live)
        for resource in found(kind, simulated())
        for live in Live
        if live is not Live.RUNNING
    ]
    session = simulated()
    assert kind.healthy(session, resources) == {resource.id: False for resource in resources}
    assert session.asked == []


def test_its_tags_are_written_with_the_permissions_it_declares(kind: Kind) -> None:
    [resource] = found(kind, simulated())
    session = Recorder()
    assert [each.error for each in kind.tag(session, [resource], {"lamplighter:last-action": "started"})] == [None]
    assert [each.error for each in kind.untag(session, [resource], ["lamplighter:error"])] == [None]
    called = actions(session)
    beside = set(kind.permissions.tag) - called
    assert called <= set(kind.permissions.tag)
    if called == {"tag:TagResources", "tag:UntagResources"}:
        # The tagging API wants the service's own two actions too (its user guide, "Permissions for tagging resources").
        own = {action.partition(":")[0] for action in kind.permissions.start}
        assert len(beside) == 2
        assert {action.partition(":")[0] for action in beside} <= own
    else:
        assert beside == set()
    validate(session)


def test_its_permissions_to_resize_are_the_calls_that_takes(kind: Kind) -> None:
    resources = [replace(each, types=("m5.xlarge", "m5.large")) for each in found(kind, simulated(RESIZABLE))]
    session = simulated(RESIZABLE)
    assert kind.unfit(session, resources) == {resource.id: {} for resource in resources}
    kind.start(session, resources)
    assert actions(session) == {*kind.permissions.start, *kind.permissions.resize}


def test_what_goes_on_is_asked_with_the_permissions_it_declares(kind: Kind) -> None:
    ask = simulated()
    resources = found(kind, ask)
    ask.asked.clear()
    assert set(kind.standing(ask, resources)) == {resource.id for resource in resources}
    assert actions(ask) == set(kind.permissions.cost)


def test_what_goes_on_is_asked_of_nobody_about_nothing(kind: Kind) -> None:
    ask = simulated()
    assert kind.standing(ask, []) == {}
    assert ask.asked == []


def test_its_metrics_are_those_of_its_resources_and_it_may_read_them(kind: Kind) -> None:
    assert kind.permissions.measure == (MEASURE if kind.metrics else ())
    [resource] = found(kind, simulated())
    for metric in kind.metrics:
        assert metric.namespace.startswith("AWS/")
        assert (metric.measure, metric.statistic) in {
            ("cpu", "Average"),
            ("connections", "Maximum"),
            ("network", "Sum"),
        }
        assert "/".join(value for _, value in metric.values(resource.id)) == resource.id


def test_its_resources_are_complete(kind: Kind) -> None:
    for resource in found(kind, simulated()):
        assert resource.kind == kind.name
        assert resource.key == f"{kind.name}/{resource.id}"
        assert (resource.account, resource.region) == ("111122223333", "eu-west-1")
        assert resource.arn.startswith("arn:aws:")
        # Behind the names of a node group AWS puts a UUID.
        assert re.search(rf"[:/]{re.escape(resource.id)}(/[0-9a-f-]{{36}})?$", resource.arn)
        assert resource.schedule == "office"
        assert resource.names == (resource.id, resource.arn, resource.name)
        assert resource.unsupported is None


def test_a_resource_is_found_only_as_asked_for(kind: Kind) -> None:
    """Whatever AWS filters, no kind gives more than was asked for."""
    [resource] = found(kind, simulated())
    for search, wanted in [
        (Search("Schedule"), True),
        (Search("Other"), False),
        (Search("Schedule", frozenset({"office"})), True),
        (Search("Schedule", frozenset({"off*"})), False),
        (Search("Other", ids=frozenset({resource.id})), True),
        (Search("Schedule", ids=frozenset({"nobody"})), False),
    ]:
        assert bool(list(kind.discover(simulated(), search))) is wanted, search


def test_the_states_a_start_and_a_stop_are_sent_from_are_those_decisions_mean(kind: Kind) -> None:
    def live(state: str) -> Live:
        groups = {"0-0-0": group(size="0-0-0", states=()), "InService": group()}
        status, _, empty = state.partition(", ")
        nodes = node_group(status=status, size="0-0-4" if empty else "1-2-4")
        pages: dict[str, list[Any]] = {
            **PAGES,
            "describe_instances": [reservation(instance(state=state))],
            "describe_db_instances": [database(status=state)],
            "describe_db_clusters": [cluster(status=state, Engine=name) for name in ("aurora", "neptune", "docdb")],
            "describe_auto_scaling_groups": [groups.get(state, group(Status=state))],
            "list_notebook_instances": [notebook(status=state)],
            "describe_clusters": [warehouse(status=state)],
        }
        services = [service(status=status, desired=0 if empty else 3)]
        answers: dict[str, dict[str, Any]] = {
            "describe_nodegroup": {"nodegroup": nodes},
            "describe_services": {"services": services},
        }
        return found(kind, simulated(pages, answers))[0].live

    assert {live(state) for state in kind.may_start_from} == {Live.STOPPED}
    assert {live(state) for state in kind.may_stop_from} == {Live.RUNNING}
    assert live("something-new") is Live.BUSY


def test_there_is_one_result_for_each_resource(kind: Kind) -> None:
    [resource] = found(kind, simulated())
    for act in (kind.start, kind.stop):
        assert [result.id for result in act(Recorder(), [resource])] == [resource.id]


# --- finding kinds ----------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """A registry that looks anew, and the entry points it is to find."""
    entries: list[EntryPoint] = []
    monkeypatch.setattr(families, "entry_points", lambda group: entries if group == registry.ENTRY_POINT else [])
    registry.kinds.cache_clear()
    yield entries
    registry.kinds.cache_clear()


class Lamp(type(KINDS[0])):  # type: ignore[misc]
    """A user's own kind."""

    name = "street-lamp"


class Twin(type(KINDS[0])):  # type: ignore[misc]
    """A kind with a name that is taken."""


def test_a_user_s_own_kind_is_found(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("lamp", f"{__name__}:Lamp", registry.ENTRY_POINT))
    assert list(kinds()) == sorted({"street-lamp", *(kind.name for kind in KINDS)})
    assert isinstance(kinds()["street-lamp"], Lamp)


def test_two_kinds_of_one_name_are_refused(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("twin", f"{__name__}:Twin", registry.ENTRY_POINT))
    with pytest.raises(UsageError, match=f"two kinds are called {KINDS[0].name}"):
        kinds()


def test_what_is_no_kind_is_refused(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("path", "pathlib:Path", registry.ENTRY_POINT))
    with pytest.raises(UsageError, match=r"entry point path of lamplighter\.kinds is not a Kind"):
        kinds()
