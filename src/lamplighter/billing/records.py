"""The record of a month: for each payer whose charges are in it, the load that brought them.

What concerns the month as a whole stands on top: all payers, formats and totals; when it was loaded last, and what was
said of that load. `loads` has for each payer its own time, files, totals, differences and who accepted them, and which
telling of the month it was (`source`). A payer whose charges were carried over keeps its entry as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lamplighter.billing.facts import Fact
from lamplighter.billing.quarantine import Quarantined
from lamplighter.billing.staging import Staged
from lamplighter.billing.totals import Check, count_charges
from lamplighter.errors import LakeError
from lamplighter.lake import months


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody's word that a difference is all right.

    Attributes:
        who: their name.
        why: their reason.
    """

    who: str
    why: str


def record(
    bills: Mapping[str, Staged],
    facts: Sequence[Fact],
    checks: Sequence[Check],
    quarantined: Quarantined,
    earlier: Mapping[str, Mapping[str, Any]],
    *,
    at: datetime,
    accept: Accepted | None,
) -> dict[str, Any]:
    """The record of a month that is about to be published, as JSON.

    Args:
        bills: of this load, by payer.
        facts: of all charges of the month, those of other payers as well.
        checks: of this load.
        quarantined: of this load.
        earlier: `earlier_loads` of the month as it was.
        at: aware datetime of the load.
        accept: who took its differences for right, if anybody.
    """
    differences = [str(check) for check in checks if not check.holds]
    said = {
        "at": at.isoformat(),
        "differences": differences,
        "unproven": [str(check) for check in checks if check.unproven],
        "accepted": {"who": accept.who, "why": accept.why} if accept and differences else None,
        "quarantined": {"rows": quarantined.rows, "path": str(quarantined.path or "")},
    }
    loads: dict[str, Mapping[str, Any]] = {}
    for payer in sorted({fact.payer for fact in facts}):
        totals = count_charges(fact for fact in facts if fact.payer == payer).as_json()
        if payer in bills:
            loads[payer] = {**said, **_files(bills[payer]), "totals": totals}
        else:
            loads[payer] = {**earlier.get(payer, {}), "totals": totals}
    return {
        **said,
        "payers": sorted(loads),
        "formats": sorted({name for load in loads.values() for name in load.get("formats", ())}),
        "files": [file for payer in loads if payer in bills for file in loads[payer]["files"]],
        "totals": count_charges(facts).as_json(),
        "loads": loads,
    }


def _files(staged: Staged) -> dict[str, Any]:
    return {
        "formats": sorted(staged.formats),
        "files": [dict(each) for each in staged.sources],
        "account": staged.bill.account,
        "source": staged.bill.version.as_json(),
    }


def earlier_loads(lake: Path, period: str) -> Mapping[str, Mapping[str, Any]]:
    """The load of each payer in a month, as its record has it; nothing where the record cannot be read."""
    try:
        return loads_of(months.record_of(lake, months.CHARGES, period) or {})
    except LakeError:
        return {}


def loads_of(told: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The load of each payer that a record names; older records have one payer only, if it can be told at all."""
    found = told.get("loads")
    if isinstance(found, dict):
        return found
    payers: Sequence[str] = told.get("payers") or ()
    return {payers[0]: told} if len(payers) == 1 else {}
