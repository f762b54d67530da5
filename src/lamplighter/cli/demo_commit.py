"""What the demo shows of commitments: what to buy, with and without regard to schedules, and the workbook."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.cli.commit_recommend_show import sentences
from lamplighter.cli.show import Column

if TYPE_CHECKING:
    from lamplighter.cli.show import Cell, Printer
    from lamplighter.commitments.sizing.recommendation import Line, Recommendation

ORGANIZATION: Final = "lamplighter-demo"
_MOST: Final = 8
_NEEDED: Final = ("numpy", "highspy", "xlsxwriter")
_COLUMNS: Final = (
    Column("#", right=True),
    Column("Buy for a year, nothing upfront", whole=True),
    Column("Where", whole=True),
    Column("USD a month", right=True),
    Column("Saves", right=True),
    Column("Used", right=True),
)


def show_commitments(printer: Printer, lake: Path, begin: datetime, end: datetime, folder: Path) -> Path | None:
    """Say what to buy by the week's use, and write the workbook into a folder.

    Returns:
        Its path; None without the extras `commit` and `reports`.

    Raises:
        ReportError: it cannot be written.
    """
    from lamplighter.commitments.sizing.wishes import Wishes
    from lamplighter.pricing.book import PriceBook
    from lamplighter.pricing.offers import Payment
    from lamplighter.reports.ri_usage.gather import gathered
    from lamplighter.reports.ri_usage.report import write_report

    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        printer.note(
            f"there is no recommendation and no workbook: {', '.join(missing)} is missing "
            "(pip install 'lamplighter[commit,reports]')"
        )
        return None
    # A week that touches two months: the one that it mostly lies in.
    period = f"{begin + (end - begin) / 2 - timedelta(hours=1):%Y-%m}"
    wishes = Wishes(years=(1,), payments=(Payment.NO_UPFRONT,))
    with gathered(lake, period, ORGANIZATION, PriceBook.bundled(), end, wishes=wishes) as facts:
        if facts.recommendation is not None:
            _show(printer, facts.recommendation)
        return write_report(facts, folder)


def _show(printer: Printer, found: Recommendation) -> None:
    printer.text("\nWhat to commit to, by the use of the week and what is held already\n")
    printer.answer(
        [],
        _COLUMNS,
        [_row(line) for line in found.lines[:_MOST]],
        empty="nothing: no commitment would be used often enough to pay",
    )
    if len(found.lines) > _MOST:
        printer.text(f"and {len(found.lines) - _MOST} more; all of them stand in the workbook")
    printer.text("\n" + "\n".join(sentences(found)))


def _row(line: Line) -> list[Cell]:
    plan = line.what == "savings-plan"
    what = f"{line.quantity:f} USD/h {line.service} Savings Plan" if plan else f"{line.quantity:f} {line.service}"
    return [
        str(line.number),
        f"{what} {line.resource_type} {line.platform}".strip(),
        line.region or "everywhere",
        f"{line.monthly.amount:,.2f}",
        f"{line.saving.amount:,.2f}",
        "" if line.utilisation is None else f"{line.utilisation:.0%}",
    ]
