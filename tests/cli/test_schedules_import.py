"""`lamp schedules import`: shapes of JSON, what is rejected, and writing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.testing import Lamp
from lamplighter.scheduler.settings import load_configuration
from lamplighter.schedules.source import parse_yaml

PERIOD = {"type": "period", "name": "office", "begintime": "09:00", "endtime": "17:00", "weekdays": ["mon-fri"]}
SCHEDULE = {"type": "schedule", "name": "uk", "timezone": "Europe/London", "periods": ["office"], "enforced": True}
PLAIN = {"type": "schedule", "name": "plain", "periods": ["office@m5.large"]}
BAD = {"type": "period", "name": "bad", "begintime": "22:00", "endtime": "06:00"}
TYPED = {
    "type": {"S": "period"},
    "name": {"S": "office"},
    "begintime": {"S": "09:00"},
    "endtime": {"S": "17:00"},
    "weekdays": {"SS": ["mon-fri"]},
}


def write(tmp_path: Path, content: object) -> str:
    path = tmp_path / "table.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    "content",
    [
        [PERIOD, SCHEDULE],
        {"Items": [PERIOD, SCHEDULE], "Count": 2},
        f"{json.dumps(PERIOD)}\n\n{json.dumps(SCHEDULE)}\n",
        f"{json.dumps({'Item': TYPED})}\n{json.dumps({'Item': SCHEDULE})}\n",
        [TYPED, SCHEDULE],
    ],
    ids=["list", "scan", "lines", "export", "typed"],
)
def test_every_shape(content: object, lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("schedules", "import", write(tmp_path, content), "--from", "instance-scheduler")
    assert said.code == 0
    found = parse_yaml(said.out).data
    assert found["periods"] == {"office": {"begintime": "09:00", "endtime": "17:00", "weekdays": "mon-fri"}}
    assert found["schedules"] == {"uk": {"timezone": "Europe/London", "periods": "office", "enforced": True}}
    config = load_configuration(said.out, name="imported", read_text=lambda name: name)
    assert config.problems == ()
    assert "2 read, 0 rejected" in said.err


def test_one_bad_item_stops_no_other(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("schedules", "import", write(tmp_path, [PERIOD, BAD, SCHEDULE]), "-o", "json")
    assert said.code == 3
    assert [(row["type"], row["name"]) for row in said.rows] == [("period", "office"), ("schedule", "uk")]
    assert "warning: not imported: periods.bad.begintime: begintime 22:00 is after endtime 06:00" in said.err


def test_nothing_to_import(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("schedules", "import", write(tmp_path, []), "-o", "json")
    assert (said.code, said.out) == (0, "[]\n")


def test_the_default_zone_goes_to_schedules_without_one(lamp: Lamp, tmp_path: Path) -> None:
    source = write(tmp_path, [PERIOD, SCHEDULE, PLAIN])
    schedules: Any = parse_yaml(lamp("schedules", "import", source, "--default-timezone", "Asia/Tokyo").out).data[
        "schedules"
    ]
    assert schedules["plain"] == {"timezone": "Asia/Tokyo", "periods": "office@m5.large"}
    assert schedules["uk"]["timezone"] == "Europe/London"
    said = lamp("schedules", "import", source, "--default-timezone", "Mars")
    assert said.code == 2
    assert "--default-timezone: 'Mars' is not a time zone" in said.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("periods: {}", "is not JSON"),
        ("5", "holds no items"),
        ("[1]", "holds no items"),
        ('{"a": 1}\nx', "is not JSON"),
    ],
)
def test_what_is_no_table(content: str, message: str, lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("schedules", "import", write(tmp_path, content))
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert lamp("schedules", "import", str(tmp_path / "none.json")).code == 2


def test_from_stdin(lamp: Lamp) -> None:
    said = lamp("schedules", "import", "-", stdin=json.dumps([PERIOD]))
    assert "office:" in said.out


def test_writing_keeps_what_is_there(lamp: Lamp, definitions: Path, tmp_path: Path) -> None:
    definitions.write_text("version: 1  # ours\nperiods:\n  office: {begintime: '09:00', endtime: '17:00'}\n  # end\n")
    source = write(tmp_path, [PERIOD, {**PERIOD, "name": "late"}, SCHEDULE])
    said = lamp("schedules", "import", source, "--write")
    assert said.code == 3
    assert "not written: periods.office stands in lamplighter.yaml already and says something else" in said.err
    data: Any = parse_yaml(definitions.read_text()).data
    assert list(data["periods"]) == ["office", "late"]
    assert "weekdays" not in data["periods"]["office"]
    assert list(data["schedules"]) == ["uk"]
    assert definitions.read_text().startswith("version: 1  # ours\n")
    assert "  # end\n" in definitions.read_text()
    before = definitions.read_text()
    said = lamp("schedules", "import", source, "--write")
    assert definitions.read_text() == before
    assert "lamplighter.yaml stays as it is" in said.err


def test_writing_makes_a_file(lamp: Lamp, tmp_path: Path) -> None:
    said = lamp("schedules", "import", write(tmp_path, [PERIOD, SCHEDULE]), "--write", "-f", "new/file.yaml")
    assert said.code == 0
    text = (tmp_path / "new" / "file.yaml").read_text()
    assert text.startswith("version: 1\nperiods:\n  office:\n")
    assert lamp("schedules", "validate", "-f", "new/file.yaml").code == 0


@pytest.mark.slow
def test_a_large_table_is_imported_in_one_go(lamp: Lamp, tmp_path: Path) -> None:
    table = [{**PERIOD, "name": f"p{n}"} for n in range(300)] + [
        {**SCHEDULE, "name": f"s{n}", "periods": [f"p{n}"]} for n in range(300)
    ]
    assert lamp("schedules", "import", write(tmp_path, table), "--write").code == 0
    assert len(lamp("schedules", "list", "-o", "json").rows) == 303
