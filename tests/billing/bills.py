"""Small bills of every format, written as AWS writes them: same five dollars, same tags."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
from tests.billing.conftest import COMMON, cur_text

from lamplighter.billing.focus import SINCE_1_0
from lamplighter.billing.names import athena_name
from lamplighter.lake.columns import FOCUS

Row = Mapping[str, str]

FOCUS_1_2: tuple[str, ...] = (*(column.name for column in FOCUS), "x_Discounts", "x_Operation", "x_ServiceCode")
FOCUS_1_0: tuple[str, ...] = (
    *(column.name for column in FOCUS if column.name not in SINCE_1_0),
    "x_CostCategories",
    "x_Discounts",
    "x_Operation",
    "x_ServiceCode",
    "x_UsageType",
)
FOCUS_ROW: Row = {
    "BilledCost": "5",
    "BillingAccountId": "111122223333",
    "BillingAccountName": "Example",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2026-11-01T00:00:00.000Z",
    "BillingPeriodStart": "2026-10-01T00:00:00.000Z",
    "ChargeCategory": "Usage",
    "ChargeFrequency": "Usage-Based",
    "ChargePeriodEnd": "2026-10-05T11:00:00.000Z",
    "ChargePeriodStart": "2026-10-05T10:00:00.000Z",
    "ConsumedQuantity": "1",
    "ConsumedUnit": "Hrs",
    "ContractedCost": "5",
    "EffectiveCost": "5",
    "InvoiceIssuerName": "Amazon Web Services, Inc.",
    "ListCost": "6.4E0",
    "PricingCategory": "Standard",
    "ProviderName": "AWS",
    "PublisherName": "Amazon Web Services, Inc.",
    "RegionId": "us-east-1",
    "ServiceCategory": "Compute",
    "ServiceName": "Amazon Elastic Compute Cloud",
    "SubAccountId": "444455556666",
    "Tags": '{"user:Team": "shop", "aws:createdBy": "ada"}',
    "x_Discounts": "{}",
    "x_Operation": "RunInstances",
    "x_ServiceCode": "AmazonEC2",
}
DBR_COLUMNS: tuple[str, ...] = (
    "InvoiceID",
    "PayerAccountId",
    "LinkedAccountId",
    "RecordType",
    "RecordId",
    "ProductName",
    "RateId",
    "SubscriptionId",
    "PricingPlanId",
    "UsageType",
    "Operation",
    "AvailabilityZone",
    "ReservedInstance",
    "ItemDescription",
    "UsageStartDate",
    "UsageEndDate",
    "UsageQuantity",
    "BlendedRate",
    "BlendedCost",
    "UnBlendedRate",
    "UnBlendedCost",
    "ResourceId",
    "aws:createdBy",
    "user:Team",
)
DBR_ROW: Row = {
    "InvoiceID": "Estimated",
    "PayerAccountId": "111122223333",
    "LinkedAccountId": "444455556666",
    "RecordType": "LineItem",
    "RecordId": "1",
    "ProductName": "Amazon Elastic Compute Cloud",
    "SubscriptionId": "2",
    "UsageType": "BoxUsage:m5.large",
    "Operation": "RunInstances",
    "AvailabilityZone": "us-east-1a",
    "ReservedInstance": "N",
    "ItemDescription": "$0.096 per On Demand Linux m5.large Instance Hour",
    "UsageStartDate": "2026-10-05 10:00:00",
    "UsageEndDate": "2026-10-05 11:00:00",
    "UsageQuantity": "1",
    "UnBlendedCost": "5",
    "ResourceId": "i-0abc1234def567890",
    "user:Team": "shop",
    "aws:createdBy": "ada",
}
CUR2_MAPS: Row = {
    "resource_tags": '{"user_team":"shop","aws_created_by":"ada"}',
    "cost_category": "{}",
    "discount": "{}",
    "product": '{"product_name":"Amazon Elastic Compute Cloud","operating_system":"Linux"}',
}


def table(columns: Sequence[str], common: Row, rows: Iterable[Row], *, quoting: int = csv.QUOTE_MINIMAL) -> str:
    """Rows over what they have in common, as CSV."""
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(columns), restval="", quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows({**common, **row} for row in rows)
    return sink.getvalue()


def focus_1_0(*rows: Row) -> str:
    """FOCUS 1.0 as CSV."""
    return table(FOCUS_1_0, {**FOCUS_ROW, "x_UsageType": "BoxUsage:m5.large"}, rows or ({},))


def focus_1_2(*rows: Row) -> str:
    """FOCUS 1.2 as CSV."""
    added = {"SkuMeter": "BoxUsage:m5.large", "SkuPriceDetails": '{"InstanceType": "m5.large"}'}
    return table(FOCUS_1_2, {**FOCUS_ROW, **added}, rows or ({},))


def dbr(*rows: Row) -> str:
    """The detailed billing report as CSV, all of it in quotes."""
    return table(DBR_COLUMNS, DBR_ROW, rows or ({},), quoting=csv.QUOTE_ALL)


def cur(*rows: Row) -> str:
    """The Cost and Usage Report as CSV."""
    tags = {"resourceTags/user:Team": "shop", "resourceTags/aws:createdBy": "ada"}
    return cur_text([{"lineItem/UnblendedCost": "5", **tags, **row} for row in rows or ({},)])


def cur2(*rows: Row) -> str:
    """CUR 2.0 as CSV, with JSON; rows by Athena's names."""
    common = {athena_name(name): value for name, value in COMMON.items() if not name.startswith("resourceTags/")}
    common |= {"line_item_unblended_cost": "5", "bill_payer_account_name": "Example", **CUR2_MAPS}
    return table(tuple(common), common, rows or ({},))


