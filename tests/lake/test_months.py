from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.lake.conftest import write_month

from lamplighter.errors import LakeError
from lamplighter.lake import months
from lamplighter.lake.ledger import Ledger


def total(lake: Path) -> list[tuple[str, str]]:
    with Ledger.open(lake) as ledger:
        answer = ledger.query("SELECT billing_period, SUM(BilledCost)::VARCHAR FROM charges GROUP BY 1 ORDER BY 1")
    return [(period, cost.rstrip("0").rstrip(".")) for period, cost in answer.rows]


def test_a_month_takes_the_place_of_the_month(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1.5"}, {"BilledCost": "2"}])
    write_month(tmp_path, "2026-11", [{"BilledCost": "7"}])
    assert total(tmp_path) == [("2026-10", "3.5"), ("2026-11", "7")]
    write_month(tmp_path, "2026-10", [{"BilledCost": "4"}])
    assert total(tmp_path) == [("2026-10", "4"), ("2026-11", "7")]
    assert months.periods(tmp_path, "charges") == ["2026-10", "2026-11"]
    assert months.record_of(tmp_path, "charges", "2026-10") == {"rows": 1}
    assert sorted(path.name for path in (tmp_path / "charges").iterdir()) == [
        "billing_period=2026-10",
        "billing_period=2026-11",
    ]


def test_a_load_that_died_leaves_the_old_month(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    with months.loading(tmp_path):
        half = months.stage(tmp_path, "charges", "2026-10")
        (half / "part-0.parquet").write_bytes(b"half")
    assert total(tmp_path) == [("2026-10", "1")]
    with months.loading(tmp_path):
        assert not half.exists()


def test_a_replacement_that_died_between_its_renames_is_undone(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    live = tmp_path / "charges" / "billing_period=2026-10"
    live.rename(tmp_path / "charges" / ".old-2026-10")
    assert total(tmp_path) == [("2026-10", "1")]
    assert live.is_dir()


def test_a_replacement_that_died_after_its_renames_stays(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    write_month(tmp_path, "2026-11", [{"BilledCost": "2"}])
    folder = tmp_path / "charges"
    (folder / "billing_period=2026-11").rename(folder / ".old-2026-10")
    assert total(tmp_path) == [("2026-10", "1")]
    assert not (folder / ".old-2026-10").exists()


_LOADER = """
import os, signal, sys
from pathlib import Path
from lamplighter.lake import months
lake, moment = Path(sys.argv[1]), int(sys.argv[2])
count = 0
def dying(call):
    def wrapped(*args, **kwargs):
        global count
        count += 1
        if count == moment:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return wrapped
Path.rename = dying(Path.rename)
months.shutil.rmtree = dying(months.shutil.rmtree)
months.to_disk = dying(months.to_disk)
import duckdb
with months.loading(lake):
    staged = months.stage(lake, "charges", "2026-10")
    source = str(lake / "charges" / "billing_period=2026-11" / "*.parquet")
    duckdb.sql(f"SELECT * FROM read_parquet('{source}', hive_partitioning=false)").write_parquet(
        str(staged / "part-0.parquet"))
    months.publish(lake, "charges", "2026-10", staged, {})
print("whole")
"""


@pytest.mark.slow
def test_killed_at_every_step_it_is_the_old_month_or_the_new_one(tmp_path: Path) -> None:
    outcomes = []
    for moment in range(1, 20):
        lake = tmp_path / str(moment)
        write_month(lake, "2026-10", [{"BilledCost": "1"}])
        write_month(lake, "2026-11", [{"BilledCost": "2"}])
        done = subprocess.run(
            [sys.executable, "-c", _LOADER, str(lake), str(moment)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ},
        )
        [(_, october), (_, november)] = total(lake)
        assert november == "2"
        assert october in ("1", "2")
        outcomes.append(october)
        write_month(lake, "2026-10", [{"BilledCost": "3"}])
        assert total(lake)[0] == ("2026-10", "3")
        if done.returncode == 0:
            assert (october, done.stdout) == ("2", "whole\n")
            break
        assert done.returncode == -signal.SIGKILL
    assert outcomes[0] == "1"
    assert outcomes == sorted(outcomes)
    assert len(outcomes) > 5


def test_one_load_at_a_time(tmp_path: Path) -> None:
    with months.loading(tmp_path), pytest.raises(LakeError, match="another load is at work"), months.loading(tmp_path):
        pass


@pytest.mark.parametrize("period", ["2026", "2026-13", "../x", "2026-1", ""])
def test_a_period_is_a_month(tmp_path: Path, period: str) -> None:
    with pytest.raises(ValueError, match="is not a month"):
        months.stage(tmp_path, "charges", period)


def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    path = tmp_path / "charges" / "billing_period=2026-10" / months.RECORD
    path.write_text("{")
    with pytest.raises(LakeError, match="is damaged"):
        months.record_of(tmp_path, "charges", "2026-10")
    path.write_text(json.dumps([1]))
    with pytest.raises(LakeError, match="no mapping"):
        months.record_of(tmp_path, "charges", "2026-10")
    path.unlink()
    assert months.record_of(tmp_path, "charges", "2026-10") is None


def test_a_lake_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="cannot be written"), months.loading(tmp_path / "file"):
        pass


def listed(month: Path, *names: str, **records: str) -> None:
    said = {"files": list(names), "records": {f"_{name}.json": text for name, text in records.items()}}
    (month / "_files.json").write_text(json.dumps(said))


def test_in_a_copy_of_a_lake_from_s3_only_files_count_that_are_said_to(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1.5"}])
    month = tmp_path / "charges/billing_period=2026-10"
    [live] = month.glob("*.parquet")
    # Somebody died while putting a month back: what he left has been copied too.
    (month / "left.parquet").write_bytes(live.read_bytes())
    (month / "_load.json").write_text('{"rows": 2}')
    assert total(tmp_path) == [("2026-10", "3")]
    listed(month, live.name, "_load.json", load='{"rows": 1}')
    assert total(tmp_path) == [("2026-10", "1.5")]
    assert months.record_of(tmp_path, "charges", "2026-10") == {"rows": 1}
    listed(month, live.name, "lost.parquet")
    with pytest.raises(LakeError, match=r"lost\.parquet is named by its month, but missing"):
        months.files(tmp_path, "charges")
    # A month that is loaded anew here is all that there is.
    write_month(tmp_path, "2026-10", [{"BilledCost": "4"}])
    assert total(tmp_path) == [("2026-10", "4")]


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}', '{"files": [3]}', '{"files": [], "records": []}'])
def test_a_damaged_list_of_files_is_said(tmp_path: Path, text: str) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}])
    (tmp_path / "charges/billing_period=2026-10/_files.json").write_text(text)
    for ask in (months.files, lambda lake, table: months.record_of(lake, table, "2026-10")):
        with pytest.raises(LakeError, match=r"_files\.json is damaged"):
            ask(tmp_path, "charges")
