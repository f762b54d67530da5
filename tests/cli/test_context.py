"""Where definitions and state are looked for, and how a command gets to them."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from lamplighter.cli import context
from lamplighter.cli.options import Output
from lamplighter.cli.testing import Lamp
from lamplighter.errors import UsageError


def test_definitions_are_looked_for_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert context.find_definitions(None) is None
    own = tmp_path / ".config" / "lamplighter" / "lamplighter.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("version: 1\n")
    assert context.find_definitions(None) == own
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert context.find_definitions(None) is None
    here = tmp_path / "lamplighter.yaml"
    here.write_text("version: 1\n")
    assert context.find_definitions(None) == Path("lamplighter.yaml")
    assert context.find_definitions(own) == own
    with pytest.raises(UsageError, match=r"there is no file nowhere\.yaml"):
        context.find_definitions(Path("nowhere.yaml"))


def test_state_lies_where_xdg_says(tmp_path: Path) -> None:
    assert context.default_store({"XDG_STATE_HOME": "/s"}) == Path("/s/lamplighter/state.sqlite")
    assert context.default_store({}) == tmp_path / ".local" / "state" / "lamplighter" / "state.sqlite"


def test_reading_makes_no_store_and_writing_does(tmp_path: Path) -> None:
    place = tmp_path / ".local" / "state" / "lamplighter" / "state.sqlite"
    with context.state(None, writes=False) as store:
        assert store.partitions("journal") == []
    assert not place.exists()
    with context.state(None, writes=True) as store:
        store.put("t", "p", "s", {"x": 1})
    with context.state(None, writes=False) as store:
        item = store.get("t", "p", "s")
        assert item is not None
        assert item.data == {"x": 1}


def test_a_file_that_a_run_needs(lamp: Lamp) -> None:
    for words in (["plan"], ["run"], ["next"], ["simulate"], ["schedules", "list"], ["periods", "list"]):
        said = lamp(*words)
        assert said.code == 2
        assert said.err.startswith("error: there is no definition file: neither ./lamplighter.yaml nor ")
        assert said.err.splitlines()[1].startswith("hint: give one with --file")


@pytest.mark.parametrize("words", [["journal"], ["savings"], ["override", "list"]])
def test_what_works_without_a_file(words: list[str], lamp: Lamp) -> None:
    said = lamp(*words, "-o", "json")
    assert (said.code, said.out) == (0, "[]\n")


def test_files_that_cannot_be_read(lamp: Lamp, definitions: Path) -> None:
    definitions.write_bytes(b"version: 1\n# \xff\n")
    said = lamp("next")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: lamplighter.yaml is not UTF-8 text (byte 13)")
    definitions.unlink()
    definitions.mkdir()
    said = lamp("next", "-f", "lamplighter.yaml")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: lamplighter.yaml cannot be read: Is a directory")


def test_a_broken_file_shows_line_and_column(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("periods:\n  office: [\n")
    said = lamp("next")
    assert said.code == 1
    assert said.err.splitlines()[0] == "error: lamplighter.yaml is not YAML"
    assert said.err.splitlines()[1].startswith("  3:1: lamplighter.yaml: ")


def test_a_zone_that_is_none(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("timezone: Europe/Berlinn\n")
    assert "warning: definitions: 1:11: timezone: 'Europe/Berlinn' is not a time zone" in lamp("next").err
    said = lamp("next", "--from", "2026-11-23")
    assert said.code == 2
    assert said.err.splitlines() == [
        "error: timezone of the definition file: 'Europe/Berlinn' is not a time zone",
        "hint: did you mean Europe/Berlin?",
    ]


def test_without_its_targets_no_command_acts(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("version: 1\ntargets: {regions: [everywhere]}\n")
    for words in (["plan"], ["run"], ["why", "x"], ["stop", "x"], ["resources", "list"]):
        said = lamp(*words)
        assert said.code == 1
        assert said.err.startswith("error: the definition file is not fit for use\n  2:")
        assert "not a region name: everywhere" in said.err


def test_a_corrupt_store(lamp: Lamp, tmp_path: Path) -> None:
    (tmp_path / "bad.sqlite").write_bytes(b"this is no database" * 100)
    said = lamp("journal", "--store", "bad.sqlite")
    assert said.code == 1
    assert said.out == ""
    assert "bad.sqlite: file is not a database" in said.err
    assert "\nhint: " in said.err


@pytest.mark.slow
def test_a_locked_store(lamp: Lamp, tmp_path: Path) -> None:
    with context.state("state.sqlite", writes=True) as store:
        store.put("t", "p", "s", {})
    holder = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    said = lamp("override", "set", "x", "--keep", "running", "--for", "2h", "--store", "state.sqlite")
    holder.execute("ROLLBACK")
    holder.close()
    assert said.code == 1
    assert "database is locked" in said.err
    assert "hint: another lamp process holds it" in said.err


def test_stores_that_are_none(lamp: Lamp) -> None:
    said = lamp("journal", "--store", "redis://x")
    assert said.code == 2
    assert "no store is opened by that scheme" in said.err


def test_an_endpoint_that_is_none(lamp: Lamp) -> None:
    said = lamp("resources", "list", "--endpoint-url", "localhost:4566")
    assert said.code == 2
    assert said.err.splitlines()[0] == "error: 'localhost:4566' is not a URL"


def test_missing_credentials(lamp: Lamp) -> None:
    said = lamp("resources", "list", "-r", "eu-west-1")
    assert said.code == 1
    assert said.out == ""
    assert "credentials" in said.err.splitlines()[0].lower()
    assert said.err.splitlines()[1].startswith("hint: ")


@pytest.mark.slow
def test_an_endpoint_that_does_not_answer(lamp: Lamp, closed_port: str, definitions: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1", "AWS_MAX_ATTEMPTS": "1"}
    said = lamp("plan", "--endpoint-url", closed_port, **keys)
    assert said.code == 1
    assert said.out == ""
    assert closed_port in said.err
    assert lamp("plan", **keys, AWS_ENDPOINT_URL=closed_port).code == 1


def test_a_profile_that_does_not_exist(lamp: Lamp) -> None:
    for given in ({"AWS_PROFILE": "nobody"}, {"LAMPLIGHTER_PROFILE": "nobody"}):
        said = lamp("resources", "list", **given)
        assert said.code == 1
        assert "nobody" in said.err


def test_the_log_goes_to_stderr_as_loud_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("lamplighter.test")
    for verbose in (0, 1, 2):
        context.printer(Output.TABLE, verbose, False)
        log.debug("fine %d", verbose)
        log.info("done %d", verbose)
        log.warning("odd %d", verbose)
    assert capsys.readouterr().err.splitlines() == [
        "WARNING lamplighter.test: odd 0",
        "INFO lamplighter.test: done 1",
        "WARNING lamplighter.test: odd 1",
        "DEBUG lamplighter.test: fine 2",
        "INFO lamplighter.test: done 2",
        "WARNING lamplighter.test: odd 2",
    ]
    assert len(logging.getLogger("lamplighter").handlers) == 1
