from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lake.conftest import write_month
from tests.lake.known import DATA, EC2, LAMBDA, OTHER, PAYER, RI, S3, SHOP, SP, plain, write_known

from lamplighter.errors import LakeError, UsageError
from lamplighter.lake.columns import MEASURES
from lamplighter.lake.cost import DIMENSIONS, REST, Cost, Row, ask_cost
from lamplighter.lake.ledger import Ledger

OCTOBER = ["2026-10"]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    lake = tmp_path_factory.mktemp("known")
    write_known(lake)
    with Ledger.open(lake) as opened:
        yield opened


def usd(found: Cost) -> list[tuple[str | None, ...]]:
    """Rows in USD in their order: values, cost."""
    return [(*row.values, plain([[row.cost]])[0][0]) for row in found.rows if row.currency == "USD"]


BY: list[tuple[str, list[tuple[str | None, ...]]]] = [
    ("account", [(SHOP, "3.3"), (DATA, "0.115"), (PAYER, "0.1")]),
    ("account-name", [("shop", "2.9"), (SHOP, "0.4"), (DATA, "0.115"), (PAYER, "0.1")]),
    ("payer", [(PAYER, "3.515")]),
    ("period", [("2026-10", "3.515")]),
    ("day", [("2026-10-01", "0.5"), ("2026-10-05", "1.815"), ("2026-10-06", "1.2")]),
    ("service", [(EC2, "2.95"), (LAMBDA, "0.4"), (S3, "0.115"), ("Savings Plans", "0.05")]),
    ("service-category", [("Compute", "3.515")]),
    ("region", [("us-east-1", "3.015"), (None, "0.5")]),
    ("zone", [(None, "3.515")]),
    (
        "usage-type",
        [
            ("BoxUsage:m5.large", "2.2"),
            (None, "0.5"),
            ("Lambda-GB-Second", "0.4"),
            ("BoxUsage:c5.large", "0.3"),
            ("TimedStorage-ByteHrs", "0.115"),
        ],
    ),
    ("operation", [("RunInstances", "2.5"), (None, "0.615"), ("Invoke", "0.4")]),
    ("instance-type", [("m5.large", "2.2"), (None, "1.015"), ("c5.large", "0.3")]),
    ("resource", [("i-1", "2.2"), (None, "0.5"), ("function-1", "0.4"), ("i-2", "0.3"), ("bucket-1", "0.115")]),
    ("category", [("Usage", "3.365"), ("Tax", "0.4"), ("Adjustment", "0"), ("Purchase", "0"), ("Credit", "-0.25")]),
    ("line-type", [(None, "3.515"), ("SavingsPlanNegation", "0")]),
    ("commitment", [(None, "1.565"), (RI, "1.5"), (SP, "0.45")]),
    ("commitment-status", [("Used", "1.6"), (None, "1.565"), ("Unused", "0.35")]),
    ("pricing", [("Committed", "1.2"), (None, "1.015"), ("Standard", "1"), ("Dynamic", "0.3")]),
    ("invoice", [(None, "3.515")]),
    ("publisher", [("AWS", "3.515")]),
    ("tag:Team", [(None, "1.315"), ("b", "1.2"), ("a", "1")]),
    ("tag:team", [(None, "2.315"), ("b", "1.2")]),
    ("tag:Spend_Category", [(None, "2.515"), ("web", "1")]),
    ("tag:o'x", [(None, "3.515")]),
    ("cost-category:unit", [(None, "2.515"), ("retail", "1")]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("by", "rows"), BY)
def test_by_each_dimension(ledger: Ledger, by: str, rows: Sequence[tuple[str | None, ...]]) -> None:
    found = ask_cost(ledger, [by], periods=OCTOBER)
    assert usd(found) == list(rows)
    assert plain([[found.totals["USD"]], [found.totals["EUR"]]]) == [("1",), ("3.515",)]
    assert found.unknown == 0


def test_every_dimension_is_tested() -> None:
    assert set(DIMENSIONS) <= {by for by, _ in BY}


@pytest.mark.parametrize(
    ("measure", "total"),
    [
        ("effective", "3.515"),
        ("billed", "3.515"),
        ("list", "6.565"),
        ("contracted", "6.565"),
        ("unblended", "3.515"),
        ("net-unblended", "3.515"),
        ("amortised", "3.515"),
        ("amortized", "3.515"),
        ("net_amortised", "3.515"),
        ("net-amortized", "3.515"),
        ("on-demand", "4.35"),
    ],
)
def test_each_measure(ledger: Ledger, measure: str, total: str) -> None:
    found = ask_cost(ledger, ["service"], periods=OCTOBER, measure=measure)
    assert plain([[found.totals["USD"]]]) == [(total,)]
    assert found.measure in MEASURES


@pytest.mark.slow
def test_every_measure_reads_its_own_column(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{column: str(n) for n, column in enumerate(MEASURES.values(), 1)}])
    with Ledger.open(tmp_path) as opened:
        for number, measure in enumerate(MEASURES, 1):
            assert ask_cost(opened, measure=measure).totals == {"USD": Decimal(number)}


