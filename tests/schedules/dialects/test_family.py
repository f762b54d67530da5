"""What holds for every dialect: documented, tested, its example runs, and bad texts have a place and a hint."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.schedules import dialects as package
from lamplighter.schedules.dialects import dialects
from lamplighter.schedules.dialects.translation import Dialect, compiled

HELPERS = {"cron", "cron_edges", "day_words", "moments", "pairs", "translation", "week"}
MEMBERS = list(dialects().values())
NAMES = [member.name for member in MEMBERS]


def test_every_module_is_a_member_or_known_as_a_helper() -> None:
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert modules == {name.replace("-", "_") for name in NAMES} | HELPERS
    assert len(NAMES) == 8


@pytest.mark.parametrize("member", MEMBERS, ids=NAMES)
def test_a_member_states_what_it_is(member: Dialect) -> None:
    module = importlib.import_module(f"lamplighter.schedules.dialects.{member.name.replace('-', '_')}")
    assert module.DIALECT is member
    assert module.__doc__
    assert all((member.title, member.source, member.since, member.example))
    assert (Path(__file__).parent / f"test_{member.name.replace('-', '_')}.py").exists()


@pytest.mark.parametrize("member", MEMBERS, ids=NAMES)
def test_the_example_is_read_and_written_back_with_the_same_meaning(member: Dialect) -> None:
    first = member.read("example", member.example)
    assert first.problems == ()
    assert first.schedule is not None
    assert first.periods
    if member.write is not None:
        text = member.write(first.schedule, first.periods).text
        assert text is not None
        again = member.read("example", text)
        assert (again.schedule, again.periods) == (first.schedule, first.periods)


@pytest.mark.parametrize("member", MEMBERS, ids=NAMES)
@pytest.mark.parametrize("text", ["", " ", "banana=split", "\n", "😀", "(((", ",,,", "=;="])
def test_nonsense_has_a_place_and_a_hint(member: Dialect, text: str) -> None:
    found = member.read("x", text)
    if member.name == "cloud-custodian" and text in ("", " ", "\n", "😀", "(((", ",,,"):
        assert found.schedule is not None  # any word without = means `on` there
        return
    assert found.schedule is None
    assert found.periods == {}
    assert found.problems
    for problem in found.problems:
        assert problem.where == "schedules.x"
        assert problem.position is not None
        assert 0 <= problem.position <= len(text)
        assert problem.hint


@st.composite
def nearly_right(draw: st.DrawFn) -> tuple[Dialect, str]:
    member = draw(st.sampled_from(MEMBERS))
    text = member.example
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        text = text[:at] + draw(st.text("0159:;,-+/#=()[]@ \nMonLWu28?*.'\"²", max_size=3)) + text[at + cut :]
    return member, text


@given(nearly_right())
@settings(max_examples=400, deadline=None)
def test_no_text_makes_a_reader_fail(case: tuple[Dialect, str]) -> None:
    member, text = case
    found = member.read("example", text, default_timezone="Europe/Berlin")
    if found.schedule is None:
        assert found.problems
        assert found.periods == {}
        if member.name != "instance-scheduler":
            assert all(p.position is not None and 0 <= p.position <= len(text) and p.hint for p in found.problems)
        return
    assert found.problems == ()
    assert found.schedule.timezone
    compiled("example", found.schedule, found.periods)
    if member.write is not None:
        written = member.write(found.schedule, found.periods)
        assert written.text is not None or written.notes
