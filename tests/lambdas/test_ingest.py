"""A bill that arrives becomes a month of the lake in S3, and the workbook of that month can be made from it."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.billing.conftest import cur_text, line
from tests.lambdas.conftest import Context, event, metrics
from tests.lambdas.test_data import DataHub

from lamplighter.billing import load, portions
from lamplighter.errors import AwsError, LakeBusy
from lamplighter.estate.bill.bought import buy
from lamplighter.estate.bill.fleet import make_used
from lamplighter.estate.bill.options import Options
from lamplighter.estate.bill.write import prepare, write
from lamplighter.lambdas import ingest
from lamplighter.scheduler.parked import parked
from lamplighter.store.lease import acquire, find

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def data() -> DataHub:
    return DataHub()


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The objects of a report of one day, by key."""
    folder: Path = tmp_path_factory.mktemp("bill")
    used = make_used(1, 8, OCTOBER, OCTOBER.replace(day=2))
    with prepare(used, buy(used), Options(), OCTOBER) as prepared:
        write(prepared, folder, "cur-csv", files=2)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.name != "truth.json" and path.is_file()
    }


def arrived(key: str) -> dict[str, Any]:
    told = event("object_created")
    told["detail"]["object"]["key"] = key
    return told


def manifest(bill: dict[str, bytes]) -> str:
    """The key of the manifest that stands above all assemblies."""
    return min((key for key in bill if key.endswith("-Manifest.json")), key=len)


def test_a_bill_is_loaded_when_its_manifest_arrives(data: DataHub, bill: dict[str, bytes]) -> None:
    data.bucket.objects.update(bill)
    for key in bill:
        if key.endswith(".gz"):
            assert ingest.answer(arrived(key), Context(), data.runtime)["did"] == "waits"
    said = ingest.answer(arrived(manifest(bill)), Context(), data.runtime)
    assert (said["did"], said["months"]) == ("loaded", ["2026-10"])
    lines = sum(gzip.decompress(content).count(b"\n") - 1 for key, content in bill.items() if key.endswith(".gz"))
    assert said["rows"] == lines
    [(rows, cost)] = data.query("SELECT COUNT(*), SUM(x_UnblendedCost) FROM charges WHERE billing_period = '2026-10'")
    assert isinstance(rows, int)
    assert rows >= lines
    assert isinstance(cost, Decimal)
    assert cost > 0
    data.bucket.fetched.clear()
    data.bucket.writes = 0
    for key in (each for each in bill if each.endswith("-Manifest.json")):
        # A replay, and the manifest of the same telling beside its files.
        said = ingest.answer(arrived(key), Context(), data.runtime)
        assert said["did"] == "superseded"
        assert "are of this very telling already" in said["reason"]
    assert not [key for key in data.bucket.fetched if key.endswith((".gz", ".parquet"))], "nothing is read for that"
    assert (data.bucket.writes, parked(data.store)) == (0, [])
    assert data.query("SELECT COUNT(*), SUM(x_UnblendedCost) FROM charges") == [(rows, cost)]


PLACE = "cur/estate/20261001-20261101"
TOP = f"{PLACE}/estate-Manifest.json"


def deliver(data: DataHub, assembly: str, at: datetime, *files: tuple[str, ...], top: bool = True) -> str:
    """A telling of October with files of rows that have these costs; the key of the manifest beside the files."""
    keys = [f"{PLACE}/{assembly}/estate-{number}.csv.gz" for number in range(1, len(files) + 1)]
    for key, costs in zip(keys, files, strict=True):
        data.bucket.objects[key] = gzip.compress(cur_text(line(cost=cost) for cost in costs).encode())
    told = {"assemblyId": assembly, "account": "111122223333", "reportName": "estate", "reportKeys": keys}
    content = json.dumps({**told, "billingPeriod": {"start": "20261001T000000.000Z"}}).encode()
    places = [f"{PLACE}/{assembly}/estate-Manifest.json", *([TOP] if top else [])]
    for place in places:
        data.bucket.objects[place], data.bucket.modified[place] = content, at
    return places[0]


def ingested(data: DataHub, key: str, context: Context | None = None, **more: Any) -> dict[str, Any]:
    return dict(ingest.answer({**arrived(key), **more}, context or Context(), data.runtime))


def costs(data: DataHub) -> list[Decimal]:
    return [Decimal(str(cost)) for (cost,) in data.query("SELECT x_UnblendedCost FROM charges ORDER BY 1")]


