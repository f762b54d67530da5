"""`lamp override`: set, list, clear; no AWS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter.cli.context import state
from lamplighter.cli.testing import Lamp
from lamplighter.scheduler.overrides import PARTITION, TABLE


def test_set_for_a_while(lamp: Lamp) -> None:
    before = datetime.now(UTC)
    said = lamp(
        *["override", "set", "web-1", "--keep", "running", "--for", "2h", "--reason", "late", "--author", "ada"],
        *["-o", "json"],
    )
    assert said.code == 0
    [row] = said.rows
    assert set(row) == {"id", "keep", "selector", "until", "reason", "author", "created", "in_force"}
    assert (row["keep"], row["selector"], row["reason"], row["author"], row["in_force"]) == (
        *("running", "web-1", "late", "ada"),
        True,
    )
    assert datetime.fromisoformat(row["until"]) - datetime.fromisoformat(row["created"]) == timedelta(hours=2)
    assert before <= datetime.fromisoformat(row["created"]) <= datetime.now(UTC)
    assert lamp("override", "list", "-o", "json").rows == [row]
    assert said.err == "it decides from the next pass on (`lamp run`)\n"


def test_set_many_and_by_tag_until_a_time(lamp: Lamp) -> None:
    said = lamp(
        *["override", "set", "a", "b", "a", "--tag", "Team=web", "--keep", "leave-alone"],
        *["--until", "2099-01-01 08:00", "-o", "json"],
    )
    assert [row["selector"] for row in said.rows] == ["a", "b", "tag:Team=web"]
    assert {row["until"] for row in said.rows} == {"2099-01-01T08:00:00+00:00"}
    assert len({row["id"] for row in said.rows}) == 3
    out = lamp("override", "list", COLUMNS="80").out
    assert "Until (UTC)" in " ".join(out.split())
    assert "tag:Team=web" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["x", "--keep", "running"], "an override needs an end: --for or --until"),
        (["x", "--keep", "running", "--for", "2h", "--until", "2099-01-01"], "an override needs an end"),
        (["x", "--keep", "running", "--for", "soon"], "'soon' is not a length of time"),
        (["x", "--keep", "running", "--until", "2020-01-01"], "the override would end before it begins"),
        (["--keep", "running", "--for", "2h"], "name a resource, or a tag"),
        (["--tag", "Team", "--keep", "running", "--for", "2h"], "'Team' is not a tag"),
        (["x", "--for", "2h"], "Missing option '--keep'"),
    ],
)
def test_what_is_refused(words: list[str], message: str, lamp: Lamp) -> None:
    said = lamp("override", "set", *words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert lamp("override", "list", "-o", "json").rows == []


def test_clear(lamp: Lamp) -> None:
    for words in (["a"], ["b"], ["--tag", "Team=web"], ["c"]):
        lamp("override", "set", *words, "--keep", "stopped", "--for", "1d")
    rows = {row["selector"]: row for row in lamp("override", "list", "-o", "json").rows}
    assert lamp("override", "clear", "a", "-o", "json").rows == [rows["a"]]
    assert lamp("override", "clear", "--id", rows["b"]["id"], "-o", "json").rows == [rows["b"]]
    said = lamp("override", "clear", "--tag", "Team=web", "nobody", "-o", "json")
    assert said.code == 2
    assert said.rows == [rows["tag:Team=web"]]
    assert "there is no override for nobody" in said.err
    assert [row["selector"] for row in lamp("override", "list", "-o", "json").rows] == ["c"]
    assert lamp("override", "clear").code == 2
    assert "there is no override for id zzz" in lamp("override", "clear", "--id", "zzz").err


def test_what_has_ended_is_shown_when_asked(lamp: Lamp) -> None:
    past = {
        "hold": "running",
        "selector": "old",
        "until": "2026-01-02T00:00:00+00:00",
        "reason": "",
        "author": "ada",
        "created": "2026-01-01T00:00:00+00:00",
    }
    with state(None, writes=True) as store:
        store.put(TABLE, PARTITION, "past", past)
    assert lamp("override", "list", "-o", "json").rows == []
    [row] = lamp("override", "list", "--all", "-o", "json").rows
    assert (row["id"], row["in_force"]) == ("past", False)
    assert "running (ended)" in lamp("override", "list", "--all").out


def test_one_that_cannot_be_read_can_be_cleared(lamp: Lamp) -> None:
    with state(None, writes=True) as store:
        store.put(TABLE, PARTITION, "broken", {"hold": "sideways"})
    said = lamp("override", "list")
    assert said.code == 1
    assert "hint: take it away: lamp override clear --id broken" in said.err
    assert lamp("override", "clear", "--id", "broken").code == 0
    assert lamp("override", "list").code == 0
