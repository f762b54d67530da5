"""Neptune and DocumentDB clusters over the wire, beside Aurora ones in the same account and region."""

from __future__ import annotations

import pytest
from moto.rds.models import rds_backends
from tests.resources.conftest import errors, find

from lamplighter.aws.access import TargetSession
from lamplighter.errors import WrongState
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe
from lamplighter.resources.kind import Kind
from lamplighter.resources.registry import kinds
from lamplighter.schedules.decision import Live

pytestmark = pytest.mark.slow

TAGGED = [{"Key": "Schedule", "Value": "office"}]
KINDS = {name: kinds()[name] for name in ("rds-cluster", "neptune-cluster", "docdb-cluster")}


def three_clusters(estate: EstateProbe) -> None:
    """One of each service. moto makes no DocumentDB cluster: another is renamed to be one."""
    estate.cluster("shop", ("shop-a",), Tags=TAGGED)
    estate.cluster("graph", ("graph-a", "graph-b"), "neptune", Tags=TAGGED)
    estate.cluster("papers", ("papers-a",), "neptune", Tags=TAGGED)
    backend = rds_backends[MANAGEMENT][REGION]
    backend.clusters["papers"].engine = backend.databases["papers-a"].engine = "docdb"


def test_each_kind_finds_its_own(estate: EstateProbe, session: TargetSession) -> None:
    three_clusters(estate)
    found = {name: list(find(kind, session)) for name, kind in KINDS.items()}
    assert found == {"rds-cluster": ["shop"], "neptune-cluster": ["graph"], "docdb-cluster": ["papers"]}


@pytest.mark.parametrize(
    ("kind", "id_", "members"),
    [(KINDS["neptune-cluster"], "graph", 2), (KINDS["docdb-cluster"], "papers", 1)],
    ids=["neptune", "docdb"],
)
def test_they_are_stopped_and_started(
    estate: EstateProbe, session: TargetSession, kind: Kind, id_: str, members: int
) -> None:
    three_clusters(estate)
    [found] = find(kind, session).values()
    assert (found.id, found.live, found.unsupported, len(found.prices)) == (id_, Live.RUNNING, None, members)
    assert errors(kind.stop(session, [found])) == {id_: None}
    assert find(kind, session)[id_].live is Live.STOPPING
    estate.control.advance(240)
    [stopped] = find(kind, session).values()
    assert stopped.live is Live.STOPPED
    assert errors(kind.stop(session, [stopped])) == {id_: WrongState}
    assert errors(kind.start(session, [stopped])) == {id_: None}
    estate.control.advance(240)
    assert find(kind, session)[id_].live is Live.RUNNING
    assert set(estate.statuses().values()) == {"available"}
