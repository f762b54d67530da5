"""A lake in S3: months come whole, go back whole, and whoever dies in between leaves the old month or the new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from tests.models import check_request

from lamplighter.errors import AwsError, LakeError, LeaseLost, NoRoom, NotFound
from lamplighter.lake.mirror import Address, address_of, bring, left_over, peek, put_back

LAKE = Address("example-lake", "lake/")
OCTOBER, NOVEMBER = "charges/billing_period=2026-10", "charges/billing_period=2026-11"


def etag(content: bytes) -> str:
    return f'"{md5(content, usedforsecurity=False).hexdigest()}"'


class Bucket:
    """S3 with one bucket; the n-th write fails if asked for."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.modified: dict[str, datetime] = {}
        self.fetched: list[str] = []
        self.writes = 0
        self.dies_at: int | None = None

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        check_request(service, operation, params)
        self.writes += 1
        if self.writes == self.dies_at:
            raise AwsError("the process died here")
        if operation == "put_object":
            self.objects[params["Key"]] = params["Body"]
        else:
            assert operation == "delete_object"
            self.objects.pop(params["Key"], None)
        return {}

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        assert (service, operation, key) == ("s3", "list_objects_v2", "Contents")
        for name in sorted(self.objects):
            if name.startswith(params["Prefix"]):
                modified = self.modified.get(name, datetime(2026, 11, 3, 8, tzinfo=UTC))
                tag = etag(self.objects[name])
                yield {"Key": name, "Size": len(self.objects[name]), "ETag": tag, "LastModified": modified}

    def download(self, service: str, operation: str, path: Path, /, **params: Any) -> int:
        assert (service, operation) == ("s3", "get_object")
        check_request(service, operation, params)
        self.fetched.append(params["Key"])
        if params["Key"] not in self.objects:
            raise NotFound("no such key")
        content = self.objects[params["Key"]]
        if params.get("IfMatch", etag(content)) != etag(content):
            raise AwsError("it has changed", code="PreconditionFailed")
        return path.write_bytes(content)

    @property
    def lake(self) -> dict[str, str]:
        return {k.removeprefix("lake/"): v.decode(errors="replace") for k, v in self.objects.items() if "lake/" in k}


@pytest.fixture
def bucket() -> Bucket:
    """A lake of two months and an inventory, and something beside the lake."""
    bucket = Bucket()
    for path, text in {
        f"lake/{OCTOBER}/old.parquet": "old",
        f"lake/{OCTOBER}/_load.json": "{}",
        f"lake/{NOVEMBER}/a.parquet": "a",
        "lake/commitments/inventory.json": "[]",
        "reports/x.xlsx": "x",
    }.items():
        bucket.objects[path] = text.encode()
    return bucket


