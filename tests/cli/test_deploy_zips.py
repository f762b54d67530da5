"""`lamp deploy package` and `template` as people type them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.deployment import zips

from lamplighter.cli.testing import Lamp
from lamplighter.deploy.yamls import load


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
        (("template", "hub", "--bucket", "b"), "make them with `lamp deploy package`"),
        (("template", "hub", "--without", "watch"), "template hub does not make the stack watch"),
        (("template", "--without", "state"), "what can be left out: watch"),
        (("package", "--group", "all"), "core"),
        (("package", "--machine", "vax"), "x86_64 or arm64"),
        (("package", "--group", "core", "--python", "2.7"), "--fetch"),
    ],
)
def test_what_is_used_wrongly_is_said(lamp: Lamp, words: tuple[str, ...], said: str) -> None:
    done = lamp("deploy", *words)
    assert done.code == 2
    assert said in done.err