TYPES: Mapping[str, str] = {"Tags": "MAP(VARCHAR, VARCHAR)", "x_Discounts": "MAP(VARCHAR, DOUBLE)"}


def as_parquet(path: Path, text: str, types: Mapping[str, str] | None = None, rename: bool = False) -> Path:
    """The rows of a CSV as Parquet: texts, but for the columns that have a type; by Athena's names if asked.

    Maps are made of JSON.
    """
    source = path.with_suffix(".source.csv")
    source.write_text(text)
    header = next(csv.reader(io.StringIO(text)))
    columns = []
    for name in header:
        own, kind = f"NULLIF(\"{name}\", '')", (types or {}).get(name)
        value = own if kind is None else f"CAST({own}{'::JSON' if kind.startswith('MAP') else ''} AS {kind})"
        columns.append(f'{value} AS "{athena_name(name) if rename else name}"')
    made = duckdb.sql(f"SELECT {', '.join(columns)} FROM read_csv('{source}', all_varchar = true, header = true)")
    assert made is not None
    made.write_parquet(str(path))
    source.unlink()
    return path


def _written(text: Callable[[], str]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "bill.csv"
        path.write_text(text())
        return path

    return write


_MONEY = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity"), "DOUBLE")
_TIMES = dict.fromkeys(
    ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"), "TIMESTAMP_MS"
)
_CUR_TIMES = dict.fromkeys(
    (name for name in COMMON if name.endswith("Date")),
    "TIMESTAMP_MS",
)
SAMPLES: Mapping[str, tuple[str, Callable[[Path], Path]]] = {
    "cur, csv": ("cur-csv", _written(cur)),
    "cur, parquet": (
        "cur-parquet",
        lambda folder: as_parquet(
            folder / "bill.parquet", cur(), {"lineItem/UnblendedCost": "DOUBLE", **_CUR_TIMES}, rename=True
        ),
    ),
    "cur 2.0, csv": ("cur-2.0", _written(cur2)),
    "cur 2.0, parquet": (
        "cur-2.0",
        lambda folder: as_parquet(
            folder / "bill.parquet",
            cur2(),
            {**dict.fromkeys(CUR2_MAPS, "MAP(VARCHAR, VARCHAR)"), "line_item_unblended_cost": "DOUBLE"},
        ),
    ),
    "focus 1.0, csv": ("focus-1.0", _written(focus_1_0)),
    "focus 1.0, parquet": (
        "focus-1.0",
        lambda folder: as_parquet(folder / "bill.parquet", focus_1_0(), {**_MONEY, **_TIMES, **TYPES}),
    ),
    "focus 1.2, csv": ("focus-1.2", _written(focus_1_2)),
    "focus 1.2, parquet": (
        "focus-1.2",
        lambda folder: as_parquet(folder / "bill.parquet", focus_1_2(), {**_MONEY, **_TIMES, **TYPES}),
    ),
    "dbr": ("dbr", _written(dbr)),
}
"""(format's name, writer into a folder) of one bill of each format and container: five dollars, team `shop`."""
