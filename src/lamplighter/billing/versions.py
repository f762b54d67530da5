"""Which telling of a month a bill is.

AWS tells an open month anew several times a day, each time as a whole, and word of an old telling may come late: it
must not replace a newer one. A telling has an id: `assemblyId` in manifests of Cost and Usage Reports, `executionId` in
those of data exports. When it was made stands nowhere in a manifest. Newer reports write it into the id
(`20261103T081500Z`), data exports that keep old versions into the folder (`2026-11-03T08:15:00.000Z-<id>`). Else the
time counts at which S3 got the manifest, which is written last.

Source: AWS Data Exports User Guide, "Understanding export delivery" and "Understanding your report versions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final

ALONE: Final = re.compile(r"(\d{12}-aws-billing-[a-z-]+)-\d{4}-\d{2}\.csv(\.zip)?", re.IGNORECASE)
"""Names of detailed billing reports, which come without manifest."""

_STAMP: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?(\d{2}):?(\d{2})(?:\.\d+)?Z")


class Standing(StrEnum):
    """How a bill stands to what is in the lake."""

    NEW = "new"
    SAME = "same"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Version:
    """One telling of a month.

    Attributes:
        report: account and name of the report, `111122223333/cur`; empty if not known.
        assembly: id of the telling; empty if it has none.
        made: when it was made, aware, UTC; None if not known.
    """

    report: str = ""
    assembly: str = ""
    made: datetime | None = None

    def as_json(self) -> dict[str, str]:
        """As the record of a month keeps it."""
        return {
            "report": self.report,
            "assembly": self.assembly,
            "made": self.made.isoformat() if self.made is not None else "",
        }

    def __str__(self) -> str:
        made = f"made {self.made:%Y-%m-%d %H:%M:%S} UTC" if self.made is not None else "made nobody knows when"
        return f"{self.report or 'a bill'} {self.assembly}".strip() + f", {made}"


UNKNOWN: Final = Version()
"""Of a bill that says nothing of it."""


def version_of(manifest: Mapping[str, Any], place: PurePosixPath, arrived: datetime | None) -> Version:
    """The telling that a manifest announces.

    Args:
        manifest: its content.
        place: its path or key.
        arrived: when S3 got it, aware; None if not known.
    """
    name = str(manifest.get("reportName") or manifest.get("exportName") or "")
    account = owner_of(manifest)
    assembly = str(manifest.get("assemblyId") or manifest.get("executionId") or "")
    stamps = (_STAMP.match(text) for text in (assembly, place.parent.name))
    made = next((stamp for found in stamps if found and (stamp := _time(found))), None)
    return Version(f"{account}/{name}" if name else "", assembly, made or _utc(arrived))


def owner_of(manifest: Mapping[str, Any]) -> str:
    """The account whose report it is: as a manifest says, or as the ARN of its export; empty if it does not."""
    arn = str(manifest.get("exportArn") or "").split(":")
    return str(manifest.get("account") or (arn[4] if len(arn) > 4 else ""))


def version_alone(name: str, arrived: datetime | None) -> Version:
    """The telling that a file without manifest is.

    Args:
        name: of the file.
        arrived: when S3 got it, aware; None if not known.
    """
    found = ALONE.fullmatch(name)
    return Version(found[1] if found else "", "", _utc(arrived))


def read_version(load: Mapping[str, Any]) -> Version:
    """The telling that a load in a record came from; one that says nothing where the record says nothing."""
    source = load.get("source")
    if not isinstance(source, dict):
        return UNKNOWN
    try:
        made = datetime.fromisoformat(str(source.get("made") or ""))
    except ValueError:
        made = None
    known = made if made is not None and made.tzinfo is not None else None
    return Version(str(source.get("report") or ""), str(source.get("assembly") or ""), _utc(known))


def standing(bill: Version, there: Version) -> Standing:
    """How a bill stands to what is there. What nobody knows is no reason to leave a bill out."""
    if bill.report and bill.report == there.report:
        made = bill.made is not None and bill.made == there.made
        if bill.assembly == there.assembly and (bill.assembly or made):
            return Standing.SAME
    if bill.made is not None and there.made is not None and bill.made < there.made:
        return Standing.OLD
    return Standing.NEW


def standing_of_report(bill: Version, loads: Mapping[str, Mapping[str, Any]]) -> tuple[Standing, Version]:
    """How a bill stands to what the same report has brought of its month, whoever the payer is.

    Args:
        bill: the telling.
        loads: by payer, of the record of its month.

    Returns:
        The standing, and the telling that is there.
    """
    found = [read_version(load) for load in loads.values()]
    for there in found:
        if bill.report and there.report == bill.report and (how := standing(bill, there)) is not Standing.NEW:
            return how, there
    return Standing.NEW, UNKNOWN


def _time(found: re.Match[str]) -> datetime | None:
    try:
        return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def _utc(time: datetime | None) -> datetime | None:
    return time.astimezone(UTC) if time is not None else None
