from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from tests.resources.conftest import Recorder, cluster, database, instance, reservation

from lamplighter.errors import NotSupported, UsageError
from lamplighter.resources import registry
from lamplighter.resources.kind import Kind, Permissions, Resource, Search
from lamplighter.resources.registry import kinds
from lamplighter.schedules.decision import Live

TESTS = Path(__file__).parent
KINDS = list(kinds().values())
PAGES = {
    "describe_instances": [reservation(instance(HibernationOptions={"Configured": True}))],
    "describe_db_instances": [database()],
    "describe_db_clusters": [cluster()],
}
"""What each kind finds something in. A new kind brings its answers here."""


@pytest.fixture(params=KINDS, ids=lambda kind: str(kind.name))
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def found(kind: Kind, session: Recorder) -> list[Resource]:
    resources = list(kind.discover(session, Search("Schedule")))
    assert resources, f"{kind.name} finds nothing in the answers of this test"
    return resources


def test_the_kinds_there_are() -> None:
    assert list(kinds()) == ["ec2-instance", "rds-cluster", "rds-instance"]
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
    wanted = {name for name, note in inspect.get_annotations(Kind).items() if "ClassVar" in str(note)}
    assert len(wanted) == 9
    assert wanted <= declared


def test_a_kind_is_one_small_file_with_a_test_of_its_own(kind: Kind) -> None:
    module = type(kind).__module__.rpartition(".")[2]
    assert module == kind.name.replace("-", "_")
    assert (TESTS / f"test_{module}.py").is_file()
    source = inspect.getsourcefile(type(kind))
    assert source is not None
    assert len(Path(source).read_text().splitlines()) < 150


def test_its_permissions_are_actions_of_aws(kind: Kind) -> None:
    session = botocore.session.get_session()
    for action in (*kind.permissions.discover, *kind.permissions.start, *kind.permissions.stop):
        service, _, operation = action.partition(":")
        assert operation in session.get_service_model(service).operation_names, action


def actions(session: Recorder) -> set[str]:
    """The IAM actions of the calls a session was asked for."""
    botocore_session = botocore.session.get_session()

    def name(service: str, operation: str) -> str:
        names = botocore_session.get_service_model(service).operation_names
        return str(next(each for each in names if xform_name(each) == operation))

    return {f"{service}:{name(service, operation)}" for service, operation, _ in session.asked}


def test_its_permissions_are_the_calls_it_makes(kind: Kind) -> None:
    look = Recorder(PAGES)
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
        assert [result.error for result in kind.stop(stop, resources, hibernate=hibernate)] == [None] * len(resources)
        stops |= actions(stop)
    assert stops == set(kind.permissions.stop)


def test_its_resources_are_complete(kind: Kind) -> None:
    for resource in found(kind, Recorder(PAGES)):
        assert resource.kind == kind.name
        assert resource.key == f"{kind.name}/{resource.id}"
        assert (resource.account, resource.region) == ("111122223333", "eu-west-1")
        assert resource.arn.startswith("arn:aws:")
        assert resource.arn.endswith(resource.id)
        assert resource.schedule == "office"
        assert resource.names == (resource.id, resource.arn, resource.name)
        assert resource.unsupported is None


def test_a_resource_is_found_only_as_asked_for(kind: Kind) -> None:
    """Whatever AWS filters, no kind gives more than was asked for."""
    [resource] = found(kind, Recorder(PAGES))
    for search, wanted in [
        (Search("Schedule"), True),
        (Search("Other"), False),
        (Search("Schedule", frozenset({"office"})), True),
        (Search("Schedule", frozenset({"off*"})), False),
        (Search("Other", ids=frozenset({resource.id})), True),
        (Search("Schedule", ids=frozenset({"nobody"})), False),
    ]:
        assert bool(list(kind.discover(Recorder(PAGES), search))) is wanted, search


def test_the_states_a_start_and_a_stop_are_sent_from_are_those_decisions_mean(kind: Kind) -> None:
    field = {"ec2-instance": "describe_instances"}.get(kind.name)

    def live(state: str) -> Live:
        if field:
            pages: dict[str, list[Any]] = {field: [reservation(instance(state=state))]}
        else:
            pages = {"describe_db_instances": [database(status=state)], "describe_db_clusters": [cluster(status=state)]}
        return found(kind, Recorder(pages))[0].live

    assert {live(state) for state in kind.may_start_from} == {Live.STOPPED}
    assert {live(state) for state in kind.may_stop_from} == {Live.RUNNING}
    assert live("something-new") is Live.BUSY


def test_there_is_one_result_for_each_resource(kind: Kind) -> None:
    [resource] = found(kind, Recorder(PAGES))
    for act in (kind.start, kind.stop):
        assert [result.id for result in act(Recorder(), [resource])] == [resource.id]


# --- finding kinds ----------------------------------------------------------------------------------


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    """A registry that looks anew, and the entry points it is to find."""
    entries: list[EntryPoint] = []
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == registry.ENTRY_POINT else [])
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
    assert list(kinds()) == ["ec2-instance", "rds-cluster", "rds-instance", "street-lamp"]
    assert isinstance(kinds()["street-lamp"], Lamp)


def test_two_kinds_of_one_name_are_refused(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("twin", f"{__name__}:Twin", registry.ENTRY_POINT))
    with pytest.raises(UsageError, match="two kinds are called ec2-instance"):
        kinds()


def test_what_is_no_kind_is_refused(fresh: list[EntryPoint]) -> None:
    fresh.append(EntryPoint("path", "pathlib:Path", registry.ENTRY_POINT))
    with pytest.raises(UsageError, match=r"entry point path of lamplighter\.kinds is not a Kind"):
        kinds()