def test_what_is_not_known_is_in_no_row_and_counted(ledger: Ledger) -> None:
    found = ask_cost(ledger, ["service"], periods=OCTOBER, measure="on-demand")
    assert usd(found) == [(EC2, "3.85"), (LAMBDA, "0.5")]
    assert [row.charges for row in found.rows] == [1, 3, 1]
    assert found.unknown == 8


@pytest.mark.parametrize(
    ("where", "total"),
    [
        ([f"service={S3}"], "0.115"),
        (["service = AWS Lambda "], "0.4"),
        ([f"service!={S3}"], "3.4"),
        (["usage-type~boxusage"], "2.5"),
        (["usage-type~BOX", "instance-type!=m5.large"], "0.3"),
        (["region="], "0.5"),
        (["region!="], "3.015"),
        (["region!=us-east-1"], "0.5"),
        (["tag:Team=a"], "1"),
        (["tag:Team!=a"], "2.515"),
        (["tag:Team="], "1.315"),
        (["tag:Team!="], "2.2"),
        (["tag:Team~A"], "1"),
        (["cost-category:unit=retail"], "1"),
        (["day=2026-10-06"], "1.2"),
        (["day!=2026-10-06"], "2.315"),
        (["day>=2026-10-05", "day<2026-10-06"], "1.815"),
        (["day>2026-10-05"], "1.2"),
        (["day<=2026-10-01"], "0.5"),
        (["day~2026-10"], "3.515"),
        (["period>2026-08", "period<=2026-10"], "3.515"),
        ([f"account={SHOP}", "category=Tax"], "0.4"),
        (["usage-type~a=b"], None),
        (["service=' OR 1=1 --"], None),
        (["service~%"], None),
        (["tag:x'] OR true --=a"], None),
        (["tag:'); DROP VIEW charges; --=a"], None),
    ],
)
def test_conditions(ledger: Ledger, where: list[str], total: str | None) -> None:
    found = ask_cost(ledger, ["service"], periods=OCTOBER, where=[*where, f"payer={PAYER}"])
    assert plain([amount] for amount in found.totals.values()) == ([(total,)] if total else [])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["x'y", "x']", "'", "''", 'x"y', "x\\", "ü ß", "a;b", "tag('Team')"])
def test_a_key_is_only_a_key(ledger: Ledger, tmp_path: Path, key: str) -> None:
    quoted = key.replace("'", "''")
    write_month(
        tmp_path, "2026-10", [{"EffectiveCost": "2", "Tags": f"MAP {{'{quoted}': 'v'}}"}, {"EffectiveCost": "1"}]
    )
    with Ledger.open(tmp_path) as opened:
        assert usd(ask_cost(opened, [f"tag:{key}"])) == [("v", "2"), (None, "1")]
        assert ask_cost(opened, where=[f"tag:{key}=v"]).totals == {"USD": Decimal(2)}


def test_by_several_with_two_currencies(ledger: Ledger) -> None:
    found = ask_cost(ledger, ["account", "tag:Team", "account"], where=["instance-type=m5.large"])
    assert found.by == ("account", "tag:Team")
    assert found.rows == [
        Row((OTHER, "a"), "EUR", Decimal(1), 1),
        Row((SHOP, "a"), "USD", Decimal("1.4"), 2),
        Row((SHOP, "b"), "USD", Decimal("1.2"), 1),
    ]
    assert found.totals == {"EUR": Decimal(1), "USD": Decimal("2.6")}


def test_a_limit_keeps_the_greatest_and_adds_up_the_others(ledger: Ledger) -> None:
    found = ask_cost(ledger, ["service", "region"], periods=OCTOBER, limit=2)
    assert usd(found) == [(EC2, "us-east-1", "2.5"), (EC2, None, "0.45"), (REST, "", "0.565")]
    assert [row.currency for row in found.rows] == ["EUR", "USD", "USD", "USD"]
    assert found.rows[-1].charges == 5
    assert usd(ask_cost(ledger, ["payer"], periods=OCTOBER, limit=1)) == [(PAYER, "3.515")]


def test_time_comes_in_its_order_and_a_limit_keeps_the_greatest_days(ledger: Ledger) -> None:
    found = ask_cost(ledger, ["day", "service"], periods=OCTOBER, where=[f"payer={PAYER}"])
    assert usd(found)[:3] == [
        ("2026-10-01", EC2, "0.45"),
        ("2026-10-01", "Savings Plans", "0.05"),
        ("2026-10-05", EC2, "1.3"),
    ]
    found = ask_cost(ledger, ["day"], where=[f"payer={PAYER}"], limit=2)
    assert usd(found) == [("2026-10-05", "1.815"), ("2026-11-03", "1.515"), (REST, "1.7")]


