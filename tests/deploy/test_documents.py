"""The page about the deployment says what is deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.deploy.documents import BLOCKS, fill, table
from lamplighter.deploy.family import TEMPLATES
from lamplighter.deploy.policies import reasons
from lamplighter.errors import UsageError

PAGE = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text()


def test_its_tables_are_made_from_data() -> None:
    assert fill(PAGE) == PAGE, "run `make templates`"
    assert [name for name in BLOCKS if f"<!-- >> {name} -->" not in PAGE] == []


def test_a_table_that_nobody_makes_is_named() -> None:
    with pytest.raises(UsageError, match="'moons'"):
        fill("<!-- >> moons -->\n<!-- << moons -->")


def test_every_parameter_stack_and_wildcard_is_in_it() -> None:
    for template in TEMPLATES.values():
        assert f"| `{template.name}` |" in PAGE
        for name in template.data["Parameters"]:
            assert f"| `{name}` |" in PAGE
    for action, reason in reasons().items():
        assert f"| `{action}` | {reason} |" in PAGE


def test_bars_in_cells_do_not_end_them() -> None:
    assert table(("a",), [("x|y",)]) == "| a |\n| --- |\n| x\\|y |\n"
