from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.lake.known import NOON, look, sample

from lamplighter.errors import LakeError
from lamplighter.lake import months
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import LOOKS, USAGE, Look, Source, UsageSample
from lamplighter.lake.usage_files import read_looks, read_usage, tidy, write_usage

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


def stands(lake: Path) -> tuple[list[UsageSample], list[Look]]:
    with Ledger.open(lake) as ledger:
        return read_usage(ledger), read_looks(ledger)


def parts(lake: Path, table: str) -> int:
    return len(months.files(lake, table))


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    odd = sample(NOON, "2.5", schedule='a"b,\n\\N', zone="", platform="", covered=Decimal("0.000000000000000001"))
    both = [odd, sample(NOON, "3", spot=Decimal(1), scheduled_off=Decimal(2), source=Source.LEDGER)]
    looks = [
        look(NOON),
        look(NOON, None, "refused: \"no\", 'never'", service="rds"),
        look(NOON, service="es", hours=24),
    ]
    write_usage(tmp_path, both, looks, at=NOON)
    found, looked = stands(tmp_path)
    assert sorted(found, key=lambda each: each.quantity) == both
    assert sorted(looked, key=lambda each: each.service) == sorted(looks, key=lambda each: each.service)


def test_an_hour_without_samples_is_known(tmp_path: Path) -> None:
    write_usage(tmp_path, [], [look(NOON)], at=NOON)
    assert stands(tmp_path) == ([], [look(NOON)])
    assert not list(tmp_path.glob("*/.part*"))


def test_an_hour_that_is_looked_at_twice_is_one_hour(tmp_path: Path) -> None:
    for quantity in ("4", "5"):
        write_usage(tmp_path, [sample(NOON, quantity)], [look(NOON)], at=NOON + int(quantity) * HOUR)
    assert stands(tmp_path) == ([sample(NOON, "4")], [look(NOON)])


@pytest.mark.parametrize("tidied", [False, True])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_look_that_knows_most_stands_whenever_it_was_written(
    tmp_path: Path, order: Sequence[int], tidied: bool
) -> None:
    writes = [
        ([], look(NOON, None, "refused")),
        ([sample(NOON, "1.5", source=Source.LEDGER)], look(NOON, Source.LEDGER)),
        ([sample(NOON, "2")], look(NOON)),
    ]
    for number, chosen in enumerate(order):
        samples, looked = writes[chosen]
        write_usage(tmp_path, samples, [looked], at=NOON + number * HOUR)
        if tidied:
            tidy(tmp_path, "2026-11")
    assert stands(tmp_path) == ([sample(NOON, "2")], [look(NOON)])
    assert (parts(tmp_path, USAGE), parts(tmp_path, LOOKS)) == ((1, 1) if tidied else (2, 3))


def test_a_month_is_tidied_up_after_many_files_and_says_the_same(tmp_path: Path) -> None:
    for number in range(6):
        time = NOON + number * HOUR
        write_usage(tmp_path, [sample(time, "1")] if number % 2 else [], [look(time)], at=time, many=4)
    assert parts(tmp_path, LOOKS) == 2
    assert [each.time for each in stands(tmp_path)[0]] == [NOON + number * HOUR for number in (1, 3, 5)]
    assert len(stands(tmp_path)[1]) == 6
    assert months.record_of(tmp_path, LOOKS, "2026-11") == {"rows": 5, "files": 5}


def test_a_load_that_is_at_work_does_not_stop_a_write(tmp_path: Path) -> None:
    with months.loading(tmp_path):
        for number in range(3):
            write_usage(tmp_path, [], [look(NOON + number * HOUR)], at=NOON, many=1)
        with pytest.raises(LakeError, match="another load is at work"):
            tidy(tmp_path, "2026-11")
    assert len(stands(tmp_path)[1]) == 3


