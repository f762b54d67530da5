from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.notify.conftest import MakeMeans, note

from lamplighter.errors import SendError
from lamplighter.notify.file import File


def test_a_line_of_json_a_message(tmp_path: Path, means: MakeMeans) -> None:
    for key in ("k-1", "k-2"):
        assert File().send("file:told.jsonl", note(key=key, text="ü\n\nx"), means()) == ""
    first, second = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    assert first == {
        "key": "k-1",
        "kind": "errors",
        "at": "2026-11-23T17:30:00+00:00",
        "subject": "Lamplighter: stop failed",
        "text": "ü\n\nx",
        "data": {"total": 1},
    }
    assert second["key"] == "k-2"


def test_text(tmp_path: Path, means: MakeMeans) -> None:
    place = tmp_path / "told.log"
    place.write_text("before\n")
    File().send(f"file:{place}", note(), means())
    assert place.read_text() == (
        "before\n2026-11-23T17:30:00+00:00 Lamplighter: stop failed\n\nweb-1 cannot be stopped\n\n"
    )


def test_standard_error(capsys: pytest.CaptureFixture[str], means: MakeMeans) -> None:
    File().send("file:-", note(), means())
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("2026-11-23T17:30:00+00:00 Lamplighter: stop failed\n\nweb-1 ")


def test_a_folder_that_is_missing(means: MakeMeans) -> None:
    with pytest.raises(SendError, match="No such file or directory") as raised:
        File().send("file:nowhere/told.jsonl", note(), means())
    assert raised.value.hint == "the folder must exist"


@pytest.mark.parametrize("to", ["file:", "file: ", "file://x", "file:a\nb"])
def test_what_names_no_file(to: str) -> None:
    with pytest.raises(ValueError, match="names no file"):
        File().check(to)
