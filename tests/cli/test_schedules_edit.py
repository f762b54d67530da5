"""Creating, replacing and deleting schedules and periods in the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli import files
from lamplighter.cli.testing import Lamp, launch
from lamplighter.errors import LamplighterError
from lamplighter.estate.testing import EstateProbe
from lamplighter.schedules.source import parse_yaml

CALENDARS = "calendars: {free: {dates: 2026-12-24}, sale: {dates: 2026-11-27}}\n"


def entry(path: Path, section: str, name: str) -> Any:
    data: Any = parse_yaml(path.read_text()).data
    return data[section].get(name)


def test_a_first_file_is_made(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("periods", "create", "office", "--begintime", "08:00", "--endtime", "18:00", "--weekdays", "mon-fri")
    assert (said.code, said.err) == (0, "created in lamplighter.yaml\n")
    assert said.out == 'periods:\n  office:\n    begintime: "08:00"\n    endtime: "18:00"\n    weekdays: mon-fri\n'
    assert lamp("schedules", "create", "office-hours", "--periods", "office").code == 0
    assert (tmp_path / "lamplighter.yaml").read_text() == (
        'version: 1\nperiods:\n  office:\n    begintime: "08:00"\n    endtime: "18:00"\n    weekdays: mon-fri\n'
        "schedules:\n  office-hours:\n    periods: office\n"
    )


@pytest.mark.slow
def test_every_option_of_a_schedule(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + CALENDARS)
    said = lamp(
        *["schedules", "create", "all", "--periods", "office,office@m5.large", "--timezone", "Asia/Tokyo"],
        *["--description", "every: option", "--override-status", "stopped", "--do-not-stop-new-instances"],
        *["--use-maintenance-window", "false", "--ssm-maintenance-window", "a", "--ssm-maintenance-window", "b"],
        *["--retain-running", "--enforced", "--hibernate", "--otherwise", "any", "--open", "sale", "--closed", "free"],
        *["--freeze", "free,sale", "--stop-after", "8h", "--stagger", "30m", "--stop-only", "--snapshot-before-stop"],
        *["--instance-types", "m5.large,m6i.large", "-o", "json"],
    )
    assert said.code == 0
    wanted = {
        "description": "every: option",
        "timezone": "Asia/Tokyo",
        "periods": ["office", "office@m5.large"],
        "instance_types": ["m5.large", "m6i.large"],
        "override_status": "stopped",
        "open": "sale",
        "closed": "free",
        "freeze": ["free", "sale"],
        "stop_after": "8h",
        "stagger": "30m",
        "otherwise": "any",
        "enforced": True,
        "retain_running": True,
        "stop_new_instances": False,
        "hibernate": True,
        "snapshot_before_stop": True,
        "stop_only": True,
        "use_maintenance_window": False,
        "ssm_maintenance_window": ["a", "b"],
    }
    assert entry(definitions, "schedules", "all") == wanted
    assert said.rows == [{"type": "schedule", "name": "all", "file": "lamplighter.yaml", "definition": wanted}]
    [row] = lamp("schedules", "show", "all", "-o", "json").rows
    assert row["valid"]


@pytest.mark.slow
def test_every_option_of_a_period(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text(definitions.read_text() + CALENDARS)
    said = lamp(
        *["periods", "create", "all", "--times", "08:00-12:00,13:00-18:00", "--weekdays", "mon-fri", "--monthdays"],
        *["1-7,L", "--months", "jan-mar", "--dates", "2026-12-01..2026-12-18", "--only-on", "sale", "--not-on", "free"],
        *["--timezone", "Asia/Tokyo", "--state", "stopped", "--description", "x"],
    )
    assert said.code == 0
    assert entry(definitions, "periods", "all") == {
        "description": "x",
        "state": "stopped",
        "times": ["08:00-12:00", "13:00-18:00"],
        "weekdays": "mon-fri",
        "monthdays": ["1-7", "L"],
        "months": "jan-mar",
        "dates": "2026-12-01..2026-12-18",
        "only_on": "sale",
        "not_on": "free",
        "timezone": "Asia/Tokyo",
    }
    assert lamp("periods", "create", "weekend", "--weekly", "fri 20:00 - mon 08:00").code == 0
    assert entry(definitions, "periods", "weekend") == {"weekly": "fri 20:00 - mon 08:00"}


@pytest.mark.slow
def test_update_replaces_the_whole_entry(lamp: Lamp, definitions: Path) -> None:
    assert lamp("schedules", "update", "office-hours", "--periods", "office", "--enforced").code == 0
    assert entry(definitions, "schedules", "office-hours") == {"periods": "office", "enforced": True}
    assert lamp("schedules", "update", "office-hours", "--periods", "office").code == 0
    assert entry(definitions, "schedules", "office-hours") == {"periods": "office"}
    assert lamp("periods", "update", "office", "--begintime", "07:00").code == 0
    assert entry(definitions, "periods", "office") == {"begintime": "07:00"}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["schedules", "create", "office-hours", "--periods", "office"],
            2,
            "a schedule 'office-hours' already",
        ),
        (["schedules", "update", "new", "--periods", "office"], 2, "there is no schedule 'new'"),
        (["periods", "update", "new"], 2, "there is no period 'new'"),
        (["periods", "delete", "new"], 2, "there is no period 'new'"),
        (["periods", "delete", "office"], 2, "period 'office' is in use by office-hours"),
        (["schedules", "delete", "office-hour"], 2, "there is no schedule 'office-hour'"),
        (["schedules", "delete", "running"], 2, "there is no schedule 'running'"),
        (["periods", "create", "odd", "--begintime", "8"], 1, "would no longer be valid"),
        (["schedules", "create", "odd", "--periods", "offce"], 1, "did you mean office?"),
        (["schedules", "create", "odd"], 1, "the schedule says nothing"),
        (["schedules", "create", " ", "--periods", "office"], 2, "the name is empty"),
        (["schedules", "create", "odd", "--override-status", "on"], 2, "'on' is not one of"),
    ],
)
def test_what_is_refused_changes_nothing(
    words: list[str], code: int, message: str, lamp: Lamp, definitions: Path
) -> None:
    before = definitions.read_bytes()
    extra = ["--force"] if words[:2] == ["schedules", "delete"] else []
    said = lamp(*words, *extra)
    assert said.code == code
    assert message in said.err
    assert said.out == ""
    assert definitions.read_bytes() == before
    assert [path.name for path in definitions.parent.iterdir()] == ["lamplighter.yaml"]


@pytest.mark.slow
def test_delete_without_asking(lamp: Lamp, definitions: Path) -> None:
    before = definitions.read_text()
    assert lamp("schedules", "create", "extra", "--periods", "office").code == 0
    said = lamp("schedules", "delete", "extra", "--force")
    assert (said.code, said.err) == (0, "schedule extra deleted from lamplighter.yaml\n")
    assert definitions.read_text() == before
    lamp("schedules", "delete", "office-hours", "--force")
    assert lamp("periods", "delete", "office").code == 0
    assert lamp("periods", "list", "-o", "json").rows == []


@pytest.mark.slow
def test_delete_when_aws_cannot_be_asked(lamp: Lamp, definitions: Path) -> None:
    said = lamp("schedules", "delete", "office-hours", "-r", "eu-west-1")
    assert said.code == 0
    assert said.err.startswith("warning: AWS cannot be asked whether resources use office-hours: ")


def test_delete_is_refused_while_resources_use_it(estate: EstateProbe, lamp: Lamp, definitions: Path) -> None:
    launch(estate, "office-hours", "web")
    launch(estate, "running", "other")
    before = definitions.read_text()
    said = lamp("schedules", "delete", "office-hours")
    assert said.code == 2
    assert "schedule 'office-hours' is in use by web (111122223333/eu-west-1)" in said.err
    assert "--force" in said.err.splitlines()[-1]
    assert definitions.read_text() == before
    lamp("schedules", "create", "unused", "--periods", "office")
    assert lamp("schedules", "delete", "unused").code == 0
    assert definitions.read_text() == before


def test_the_file_is_replaced_in_one_step_and_keeps_its_rights(definitions: Path, tmp_path: Path) -> None:
    definitions.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(definitions)
    assert files.edit(link, lambda text: text + "# more\n")
    assert link.is_symlink()
    assert definitions.read_text().endswith("# more\n")
    assert definitions.stat().st_mode & 0o777 == 0o640
    assert not files.edit(link, lambda text: text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lamplighter.yaml", "link.yaml"]


def test_a_change_by_somebody_else_is_not_lost(definitions: Path, tmp_path: Path) -> None:
    def change(text: str) -> str:
        definitions.write_text("# theirs\n" + text)
        return text + "# ours\n"

    with pytest.raises(LamplighterError, match="changed by somebody else"):
        files.edit(definitions, change)
    assert definitions.read_text().startswith("# theirs\n")
    assert "# ours" not in definitions.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["lamplighter.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(lamp: Lamp, definitions: Path) -> None:
    definitions.parent.chmod(0o500)
    said = lamp("periods", "create", "x", "--begintime", "08:00")
    definitions.parent.chmod(0o700)
    assert (said.code, "cannot be written" in said.err) == (2, True)


@pytest.mark.slow
def test_periods_are_listed_with_their_users(lamp: Lamp, definitions: Path) -> None:
    [row] = lamp("periods", "list", "-o", "json").rows
    assert (row["name"], row["weekdays"], row["used_by"]) == ("office", ["mon-fri"], ["office-hours"])
    out = lamp("periods", "list").out
    assert out.splitlines()[2].split() == ["office", "running", "08:00-18:00", "mon-fri", "office-hours"]
    assert lamp("periods", "show", "office").out.splitlines()[-1] == "# used by office-hours"
    assert lamp("periods", "show", "office", "-o", "json").rows == [row]
    assert "did you mean office?" in lamp("periods", "show", "offce").err


def test_periods_that_are_not_valid_are_warned_about(lamp: Lamp, definitions: Path) -> None:
    definitions.write_text("periods: {good: {weekdays: mon}, bad: {weekdays: thurs}}\n")
    said = lamp("periods", "list", "-o", "json")
    assert [row["name"] for row in said.rows] == ["good"]
    assert said.err.startswith("warning: not valid: 1:50: periods.bad.weekdays: 'thurs'")
    assert lamp("periods", "show", "bad").code == 1
