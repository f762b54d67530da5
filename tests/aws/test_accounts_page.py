"""The page on accounts cannot rot: its examples are read as users' files are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from lamplighter.aws.targets import TargetsDefinition

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(blocks("yaml")) >= 6
    assert len(blocks("json")) >= 3
    assert len(re.findall(r"^```\w", PAGE, re.MULTILINE)) == len(blocks("yaml")) + len(blocks("json"))


@pytest.mark.parametrize("text", blocks("yaml"))
def test_yaml_examples_are_definitions(text: str) -> None:
    document = yaml.safe_load(text)
    assert list(document) == ["targets"]
    TargetsDefinition.model_validate(document["targets"])
    assert Draft202012Validator(TargetsDefinition.model_json_schema()).is_valid(document["targets"])


@pytest.mark.parametrize("text", blocks("json"))
def test_policies_are_policies(text: str) -> None:
    policy = json.loads(text)
    assert policy["Version"] == "2012-10-17"
    assert all(statement["Effect"] == "Allow" and statement["Action"] for statement in policy["Statement"])


def test_every_field_is_in_the_table() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(TargetsDefinition.model_fields)


def test_defaults_in_the_table_are_those_of_the_model() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| `?([\w ]+?)`? \|", PAGE, re.MULTILINE))
    assert table["session_name"] == TargetsDefinition().session_name
    assert table["threads"] == str(TargetsDefinition().threads)
    assert (table["include_own"] == "true") is TargetsDefinition().include_own
