from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from lamplighter.commitments.registry import sources
from lamplighter.commitments.source import Api, Source

TESTS = Path(__file__).parent


@pytest.fixture(params=sources().values(), ids=lambda source: str(source.name))
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.param
    return found


def test_the_sources_there_are() -> None:
    assert list(sources()) == [
        "dynamodb",
        "ec2",
        "elasticache",
        "opensearch",
        "rds",
        "redshift",
        "savings-plans",
    ]


def test_a_source_says_what_it_is(source: Source) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", source.name)
    assert source.title
    assert source.why.endswith(".")
    assert re.fullmatch(r"https://docs\.aws\.amazon\.com/\S+\.html", source.source)
    assert bool(source.permissions) is isinstance(source, Api)
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+", action) for action in source.permissions)
    assert all(re.fullmatch(r"(ri|sp)-[a-z0-9]+", key) for key in source.keys)
    assert re.fullmatch(r"\d+\.\d+\.\d+", source.since)


def test_a_source_is_one_small_file_with_a_test_of_its_own(source: Source) -> None:
    module = type(source).__module__.rpartition(".")[2]
    assert module == source.name.replace("-", "_")
    assert (TESTS / "inventory" / f"test_{module}.py").is_file()
    path = inspect.getsourcefile(type(source))
    assert path is not None
    assert len(Path(path).read_text().splitlines()) <= 150


def test_no_two_find_the_same() -> None:
    keys = [key for source in sources().values() for key in source.keys]
    assert len(keys) == len(set(keys))