def test_an_older_telling_that_comes_late_replaces_nothing(data: DataHub, capsys: pytest.CaptureFixture[str]) -> None:
    first = deliver(data, "a", NOON, ("1", "2"))
    second = deliver(data, "b", NOON + HOUR, ("1", "3"))
    assert ingested(data, second)["did"] == "loaded"
    before = dict(data.bucket.lake)
    capsys.readouterr()
    said = ingested(data, first)
    assert said["did"] == "superseded"
    assert "newer telling: 111122223333/estate b, made 2026-11-03 13:00:00 UTC" in said["reason"]
    assert metrics(capsys.readouterr().out) == {"BillsSuperseded": 1}
    assert data.bucket.lake == before
    # The manifest above all tellings is that of the newest, whenever its event comes.
    assert ingested(data, TOP)["did"] == "superseded"
    third = deliver(data, "c", NOON + 2 * HOUR, ("4",))
    assert ingested(data, third)["did"] == "loaded"
    assert costs(data) == [Decimal(4)]
    assert parked(data.store) == []


def test_a_newer_telling_that_is_published_while_an_older_one_is_read_stays(
    data: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = deliver(data, "a", NOON, ("1",)), deliver(data, "b", NOON + HOUR, ("2",))
    whole = portions.stage_arrived

    def slow(*args: Any) -> Any:
        monkeypatch.setattr(portions, "stage_arrived", whole)
        assert ingested(data, second)["did"] == "loaded"
        return whole(*args)

    monkeypatch.setattr(portions, "stage_arrived", slow)
    assert ingested(data, first)["did"] == "superseded"
    assert costs(data) == [Decimal(2)]


def test_files_that_are_overwritten_while_they_are_read_are_left_to_the_next_event(
    data: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = deliver(data, "a", NOON, ("1",), ("2",))
    whole = portions.stage_arrived

    def late(*args: Any) -> Any:
        deliver(data, "a", NOON + HOUR, ("1",), ("3",))
        return whole(*args)

    monkeypatch.setattr(portions, "stage_arrived", late)
    assert ingested(data, key)["did"] == "superseded"
    monkeypatch.setattr(portions, "stage_arrived", whole)
    assert ingested(data, key)["did"] == "loaded"
    assert costs(data) == [Decimal(1), Decimal(3)]


class Slow(Context):
    """A call in which staging a portion takes its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
        super().__init__()
        whole = portions._stage

        def stage(*args: Any) -> Any:
            self.left -= timedelta(minutes=minutes)
            return whole(*args)

        monkeypatch.setattr(portions, "_stage", stage)


def chain(data: DataHub, key: str, monkeypatch: pytest.MonkeyPatch, minutes: float) -> list[dict[str, Any]]:
    """A bill in as many calls as it takes, each handed on as Lambda would."""
    told: dict[str, Any] = arrived(key)
    answers: list[dict[str, Any]] = []
    while len(answers) < 20:
        data.bucket.invoked.clear()
        with monkeypatch.context() as patch:
            answers.append(dict(ingest.answer(told, Slow(patch, minutes), data.runtime)))
        if not data.bucket.invoked:
            break
        (call,) = data.bucket.invoked
        told = json.loads(call["Payload"])
    return answers


FILES = tuple((str(number), str(number * 10)) for number in range(1, 6))


def test_a_bill_for_which_one_call_does_not_suffice_goes_on_in_others(
    data: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "PORTION", 1)
    monkeypatch.setattr(portions.portions, "__defaults__", (1,))
    bad = (*FILES[:4], ("5", "50", "much"))
    said = chain(data, deliver(data, "a", NOON, *bad), monkeypatch, minutes=4)
    assert [(each["did"], each.get("staged")) for each in said] == [("goes on", 2), ("goes on", 4), ("loaded", None)]
    assert said[-1]["rows"] == 10
    assert costs(data) == sorted(Decimal(cost) for file in FILES for cost in file)
    record = json.loads(data.bucket.lake["charges/billing_period=2026-10/_load.json"])
    assert [file["name"] for file in record["files"]] == [f"estate-{number}.csv.gz" for number in range(1, 6)]
    assert record["quarantined"]["rows"] == 1
    [quarantine] = [text for path, text in data.bucket.lake.items() if path.startswith("quarantine/")]
    assert record["quarantined"]["path"] in data.bucket.lake
    assert json.loads(quarantine)["reason"].startswith("lineItem/UnblendedCost")
    assert not [key for key in data.bucket.objects if key.startswith("staging/")], "what was in between is gone"
    assert held_by_nobody(data)


def held_by_nobody(data: DataHub) -> bool:
    held = find(data.store, "lake")
    return held is None or held.holder == ""


@pytest.mark.slow
def test_a_bill_in_calls_that_die_anywhere_comes_to_the_same(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions.portions, "__defaults__", (1,))
    before = deliver(data, "0", NOON - HOUR, ("7",))
    assert ingested(data, before)["did"] == "loaded"
    key = deliver(data, "a", NOON, *FILES[:2])
    start = dict(data.bucket.objects)
    whole = sorted(Decimal(cost) for file in FILES[:2] for cost in file)
    for moment in range(1, 40):
        data.bucket.objects, data.bucket.writes, data.bucket.dies_at = dict(start), 0, moment
        told: dict[str, Any] = arrived(key)
        answers: list[str] = []
        died = False
        while len(answers) < 8 and answers[-1:] not in (["loaded"], ["superseded"]):
            data.bucket.invoked.clear()
            with monkeypatch.context() as patch:
                try:
                    answers.append(ingest.answer(told, Slow(patch, 7), data.runtime)["did"])
                except AwsError:
                    # Lambda calls again with the same event.
                    died = True
                    answers.append("died")
                    data.bucket.dies_at = None
                    continue
            if data.bucket.invoked:
                told = json.loads(data.bucket.invoked[0]["Payload"])
        assert costs(data) == whole, answers
        record = json.loads(data.bucket.lake["charges/billing_period=2026-10/_load.json"])
        assert record["loads"]["111122223333"]["source"]["assembly"] == "a"
        # Athena reads whatever lies there.
        counted = json.loads(data.bucket.lake["charges/billing_period=2026-10/_files.json"])["files"]
        there = {path.rpartition("/")[2] for path in data.bucket.lake if path.startswith("charges/")}
        assert there == {"_files.json", *counted}
        if not died:
            break
    assert moment > 6
    assert held_by_nobody(data)


def test_a_bill_that_takes_too_many_calls_is_refused(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions.portions, "__defaults__", (1,))
    key = deliver(data, "a", NOON, *FILES)
    with monkeypatch.context() as patch:
        said = ingested(data, key, Slow(patch, 12), **{ingest.AGAIN: ingest.MOST})
    assert said["did"] == "refused"
    assert said["reason"].endswith("load it on a machine: lamp bill load")
    assert data.bucket.invoked == []
    assert not [key for key in data.bucket.objects if key.startswith("staging/")]


def test_what_is_too_large_is_refused_before_it_is_read(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    key = deliver(data, "a", NOON, ("1",))
    monkeypatch.setattr(portions, "LARGEST", 100)
    said = ingested(data, key)
    assert said["did"] == "refused"
    assert "a call can read 100 of a file" in said["reason"]
    assert f"lamp bill load s3://example-bills/{PLACE}/a/" in said["reason"]
    assert not [each for each in data.bucket.fetched if each.endswith(".gz")]


def test_a_lake_that_has_no_room_on_the_disk_is_said_and_not_tried_again(
    data: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = deliver(data, "a", NOON, ("1",))
    assert ingested(data, key)["did"] == "loaded"
    key = deliver(data, "b", NOON + HOUR, ("2",))
    monkeypatch.setattr("lamplighter.lake.mirror._SPARE", 1 << 60)
    said = ingested(data, key)
    assert said["did"] == "refused"
    assert "give the function more disk" in said["reason"]
    assert held_by_nobody(data)


def test_what_no_bill_could_read_before_is_left_where_it_is(data: DataHub) -> None:
    data.bucket.objects["lake/quarantine/2020.jsonl"] = b"much"
    assert ingested(data, deliver(data, "a", NOON, ("1", "much")))["did"] == "loaded"
    assert "lake/quarantine/2020.jsonl" not in data.bucket.fetched
    assert sum(path.startswith("quarantine/") for path in data.bucket.lake) == 2


def test_rows_of_a_refused_bill_that_cannot_be_read_are_kept(data: DataHub) -> None:
    assert ingested(data, deliver(data, "a", NOON, ("1",)))["did"] == "loaded"
    before = dict(data.bucket.lake)
    said = ingested(data, deliver(data, "b", NOON + HOUR, ("much", "more")))
    [path] = set(data.bucket.lake) - set(before)
    assert [json.loads(text)["line"] for text in data.bucket.lake[path].splitlines()] == [2, 3]
    assert {key: text for key, text in data.bucket.lake.items() if key != path} == before
    assert (said["did"], said["reason"]) == (
        "refused", f"none of 2 rows can be read; nothing was published; rows that cannot be read: {path}"
    )  # fmt: skip
    assert [each["reason"] for each in parked(data.store)] == [said["reason"]]
    assert held_by_nobody(data)


class Hurried(Context):
    """A call whose time runs while it waits."""

    def get_remaining_time_in_millis(self) -> int:
        self.left -= timedelta(seconds=10)
        return super().get_remaining_time_in_millis()


def test_a_bill_waits_for_a_lake_in_which_others_are_at_work(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lamplighter.lambdas.borrowed._PAUSE", 0)
    monkeypatch.setattr(portions.portions, "__defaults__", (1,))
    key = deliver(data, "a", NOON, ("1",), ("2",))
    acquire(data.store, "lake", "other", now=data.clock.now, ttl=timedelta(minutes=30))
    said = ingested(data, key, Hurried())
    assert said == {"did": "goes on", "staged": 2, "of": 2, "number": 1}
    (call,) = data.bucket.invoked
    again = json.loads(call["Payload"])
    assert again[ingest.AGAIN] == 1
    kept = {key for key in data.bucket.objects if key.startswith("staging/")}
    assert sum(key.endswith("/piece.json") for key in kept) == 2
    assert data.bucket.lake == {}
    # What is staged is not staged anew, however often the lake cannot be had; at last it is a matter for people.
    monkeypatch.setattr(portions, "_stage", None)
    assert dict(ingest.answer(again, Hurried(), data.runtime))["number"] == 2
    with pytest.raises(LakeBusy, match="others are at work in the lake"):
        ingested(data, key, Hurried(), **{ingest.AGAIN: ingest.MOST})
    assert {key for key in data.bucket.objects if key.startswith("staging/")} == kept
    assert parked(data.store) == []
    data.clock.now += timedelta(minutes=31)
    assert dict(ingest.answer(again, Context(), data.runtime))["did"] == "loaded"
    assert costs(data) == [Decimal(1), Decimal(2)]
    assert not [key for key in data.bucket.objects if key.startswith("staging/")]


@pytest.mark.parametrize(("seconds", "did"), [(215, "goes on"), (245, "loaded")])
def test_there_is_time_to_look_months_up_before_the_lake_is_asked_for(
    data: DataHub, monkeypatch: pytest.MonkeyPatch, seconds: int, did: str
) -> None:
    context, whole = Context(timedelta(seconds=seconds)), load.months_of

    def slow(*args: Any) -> Any:
        context.left -= timedelta(seconds=25)
        return whole(*args)

    monkeypatch.setattr(load, "months_of", slow)
    assert ingested(data, deliver(data, "a", NOON, ("1",)), context)["did"] == did
    assert held_by_nobody(data)


def test_a_manifest_that_names_files_that_are_not_there_is_refused(data: DataHub) -> None:
    key = deliver(data, "a", NOON, ("1",), ("2",))
    del data.bucket.objects[f"{PLACE}/a/estate-2.csv.gz"]
    said = ingested(data, key)
    assert (said["did"], len(parked(data.store))) == ("refused", 1)
    assert "names 2 files, of which 1 are not there" in said["reason"]
    # Nobody misses files of a telling that is older than what is there.
    assert ingested(data, deliver(data, "b", NOON + HOUR, ("1",)))["did"] == "loaded"
    assert ingested(data, key)["did"] == "superseded"


def test_a_damaged_file_of_a_bill_leaves_the_month_as_it_was(data: DataHub, bill: dict[str, bytes]) -> None:
    data.bucket.objects.update(bill)
    assert ingest.answer(arrived(manifest(bill)), Context(), data.runtime)["did"] == "loaded"
    before = dict(data.bucket.lake)
    part = next(key for key in bill if key.endswith(".gz"))
    data.bucket.objects[part] = bill[part][: len(bill[part]) // 2]
    text = data.bucket.objects[manifest(bill)].replace(b'"assemblyId": "', b'"assemblyId": "next-')
    data.bucket.objects[manifest(bill)] = text
    said = ingest.answer(arrived(manifest(bill)), Context(), data.runtime)
    assert said["did"] == "refused"
    assert data.bucket.lake == before
