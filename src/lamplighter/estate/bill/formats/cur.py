"""Cost and Usage Report: CSV, and Parquet as made for Athena."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from lamplighter.billing.names import athena_name
from lamplighter.estate.bill.cur_columns import NUMBER, TIME, cur_columns
from lamplighter.estate.bill.shape import CREATE_NEW, NAME, PREFIX, ZIP, Selected, Shape, Sheet


def as_text(kind: str, sql: str) -> str:
    """SQL of a value as CSV has it."""
    return f"strftime({sql}, '%Y-%m-%dT%H:%M:%SZ')" if kind == TIME else sql


def as_typed(kind: str, sql: str) -> str:
    """SQL of a value as Parquet has it: costs and quantities as DOUBLE, rates and all else as text."""
    return f"CAST({sql} AS {'DOUBLE' if kind == NUMBER else 'TIMESTAMP' if kind == TIME else 'VARCHAR'})"


def spelled(key: str) -> str:
    """The key of a tag as reports spell it: those of users begin with `user:`, those that AWS makes with `aws:`."""
    return key if key.startswith("aws:") else f"user:{key}"


def manifest(sheet: Sheet, files: Sequence[str], compression: str, columns: Sequence[str]) -> dict[str, Any]:
    """The manifest of a report of version 1."""
    return {
        "assemblyId": sheet.assembly,
        "account": sheet.options.payer,
        "columns": [dict(zip(("category", "name"), name.split("/", 1), strict=False)) for name in columns],
        "charset": "UTF-8",
        "compression": compression,
        "contentType": "Parquet" if compression == "Parquet" else "text/csv",
        "reportId": "0123456789abcdef",
        "reportName": NAME,
        "billingPeriod": {
            "start": f"{sheet.start:%Y%m%dT%H%M%S}.000Z",
            "end": f"{sheet.end:%Y%m%dT%H%M%S}.000Z",
        },
        "bucket": "billing-bucket",
        "reportKeys": list(files),
    }


def _month(sheet: Sheet) -> str:
    return f"{PREFIX}/{NAME}/{sheet.start:%Y%m%d}-{sheet.end:%Y%m%d}"


class CurCsv(Shape):
    """The report as CSV, each tag a column."""

    name: ClassVar[str] = "cur-csv"
    parquet: ClassVar[bool] = False

    def columns(self, sheet: Sheet) -> Sequence[Selected]:
        """As `cur_columns` says, then tags."""
        found = [
            (name, sheet.fill(as_text(kind, sql))) for name, kind, sql in cur_columns(sheet.options, plans=sheet.plans)
        ]
        return found + [(f"resourceTags/{spelled(key)}", f"tag_{place}") for place, key in enumerate(sheet.tags)]

    def file(self, sheet: Sheet, number: int) -> str:
        """In the folder of the month; in one of its version where none is overwritten."""
        version = f"/{sheet.assembly}" if sheet.layout == CREATE_NEW else ""
        return f"{_month(sheet)}{version}/{NAME}-{number}.{sheet.ending}"

    def manifests(self, sheet: Sheet, files: Sequence[str]) -> dict[str, dict[str, Any]]:
        """One in the folder of the month, and one beside the files."""
        columns = [name for name, _ in self.columns(sheet)]
        content = manifest(sheet, files, "ZIP" if sheet.compression == ZIP else "GZIP", columns)
        places = {_month(sheet), files[0].rpartition("/")[0]}
        return {f"{place}/{NAME}-Manifest.json": content for place in sorted(places)}


class CurParquet(Shape):
    """The report with Athena's names. Tags whose names are the same there share a column."""

    name: ClassVar[str] = "cur-parquet"
    parquet: ClassVar[bool] = True

    def columns(self, sheet: Sheet) -> Sequence[Selected]:
        """As `cur_columns` says, then tags."""
        found = [
            (athena_name(name), sheet.fill(as_typed(kind, sql)))
            for name, kind, sql in cur_columns(sheet.options, plans=sheet.plans)
        ]
        tags: dict[str, list[str]] = {}
        for place, key in enumerate(sheet.tags):
            tags.setdefault(athena_name(f"resourceTags/{spelled(key)}"), []).append(f"tag_{place}")
        unique = dict(reversed(found))  # product/region and product/regionCode differ, but others may not
        columns = [(name, sql) for name, sql in found if unique.get(name) == sql]
        return columns + [(name, f"COALESCE({', '.join(values)}, NULL)") for name, values in tags.items()]

    def file(self, sheet: Sheet, number: int) -> str:
        """In a folder of the year and month."""
        return f"{self._folder(sheet)}/{NAME}-{number:05}.snappy.parquet"

    def manifests(self, sheet: Sheet, files: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Beside the files."""
        content = manifest(sheet, files, "Parquet", [name for name, _ in self.columns(sheet)])
        return {f"{self._folder(sheet)}/{NAME}-Manifest.json": content}

    def _folder(self, sheet: Sheet) -> str:
        return f"{PREFIX}/{NAME}/{NAME}/year={sheet.start:%Y}/month={sheet.start.month}"
