"""Rows that cannot be read: kept with file, line and reason, and counted with their money."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lamplighter.billing.staging import Staged
from lamplighter.lake.columns import literal
from lamplighter.store.journal import stamp

if TYPE_CHECKING:
    import duckdb

FOLDER = "quarantine"
_KEPT = 100_000
"""Rows that are written out; more than that are counted only."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What could not be read.

    Attributes:
        rows: how many.
        cost: the bill's own cost of those whose cost can be read, whatever its currency.
        without_cost: rows whose cost cannot be read.
        reasons: how many rows for each reason, without the value.
        path: where they are kept, or None when there are none.
    """

    rows: int
    cost: Decimal
    without_cost: int
    reasons: dict[str, int]
    path: Path | None


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, lake: Path, staged: Sequence[Staged], *, at: datetime
) -> Quarantined:
    """Write the rows that cannot be read as JSON lines: file, line, reason, and the row or its text.

    The line is that of the row in its file; rows that hold line breaks themselves make it a lower bound.

    Args:
        connection: where the staged rows are.
        lake: the lake's folder; the file goes to `quarantine/`.
        staged: the bills.
        at: aware datetime of the load; names the file.
    """
    lines = sum(len(each.rejects) for each in staged)
    counted = connection.execute(
        "SELECT COUNT(*), SUM(_cost), COUNT(*) FILTER (_cost IS NULL) FROM staged WHERE NOT _ok"
    ).fetchone()
    bad, cost, without = counted or (0, None, 0)
    reasons: dict[str, int] = dict(
        connection.execute(
            "SELECT split_part(_problem, ':', 1), COUNT(*) FROM staged WHERE NOT _ok GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    )
    for each in staged:
        for reject in each.rejects:
            reason = reject.reason.partition(":")[0]
            reasons[reason] = reasons.get(reason, 0) + 1
    if not bad + lines:
        return Quarantined(0, Decimal(0), 0, {}, None)
    path = lake / FOLDER / f"{stamp(at).replace(':', '')}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(_rows(connection, staged)):
            if number == _KEPT:
                file.write(json.dumps({"more": bad + lines - _KEPT}) + "\n")
                break
            file.write(json.dumps(row, default=str) + "\n")
    return Quarantined(bad + lines, cost or Decimal(0), without + lines, reasons, path)


def _rows(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> Iterator[dict[str, Any]]:
    for each in staged:
        names = {str(part.path): part.name for read in each.reads for part in read.raw.parts}
        for reject in each.rejects:
            yield {
                "file": names.get(reject.path, reject.path),
                "line": reject.line,
                "reason": reject.reason,
                "text": reject.text,
            }
        bad = {
            row[0]
            for row in connection.execute(f"SELECT DISTINCT x_SourceFile FROM {each.relation} WHERE NOT _ok").fetchall()
        }
        for read in each.reads:
            raw, reading = read.raw, read.reading
            for part in raw.parts:
                if part.name not in bad:
                    continue
                columns = ", ".join(
                    f'{literal(name)}: "{name.replace(chr(34), chr(34) * 2)}"' for name in raw.table.columns
                )
                cursor = connection.execute(
                    f"SELECT line, reason, row FROM (SELECT row_number() OVER () + {raw.skip} AS line,"
                    f" {reading.keep} AS keep, {reading.problem} AS reason, {{{columns}}} AS row"
                    f" FROM {raw.sql([part], sequential=True)}) WHERE keep AND reason IS NOT NULL"
                )
                while rows := cursor.fetchmany(1000):
                    for line, reason, row in rows:
                        kept = {name: value for name, value in row.items() if value not in (None, "")}
                        yield {"file": part.name, "line": line, "reason": reason, "row": kept}
