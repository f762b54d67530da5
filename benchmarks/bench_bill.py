"""What loading a Cost and Usage Report costs beside a bare DuckDB COPY of the same columns from the same file.

Bare: the needed columns as text; typed: the same with amounts as DECIMAL and times as TIMESTAMP, as a ledger needs
them. Neither proves anything, nor makes maps, measures or names of services.

`BILL_ROWS=2000000 python -m benchmarks bill` for the real size; the default keeps the whole run short. Each side has a
process of its own, so that processor time and peak memory are its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb

ROWS = int(os.environ.get("BILL_ROWS", "100000"))
COLUMNS = 190
MEMORY = os.environ.get("BILL_MEMORY", "1500MB")
HOUR = "TIMESTAMP '2026-10-01' + INTERVAL 1 HOUR * (i % 744)"
STAMP = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"

NEEDED = {
    "bill/InvoiceId": "''",
    "bill/BillingEntity": "'AWS'",
    "bill/PayerAccountId": "'111122223333'",
    "bill/BillingPeriodStartDate": "'2026-10-01T00:00:00Z'",
    "bill/BillingPeriodEndDate": "'2026-11-01T00:00:00Z'",
    "lineItem/UsageAccountId": "(444455556666 + 1111 * (i % 40))::VARCHAR",
    "lineItem/LineItemType": "'Usage'",
    "lineItem/UsageStartDate": STAMP.format(HOUR),
    "lineItem/UsageEndDate": STAMP.format(f"{HOUR} + INTERVAL 1 HOUR"),
    "lineItem/ProductCode": "['AmazonEC2', 'AmazonRDS', 'AmazonS3', 'AWSLambda'][1 + i % 4]",
    "lineItem/UsageType": "'EUC1-BoxUsage:m5.' || ['large', 'xlarge', '2xlarge'][1 + i % 3]",
    "lineItem/Operation": "'RunInstances:0002'",
    "lineItem/AvailabilityZone": "'eu-central-1' || ['a', 'b', 'c'][1 + i % 3]",
    "lineItem/ResourceId": "'i-' || lower(printf('%017x', hash(i % 20000) >> 4))",
    "lineItem/UsageAmount": "'1.0000000000'",
    "lineItem/NormalizationFactor": "'4.0000000000'",
    "lineItem/NormalizedUsageAmount": "'4.0000000000'",
    "lineItem/CurrencyCode": "'USD'",
    "lineItem/UnblendedCost": "((hash(i) % 1000000000)::DECIMAL(18,0) / 10000000000)::DECIMAL(18,10)::VARCHAR",
    "lineItem/LineItemDescription": "'$0.096 per On Demand Linux m5.large Instance Hour'",
    "lineItem/LegalEntity": "'Amazon Web Services, Inc.'",
    "product/ProductName": "'Amazon Elastic Compute Cloud'",
    "product/region": "'eu-central-1'",
    "product/instanceType": "'m5.large'",
    "product/operatingSystem": "'Linux'",
    "product/productFamily": "'Compute Instance'",
    "product/sku": "upper(left(md5((i % 500)::VARCHAR), 16))",
    "pricing/RateCode": "upper(left(md5((i % 500)::VARCHAR), 16)) || '.JRTCKXETXF.6YS6EN2CT7'",
    "pricing/currency": "'USD'",
    "pricing/publicOnDemandCost": "'0.0960000000'",
    "pricing/publicOnDemandRate": "'0.0960000000'",
    "pricing/unit": "'Hrs'",
    **dict.fromkeys(
        (
            "reservation/ReservationARN",
            "reservation/EffectiveCost",
            "reservation/AmortizedUpfrontFeeForBillingPeriod",
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
            "reservation/UnusedRecurringFee",
            "savingsPlan/SavingsPlanARN",
            "savingsPlan/SavingsPlanEffectiveCost",
            "savingsPlan/TotalCommitmentToDate",
            "savingsPlan/UsedCommitment",
            "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
            "savingsPlan/RecurringCommitmentForBillingPeriod",
        ),
        "''",
    ),
    "resourceTags/user:Team": "['shop', 'data', 'web', ''][1 + i % 4]",
    "resourceTags/user:Spend_Category": "['prod', 'test'][1 + i % 2]",
    "resourceTags/aws:createdBy": "''",
}
"""The columns that a load reads, with what stands in them, by number of the row."""


def write_bill(path: Path, rows: int) -> None:
    """A report as AWS writes it: what is needed among product facts that are mostly empty."""
    rest = [f"product/fact{number}" for number in range(COLUMNS - len(NEEDED) - 1)]
    made = ['lower(md5(i::VARCHAR)) AS "identity/LineItemId"', *(f'{sql} AS "{name}"' for name, sql in NEEDED.items())]
    made += [f'{repr("value") if number % 5 == 0 else repr("")} AS "{name}"' for number, name in enumerate(rest)]
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {', '.join(made)} FROM range({rows}) r(i)) TO '{path}' (HEADER, FORMAT csv)")


def _copy(path: Path, folder: Path, wanted: str) -> None:
    with duckdb.connect(config={"temp_directory": str(folder / "spill"), "memory_limit": MEMORY}) as connection:
        with path.open() as file:
            header = file.readline().strip().split(",")
        columns = ", ".join(f"'{name}': 'VARCHAR'" for name in header)
        source = f"read_csv('{path}', auto_detect = false, header = true, columns = {{{columns}}})"
        target = folder / "bare.parquet"
        connection.execute(f"COPY (SELECT {wanted} FROM {source}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def bare(path: Path, folder: Path) -> None:
    """The needed columns, as text, to Parquet."""
    _copy(path, folder, ", ".join(f'"{name}"' for name in NEEDED))


def typed(path: Path, folder: Path) -> None:
    """The needed columns with their types to Parquet."""
    types = {name: "TIMESTAMP" for name in NEEDED if name.endswith("Date")}
    numbers = ("Cost", "Rate", "Amount", "Factor", "Fee", "Period", "Commitment", "Date")
    types |= {name: "DECIMAL(38,18)" for name in NEEDED if name.endswith(numbers) and name not in types}
    _copy(
        path,
        folder,
        ", ".join(
            f'CAST(NULLIF("{name}", \'\') AS {types[name]}) AS "{name}"' if name in types else f'"{name}"'
            for name in NEEDED
        ),
    )


def ours(path: Path, folder: Path) -> None:
    """A load with everything that it proves, and two tags as columns."""
    from lamplighter.billing.load import load

    at = datetime(2026, 11, 3, tzinfo=UTC)
    loaded = load([str(path)], folder / "lake", at=at, tags=["Team", "Spend_Category"], memory=MEMORY)
    assert loaded.quarantined.rows == 0


SIDES = {"bare": bare, "typed": typed, "ours": ours}


def measured(side: str, path: Path) -> dict[str, float]:
    """Seconds, processor seconds and peak memory in MB of one side, in a process of its own."""
    with TemporaryDirectory(dir=path.parent) as folder:
        words = [sys.executable, "-m", "benchmarks.bench_bill", side, str(path), folder]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bill.csv"
        write_bill(path, ROWS)
        size = path.stat().st_size
        yield f"{ROWS:,} rows x {COLUMNS} columns, {size / 1e6:,.0f} MB of CSV, memory limit {MEMORY}"
        found = {side: measured(side, path) for side in SIDES}
        for side, one in found.items():
            speed = size / 1e6 / one["seconds"]
            yield (
                f"{side:5} {one['seconds']:7.2f} s, {one['cpu']:7.2f} s of processors, {speed:4,.0f} MB/s,"
                f" peak {one['peak']:,.0f} MB"
            )
        for side in ("bare", "typed"):
            seconds, cpu = (found["ours"][name] / found[side][name] for name in ("seconds", "cpu"))
            yield f"load against {side} COPY: {seconds:.2f} x the time, {cpu:.2f} x the processor time"


def main(words: Sequence[str]) -> None:
    side, path, folder = words
    begun, cpu = perf_counter(), os.times()
    SIDES[side](Path(path), Path(folder))
    after = os.times()
    print(
        json.dumps(
            {
                "seconds": perf_counter() - begun,
                "cpu": after.user + after.system - cpu.user - cpu.system,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
