"""The tables of the lake in the template `lake`, for Athena."""

from __future__ import annotations

from typing import Any, Final

from lamplighter.deploy.block_parts import logical
from lamplighter.deploy.yamls import Ref, Row, Sub
from lamplighter.lake.columns import PARTITION
from lamplighter.lake.dialects import glue_columns
from lamplighter.lake.tables import TABLES

_PARQUET: Final = "org.apache.hadoop.hive.ql.io.parquet"


def tables() -> dict[str, Any]:
    """A table for each of the lake's. Months are projected: a new one is there without being registered."""
    return {f"{logical(name)}Table": _table(name, table.folder) for name, table in TABLES.items()}


def _table(name: str, folder: str) -> dict[str, Any]:
    place = f"s3://${{LakeBucket}}/lake/{folder}"
    return {
        "Type": "AWS::Glue::Table",
        "Properties": {
            "CatalogId": Ref("AWS::AccountId"),
            "DatabaseName": Ref("Database"),
            "TableInput": {
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {
                    "classification": "parquet",
                    "projection.enabled": "true",
                    f"projection.{PARTITION}.type": "date",
                    f"projection.{PARTITION}.format": "yyyy-MM",
                    f"projection.{PARTITION}.range": Sub("${FirstMonth},NOW+1MONTHS"),
                    f"projection.{PARTITION}.interval": "1",
                    f"projection.{PARTITION}.interval.unit": "MONTHS",
                    "storage.location.template": Sub(f"{place}/{PARTITION}=${{!{PARTITION}}}/"),
                },
                "PartitionKeys": [Row(Name=PARTITION, Type="string")],
                "StorageDescriptor": {
                    "Location": Sub(f"{place}/"),
                    "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
                    "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
                    "SerdeInfo": Row(SerializationLibrary=f"{_PARQUET}.serde.ParquetHiveSerDe"),
                    "Columns": [Row(Name=column, Type=kind) for column, kind in glue_columns(table=name)],
                },
            },
        },
    }
