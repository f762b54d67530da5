"""The tree of commands: help, examples, start-up, errors, exit codes."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lamplighter import __version__
from lamplighter.cli.main import COMMANDS, command_tree
from lamplighter.cli.testing import Lamp
from lamplighter.deploy.handlers import Group
from lamplighter.deploy.package import FACTS, Facts
from lamplighter.errors import GuardrailError, LamplighterError, StoreUnavailable

BUG = "this is a bug in Lamplighter: please report it with the output of -vv"
LAMP = [sys.executable, "-m", "lamplighter.cli.main"]


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, node
    for name, member in getattr(node, "commands", {}).items():
        yield from walk(member, (*path, name))


TREE = dict(walk(command_tree()))
LEAVES = {path: node for path, node in TREE.items() if not getattr(node, "commands", None)}
EXAMPLES = [
    (path, line.strip())
    for path, node in LEAVES.items()
    for line in (node.epilog or "").splitlines()
    if line.strip().startswith("lamp ")
]


def test_the_tree_holds_what_was_promised() -> None:
    wanted = """plan run why next simulate savings journal start stop doctor version resources/list
        override/set override/list override/clear schedules/list schedules/show schedules/validate schedules/import
        schedules/usage schedules/schema schedules/create schedules/update schedules/delete
        periods/list periods/show periods/create periods/update periods/delete"""
    assert {tuple(path.split("/")) for path in wanted.split()} <= set(LEAVES)


@pytest.mark.parametrize("path", TREE, ids="-".join)
def test_every_command_explains_itself(path: tuple[str, ...], lamp: Lamp) -> None:
    said = lamp(*path, "--help")
    assert said.code == 0
    assert said.err == ""
    assert " ".join(("lamp", *path)) in said.out
    node = TREE[path]
    assert (node.help or "").strip()
    assert all(option.help for option in node.params if option.param_type_name == "option")


def test_every_command_has_an_example_of_itself() -> None:
    for path in LEAVES:
        own = [line for owner, line in EXAMPLES if owner == path]
        assert own, path
        assert any(shlex.split(line)[1 : len(path) + 1] == list(path) for line in own), path


@pytest.mark.parametrize(("path", "line"), EXAMPLES, ids=[line for _, line in EXAMPLES])
def test_every_example_parses(path: tuple[str, ...], line: str) -> None:
    words = shlex.split(line.partition(">")[0])[1:]
    node: Any = command_tree()
    context = None
    while getattr(node, "commands", None):
        context = node.make_context(words[0], [], parent=context, resilient_parsing=True)
        node = node.commands[words.pop(0)]
    with node.make_context(node.name, words, parent=context) as made:
        assert made.command is node


def test_the_help_of_the_root_says_what_the_commands_say(lamp: Lamp) -> None:
    out = " ".join(lamp("--help").out.split())
    for name, (_, summary) in COMMANDS.items():
        assert name in out
        assert summary.rstrip(".").lower() in " ".join(out.replace("│", " ").split()).lower()
        first = (TREE[(name,)].help or "").split("\n\n")[0]
        words = set(re.findall(r"\w+", summary.lower())) - {"and", "the", "what", "of", "a", "it"}
        if name != "demo":
            assert words & set(re.findall(r"\w+", first.lower())), f"{name}: {summary!r} and {first!r}"


@pytest.mark.slow
def test_without_a_command_there_is_help(lamp: Lamp) -> None:
    assert "Usage: lamp" in lamp().out
    assert lamp().code == 0
    assert "usage" in lamp("schedules").out
    assert lamp("schedules").code == 0


def test_version(lamp: Lamp) -> None:
    assert lamp("--version").out.strip() == f"lamplighter {__version__}"
    assert re.fullmatch(rf"lamplighter {re.escape(__version__)} \(Python [\d.]+\)\n", lamp("version").out)


def test_a_zip_says_when_and_of_what_it_was_made(lamp: Lamp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.__file__", str(tmp_path / "__init__.py"))
    facts = Facts(Group.CORE, __version__, datetime(2026, 11, 23, 9, tzinfo=UTC), "0123456789abcdef", "x", "x", {})
    (tmp_path / FACTS).write_text(facts.text())
    assert lamp("version").out.endswith("), zip core, built 2026-11-23T09:00:00+00:00, of 0123456789ab\n")
    (tmp_path / FACTS).write_text(replace(facts, built=None, commit="").text())
    assert lamp("version").out.endswith("), zip core, built nobody knows when\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pln"], "No such command 'pln'. Did you mean 'plan'?"),
        (["schedules", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["plan", "--al"], "No such option: --al"),
        (["why"], "Missing argument"),
        (["plan", "-o", "yaml"], "'yaml' is not one of"),
        (["run", "--max-changes", "-1"], "greater than or equal to 0"),
        (["run", "--max-changes", "many"], "valid integer"),
        (["next", "--count", "0"], "greater than or equal to 1"),
        (["override", "set", "x", "--keep", "lit", "--for", "2h"], "'lit' is not one of"),
    ],
)
def test_a_wrong_line_is_one_line_and_a_hint(words: list[str], message: str, lamp: Lamp) -> None:
    said = lamp(*words)
    assert said.code == 2
    assert said.out == ""
    first, hint = said.err.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert hint.startswith("hint: see `lamp")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StoreUnavailable("locked", hint="wait"), 1, "error: locked\nhint: wait\n"),
        (GuardrailError("too many"), 5, "error: too many\n"),
        (LamplighterError("odd \x1b[31m"), 1, "error: odd ?[31m\n"),
        (OSError(28, "No space left on device", "/x/y"), 1, "error: /x/y: No space left on device\n"),
        (KeyError("gone"), 1, f"error: unexpected KeyError: 'gone'\nhint: {BUG}\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_an_exception_is_a_line_and_a_code(
    error: BaseException, code: int, line: str, lamp: Lamp, definitions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("lamplighter.cli.context.configuration", fail)
    said = lamp("next")
    assert (said.code, said.out, said.err) == (code, "", line)


def test_a_traceback_is_shown_with_vv_only(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("periods: [")
    assert "Traceback" not in lamp("next", "-v").err
    said = lamp("next", "-vv")
    assert "Traceback (most recent call last)" in said.err
    assert said.code == 1


@pytest.mark.slow
def test_options_come_from_variables_too(lamp: Lamp, tmp_path: Path, definitions: Path) -> None:
    definitions.rename(tmp_path / "other.yaml")
    assert lamp("schedules", "list").code == 2
    given = {"LAMPLIGHTER_FILE": "other.yaml", "LAMPLIGHTER_OUTPUT": "json"}
    assert lamp("schedules", "list", **given).rows[0]["name"] == "office-hours"
    assert len(lamp("next", **given, LAMPLIGHTER_NEXT_COUNT="3").rows) == 3
    assert lamp("next", **given, LAMPLIGHTER_NEXT_COUNT="x").code == 2
    assert lamp("schedules", "usage", "office-hours", **given, LAMPLIGHTER_SCHEDULES_USAGE_FROM="2026-11-23").rows


@pytest.mark.slow
def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys\n"
        "from lamplighter.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'boto3', 'botocore', 'pydantic', 'holidays', 'icalendar', 'duckdb', 'moto', 'yaml', 'sqlite3'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))\n"
        "sys.stderr.write(' '.join(sorted(n for n in sys.modules if n.startswith('lamplighter.') and '.cli' not in n)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
    assert done.stderr == "lamplighter.errors"


@pytest.mark.slow
def test_a_closed_pipe_is_quiet(definitions: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*LAMP, "next", "--count", "200"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr
    assert done.returncode == 141


@pytest.mark.slow
def test_an_interrupt_ends_with_130(tmp_path: Path, closed_port: str) -> None:
    (tmp_path / "pipe.yaml").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "pipe.yaml")
    process = subprocess.Popen([*LAMP, "next", "-f", "pipe.yaml"], stderr=subprocess.PIPE, text=True)
    with (tmp_path / "pipe.yaml").open("w"):  # opens when the command reads, so it is at work
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_will_do(encoding: str, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + "  zürich: {periods: office, description: 东京}\n")
    for output in ("table", "json"):
        done = subprocess.run(
            [*LAMP, "schedules", "list", "-o", output],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        text = done.stdout.decode(encoding)
        if output == "json":
            assert "zürich" in [row["name"] for row in json.loads(text)]


@pytest.mark.slow
def test_as_a_process_data_and_talk_are_apart(definitions: Path) -> None:
    done = subprocess.run([*LAMP, "simulate", "--without-aws"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "office-hours" in done.stdout
    assert "\x1b" not in done.stdout
    done = subprocess.run([*LAMP, "plan", "--at", "noon"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: 'noon' is not a time\nhint: ")
