"""Makes the workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import lamplighter.reports.ri_usage.pages as package
from lamplighter.families import member_classes
from lamplighter.reports.ri_usage.page import Facts, Page
from lamplighter.reports.sheet import Sheet
from lamplighter.reports.workbook import write_workbook

ENTRY_POINT: Final = "lamplighter.ri_usage_pages"
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9.-]+")


@cache
def pages() -> tuple[Page, ...]:
    """All pages, in their order."""
    found = [member() for member in member_classes(package, Page, ENTRY_POINT)]
    return tuple(sorted(found, key=lambda page: (page.order, page.name)))


def sheets(facts: Facts) -> Iterator[Sheet]:
    """Every sheet of the workbook, in order."""
    for page in pages():
        yield from page.sheets(facts)


def file_name(organization: str, at: datetime) -> str:
    """`AwsRIUsageReport_<organisation>_<date>.xlsx`; what file systems do not like becomes `-`."""
    name = _NOT_IN_NAMES.sub("-", organization).strip("-.") or "organization"
    return f"AwsRIUsageReport_{name}_{at:%Y-%m-%d}.xlsx"


def write_report(facts: Facts, folder: Path) -> Path:
    """Write the workbook into a folder; one of the same day is replaced.

    Returns:
        Its path.

    Raises:
        ReportError: it cannot be written.
        LakeError: the lake cannot be read.
    """
    path = folder / file_name(facts.organization, facts.at)
    title = f"AWS RI usage report of {facts.organization}, {facts.period}"
    return write_workbook(path, sheets(facts), title=title, created=facts.at)
