"""The examples of docs/dialects.md are executed: what a text becomes, what is said, and what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lamplighter.schedules.definitions import PeriodDefinition, ScheduleDefinition
from lamplighter.schedules.dialects import dialects
from lamplighter.schedules.source import parse_yaml

TEXT = (Path(__file__).parents[3] / "docs" / "dialects.md").read_text()
EXAMPLES: list[tuple[str, str, str]] = re.findall(
    r"^```dialect (\S+)\n(.*?)\n=>\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
)


def section(text: str, name: str) -> Mapping[str, object]:
    found = parse_yaml(text).data.get(name, {})
    assert isinstance(found, Mapping)
    return found


@pytest.mark.parametrize(("name", "text", "becomes"), EXAMPLES, ids=[f"{name} {text}" for name, text, _ in EXAMPLES])
def test_the_example_runs(name: str, text: str, becomes: str) -> None:
    found = dialects()[name].read("example", text)
    lines = becomes.splitlines()
    notes = [line[2:] for line in lines if line.startswith("# ")]
    problems = [line[2:] for line in lines if line.startswith("! ")]
    assert list(found.notes) == notes
    assert [f"{p.position}: {p.message} ({p.hint})" for p in found.problems] == problems
    if problems:
        assert found.schedule is None
        return
    yaml = "\n".join(line for line in lines if line[:2] != "# ")
    periods = {key: PeriodDefinition.model_validate(value) for key, value in section(yaml, "periods").items()}
    assert found.periods == periods
    assert found.schedule == ScheduleDefinition.model_validate(section(yaml, "schedules")["example"])


@pytest.mark.parametrize("name", dialects())
def test_every_dialect_has_a_section_and_an_example(name: str) -> None:
    assert f"\n## `{name}`: " in TEXT
    assert f"\n| `{name}` | " in TEXT
    assert name in {example for example, _, _ in EXAMPLES}
