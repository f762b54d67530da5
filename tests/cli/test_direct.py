"""`lamp start` and `lamp stop` on a simulated AWS."""

from __future__ import annotations

from lamplighter.cli.testing import Lamp, launch
from lamplighter.estate.control import deny
from lamplighter.estate.testing import EstateProbe


def test_stop_and_start_by_id_and_name_without_a_file(estate: EstateProbe, lamp: Lamp) -> None:
    bare, web = launch(estate), launch(estate, "running", "web")
    said = lamp("stop", bare, "web", bare, "--author", "ada", "-o", "json")
    assert said.code == 0
    assert {(row["id"], row["action"], row["outcome"]) for row in said.rows} == {
        (bare, "stop", "done"),
        (web, "stop", "done"),
    }
    assert len(said.rows) == 2
    assert {row["reason"] for row in said.rows} == {"asked for by ada"}
    estate.control.finish_transitions()
    assert estate.states([bare, web]) == ["stopped", "stopped"]
    assert lamp("start", web).code == 0
    estate.control.finish_transitions()
    assert estate.states([bare, web]) == ["stopped", "running"]


def test_a_dry_run_changes_nothing(estate: EstateProbe, lamp: Lamp) -> None:
    bare = launch(estate)
    said = lamp("stop", bare, "--dry-run", "-o", "json")
    assert (said.code, [row["outcome"] for row in said.rows]) == (0, ["planned"])
    assert estate.states([bare]) == ["running"]


def test_what_is_so_already_is_said(estate: EstateProbe, lamp: Lamp) -> None:
    bare = launch(estate, None, "")
    said = lamp("start", bare, "-o", "json", "--author", "ada")
    assert (said.code, said.out) == (0, "[]\n")
    assert said.err == f"{bare}: asked for by ada; it is running already\n"


def test_hibernation_falls_back_to_a_stop(estate: EstateProbe, lamp: Lamp) -> None:
    bare = launch(estate)
    [row] = lamp("stop", bare, "--hibernate", "-o", "json").rows
    assert (row["outcome"], row["hibernate"]) == ("done", True)
    assert "not set up for hibernation" in row["note"]


def test_one_that_is_unknown_stops_all(estate: EstateProbe, lamp: Lamp) -> None:
    bare = launch(estate)
    said = lamp("stop", bare, "i-00000000000000000")
    assert said.code == 1
    assert "not found in 1 targets: i-00000000000000000" in said.err
    assert "nothing was done" in said.err
    assert estate.states([bare]) == ["running"]


def test_what_aws_refuses_is_partial(estate: EstateProbe, lamp: Lamp) -> None:
    bare = launch(estate)
    estate.control.inject(deny("111122223333", "ec2:StopInstances"))
    said = lamp("stop", bare, "-o", "json")
    assert (said.code, [row["outcome"] for row in said.rows]) == (4, ["failed"])
    assert "not authorized" in said.err


def test_something_must_be_named(lamp: Lamp) -> None:
    assert lamp("start").code == 2
    assert lamp("stop").code == 2
