"""`lamp deploy package` and `template` as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.deployment import zips

from lamplighter.cli.testing import Lamp
from lamplighter.deploy import package as module
from lamplighter.deploy.yamls import load
from lamplighter.errors import UsageError


def test_templates_are_listed_and_printed(lamp: Lamp, tmp_path: Path) -> None:
    assert "AppRegistry" in lamp("deploy", "template").out
    assert lamp("deploy", "template", "hub").out.startswith("AWSTemplateFormatVersion")
    zips(tmp_path / "dist")
    done = lamp("deploy", "template", "hub", "--bucket", "example-code", "--out", "hub.yaml")
    assert done.code == 0
    assert 'Default: "code/core/1.2.3-' in (tmp_path / "hub.yaml").read_text()
    application = lamp("deploy", "template", "application", "--bucket", "example-code").out
    assert 'Default: "1.2.3"' in application
    assert 'Default: "2026-11-20T09:30:00Z"' in application
    assert "watch" not in [row["name"] for row in lamp("deploy", "template", "--without", "watch", "-o", "json").rows]
    pipeline = load(lamp("deploy", "template", "pipeline", "--without", "watch").out)
    assert pipeline["Parameters"]["Watch"]["Default"] == "no"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("template", "hubs"), "hub"),
        (("template", "hub", "--out", "none/hub.yaml"), "hint: give a file in a folder that is there"),
        (("template", "hub", "--bucket", "b"), "make them with `lamp deploy package --python 3.12 --fetch`"),
        (("template", "hub", "--without", "watch"), "template hub does not make the stack watch"),
        (("template", "--without", "state"), "what can be left out: watch"),
        (("package", "--group", "all"), "core"),
        (("package", "--machine", "vax"), "x86_64 or arm64"),
        (("package", "--group", "core", "--python", "2.7"), "run on Python 3.11, 3.12, 3.13, not '2.7'"),
        (("package", "--python", "abc"), "run on Python 3.11, 3.12, 3.13, not 'abc'"),
        (("package", "--group", "data", "--python", "3.99"), "run on Python 3.12, 3.13, not '3.99'"),
        (("package", "--group", "data", "--python", "3.11", "--fetch"), "run on Python 3.12, 3.13, not '3.11'"),
        (("push", "--package", "--release", "--python", "3.99"), "hint: lamp deploy push --package --release --python"),
        (("package", "--python", "2.7"), "hint: lamp deploy package --python 3.12 --fetch"),
    ],
)
def test_what_is_used_wrongly_is_said(lamp: Lamp, words: tuple[str, ...], said: str) -> None:
    done = lamp("deploy", *words)
    assert done.code == 2
    assert said in done.err


def test_what_cannot_be_made_is_said_before_any_zip_is_written(
    lamp: Lamp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "misfits", lambda names, python: ["duckdb needs glibc"] * ("duckdb" in names))
    monkeypatch.setattr(module, "_OURS", "3.12")
    for words in (("package",), ("package", "--dist", "new"), ("push", "--package")):
        done = lamp("deploy", *words)
        assert done.code == 2
        assert "error: data would not run: duckdb needs glibc" in done.err
        assert f"hint: lamp deploy {' '.join(words[:2] if words[0] == 'push' else words[:1])} --python 3.12" in done.err
    assert [path.name for path in tmp_path.iterdir() if path.name in ("dist", "new")] == []


def test_of_zips_that_are_made_together_none_stays_alone(
    lamp: Lamp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "kept.txt").write_text("kept")

    def fetch(versions: dict[str, str], stage: Path, **_: str) -> None:
        if "duckdb" in versions:
            raise UsageError("the wheels cannot be fetched: duckdb")

    monkeypatch.setattr(module, "fetch_wheels", fetch)
    done = lamp("deploy", "package", "--python", "3.12", "--fetch")
    assert done.code == 2
    assert "the wheels cannot be fetched: duckdb" in done.err
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["kept.txt"]
    done = lamp("deploy", "package", "--python", "3.12", "--fetch", "--group", "core", "-o", "json")
    assert done.code == 0, done.err
    (row,) = done.rows
    assert (row["python"], (tmp_path / row["file"]).is_file()) == ("python3.12", True)


def test_a_folder_that_cannot_be_written_is_said(lamp: Lamp, tmp_path: Path) -> None:
    (tmp_path / "dist").write_text("a file")
    done = lamp("deploy", "package")
    assert done.code == 2
    assert "error: no zips can be put into dist: File exists" in done.err
    assert "hint: give a folder that can be written with --dist" in done.err
