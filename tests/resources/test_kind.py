from __future__ import annotations

import pytest
from tests.models import session as botocore_session

from lamplighter.resources.kind import Search, partition_of, tags_of


def test_tags() -> None:
    assert tags_of(None) == {}
    assert tags_of([{"Key": "Name", "Value": "web"}, {"Key": "Empty"}]) == {"Name": "web", "Empty": ""}


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        (Search("Schedule"), True),
        (Search("schedule"), False),
        (Search("Schedule", frozenset({"office", "lab"})), True),
        (Search("Schedule", frozenset({"lab"})), False),
        (Search("Schedule", frozenset()), False),
        (Search("Schedule", ids=frozenset({"i-1"})), True),
        (Search("none", ids=frozenset({"i-1"})), True),
        (Search("Schedule", ids=frozenset({"i-2"})), False),
    ],
)
def test_what_a_search_wants(search: Search, wanted: bool) -> None:
    assert search.wants("i-1", {"Schedule": "office"}) is wanted


def test_every_region_has_its_partition() -> None:
    session = botocore_session()
    found = {
        region: partition
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition_name=partition)
    }
    assert len(found) > 30
    assert {region: partition_of(region) for region in found} == found
    assert partition_of("xx-new-1") == "aws"
