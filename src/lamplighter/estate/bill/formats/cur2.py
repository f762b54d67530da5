"""CUR 2.0 of Data Exports: fixed columns; tags, discounts and product facts as maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from lamplighter.billing.names import athena_name
from lamplighter.estate.bill.cur_columns import CAPACITY, DISCOUNTS, cur_columns
from lamplighter.estate.bill.formats.cur import as_text, as_typed, spelled
from lamplighter.estate.bill.options import Discounts
from lamplighter.estate.bill.shape import CREATE_NEW, NAME, PREFIX, Selected, Shape, Sheet
from lamplighter.lake.columns import literal

_TOP = frozenset(
    {
        "from_location", "from_location_type", "from_region_code", "fee_code", "fee_description", "instance_family",
        "instance_type", "instancesku", "location", "location_type", "operation", "pricing_unit", "product_family",
        "region_code", "servicecode", "sku", "to_location", "to_location_type", "to_region_code", "usagetype",
    }
)  # fmt: skip
"""Product facts that stay columns; all others are in the map `product` only."""


def export_file(sheet: Sheet, number: int, name: str, ending: str) -> str:
    """Where a file of a data export lies."""
    version = f"/{sheet.assembly}" if sheet.layout == CREATE_NEW else ""
    return f"{PREFIX}/{name}/data/BILLING_PERIOD={sheet.start:%Y-%m}{version}/{name}-{number:05}.{ending}"


def export_manifests(sheet: Sheet, files: Sequence[str], name: str) -> dict[str, dict[str, Any]]:
    """The manifest of a data export; it has no billing period, its folder has."""
    content = {
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{sheet.options.payer}:export/{name}",
        "executionId": sheet.assembly,
        "exportName": name,
        "dataFiles": [f"s3://billing-bucket/{file}" for file in files],
    }
    return {f"{PREFIX}/{name}/metadata/BILLING_PERIOD={sheet.start:%Y-%m}/{name}-Manifest.json": content}


def tags_sql(sheet: Sheet, spell: str) -> str:
    """SQL of the map of tags with keys spelled `user_cost_center` (spell is athena) or as they were written.

    Where two keys are spelled alike, the last that has a value counts, as AWS does not say which.
    """
    if not sheet.tags:
        return "CAST(NULL AS MAP(VARCHAR, VARCHAR))"
    found: dict[str, str] = {}
    for place, key in enumerate(sheet.tags):
        name = athena_name(spelled(key)) if spell == "athena" else key
        found[name] = f"COALESCE(tag_{place}, {found[name]})" if name in found else f"tag_{place}"
    keys, values = ", ".join(map(literal, found)), ", ".join(found.values())
    return f"map_from_entries(list_filter(list_zip([{keys}], [{values}]), lambda entry: entry[2] IS NOT NULL))"


class Cur2Csv(Shape):
    """CSV: maps are JSON."""

    name: ClassVar[str] = "cur-2.0-csv"
    parquet: ClassVar[bool] = False

    def columns(self, sheet: Sheet) -> Sequence[Selected]:
        """Names of accounts are there; maps take the place of columns that would change."""
        value = as_typed if self.parquet else as_text
        columns: list[Selected] = []
        facts: list[tuple[str, str]] = []
        for name, kind, sql in cur_columns(sheet.options, plans=sheet.plans):
            column = athena_name(name)
            if name.startswith("discount/"):
                continue
            if name.startswith("product/") and (short := column.removeprefix("product_")) not in _TOP:
                if not sql.startswith("CAST(NULL") and short != "region":
                    facts.append((short, sql))
                continue
            columns.append((column, sheet.fill(value(kind, sql))))
            if column == "bill_payer_account_id":
                columns.append(("bill_payer_account_name", "'Example Corp.'"))
            if column == "line_item_usage_account_id":
                columns.append(("line_item_usage_account_name", "'account ' || right(account, 4)"))
        columns += [(name, sql) for name, sql in CAPACITY if name not in sheet.options.missing]
        maps = {
            "product": self._map("VARCHAR", facts),
            "resource_tags": tags_sql(sheet, "athena"),
            "cost_category": "CAST(MAP {} AS MAP(VARCHAR, VARCHAR))",
        }
        if sheet.options.discounts is Discounts.NET:
            maps["discount"] = self._map("DOUBLE", [(athena_name(name), sql) for name, _, sql in DISCOUNTS])
        kept = [(name, sql) for name, sql in maps.items() if name not in sheet.options.missing]
        return columns + [
            (name, sql if self.parquet else f"CAST(CAST({sql} AS JSON) AS VARCHAR)") for name, sql in kept
        ]

    def _map(self, kind: str, values: Sequence[tuple[str, str]]) -> str:
        keys = ", ".join(literal(key) for key, _ in values)
        listed = ", ".join(f"CAST({sql} AS {kind})" for _, sql in values)
        return f"map_from_entries(list_filter(list_zip([{keys}], [{listed}]), lambda entry: entry[2] IS NOT NULL))"

    def file(self, sheet: Sheet, number: int) -> str:
        """As data exports lie."""
        return export_file(sheet, number, NAME, "snappy.parquet" if self.parquet else sheet.ending)

    def manifests(self, sheet: Sheet, files: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Beside the data, in `metadata`."""
        return export_manifests(sheet, files, NAME)


class Cur2Parquet(Cur2Csv):
    """Parquet: maps are maps."""

    name: ClassVar[str] = "cur-2.0-parquet"
    parquet: ClassVar[bool] = True
