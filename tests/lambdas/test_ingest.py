"""A bill that arrives becomes a month of the lake in S3, and the workbook of that month can be made from it."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.lambdas.conftest import Context, event
from tests.lambdas.test_data import DataHub

from lamplighter.estate.bill.bought import buy
from lamplighter.estate.bill.fleet import make_used
from lamplighter.estate.bill.options import Options
from lamplighter.estate.bill.write import prepare, write
from lamplighter.lake.ledger import Ledger
from lamplighter.lambdas import ingest
from lamplighter.lambdas.borrowed import lake

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)


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


def asked(data: DataHub, sql: str) -> list[tuple[object, ...]]:
    with lake(data.runtime, Context(), periods=None, writes=False) as folder, Ledger.open(folder) as ledger:
        return list(ledger.query(sql).rows)


def test_a_bill_is_loaded_when_its_manifest_arrives(data: DataHub, bill: dict[str, bytes]) -> None:
    data.bucket.objects.update(bill)
    for key in bill:
        if key.endswith(".gz"):
            assert ingest.answer(arrived(key), Context(), data.runtime)["did"] == "waits"
    said = ingest.answer(arrived(manifest(bill)), Context(), data.runtime)
    assert (said["did"], said["months"]) == ("loaded", ["2026-10"])
    lines = sum(gzip.decompress(content).count(b"\n") - 1 for key, content in bill.items() if key.endswith(".gz"))
    assert said["rows"] == lines
    [(rows, cost)] = asked(data, "SELECT COUNT(*), SUM(x_UnblendedCost) FROM charges WHERE billing_period = '2026-10'")
    assert isinstance(rows, int)
    assert rows >= lines
    assert isinstance(cost, Decimal)
    assert cost > 0
    assert ingest.answer(arrived(manifest(bill)), Context(), data.runtime)["did"] == "loaded", "a replay is harmless"
    assert asked(data, "SELECT COUNT(*), SUM(x_UnblendedCost) FROM charges") == [(rows, cost)]


def test_a_damaged_file_of_a_bill_leaves_the_month_as_it_was(data: DataHub, bill: dict[str, bytes]) -> None:
    data.bucket.objects.update(bill)
    assert ingest.answer(arrived(manifest(bill)), Context(), data.runtime)["did"] == "loaded"
    before = dict(data.bucket.lake)
    part = next(key for key in bill if key.endswith(".gz"))
    data.bucket.objects[part] = bill[part][: len(bill[part]) // 2]
    said = ingest.answer(arrived(manifest(bill)), Context(), data.runtime)
    assert said["did"] == "refused"
    assert data.bucket.lake == before