def test_a_write_over_two_months_goes_into_both(tmp_path: Path) -> None:
    last = datetime(2026, 10, 31, 23, tzinfo=UTC)
    write_usage(tmp_path, [sample(last, "1"), sample(last + HOUR, "2")], [look(last), look(last + HOUR)], at=NOON)
    with Ledger.open(tmp_path) as ledger:
        assert read_usage(ledger, periods=["2026-10"]) == [sample(last, "1")]
        assert read_looks(ledger, periods=["2026-11"]) == [look(last + HOUR)]


def test_samples_of_a_write_that_died_before_its_looks_are_not_seen(tmp_path: Path) -> None:
    write_usage(tmp_path, [sample(NOON, "1")], [look(NOON)], at=NOON)
    for path in months.files(tmp_path, LOOKS):
        path.unlink()
    (tmp_path / USAGE / ".part-half.parquet").write_bytes(b"PAR1")
    assert stands(tmp_path) == ([], [])
    write_usage(tmp_path, [sample(NOON, "2")], [look(NOON)], at=NOON)
    tidy(tmp_path, "2026-11")
    assert stands(tmp_path) == ([sample(NOON, "2")], [look(NOON)])
    assert not list((tmp_path / USAGE).glob(".part-*"))


def test_many_write_and_read_at_once_and_each_hour_is_there_once(tmp_path: Path) -> None:
    """Beside tidying; a reader never sees an hour without what is in it."""
    wrong: list[object] = []

    def write(writer: int) -> None:
        for number in range(6):
            time = NOON + number * HOUR
            write_usage(tmp_path, [sample(time, "1")], [look(time)], at=time + writer * HOUR, many=3)

    def read() -> None:
        for _ in range(6):
            with Ledger.open(tmp_path) as ledger:
                found = ledger.query(
                    "SELECT time, COUNT(quantity) FROM usage_looks LEFT JOIN usage USING (time) GROUP BY 1"
                )
            wrong.extend(row for row in found.rows if row[1] != 1)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    threads.append(threading.Thread(target=read))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    samples, looks = stands(tmp_path)
    assert [each.time for each in samples] == [each.time for each in looks] == [NOON + n * HOUR for n in range(6)]


@pytest.mark.parametrize(
    ("samples", "looks", "says"),
    [
        ([sample(NOON, "1")], [], "has no look"),
        ([sample(NOON, "1")], [look(NOON, region="eu-west-1")], "has no look"),
        ([], [look(NOON), look(NOON, None, "x")], "looked at twice"),
        ([sample(NOON, "1"), sample(NOON, "2")], [look(NOON)], "alike"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, samples: list[UsageSample], looks: list[Look], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        write_usage(tmp_path, samples, looks, at=NOON)
    assert list(tmp_path.iterdir()) == []


def test_times_of_other_zones_are_the_same_hour(tmp_path: Path) -> None:
    away = NOON.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    write_usage(tmp_path, [replace(sample(NOON, "1"), time=away)], [look(away)], at=away)
    assert stands(tmp_path) == ([sample(NOON, "1")], [look(NOON)])


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LakeError, match="cannot be written"):
        write_usage(tmp_path / "file", [], [look(NOON)], at=NOON)


def test_what_is_added_to_a_copy_of_a_lake_from_s3_counts_there(tmp_path: Path) -> None:
    write_usage(tmp_path, [sample(NOON, "4")], [look(NOON)], at=NOON, run="a")
    for table in ("usage", "usage_looks"):
        (tmp_path / table / "billing_period=2026-11/_files.json").write_text(json.dumps({"files": ["a.parquet"]}))
    write_usage(tmp_path, [sample(NOON + HOUR, "2")], [look(NOON + HOUR)], at=NOON, run="b")
    with Ledger.open(tmp_path) as ledger:
        assert len(read_usage(ledger)) == len(read_looks(ledger)) == 2
    said = json.loads((tmp_path / "usage/billing_period=2026-11/_files.json").read_text())
    assert said == {"files": ["a.parquet", "b.parquet"]}
