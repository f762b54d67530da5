"""The tables of a lake: folders of Parquet by month, under the names that questions use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from lamplighter.lake.columns import CHARGE, PARTITION, TEXT, Column, literal
from lamplighter.lake.committed import COMMITMENT_COLUMNS, COMMITMENTS, COVERAGE, COVERAGE_COLUMNS
from lamplighter.lake.months import CHARGES
from lamplighter.lake.usage import LOOK_COLUMNS, LOOKS, SAMPLE_COLUMNS, USAGE


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: in questions.
        folder: of the lake.
        columns: in order, without the partition column.
    """

    name: str
    folder: str
    columns: Sequence[Column]


TABLES: Final = MappingProxyType(
    {
        table.name: table
        for table in (
            Table("charges", CHARGES, CHARGE),
            # Looks before samples: an hour that is known must not lack samples that are only seen later.
            Table("usage_looks_written", LOOKS, LOOK_COLUMNS),
            Table("usage_written", USAGE, SAMPLE_COLUMNS),
            Table("coverage_hours_written", COVERAGE, COVERAGE_COLUMNS),
            Table("commitment_hours_written", COMMITMENTS, COMMITMENT_COLUMNS),
        )
    }
)
"""By name, in the order in which their files must be looked up."""


def parquet(files: Sequence[Path], columns: Sequence[Column]) -> str:
    """SQL of the rows of files, or of none, with the month as the column `billing_period`."""
    if not files:
        nulls = [f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in columns]
        return f"SELECT {', '.join(nulls)}, CAST(NULL AS {TEXT}) AS {PARTITION} WHERE false"
    listed = ", ".join(literal(str(path)) for path in files)
    return (
        f"SELECT COLUMNS(lambda name: NOT starts_with(name, '_')) FROM read_parquet([{listed}], union_by_name = true, "
        f"hive_partitioning = true, hive_types = {{'{PARTITION}': {TEXT}}})"
    )
