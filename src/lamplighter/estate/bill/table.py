"""The lines of a month as one table in DuckDB, wide enough that every format is a list of expressions over it.

`lines` holds the estate once. A copy of it differs in its ids only: resources, commitments, lines (`copy_sql`).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.billing.columns import literal
from lamplighter.estate.bill.lines import Line, MonthBill
from lamplighter.estate.bill.meters import LOCATIONS, Meter, memory_of
from lamplighter.estate.bill.options import Discounts

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
    "savingsPlan/UsedCommitment",
)
"""Columns that only few lines have, by CUR name; `Line.more` has no others."""

_AMOUNT = "DECIMAL(18,10)"
_LINE: Final = {
    "n": "BIGINT",
    "kind": "VARCHAR",
    "start": "TIMESTAMP",
    "stop": "TIMESTAMP",
    "meter": "BIGINT",
    "quantity": "DECIMAL(18,8)",
    "cost": _AMOUNT,
    "arn_head": "VARCHAR",
    "arn_mid": "VARCHAR",
    "arn_tail": "VARCHAR",
    "effective": _AMOUNT,
    "upfront": _AMOUNT,
    "unused": _AMOUNT,
    "spread": _AMOUNT,
    "on_demand": _AMOUNT,
    "discount": "DECIMAL(4,2)",
    "private": "DECIMAL(4,2)",
    "late": "BOOLEAN",
}
_METER: Final = {
    "number": "BIGINT",
    "id_head": "VARCHAR",
    "id_mid": "VARCHAR",
    "id_tail": "VARCHAR",
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
}


def fill(connection: duckdb.DuckDBPyConnection, bill: MonthBill, lines: Iterable[Line], scratch: Path) -> list[str]:
    """Make the table `lines`.

    Args:
        connection: where.
        bill: the month; its meters are complete once all lines are made.
        lines: the lines.
        scratch: a folder for what is in between.

    Returns:
        Keys of all tags in order; the values of the first are in column `tag_0`, and so on.
    """
    drift = bill.start.replace(day=15) if bill.options.drift else None
    with (scratch / "lines.csv").open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink)
        for n, line in enumerate(lines):
            late = drift is not None and line.start >= drift
            writer.writerow(
                (
                    n,
                    line.kind,
                    f"{line.start:%Y-%m-%d %H:%M:%S}",
                    f"{line.end:%Y-%m-%d %H:%M:%S}",
                    line.meter,
                    _text(line.quantity),
                    _text(line.cost),
                    *_split(line.commitment),
                    *map(_text, (line.effective, line.upfront, line.unused, line.spread, line.on_demand)),
                    _text(line.discount if bill.options.discounts is Discounts.NET else 0),
                    _text(line.private),
                    late,
                    *([line.more.get(name, "") for name in MORE] if line.more else [""] * len(MORE)),
                )
            )
    with (scratch / "meters.csv").open("w", encoding="utf-8", newline="") as sink:
        csv.writer(sink).writerows(_meter_row(number, meter) for number, meter in enumerate(bill.meters))
    more = dict.fromkeys(MORE, "VARCHAR")
    keys = _keys(bill)
    tags = "".join(f", made[{literal(key)}] AS tag_{place}" for place, key in enumerate(keys))
    source = f"{_read(scratch / 'lines.csv', {**_LINE, **more})} line"
    made = "CAST(CAST({} AS JSON) AS MAP(VARCHAR, VARCHAR))"
    meters = (
        f"(SELECT * REPLACE ({made.format('tags')} AS tags, {made.format('late_tags')} AS late_tags)"
        f" FROM {_read(scratch / 'meters.csv', _METER)}) meter"
    )
    connection.execute(
        "CREATE TABLE lines AS SELECT * EXCLUDE (late, meter, number, tags, late_tags, made), made AS tags"
        f"{tags} FROM ("
        f"SELECT *, CASE WHEN late THEN late_tags ELSE tags END AS made"
        f" FROM {source} JOIN {meters} ON line.meter = meter.number) ORDER BY n"
    )
    for name in ("lines.csv", "meters.csv"):
        (scratch / name).unlink()
    return keys


def _keys(bill: MonthBill) -> list[str]:
    """Keys of all tags, in order."""
    found = {key for meter in bill.meters for key in meter.tags}
    if bill.options.drift:
        found |= {key for meter in bill.meters for key in drifted(meter.tags)}
    return sorted(found)


def drifted(tags: Mapping[str, str]) -> Mapping[str, str]:
    """How the tags of a resource read once its owners began to write them otherwise; a fifth of them does."""
    if sum(map(ord, tags.get("Name", ""))) % 5:
        return tags
    return {
        ("team" if key == "Team" else key): value.title() if key == "Environment" else value
        for key, value in tags.items()
    }


def copy_sql(copy: int, version: int) -> str:
    """A FROM item: the lines of one copy, with `resource`, `arn` and `line_id`.

    Args:
        copy: 0 for the estate itself, others for copies.
        version: of the bill; line ids are those of one version only.
    """
    made = f"'{copy:05x}'"
    mid = {part: f"{part}_mid" if copy == 0 else made for part in ("id", "arn")}
    ids = ", ".join(
        f"CASE WHEN {part}_mid IS NULL THEN {part}_head ELSE {part}_head || {mid[part]} || {part}_tail END AS {name}"
        for part, name in (("id", "resource"), ("arn", "arn"))
    )
    return f"(SELECT *, {ids}, md5('{version} {copy} ' || n) AS line_id FROM lines)"


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


def _meter_row(number: int, meter: Meter) -> tuple[object, ...]:
    family = meter.instance_type.rpartition(".")[0]
    return (
        number,
        *_split(meter.resource),
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
    )
