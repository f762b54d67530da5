"""Rows that cannot be read: kept with file, line and reason, and counted with their money."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lamplighter.billing.staging import Staged
from lamplighter.billing.unread import KEPT
from lamplighter.lake.months import QUARANTINE
from lamplighter.store.journal import stamp

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Quarantined:
    """What could not be read.

    Attributes:
        rows: how many.
        cost: the bill's own cost of those whose cost can be read, whatever its currency.
        without_cost: rows whose cost cannot be read.
        reasons: how many rows for each reason, without the value.
        path: where they are kept, below the lake; None when there are none.
    """

    rows: int
    cost: Decimal
    without_cost: int
    reasons: dict[str, int]
    path: PurePosixPath | None


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, lake: Path, staged: Sequence[Staged], *, at: datetime
) -> Quarantined:
    """Write the rows that cannot be read into one file of JSON lines, see `lamplighter.billing.unread`.

    Args:
        connection: where the staged rows are.
        lake: the lake's folder; the file goes to `quarantine/`.
        staged: the bills.
        at: aware datetime of the load; names the file.
    """
    lines = sum(sum(each.rejected.values()) for each in staged)
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
        for reason, count in each.rejected.items():
            reasons[reason] = reasons.get(reason, 0) + count
    if not bad + lines:
        return Quarantined(0, Decimal(0), 0, {}, None)
    path = PurePosixPath(QUARANTINE) / f"{stamp(at).replace(':', '')}.jsonl"
    (lake / QUARANTINE).mkdir(parents=True, exist_ok=True)
    with (lake / path).open("w", encoding="utf-8") as file:
        file.writelines(islice(_rows(staged), KEPT))
        if bad + lines > KEPT:
            file.write(json.dumps({"more": bad + lines - KEPT}) + "\n")
    return Quarantined(bad + lines, cost or Decimal(0), without + lines, reasons, path)


def _rows(staged: Sequence[Staged]) -> Iterator[str]:
    for each in staged:
        for path in each.unread:
            with path.open(encoding="utf-8") as file:
                yield from file