def files(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_months_that_are_asked_for_come_and_what_has_no_month(bucket: Bucket, tmp_path: Path) -> None:
    bring(bucket, LAKE, tmp_path, periods=["2026-10"])
    assert files(tmp_path) == {
        f"{OCTOBER}/_load.json": "{}",
        f"{OCTOBER}/old.parquet": "old",
        "commitments/inventory.json": "[]",
    }


def test_only_tables_that_are_asked_for_come(bucket: Bucket, tmp_path: Path) -> None:
    bring(bucket, LAKE, tmp_path, tables=["charges"])
    assert sorted(files(tmp_path)) == [f"{OCTOBER}/_load.json", f"{OCTOBER}/old.parquet", f"{NOVEMBER}/a.parquet"]


def replace(folder: Path) -> None:
    """October anew, as a load does it."""
    (folder / OCTOBER / "old.parquet").unlink()
    (folder / OCTOBER / "new.parquet").write_text("new")
    (folder / OCTOBER / "_load.json").write_text('{"n": 2}')
    (folder / "charges" / ".loading").write_text("a lock")


def test_a_replaced_month_goes_back_with_the_list_of_its_files(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path, periods=["2026-10"])
    replace(tmp_path)
    assert put_back(bucket, brought) == [
        f"{OCTOBER}/_files.json",
        f"{OCTOBER}/_load.json",
        f"{OCTOBER}/new.parquet",
        f"{OCTOBER}/old.parquet",
    ]
    assert bucket.lake == {
        f"{OCTOBER}/_files.json": json.dumps(
            {"files": ["_load.json", "new.parquet"], "records": {"_load.json": '{"n": 2}'}}
        ),
        f"{OCTOBER}/_load.json": '{"n": 2}',
        f"{OCTOBER}/new.parquet": "new",
        f"{NOVEMBER}/a.parquet": "a",
        "commitments/inventory.json": "[]",
    }


def test_what_did_not_change_is_not_written(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path)
    assert put_back(bucket, brought) == []
    assert bucket.writes == 0


def test_whoever_dies_leaves_the_old_month_or_the_new(bucket: Bucket, tmp_path: Path) -> None:
    seen = set()
    start = dict(bucket.objects)
    for moment in range(1, 8):
        bucket.objects, bucket.writes, bucket.dies_at = dict(start), 0, moment
        brought = bring(bucket, LAKE, tmp_path / f"w{moment}", periods=["2026-10"])
        replace(tmp_path / f"w{moment}")
        with suppress(AwsError):
            put_back(bucket, brought)
        died, bucket.dies_at = bucket.writes == moment, None
        found = tmp_path / f"r{moment}"
        again = bring(bucket, LAKE, found, periods=["2026-10"])
        data = tuple(sorted(path.name for path in (found / OCTOBER).glob("*.parquet")))
        record = (found / OCTOBER / "_load.json").read_text()
        assert json.loads(record) == peek(bucket, LAKE, f"{OCTOBER}/_load.json")
        seen.add((died, data, record))
        there = {key.removeprefix("lake/") for key in bucket.objects if OCTOBER in key and "_files" not in key}
        listed = bucket.lake.get(f"{OCTOBER}/_files.json")
        counts = {f"{OCTOBER}/{name}" for name in json.loads(listed)["files"]} if listed else there
        assert left_over(bucket, LAKE, OCTOBER) == (there != counts)
        # The next writer clears up what does not count.
        (found / OCTOBER / "more.parquet").write_text("more")
        put_back(bucket, again)
        assert not left_over(bucket, LAKE, OCTOBER)
        now = {Path(key).name for key in bucket.lake if key.startswith(OCTOBER)} - {"_files.json"}
        assert now == set(json.loads(bucket.lake[f"{OCTOBER}/_files.json"])["files"])
        assert bucket.lake[f"{OCTOBER}/_load.json"] == record
    assert seen == {
        (True, ("old.parquet",), "{}"),
        (True, ("new.parquet",), '{"n": 2}'),
        (False, ("new.parquet",), '{"n": 2}'),
    }


def test_nothing_is_written_that_may_not_be(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path, periods=["2026-10"])
    replace(tmp_path)

    def still() -> None:
        if bucket.writes == 2:
            raise LeaseLost("another has it")

    with pytest.raises(LeaseLost):
        put_back(bucket, brought, still)
    assert bucket.writes == 2


def test_a_month_that_is_replaced_while_it_is_read_is_read_again(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path / "w", periods=["2026-10"])
    replace(tmp_path / "w")

    class Late(Bucket):
        """Somebody replaces the month as soon as it is listed."""

        times = 1

        def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
            yield from super().pages(service, operation, key, **params)
            if self.times:
                self.times -= 1
                put_back(self, brought)

    late = Late()
    late.objects = bucket.objects
    bring(late, LAKE, tmp_path / "r", periods=["2026-10"])
    assert files(tmp_path / "r")[f"{OCTOBER}/new.parquet"] == "new"
    assert f"{OCTOBER}/old.parquet" not in files(tmp_path / "r")


def test_what_has_no_room_on_the_disk_is_not_fetched(bucket: Bucket, tmp_path: Path) -> None:
    class Large(Bucket):
        def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
            for item in super().pages(service, operation, key, **params):
                yield {**item, "Size": 1 << 60 if item["Key"].endswith("old.parquet") else 1}

    large = Large()
    large.objects = bucket.objects
    with pytest.raises(NoRoom, match=r"take 1,152,921,504,606,846,97\d bytes, and"):
        bring(large, LAKE, tmp_path)
    assert files(tmp_path) == {}


def test_a_record_is_looked_at_without_its_month(bucket: Bucket) -> None:
    assert peek(bucket, LAKE, f"{OCTOBER}/_load.json") == {}
    assert peek(bucket, LAKE, f"{NOVEMBER}/_load.json") is None
    bucket.objects[f"lake/{OCTOBER}/_load.json"] = b"{"
    assert peek(bucket, LAKE, f"{OCTOBER}/_load.json") is None


def test_a_new_month_counts_when_all_of_it_is_there(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path / "w", periods=["2026-12"])
    december = tmp_path / "w" / "charges/billing_period=2026-12"
    december.mkdir(parents=True)
    for name in ("a.parquet", "b.parquet"):
        (december / name).write_text(name)
    bucket.dies_at = 3
    with pytest.raises(AwsError):
        put_back(bucket, brought)
    bring(bucket, LAKE, tmp_path / "r", periods=["2026-12"])
    assert list(files(tmp_path / "r")) == ["commitments/inventory.json"]
    put_back(bucket, brought)
    bring(bucket, LAKE, tmp_path / "again", periods=["2026-12"])
    assert len(files(tmp_path / "again")) == 3


@pytest.mark.parametrize("tables", [["charges", "quarantine"], None])
def test_rows_that_could_not_be_read_are_put_back_and_never_brought(
    bucket: Bucket, tmp_path: Path, tables: list[str] | None
) -> None:
    bucket.objects["lake/quarantine/old.jsonl"] = b"old"
    bucket.objects["lake/quarantined/x.json"] = b"x"
    brought = bring(bucket, LAKE, tmp_path, periods=["2026-10"], tables=tables)
    assert not [key for key in bucket.fetched if key.startswith("lake/quarantine/")]
    assert ("lake/quarantined/x.json" in bucket.fetched) == (tables is None)
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / "new.jsonl").write_text("new")
    assert put_back(bucket, brought) == ["quarantine/new.jsonl"]
    assert bucket.lake["quarantine/old.jsonl"] == "old", "what was not brought is not taken away"
    assert bucket.lake["quarantine/new.jsonl"] == "new"


