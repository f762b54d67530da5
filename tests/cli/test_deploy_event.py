"""`lamp deploy event`: a stack or a line of crontab, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.deploy.yamls import load

EVENING = (
    "deploy",
    "event",
    "evening",
    "i-1",
    "i-2",
    "--action",
    "stop",
    "--when",
    "at 19:00",
    "--region",
    "eu-west-1",
)


def test_a_stack_is_printed_or_written(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp(*EVENING, "--prefix", "lamp")
    found = load(said.out)
    assert found["Resources"]["Event"]["Properties"]["ScheduleExpression"] == "cron(0 19 * * ? *)"
    assert found["Parameters"]["Prefix"]["Default"] == "lamp"
    out = tmp_path / "evening.yaml"
    assert lamp(*EVENING, "--prefix", "lamp", "--out", str(out)).err == f"{out} is written\n{said.err}"
    assert "OnlyTaggedResources=no" in said.err
    assert load(out.read_text()) == found


def test_a_line_of_crontab(lamp: Lamp) -> None:
    said = lamp(*EVENING, "--crontab", "--zone", "Europe/Berlin")
    assert said.out.splitlines()[0].startswith("# CRON_TZ holds for every line below it")
    assert "OnlyTaggedResources=no" in said.err
    assert said.out.splitlines()[2].startswith("0 19 * * * lamp stop i-1 i-2 --region eu-west-1 --author")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--when", "daily"), "'daily' is no rhythm"),
        (("--action", "reboot"), "action is 'reboot'"),
        (("--region", "Ireland"), "region is 'Ireland'"),
        (("--account", "12"), "account is '12'"),
        (("--zone", "Mars"), "Mars"),
        (("--when", "every 7 minutes", "--crontab"), "crontab cannot say 'every 7 minutes'"),
        (("--out", "missing/evening.yaml"), "make the folder missing first"),
        (("--hibernate", "--action", "start"), "nothing is hibernated by a start"),
    ],
)
def test_what_is_refused(lamp: Lamp, more: tuple[str, ...], words: str) -> None:
    said = lamp(*EVENING, *more)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
