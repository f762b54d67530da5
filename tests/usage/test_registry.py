"""Every collector: documented, tested, permissions declared; what it asks and reads is in AWS's own models."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape
from tests.actions import SERVICES
from tests.models import operation_model, service_model
from tests.resources.conftest import Recorder, database, instance, reservation, warehouse
from tests.resources.test_registry import actions, validate
from tests.usage.collectors.test_dynamodb import index, table
from tests.usage.collectors.test_elasticache import caches
from tests.usage.collectors.test_opensearch import domain
from tests.usage.conftest import AROUND, TIME

from lamplighter import families
from lamplighter.errors import UsageError
from lamplighter.usage import registry
from lamplighter.usage.collector import DAILY, HOURLY, Collector, samples_of
from lamplighter.usage.registry import collectors

COLLECTORS = list(collectors().values())
PAGES: Mapping[str, list[Any]] = {
    "describe_instances": [reservation(instance(PlatformDetails=None, Platform="linux"), instance("i-2", "stopped"))],
    "describe_images": [{"ImageId": "ami-12345678", "PlatformDetails": "Linux/UNIX"}],
    "describe_db_instances": [database(), database("b", "stopped")],
    "describe_cache_clusters": [caches()],
    "list_tables": ["orders"],
    "list_domain_names": [{"DomainName": "logs"}],
    "describe_clusters": [warehouse(), warehouse("b", "paused")],
}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "describe_table": {"Table": table(GlobalSecondaryIndexes=[index(1, 1)], BillingModeSummary={}, Replicas=[])},
    "describe_domains": {"DomainStatusList": [domain()]},
}
"""What each collector finds something in. A new one brings its answers here."""


@pytest.fixture(params=COLLECTORS, ids=lambda each: str(each.service))
def collector(request: pytest.FixtureRequest) -> Collector:
    found: Collector = request.param
    return found


def simulated() -> Recorder:
    return Recorder(PAGES, answer=lambda operation, **_: ANSWERS.get(operation, {}))


def test_the_collectors_there_are() -> None:
    assert list(collectors()) == ["dynamodb", "ec2", "elasticache", "opensearch", "rds", "redshift"]
    assert {each.service for each in COLLECTORS if each.hours == DAILY} == {"opensearch", "redshift"}


def test_the_keys_there_are() -> None:
    keys = [key for each in COLLECTORS for key in each.keys]
    assert sorted(keys) == ["dynamodb", "ec2", "ec2os", "elasticache", "es", "rds", "redshift"]


def test_a_collector_says_what_it_is(collector: Collector) -> None:
    assert collector.title
    assert collector.why.endswith(".")
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", collector.source)
    assert re.fullmatch(r"\d+\.\d+\.\d+", collector.since)
    assert collector.hours in (HOURLY, DAILY)
    assert inspect.getdoc(type(collector)) != inspect.getdoc(Collector)
    declared = {name for name, note in inspect.get_annotations(Collector).items() if "ClassVar" in str(note)}
    assert len(declared) == 9
    assert declared <= set(vars(type(collector)))


def test_a_collector_is_one_small_file_with_a_test_of_its_own(collector: Collector) -> None:
    module = type(collector).__module__.rpartition(".")[2]
    assert (Path(__file__).parent / "collectors" / f"test_{module}.py").is_file()
    source = inspect.getsourcefile(type(collector))
    assert source is not None
    assert len(Path(source).read_text().splitlines()) <= 160


def test_a_collector_is_documented(collector: Collector) -> None:
    text = (Path(__file__).parents[2] / "docs" / "usage.md").read_text()
    [row] = [line for line in text.splitlines() if line.startswith(f"| `{collector.service}` |")]
    assert set(re.findall(r"`([^`]+)`", row)) >= {*collector.keys, *collector.permissions}


def test_its_permissions_are_the_calls_it_makes(collector: Collector) -> None:
    session = simulated()
    seen = list(collector.look(session, AROUND))
    assert seen, f"{collector.service} finds nothing in the answers of this test"
    assert actions(session) == set(collector.permissions)
    validate(session)


def test_every_sample_has_a_value_for_every_key(collector: Collector) -> None:
    session = simulated()
    samples = samples_of(collector, session.target, TIME, collector.look(session, AROUND))
    for sample in samples:
        values = collector.values(sample)
        assert tuple(values) == collector.keys
        assert all(value and not value.startswith("x_") for value in values.values())


def test_what_it_reads_is_in_the_models_of_the_services(collector: Collector) -> None:
    session = simulated()
    list(collector.look(session, AROUND))
    for service, operation, _ in session.asked:
        shape = operation_model(service, operation).output_shape
        assert isinstance(shape, StructureShape)
        if operation in ANSWERS:
            fits(ANSWERS[operation], shape)
        else:
            lists = [member for member in shape.members.values() if isinstance(member, ListShape)]
            for item in PAGES[operation]:
                fits(item, lists[0].member)


def fits(value: Any, shape: Shape) -> None:
    """No member of an answer of this test is made up."""
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        for name, member in value.items():
            assert name in shape.members, f"{shape.name} has no {name}"
            fits(member, shape.members[name])
    elif isinstance(value, list) and isinstance(shape, ListShape):
        for item in value:
            fits(item, shape.member)


def test_services_are_those_of_aws(collector: Collector) -> None:
    for action in collector.permissions:
        prefix, _, operation = action.partition(":")
        assert operation in service_model(SERVICES.get(prefix, prefix)).operation_names


def test_an_entry_point_that_is_no_collector_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = EntryPoint("wrong", "builtins:dict", registry.ENTRY_POINT)
    monkeypatch.setattr(families, "entry_points", lambda group: [wrong] if group == registry.ENTRY_POINT else [])
    registry.collectors.cache_clear()
    with pytest.raises(UsageError, match="is not a Collector"):
        collectors()
    registry.collectors.cache_clear()
