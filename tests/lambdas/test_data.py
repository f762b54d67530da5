"""Collect, ingest and report over a lake in S3; the lake is borrowed by one at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from tests.lake.test_mirror import Bucket
from tests.lambdas.conftest import ENVIRON, Context, Hub, event, metrics
from tests.models import check_request
from tests.scheduler.conftest import HERE, THERE

from lamplighter.aws.access import TargetSession
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, LakeError, LeaseLost, UsageError
from lamplighter.lake.ledger import Ledger
from lamplighter.lake.mirror import address_of, bring
from lamplighter.lambdas import collect, ingest, report
from lamplighter.lambdas.borrowed import LEASE, lake
from lamplighter.lambdas.runtime import Runtime
from lamplighter.scheduler.parked import parked
from lamplighter.store.lease import acquire, find


class Objects(Bucket):
    """S3, and the functions that were invoked."""

    target = HERE

    def __init__(self) -> None:
        super().__init__()
        self.invoked: list[Any] = []

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        if service == "lambda":
            check_request(service, operation, params)
            self.invoked.append(params)
            return {}
        return super().call(service, operation, **params)


class DataHub(Hub):
    """A hub with a lake."""

    def __init__(self) -> None:
        super().__init__(environ={**ENVIRON, "LAMPLIGHTER_LAKE": "s3://example-lake/lake"})
        self.bucket = Objects()
        hub = self

        class WithObjects(Runtime):
            def objects(self) -> TargetSession:
                return cast(TargetSession, hub.bucket)

        before = self.runtime
        self.runtime = WithObjects(before.environ, clock=self.clock, aws=before.aws, store=self.store)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """What the lake answers to a reader, who needs no lease."""
        with TemporaryDirectory() as folder:
            bring(self.bucket, address_of("s3://example-lake/lake"), Path(folder) / "lake")
            with Ledger.open(Path(folder) / "lake") as ledger:
                return list(ledger.query(sql).rows)


@pytest.fixture
def data() -> DataHub:
    """An empty lake."""
    return DataHub()


class Countdown(Context):
    """A call whose time runs."""

    def __init__(self, data: DataHub, left: timedelta = timedelta(minutes=15)) -> None:
        self.clock, self.ends = data.clock, data.clock.now + left

    def get_remaining_time_in_millis(self) -> int:
        return int((self.ends - self.clock.now).total_seconds() * 1000)


def test_one_at_a_time_borrows_the_lake(data: DataHub) -> None:
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        data.clock.now += timedelta(minutes=1)

    acquire(data.store, "lake", "other", now=data.clock.now, ttl=LEASE)
    with lake(data.runtime, Countdown(data), periods=None, sleep=sleep) as folder:
        (folder / "x.json").write_text("{}")
    assert waited == [10, 10, 10], "another died with it: its lease ends by itself"
    assert data.bucket.lake == {"x.json": "{}"}


def test_whoever_has_too_little_time_left_does_not_take_the_lake(data: DataHub) -> None:
    def sleep(seconds: float) -> None:
        data.clock.now += timedelta(minutes=2)

    acquire(data.store, "lake", "other", now=data.clock.now, ttl=timedelta(minutes=3))
    for left, needs in ((8, 4), (5, 4)):
        borrowed = lake(
            data.runtime,
            Countdown(data, timedelta(minutes=left)),
            periods=None,
            needs=timedelta(minutes=needs),
            sleep=sleep,
        )
        with pytest.raises(LakeError, match="too little for the work"), borrowed:
            raise AssertionError
    held = find(data.store, "lake")
    assert held is not None
    assert held.holder == "other"


def test_the_lease_is_held_by_renewing_it_while_work_is_under_way(
    data: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lamplighter.lambdas.borrowed.RENEWED", timedelta(milliseconds=1))
    renewed = threading.Event()
    put = data.store.put

    def spy(*args: Any, **more: Any) -> Any:
        done = put(*args, **more)
        if done.version > 1:
            renewed.set()
        return done

    monkeypatch.setattr(data.store, "put", spy)
    with lake(data.runtime, Context(), periods=None):
        assert renewed.wait(20)
        assert acquire(data.store, "lake", "other", now=data.clock.now + LEASE / 2, ttl=LEASE) is None
    assert acquire(data.store, "lake", "other", now=data.clock.now, ttl=LEASE) is not None


def test_a_lease_that_was_lost_puts_nothing_back(data: DataHub) -> None:
    def late() -> None:
        with lake(data.runtime, Context(), periods=None) as folder:
            (folder / "x.json").write_text("{}")
            # It was frozen for longer than the lease, and another began.
            data.clock.now += timedelta(minutes=4)
            assert acquire(data.store, "lake", "other", now=data.clock.now, ttl=LEASE) is not None

    with pytest.raises(LeaseLost):
        late()
    assert data.bucket.lake == {}
    held = find(data.store, "lake")
    assert held is not None
    assert held.holder == "other"


def test_a_lease_that_ran_out_unseen_is_renewed_before_anything_is_written(data: DataHub) -> None:
    with lake(data.runtime, Context(), periods=None) as folder:
        (folder / "x.json").write_text("{}")
        data.clock.now += timedelta(minutes=4)
    assert data.bucket.lake == {"x.json": "{}"}


def test_what_went_wrong_is_not_put_back_and_the_lake_is_free_again(data: DataHub) -> None:
    def fail() -> None:
        with lake(data.runtime, Context(), periods=None) as folder:
            (folder / "x.json").write_text("{}")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert data.bucket.lake == {}
    with lake(data.runtime, Context(), periods=None):
        pass


def test_readers_need_no_lease(data: DataHub) -> None:
    acquire(data.store, "lake", "other", now=data.clock.now, ttl=timedelta(minutes=16))
    before = dict(data.bucket.lake)
    assert data.query("SELECT COUNT(*) FROM usage_looks") == [(0,)]
    assert data.bucket.lake == before


def test_looks_are_taken_and_go_into_the_lake(
    data: DataHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data.cloud.instance(state="running")
    from lamplighter.usage.registry import collectors

    only = {"ec2": collectors()["ec2"]}
    monkeypatch.setattr("lamplighter.usage.registry.collectors", lambda: only)
    said = collect.answer({}, Context(), data.runtime)
    assert said["looks"] == 2
    assert said["left"] == 0
    tables = {path.split("/")[0] for path in data.bucket.lake}
    assert "usage_looks" in tables
    wrote = metrics(capsys.readouterr().out)
    assert (wrote["Looks"], wrote["LooksFailed"]) == (2, said["failed"])


def test_what_time_does_not_suffice_for_goes_on_in_a_new_call(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "AT_ONCE", 1)
    said = collect.answer({"number": 2}, Context(timedelta(minutes=5)), data.runtime)
    assert said["looks"] == 1
    assert said["left"] > 0
    (call,) = data.bucket.invoked
    assert (call["FunctionName"], call["InvocationType"]) == (Context.invoked_function_arn, "Event")
    assert call["Payload"] == b'{"number": 3}'
    collect.answer({"number": 4}, Context(timedelta(minutes=5)), data.runtime)
    assert len(data.bucket.invoked) == 1


@pytest.mark.parametrize("failing", [HERE, THERE])
def test_what_goes_on_takes_first_what_nobody_looked_at(
    data: DataHub, monkeypatch: pytest.MonkeyPatch, failing: Target
) -> None:
    from lamplighter.usage import collect as module
    from lamplighter.usage.registry import collectors

    only = {"ec2": collectors()["ec2"]}
    monkeypatch.setattr("lamplighter.usage.registry.collectors", lambda: only)
    monkeypatch.setattr(collect, "AT_ONCE", 1)
    data.cloud.before = lambda target, *_: AccessDenied("refused") if target == failing else None
    look, taken = module.look, list[Target]()

    def spy(aws: Any, store: Any, tasks: Any, **more: Any) -> Any:
        taken.extend(task.target for task in tasks)
        return look(aws, store, tasks, **more)

    monkeypatch.setattr(module, "look", spy)
    for number in range(3):
        collect.answer({"number": number}, Context(timedelta(minutes=5)), data.runtime)
    assert taken == ([HERE, THERE, HERE] if failing == HERE else [HERE, THERE, THERE])
    # In the next hour nobody has looked at anything yet.
    data.clock.now += timedelta(hours=1)
    collect.answer({}, Context(timedelta(minutes=5)), data.runtime)
    assert taken[3] == HERE


def test_no_look_is_begun_that_could_not_be_kept(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from lamplighter.usage import collect as module

    monkeypatch.setattr(collect, "AT_ONCE", 1)
    look, context = module.look, Countdown(data)

    def slow(*args: Any, **more: Any) -> Any:
        data.clock.now += timedelta(minutes=3)
        return look(*args, **more)

    monkeypatch.setattr(module, "look", slow)
    said = collect.answer({}, context, data.runtime)
    # After three of them 6 minutes are left: too few for another, for waiting for the lake, and for writing.
    assert said["looks"] == 3
    assert said["left"] > 0
    assert data.bucket.invoked[0]["Payload"] == b'{"number": 1}'
    assert any(path.startswith("usage_looks/") for path in data.bucket.lake)


def test_looks_that_were_not_put_back_are_taken_again(data: DataHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from lamplighter.usage.registry import collectors

    only = {"ec2": collectors()["ec2"]}
    monkeypatch.setattr("lamplighter.usage.registry.collectors", lambda: only)
    for moment in range(1, 12):
        data.bucket.writes, data.bucket.dies_at = 0, moment
        try:
            said = collect.answer({}, Context(), data.runtime)
        except AwsError:
            # Killed in between: nothing is known that is not in the lake.
            assert data.store.partitions("AWSCost") == []
            continue
        break
    assert moment == 3, "it died at every write: the list of the new month, then the file and the list again"
    assert said["looks"] == 2
    assert len(data.store.partitions("AWSCost")) == 4
    again = collect.answer({}, Context(), data.runtime)
    assert again["looks"] == 0
    data.bucket.dies_at = None
    assert data.query("SELECT COUNT(*), COUNT(DISTINCT account_id) FROM usage_looks") == [(2, 2)]


def test_files_wait_for_their_manifest(data: DataHub) -> None:
    told = event("object_created")
    told["detail"]["object"]["key"] = "cur2/lamp/data/BILLING_PERIOD=2026-10/lamp-00001.snappy.parquet"
    assert ingest.answer(told, Context(), data.runtime)["did"] == "waits"


def test_a_bill_that_cannot_be_read_is_refused_with_the_reason(
    data: DataHub, capsys: pytest.CaptureFixture[str]
) -> None:
    data.bucket.objects["cur2/lamp/metadata/BILLING_PERIOD=2026-10/lamp-Manifest.json"] = b"{}"
    said = ingest.answer(event("object_created"), Context(), data.runtime)
    assert said["did"] == "refused"
    assert "names no files" in said["reason"]
    assert parked(data.store)[0]["reason"] == said["reason"]
    assert metrics(capsys.readouterr().out)["BillsRefused"] == 1


@pytest.mark.parametrize("shape", [None, {}, {"source": "aws.s3", "detail": {}}, "x"])
def test_what_is_no_arrival_is_parked(data: DataHub, shape: object) -> None:
    assert ingest.answer(shape, Context(), data.runtime)["did"] == "parked"
    assert len(parked(data.store)) == 1


def test_a_month_that_is_none_is_said(data: DataHub) -> None:
    with pytest.raises(UsageError, match="'2026-13' is no month"):
        report.answer({"period": "2026-13"}, Context(), data.runtime)


def test_a_workbook_of_an_empty_month_is_written_into_the_bucket(data: DataHub) -> None:
    said = report.answer({}, Context(), data.runtime)
    assert said["key"].startswith("reports/2026/11/")
    assert said["recommends"] is False
    assert data.bucket.objects[said["key"]][:2] == b"PK"