def test_where_nobody_asked_to_write_nothing_is_written(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path, periods=["2026-10"], tables=["charges"])
    (tmp_path / "quarantine").mkdir()
    (tmp_path / "quarantine" / "new.jsonl").write_text("new")
    with pytest.raises(LakeError, match=r"quarantine/new\.jsonl was not brought"):
        put_back(bucket, brought)


def test_months_that_were_not_brought_are_not_put_back(bucket: Bucket, tmp_path: Path) -> None:
    brought = bring(bucket, LAKE, tmp_path, periods=["2026-10"])
    (tmp_path / NOVEMBER).mkdir()
    (tmp_path / NOVEMBER / "b.parquet").write_text("b")
    with pytest.raises(LakeError, match="was not brought"):
        put_back(bucket, brought)
    assert bucket.writes == 0


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"files": 3}'])
def test_a_damaged_list_is_said(bucket: Bucket, tmp_path: Path, content: bytes) -> None:
    bucket.objects[f"lake/{OCTOBER}/_files.json"] = content
    with pytest.raises(LakeError, match="is damaged"):
        bring(bucket, LAKE, tmp_path)


def test_a_file_that_is_named_and_missing_is_said(bucket: Bucket, tmp_path: Path) -> None:
    bucket.objects[f"lake/{OCTOBER}/_files.json"] = b'{"files": ["lost.parquet"]}'
    with pytest.raises(LakeError, match=r"lost\.parquet is named by its month, but missing"):
        bring(bucket, LAKE, tmp_path)


@pytest.mark.parametrize("key", ["lake/../x", "lake//x", "lake/a/../../x"])
def test_keys_that_climb_out_are_refused(bucket: Bucket, tmp_path: Path, key: str) -> None:
    bucket.objects[key] = b"x"
    with pytest.raises(LakeError, match="is no path in a lake"):
        bring(bucket, LAKE, tmp_path)


def test_addresses() -> None:
    assert address_of("s3://b/lake") == Address("b", "lake/")
    assert address_of("s3://b") == Address("b", "")
    with pytest.raises(LakeError, match="is no address of a lake"):
        address_of("b/lake")
