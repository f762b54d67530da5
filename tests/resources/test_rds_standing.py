from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.resources.conftest import Recorder, database, find

from lamplighter.aws.access import TargetSession
from lamplighter.estate.testing import REGION, EstateProbe
from lamplighter.pricing import rds_storage_key
from lamplighter.resources.kind import Resource, Search, Standing
from lamplighter.resources.registry import kinds

DATABASES = kinds()["rds-instance"]


def databases(*answers: dict[str, Any]) -> list[Resource]:
    return list(DATABASES.discover(Recorder({"describe_db_instances": list(answers)}), Search("Schedule")))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"StorageType": "gp2", "AllocatedStorage": 100, "Iops": 300}, {"gp2": 100}),
        ({"StorageType": "gp2", "AllocatedStorage": 100, "MultiAZ": True}, {"gp2": 200}),
        ({"StorageType": "io1", "AllocatedStorage": 100, "Iops": 3000}, {"io1": 100, "io1-iops": 3000}),
        (
            {"StorageType": "io2", "AllocatedStorage": 100, "Iops": 3000, "MultiAZ": True},
            {"io2": 200, "io2-iops": 6000},
        ),
        ({"StorageType": "gp3", "AllocatedStorage": 100, "Iops": 3000, "StorageThroughput": 125}, {"gp3": 100}),
        ({"StorageType": "gp3", "AllocatedStorage": 400, "Iops": 12_000, "StorageThroughput": 500}, {"gp3": 400}),
        (
            {"StorageType": "gp3", "AllocatedStorage": 500, "Iops": 13_000, "StorageThroughput": 756},
            {"gp3": 500, "gp3-iops": 1000, "gp3-throughput": Decimal("0.25")},
        ),
        (
            {"StorageType": "gp3", "AllocatedStorage": 200, "Iops": 12_000, "Engine": "oracle-ee"},
            {"gp3": 200},
        ),
        (
            {"StorageType": "gp3", "AllocatedStorage": 500, "Iops": 12_000, "Engine": "sqlserver-se"},
            {"gp3": 500, "gp3-iops": 9000},
        ),
        ({"StorageType": "standard", "AllocatedStorage": 20}, {"standard": 20}),
    ],
)
def test_storage_and_what_is_provisioned_beside_it(answer: dict[str, Any], expected: dict[str, int]) -> None:
    pages = {"describe_db_instances": [database("orders", **answer), database("other", **answer)]}
    [orders] = databases(database("orders", **answer))
    found = DATABASES.standing(Recorder(pages), [orders])
    assert set(found) == {"orders"}
    assert found["orders"] == tuple(
        Standing(rds_storage_key("eu-west-1", name), Decimal(number)) for name, number in expected.items()
    )


def test_what_rds_does_not_tell_is_not_known() -> None:
    [orders] = databases(database("orders"))
    assert DATABASES.standing(Recorder({"describe_db_instances": [database("orders")]}), [orders]) == {"orders": None}
    assert DATABASES.standing(Recorder(), [orders]) == {"orders": None}


def test_fifty_at_a_time() -> None:
    session = Recorder()
    DATABASES.standing(session, databases(*(database(f"db-{number}") for number in range(120))))
    assert [len(params["Filters"][0]["Values"]) for _, _, params in session.asked] == [50, 50, 20]


def test_over_the_wire(estate: EstateProbe, session: TargetSession) -> None:
    tagged = [{"Key": "Schedule", "Value": "office"}]
    estate.database("orders", Tags=tagged, AllocatedStorage=100, StorageType="gp3", MultiAZ=True)
    estate.database("other", Tags=tagged, AllocatedStorage=20, StorageType="gp2")
    found = DATABASES.standing(session, list(find(DATABASES, session).values()))
    assert found["orders"] is not None
    assert found["orders"][0] == Standing(rds_storage_key(REGION, "gp3"), Decimal(200))
    assert found["other"] == (Standing(rds_storage_key(REGION, "gp2"), Decimal(20)),)
