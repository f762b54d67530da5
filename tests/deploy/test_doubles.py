"""What the simulated AWS only pretends to make, or a test plays, stands in docs/estate.md, with what else covers it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from moto.cloudformation.parsing import get_model_map
from tests.deploy.test_deployed import COUNTED
from tests.deploy.test_models import MODELS

from lamplighter.deploy.family import TEMPLATES

ROOT = Path(__file__).parents[2]
TYPE = re.compile(r"`((?:AWS|Custom)::[A-Za-z0-9:]+)`")
TEST = re.compile(r"`(tests/[a-z_/]+\.py)(?:::(test_[a-z0-9_]+))?`")
BEFOREHAND = {"AWS::KMS::Alias", "AWS::KMS::Key"}
"""moto has these types, but not with tags as templates write them."""

USED = {resource["Type"] for template in TEMPLATES.values() for resource in template.data["Resources"].values()}


@cache
def section() -> str:
    """The part of the page about the deployed stack."""
    page = (ROOT / "docs" / "estate.md").read_text()
    return page.partition("## The deployed stack\n")[2].partition("\n## ")[0]


def table(title: str) -> list[tuple[str, str]]:
    """First and last cell of each row of the table with this title over its first column."""
    found = re.search(rf"\| {title} \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)", section())
    assert found, title
    cells = [line.strip("|").split(" | ") for line in found[1].splitlines()]
    return [(row[0], row[-1]) for row in cells]


def listed() -> tuple[list[str], list[str]]:
    """Types that are made, and types that are only pretended, as the page has them."""
    made = section().partition("moto makes these")[2].partition("\n\n")[0]
    return TYPE.findall(made), [name for types, _ in table("type") for name in TYPE.findall(types)]


def test_every_type_of_the_templates_is_in_one_of_the_lists_once() -> None:
    made, pretended = listed()
    assert sorted(made + pretended) == sorted(USED)
    assert made == sorted(made)


def test_moto_makes_what_is_said_to_be_made_and_nothing_else() -> None:
    made, pretended = listed()
    assert set(made) == USED & set(get_model_map()) - BEFOREHAND
    assert set(COUNTED) == set(made), "tests/deploy/test_deployed.py asks for each"
    # What functions of the stack would make is asked of them.
    own = {name for name in pretended if name.startswith("Custom::")}
    assert set(pretended) - own <= set(MODELS)


@pytest.mark.parametrize("title", ["type", "what"])
def test_every_line_names_a_test(title: str) -> None:
    for about, covered in table(title):
        assert [name for _, name in TEST.findall(covered) if name], about


def test_every_test_that_is_named_is_there() -> None:
    for path, name in TEST.findall(section()):
        tree = ast.parse((ROOT / path).read_text())
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not name or name in functions, (path, name)
