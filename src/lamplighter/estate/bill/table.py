"""The lines of a month in DuckDB, wide enough that every format is a list of expressions over them.

`entries` holds what each line has of its own, times and amounts; `groups` all that lines of one meter and kind have in
common. `lines` is both together. The estate is there once. A copy of it differs in its ids only: resources and
commitments (`copy_sql`), and lines.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.estate.bill.blended import Blend, Sku, sku
from lamplighter.estate.bill.meters import LOCATIONS, Meter, memory_of
from lamplighter.estate.bill.month import Block, Line, MonthBill
from lamplighter.estate.bill.options import Discounts
from lamplighter.lake.columns import literal

if TYPE_CHECKING:
    import duckdb

STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"
_ID: Final = re.compile(r"(.*[^0-9a-f]|)([0-9a-f]{5})([0-9a-f]{3,}.*)", re.DOTALL)

MORE: Final = (
    "bill/BillingEntity",
    "lineItem/LegalEntity",
    "lineItem/TaxType",
    "pricing/LeaseContractLength",
    "pricing/OfferingClass",
    "pricing/PurchaseOption",
    "pricing/term",
    "reservation/AmortizedUpfrontFeeForBillingPeriod",
    "reservation/AvailabilityZone",
    "reservation/EndTime",
    "reservation/ModificationStatus",
    "reservation/NormalizedUnitsPerReservation",
    "reservation/NumberOfReservations",
    "reservation/StartTime",
    "reservation/TotalReservedNormalizedUnits",
    "reservation/TotalReservedUnits",
    "reservation/UnitsPerReservation",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod",
    "reservation/UnusedNormalizedUnitQuantity",
    "reservation/UnusedQuantity",
    "reservation/UnusedRecurringFee",
    "reservation/UpfrontValue",
    "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod",
    "savingsPlan/EndTime",
    "savingsPlan/InstanceTypeFamily",
    "savingsPlan/OfferingType",
    "savingsPlan/PaymentOption",
    "savingsPlan/PurchaseTerm",
    "savingsPlan/RecurringCommitmentForBillingPeriod",
    "savingsPlan/Region",
    "savingsPlan/SavingsPlanRate",
    "savingsPlan/StartTime",
    "savingsPlan/TotalCommitmentToDate",
)
"""Columns that only few lines have, by CUR name; `Line.more` has no others."""
_NO_MORE: Final = ("",) * len(MORE)
_NO_SPLIT: Final = (None,) * 8

_AMOUNT = "DECIMAL(18,10)"
_OWN: Final = {
    "quantity": "DECIMAL(18,8)",
    "cost": _AMOUNT,
    "effective": _AMOUNT,
    "upfront": _AMOUNT,
    "unused": _AMOUNT,
    "spread": _AMOUNT,
    "on_demand": _AMOUNT,
    "split_actual": _AMOUNT,
    "split_reserved": _AMOUNT,
    "split_usage": _AMOUNT,
    "split_ratio": _AMOUNT,
    "split_cost": _AMOUNT,
    "split_unused": _AMOUNT,
    "split_public": _AMOUNT,
    "split_public_unused": _AMOUNT,
}
ENTRY: Final = frozenset({"n", "start", "stop", *_OWN})
"""What each line has of its own: its number, its period (end exclusive), quantity and amounts."""
_GROUP: Final = {
    "number": "BIGINT",
    "meter": "BIGINT",
    "kind": "VARCHAR",
    "arn_head": "VARCHAR",
    "arn_mid": "VARCHAR",
    "arn_tail": "VARCHAR",
    "discount": "DECIMAL(4,2)",
    "private": "DECIMAL(4,2)",
}
_METER: Final = {
    "meter": "BIGINT",
    "id_head": "VARCHAR",
    "id_mid": "VARCHAR",
    "id_tail": "VARCHAR",
    "capacity_head": "VARCHAR",
    "capacity_mid": "VARCHAR",
    "capacity_tail": "VARCHAR",
    "parent_head": "VARCHAR",
    "parent_mid": "VARCHAR",
    "parent_tail": "VARCHAR",
    "account": "VARCHAR",
    "region": "VARCHAR",
    "location": "VARCHAR",
    "zone": "VARCHAR",
    "service": "VARCHAR",
    "family": "VARCHAR",
    "usage_type": "VARCHAR",
    "operation": "VARCHAR",
    "unit": "VARCHAR",
    "rate": _AMOUNT,
    "list_rate": _AMOUNT,
    "description": "VARCHAR",
    "tags": "VARCHAR",
    "late_tags": "VARCHAR",
    "instance_type": "VARCHAR",
    "instance_family": "VARCHAR",
    "vcpu": "VARCHAR",
    "memory": "VARCHAR",
    "system": "VARCHAR",
    "engine": "VARCHAR",
    "deployment": "VARCHAR",
    "factor": "DECIMAL(18,8)",
    "blended_rate": _AMOUNT,
}


def fill(
    connection: duckdb.DuckDBPyConnection, bill: MonthBill, blocks: Iterable[Block], blend: Blend, scratch: Path
) -> list[str]:
    """Make the tables `entries` and `groups`, and `lines`.

    Args:
        connection: where.
        bill: the month; its meters are complete once all lines are made.
        blocks: the lines.
        blend: blended rates; complete once all lines are made.
        scratch: a folder for what is in between.

    Returns:
        Keys of all tags in order; the values of the first are in column `tag_0`, and so on.
    """
    groups, hours = _write_lines(bill, blocks, scratch / "lines.csv")
    _write(scratch / "groups.csv", groups)
    _write(scratch / "hours.csv", hours)
    rates = blend.rates()
    _write(scratch / "meters.csv", (_meter_row(number, meter, rates) for number, meter in enumerate(bill.meters)))
    line = {"block": "BIGINT", "k": "BIGINT", "number": "BIGINT", "start": "TIMESTAMP", "stop": "TIMESTAMP", **_OWN}
    hour = {"block": "BIGINT", "first": "BIGINT", "start": "TIMESTAMP", "late": "BIGINT"}
    more = dict.fromkeys(MORE, "VARCHAR")
    keys = _keys(bill)
    tags = "".join(f", tags[{literal(key)}] AS tag_{place}" for place, key in enumerate(keys))
    made = "CAST(CAST({} AS JSON) AS MAP(VARCHAR, VARCHAR))"
    connection.execute(
        "CREATE TABLE entries AS SELECT hour.first + line.k AS n, line.number * 2 + late AS g,"
        " COALESCE(line.start, hour.start) AS start,"
        " COALESCE(line.stop, COALESCE(line.start, hour.start) + INTERVAL 1 HOUR) AS stop,"
        f" {', '.join(_OWN)}"
        f" FROM {_read(scratch / 'lines.csv', line)} line JOIN {_read(scratch / 'hours.csv', hour)} hour"
        " ON line.block = hour.block ORDER BY n"
    )
    connection.execute(
        f"CREATE TABLE groups AS SELECT *{tags} FROM ("
        "SELECT * EXCLUDE (number, meter, tags, late_tags, late), number * 2 + late AS g,"
        f" CASE late WHEN 1 THEN {made.format('late_tags')} ELSE {made.format('tags')} END AS tags"
        f" FROM {_read(scratch / 'groups.csv', {**_GROUP, **more})} JOIN {_read(scratch / 'meters.csv', _METER)} meters"
        " USING (meter), (VALUES (0), (1)) times(late)) ORDER BY g"
    )
    connection.execute("CREATE VIEW lines AS SELECT * FROM entries JOIN groups USING (g)")
    for name in ("lines.csv", "groups.csv", "hours.csv", "meters.csv"):
        (scratch / name).unlink()
    return keys


def _write_lines(
    bill: MonthBill, blocks: Iterable[Block], path: Path
) -> tuple[Iterable[tuple[object, ...]], Iterable[tuple[object, ...]]]:
    """Write what each line has of its own, by block; give the groups, and the hours in which each block stands."""
    groups: dict[tuple[object, ...], int] = {}
    placed: list[tuple[bool, datetime, int, int]] = []
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink)
        for block, each in enumerate(blocks):
            k = -1
            for k, line in enumerate(each.lines):
                group = groups.setdefault(_group(bill, line), len(groups))
                writer.writerow((block, k, group, _time(line.start), _time(line.end), *_amounts(line)))
            # Lines that have a time of their own follow all hours.
            apart = each.apart
            placed += ((apart, start, block, k + 1) for start in each.starts)
    rows = ((number, *key) for key, number in groups.items())
    return rows, _hours(sorted(placed), bill.start.replace(day=15) if bill.options.drift else None)


def _hours(placed: Iterable[tuple[bool, datetime, int, int]], drift: datetime | None) -> Iterator[tuple[object, ...]]:
    """Block, number of its first line, beginning, and whether tags have drifted by then."""
    first = 0
    for _, start, block, lines in placed:
        yield block, first, _time(start), int(drift is not None and start >= drift)
        first += lines


def _group(bill: MonthBill, line: Line) -> tuple[object, ...]:
    return (
        line.meter,
        line.kind,
        *_split(line.commitment),
        _text(line.discount if bill.options.discounts is Discounts.NET else 0),
        _text(line.private),
        *([line.more.get(name, "") for name in MORE] if line.more else _NO_MORE),
    )


def _amounts(line: Line) -> Iterator[str]:
    """In the order of `_OWN`."""
    own = (line.quantity, line.cost, line.effective, line.upfront, line.unused, line.spread, line.on_demand)
    return map(_text, own + (astuple(line.split) if line.split else _NO_SPLIT))


def _write(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows(rows)


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _keys(bill: MonthBill) -> list[str]:
    """Keys of all tags, in order; those that AWS makes come first."""
    meters = [meter for meter in bill.meters if not meter.parent or meter.parent in bill.hosts]
    found = {key for meter in meters for key in meter.tags}
    if bill.options.drift:
        found |= {key for meter in meters for key in drifted(meter.tags)}
    return sorted(found, key=lambda key: (not key.startswith("aws:"), key))


def drifted(tags: Mapping[str, str]) -> Mapping[str, str]:
    """How the tags of a resource read once its owners began to write them otherwise; a fifth of them does."""
    if sum(map(ord, tags.get("Name", ""))) % 5:
        return tags
    return {
        ("team" if key == "Team" else key): value.title() if key == "Environment" else value
        for key, value in tags.items()
    }


COPIED: Final = {"resource": "id", "arn": "arn", "capacity": "capacity", "parent": "parent"}
"""Columns that differ from copy to copy, and what their parts are called."""


def copy_sql(copy: int, table: str = "groups") -> str:
    """A FROM item: the groups of one copy, with `resource`, `arn`, `capacity` and `parent`.

    Args:
        copy: 0 for the estate itself, others for copies.
        table: `groups`, or `lines`.
    """
    made = f"'{copy:05x}'"
    ids = ", ".join(
        f"CASE WHEN {part}_mid IS NULL THEN {part}_head"
        f" ELSE {part}_head || {f'{part}_mid' if copy == 0 else made} || {part}_tail END AS {name}"
        for name, part in COPIED.items()
    )
    return f"(SELECT *, {ids} FROM {table})"


def line_id(copy: int, version: int) -> str:
    """SQL of the id of a line by its number: line ids are those of one version only."""
    return f"md5('{version} {copy} ' || n)"


def _read(path: Path, columns: dict[str, str]) -> str:
    named = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return (
        f"read_csv({literal(str(path))}, header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"',"
        f" columns = {{{named}}})"
    )


def _split(name: str) -> tuple[str, str, str]:
    """An id in three parts, the middle one to be replaced in copies; only the first where there is none."""
    found = _ID.fullmatch(name)
    return (found[1], found[2], found[3]) if found else (name, "", "")


def _text(amount: object) -> str:
    return "" if amount is None else f"{amount:f}"


def _meter_row(number: int, meter: Meter, blended: Mapping[Sku, Decimal]) -> tuple[object, ...]:
    family = meter.instance_type.rpartition(".")[0]
    return (
        number,
        *_split(meter.resource),
        *_split(meter.capacity),
        *_split(meter.parent),
        meter.account,
        meter.region,
        LOCATIONS.get(meter.region, meter.region),
        meter.zone,
        meter.service,
        meter.family,
        meter.usage_type,
        meter.operation,
        meter.unit,
        _text(meter.rate),
        _text(meter.list_rate),
        meter.description,
        json.dumps(dict(meter.tags), sort_keys=True) if meter.tags else "",
        json.dumps(dict(drifted(meter.tags)), sort_keys=True) if meter.tags else "",
        meter.instance_type,
        family,
        *(memory_of(meter.instance_type) if meter.instance_type else ("", "")),
        meter.system,
        meter.engine,
        meter.deployment,
        _text(meter.units),
        _text(blended.get(sku(meter), meter.rate)),
    )
