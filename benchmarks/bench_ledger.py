"""What questions to the ledger cost, beside the bare engine and beside pandas on the same Parquet.

LAMPLIGHTER_BENCH_CHARGES is the number of charges in millions (20 for the target of the ledger), else half a million.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

import duckdb

from lamplighter.lake import months
from lamplighter.lake.columns import CHARGE, MONEY
from lamplighter.lake.cost import ask_cost
from lamplighter.lake.ledger import Ledger

CHARGES = int(float(os.environ.get("LAMPLIGHTER_BENCH_CHARGES", "0.5")) * 1_000_000)
MONTHS = ("2026-09", "2026-10")
COSTS = [column.name for column in CHARGE if column.need == "always" and column.type == MONEY]
BY = ("account", "service", "day")


def run() -> Iterator[str]:
    """Write charges once, then ask: as lamp cost does, bare, by tag from the map and from the column, with pandas."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder)
        for period in MONTHS:
            _write(lake, period, CHARGES // len(MONTHS))
        size = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
        yield f"ledger: {CHARGES:,} charges in {len(MONTHS)} months, {size / 1e6:,.0f} MB of Parquet"
        yield from _questions(lake)
        yield from _tags(lake)
        yield from _pandas(lake)


def _questions(lake: Path) -> Iterator[str]:
    def opened() -> object:
        with Ledger.open(lake) as ledger:
            return ask_cost(ledger, BY)

    with Ledger.open(lake) as ledger, duckdb.connect() as bare:
        ask_cost(ledger, ["payer"], where=["day=2026-09-01"])
        asked = _best("cost by account, service, day", lambda: ask_cost(ledger, BY))
        plain = _best("the same, bare DuckDB", lambda: bare.execute(_bare(lake)).fetchall())
        yield from (asked[0], plain[0], f"ledger: {_ratio(asked, plain)} of bare DuckDB")
        yield _best("the same, with opening the ledger", opened)[0]


def _tags(lake: Path) -> Iterator[str]:
    with Ledger.open(lake) as ledger:
        found = {}
        for name, key in (("column", "Team"), ("map", "Owner")):
            found[name] = _best(f"cost by tag, from the {name}", lambda key=key: ask_cost(ledger, [f"tag:{key}"]))  # type: ignore[misc]
            yield found[name][0]
        yield f"ledger: {_ratio(found['map'], found['column'])} from the map of the column"


def _pandas(lake: Path) -> Iterator[str]:
    """Only the columns that are needed; amounts as decimals, which is what the ledger answers, and as floats."""
    with Ledger.open(lake) as ledger:
        asked = _best("cost by account, service, day", lambda: ask_cost(ledger, BY))
    floats = _best("pandas, amounts as floats", lambda: _framed(lake, exact=False), 1)
    yield floats[0]
    yield f"ledger: {_ratio(floats, asked)} of the ledger's"
    exact = _best("pandas, amounts as decimals", lambda: _framed(lake, exact=True), 1)
    yield exact[0]
    yield f"ledger: {_ratio(exact, asked)} of the ledger's"


def _framed(lake: Path, *, exact: bool) -> int:
    import pandas

    names = ["SubAccountId", "ServiceName", "ChargePeriodStart", "BillingCurrency", "EffectiveCost"]
    frame = pandas.read_parquet(lake / months.CHARGES, columns=names)
    if not exact:
        frame["EffectiveCost"] = frame["EffectiveCost"].astype(float)
    frame["day"] = frame["ChargePeriodStart"].dt.normalize()
    return len(frame.groupby(["SubAccountId", "ServiceName", "day", "BillingCurrency"])["EffectiveCost"].sum())


def _bare(lake: Path) -> str:
    return (
        "SELECT SubAccountId, ServiceName, CAST(ChargePeriodStart AS DATE), BillingCurrency, SUM(EffectiveCost),"
        f" COUNT(*) FROM read_parquet('{lake}/{months.CHARGES}/*/*.parquet') GROUP BY ALL ORDER BY 4, 5 DESC"
    )


def _write(lake: Path, period: str, count: int) -> None:
    """A month of made-up charges: 40 accounts, 25 services, 20,000 resources, hourly, in the order of time."""
    amount = "CAST((hash(i * 31) % 1000000) / 1000000.0 AS DECIMAL(38,18))"
    start = f"TIMESTAMP '{period}-01' + INTERVAL (i * 720 // {count}) HOUR"
    team = "CASE WHEN hash(i * 7) % 10 < 8 THEN 'team-' || (hash(i * 5) % 30) END"
    given = {
        "BillingAccountId": "'111122223333'",
        "SubAccountId": "LPAD(CAST(hash(i) % 40 AS VARCHAR), 12, '0')",
        "BillingCurrency": "'USD'",
        "ServiceName": "'service ' || (hash(i * 3) % 25)",
        "ServiceCategory": "'Compute'",
        "ChargeCategory": "'Usage'",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": f"{start} + INTERVAL 1 HOUR",
        "BillingPeriodStart": f"TIMESTAMP '{period}-01'",
        "BillingPeriodEnd": f"TIMESTAMP '{period}-01' + INTERVAL 1 MONTH",
        "ResourceId": "'i-' || (hash(i * 11) % 20000)",
        "RegionId": "'us-east-1'",
        "x_UsageType": "'usage ' || (hash(i * 13) % 200)",
        "Tags": f"MAP {{'Team': {team}, 'Owner': {team}, 'Name': 'n' || (hash(i * 11) % 20000), 'env': 'prod'}}",
        **dict.fromkeys(COSTS, amount),
    }
    columns = [f'CAST({given.get(column.name, "NULL")} AS {column.type}) AS "{column.name}"' for column in CHARGE]
    columns.append(f'{team} AS "x_Tag_Team"')
    with months.loading(lake), duckdb.connect() as connection:
        staged = months.stage(lake, months.CHARGES, period)
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(
            f"COPY (SELECT {', '.join(columns)} FROM range({count}) AS made(i)) TO '{staged}'"
            " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, FILE_SIZE_BYTES '256MB')"
        )
        months.publish(lake, months.CHARGES, period, staged, {"tags": ["Team"]})


Timed = tuple[str, float, float]


def _best(what: str, work: Callable[[], object], times: int = 3) -> Timed:
    """The quickest of some runs: a line, seconds on the wall, seconds of processors."""
    runs = []
    for _ in range(times):
        wall, processors = perf_counter(), process_time()
        work()
        runs.append((perf_counter() - wall, process_time() - processors))
    wall, processors = min(runs)
    return f"ledger: {what:<42} {wall:9.3f} s, {processors:9.3f} s of processors", wall, min(cpu for _, cpu in runs)


def _ratio(one: Timed, other: Timed) -> str:
    return f"{one[1] / other[1]:.2f} x the time, {one[2] / other[2]:.2f} x the processor time"
