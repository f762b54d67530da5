"""The quick ways answer what moto answers, byte by byte."""

from __future__ import annotations

import re
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
import xmltodict
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto.ec2.models.core import TaggedEC2Resource
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.rds.models import DBCluster, rds_backends

from lamplighter.estate import quick_moto
from lamplighter.estate.quick_moto import quicken, responses, serialize, unparse
from lamplighter.estate.testing import MANAGEMENT, REGION, EstateProbe

pytestmark = pytest.mark.slow

CHANGES = re.compile(rb"<(LatestRestorableTime|RequestId)>[^<]*")
"""What is another in each answer."""

NAMES = st.sampled_from(["a", "Tag", "instanceId", "dBName"])
TEXTS = st.text(st.sampled_from("ab <>&\"'é\n\t/"), max_size=8)
LEAVES = TEXTS | st.none() | st.booleans() | st.integers() | st.floats(0, 1)
BODIES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(NAMES | st.sampled_from(["@xmlns", "@x", "#text"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def written(write: Any, body: dict[str, Any], full: bool) -> str:
    try:
        return str(write(body, full_document=full, pretty=False, short_empty_elements=True))
    except (ValueError, TypeError, AttributeError) as error:
        return type(error).__name__


@given(st.dictionaries(NAMES, BODIES, max_size=2), st.booleans())
def test_xml_is_as_xmltodict_writes_it(body: dict[str, Any], full: bool) -> None:
    assert written(unparse, body, full) == written(xmltodict.unparse, body, full)


@pytest.fixture
def own_ways(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that puts moto's own ways back."""

    def back() -> None:
        monkeypatch.setattr(serialize.ResponseSerializer, "get_value", quick_moto._moto_value)
        monkeypatch.setattr(serialize, "xmltodict", xmltodict)
        monkeypatch.setattr(TaggedEC2Resource, "get_tags", quick_moto._moto_tags)
        monkeypatch.setattr(DomainDispatcherApplication, "get_backend_for_host", quick_moto._moto_backend)
        monkeypatch.setattr(responses, "method_names_from_class", quick_moto._moto_methods)

    return back


ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("ec2", "describe_instances", {}),
    ("ec2", "describe_instances", {"Filters": [{"Name": "tag:Schedule", "Values": ["off*"]}]}),
    ("ec2", "describe_volumes", {}),
    ("ec2", "describe_tags", {}),
    ("ec2", "describe_instance_types", {"InstanceTypes": ["m5.large"]}),
    ("rds", "describe_db_instances", {}),
    ("rds", "describe_db_clusters", {}),
    ("rds", "describe_db_clusters", {"DBClusterIdentifier": "nobody"}),
    ("autoscaling", "describe_auto_scaling_groups", {}),
    ("sts", "get_caller_identity", {}),
    ("ssm", "describe_maintenance_windows", {}),
]


def test_answers_are_the_same(estate: EstateProbe, own_ways: Any) -> None:
    ids = estate.launch(3)
    tags = [{"Key": "Schedule", "Value": "office"}, {"Key": "Name", "Value": "a <b> & 'c'"}]
    estate.client("ec2").create_tags(Resources=ids[:2], Tags=tags)
    estate.database(Tags=tags)
    estate.cluster()

    found: list[bytes] = []

    def keep(response_dict: dict[str, Any], **_: object) -> None:
        found.append(CHANGES.sub(b"", response_dict["body"]))

    for service in {service for service, _, _ in ASKED}:
        estate.client(service).meta.events.register_first("before-parse", keep)

    def bodies() -> list[bytes]:
        found.clear()
        for service, operation, params in ASKED:
            with suppress(ClientError):
                getattr(estate.client(service), operation)(**params)
        return list(found)

    quick = bodies()
    assert len(quick) == len(ASKED)
    assert serialize.xmltodict is not xmltodict
    own_ways()
    assert serialize.xmltodict is xmltodict
    assert bodies() == quick


def test_a_copied_cluster_leaves_its_region_where_it_is(estate: EstateProbe) -> None:
    estate.cluster()
    cluster: DBCluster = rds_backends[MANAGEMENT][REGION].clusters["shop"]
    before = deepcopy(cluster)
    cluster.status = "stopped"
    assert before.status == "available"
    assert before.backend is cluster.backend


def test_to_do_it_again_changes_nothing() -> None:
    quicken()
    value = serialize.ResponseSerializer.get_value
    quicken()
    assert serialize.ResponseSerializer.get_value is value
