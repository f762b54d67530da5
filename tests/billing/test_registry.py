from __future__ import annotations

import inspect
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.bills import SAMPLES

from lamplighter.billing.format import Table
from lamplighter.billing.load import load
from lamplighter.billing.raw import read_tables
from lamplighter.billing.registry import formats, recognise
from lamplighter.billing.sources import find_bills
from lamplighter.errors import BillError
from lamplighter.lake.ledger import Ledger

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """The columns of every sample."""
    found = {}
    for sample, (_, write) in SAMPLES.items():
        folder = tmp_path_factory.mktemp("sample")
        [bill] = find_bills([str(write(folder))], folder)
        [raw] = read_tables(bill.parts, duckdb.connect())
        found[sample] = raw.table
    return found


@pytest.mark.parametrize("name", formats())
def test_every_format_is_documented(name: str) -> None:
    member = formats()[name]
    assert member.name == name == name.lower()
    for text in (member.title, member.why):
        assert text.strip() == text
        assert text
    assert member.why.endswith(".")
    assert member.source.startswith("https://")
    assert member.since.count(".") == 2
    for documented in (type(member), member.recognises, member.reading, inspect.getmodule(type(member))):
        assert inspect.getdoc(documented)


@pytest.mark.parametrize("name", formats())
def test_every_format_has_a_sample(name: str) -> None:
    assert name in {known for known, _ in SAMPLES.values()}


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_is_read_alike(sample: str, tmp_path: Path) -> None:
    name, write = SAMPLES[sample]
    loaded = load([str(write(tmp_path))], tmp_path / "lake", at=AT, tags=["Team"])
    assert loaded.formats == {name: 1}
    assert (loaded.rows_in, loaded.rows_loaded, loaded.quarantined.rows) == (1, 1, 0)
    with Ledger.open(tmp_path / "lake") as ledger:
        [row] = ledger.query(
            "SELECT BilledCost, EffectiveCost, BillingAccountId, SubAccountId, BillingCurrency, ServiceName,"
            " x_ServiceCode, x_UsageType, RegionId, ChargePeriodStart, ChargePeriodEnd, x_UsageQuantity,"
            " list_sort(map_values(Tags)), x_SourceFormat, billing_period FROM charges"
        ).rows
    assert row == (
        Decimal(5),
        Decimal(5),
        "111122223333",
        "444455556666",
        "USD",
        "Amazon Elastic Compute Cloud",
        "AmazonEC2",
        "BoxUsage:m5.large",
        "us-east-1",
        datetime(2026, 10, 5, 10),  # noqa: DTZ001 - the ledger's times are UTC without a zone
        datetime(2026, 10, 5, 11),  # noqa: DTZ001
        Decimal(1),
        ["ada", "shop"],
        name,
        "2026-10",
    )


@pytest.mark.slow
@given(st.data())
def test_formats_exclude_each_other(tables: dict[str, Table], data: st.DataObject) -> None:
    table = tables[data.draw(st.sampled_from(sorted(tables)))]
    kept = tuple(data.draw(st.permutations(table.columns)))[: data.draw(st.integers(1, len(table.columns)))]
    some = Table(kept, {name: kind for name, kind in table.types.items() if name in kept}, {})
    fitting = [each.name for each in formats().values() if each.recognises(some)]
    assert len(fitting) <= 1, fitting


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_recognised_whatever_the_order_of_its_columns(sample: str, tables: dict[str, Table]) -> None:
    table = tables[sample]
    turned = Table(tuple(reversed(table.columns)), table.types, {})
    assert recognise(turned, "it").name == SAMPLES[sample][0]


def test_what_is_no_bill_says_what_would_be_one() -> None:
    with pytest.raises(BillError, match="its columns begin with a, b") as raised:
        recognise(Table(("a", "b"), {}, {}), "it.csv")
    assert all(each.title in str(raised.value.hint) for each in formats().values())