@pytest.mark.slow
def test_a_tag_that_is_a_column_in_the_months_asked(tmp_path: Path) -> None:
    """The column holds another value than the map here, to show which of them was read."""
    tags = "MAP {'Team': 'map'}"
    write_month(tmp_path, "2026-09", [{"EffectiveCost": "1", "Tags": tags}])
    write_month(tmp_path, "2026-10", [{"EffectiveCost": "2", "Tags": tags, "x_Tag_Team": "'column'"}], tags=["Team"])
    with Ledger.open(tmp_path) as opened:
        assert usd(ask_cost(opened, ["tag:Team"], periods=OCTOBER)) == [("column", "2")]
        assert usd(ask_cost(opened, ["tag:Team"], periods=["2026-09"])) == [("map", "1")]
        assert usd(ask_cost(opened, ["tag:Team"])) == [("column", "2"), ("map", "1")]
        assert ask_cost(opened, where=["tag:Team=column"]).totals == {"USD": Decimal(2)}


@pytest.mark.parametrize(
    ("asked", "says", "hint"),
    [
        ({"by": ["servise"]}, "there is no dimension 'servise'", "did you mean service?"),
        ({"by": ["xyz"]}, "there is no dimension 'xyz'", "known: account, "),
        ({"by": ["tags:Team"]}, "there is no 'tags:Team' to ask by", "tag:KEY"),
        ({"by": ["tag:"]}, "there is no 'tag:' to ask by", "tag:KEY"),
        ({"by": []}, "asked by something", "service"),
        ({"limit": 0}, "has a row at least", "service"),
        ({"measure": "net-amortizd"}, "there is no measure 'net_amortizd'", "did you mean net_amortized?"),
        ({"periods": ["2026-09"]}, "2026-09 is not in the ledger", "loaded: 2026-10, 2026-11"),
        ({"where": ["service"]}, "'service' is no condition", "name=value"),
        ({"where": ["=x"]}, "'=x' is no condition", "name=value"),
        ({"where": ["servise=x"]}, "there is no dimension 'servise'", "did you mean service?"),
        ({"where": ["service>x"]}, "service has no order", "period and day"),
        ({"where": ["day>"]}, "compares with nothing", "day>2026-10-15"),
        ({"where": ["day=2026-02-30"]}, "'2026-02-30' is not a day", "YYYY-MM-DD"),
        ({"where": ["day=today"]}, "'today' is not a day", "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_asked(ledger: Ledger, asked: dict[str, object], says: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        ask_cost(ledger, **asked)  # type: ignore[arg-type]
    assert says in raised.value.message
    assert hint in raised.value.hint


def test_an_empty_lake_has_no_cost(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as opened:
        assert ask_cost(opened) == Cost(("service",), "effective", [], {})
        with pytest.raises(UsageError, match="not in the ledger") as raised:
            ask_cost(opened, periods=OCTOBER)
    assert raised.value.hint == "nothing is loaded yet: lamp bill load"


def test_a_damaged_file_is_an_error_of_the_lake(tmp_path: Path) -> None:
    write_month(tmp_path, "2026-10", [{"BilledCost": "1"}], tags=["Team"])
    (tmp_path / "charges" / "billing_period=2026-10" / "part-0.parquet").write_bytes(b"PAR1 no parquet")
    with Ledger.open(tmp_path) as opened, pytest.raises(LakeError):
        ask_cost(opened, ["tag:Team"])


AMOUNTS = st.decimals(min_value=-(10**19), max_value=10**19, places=18, allow_nan=False)
CHARGES = st.lists(
    st.tuples(AMOUNTS, st.sampled_from(["USD", "EUR"]), st.sampled_from(["a", "b", "c", None]), st.integers(1, 5)),
    min_size=1,
    max_size=12,
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    charges=CHARGES, limit=st.one_of(st.none(), st.integers(1, 3)), by=st.sampled_from(["tag:Team", "day", "account"])
)
def test_rows_add_up_to_the_totals_exactly(
    tmp_path: Path,
    charges: list[tuple[Decimal, str, str | None, int]],
    limit: int | None,
    by: str,
) -> None:
    rows = [
        {
            "EffectiveCost": f"CAST('{amount:f}' AS DECIMAL(38,18))",
            "BillingCurrency": f"'{currency}'",
            "Tags": f"MAP {{'Team': '{team}'}}" if team else "NULL",
            "ChargePeriodStart": f"TIMESTAMP '2026-10-{day:02d}'",
        }
        for amount, currency, team, day in charges
    ]
    write_month(tmp_path, "2026-10", rows)
    with Ledger.open(tmp_path, threads=1) as opened:
        found = ask_cost(opened, [by], limit=limit)
    for currency in ("USD", "EUR"):
        exact = sum(_scaled(amount) for amount, unit, *_ in charges if unit == currency)
        mine = [row for row in found.rows if row.currency == currency]
        assert sum(_scaled(row.cost) for row in mine) == exact
        if mine:
            assert _scaled(found.totals[currency]) == exact
        assert sum(row.charges for row in mine) == sum(1 for _, unit, *_ in charges if unit == currency)
        assert limit is None or len(mine) <= limit + 1


def _scaled(amount: Decimal) -> int:
    """In units of 10^-18, without rounding."""
    sign, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    whole = int("".join(map(str, digits))) * int(10 ** (exponent + 18))
    return -whole if sign else whole
