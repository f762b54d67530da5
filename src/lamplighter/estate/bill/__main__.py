"""Writes a bill: `python -m lamplighter.estate.bill --format cur-csv --rows 2000000 --out folder`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lamplighter.errors import LamplighterError, UsageError
from lamplighter.estate.bill.bought import buy
from lamplighter.estate.bill.fleet import make_used
from lamplighter.estate.bill.options import Discounts, Options
from lamplighter.estate.bill.shape import CREATE_NEW, GZIP, OVERWRITE, ZIP, shape, shapes
from lamplighter.estate.bill.used import Bought, month_after
from lamplighter.estate.bill.write import TRUTH, prepare, write

PART_ROWS = 1_000_000


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m lamplighter.estate.bill",
        description=f"Write a bill of a made-up estate, and {TRUTH} beside it: what it truly comes to.",
    )
    made.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to write")
    made.add_argument("--format", default="cur-csv", choices=tuple(shapes()), help="default: cur-csv")
    made.add_argument("--month", default="2026-10", metavar="YYYY-MM", help="default: 2026-10")
    made.add_argument("--days", type=int, metavar="N", help="only the first days of the month")
    made.add_argument("--rows", type=int, default=0, metavar="N", help="at least so many lines: copies of the estate")
    made.add_argument("--resources", type=int, default=40, metavar="N", help="size of the estate; default: 40")
    made.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed, the same bill; default: 1")
    made.add_argument("--files", type=int, metavar="N", help=f"default: one for {PART_ROWS:,} lines of CSV")
    made.add_argument("--layout", default=CREATE_NEW, choices=(CREATE_NEW, OVERWRITE), help="default: create-new")
    made.add_argument("--compression", default=GZIP, choices=(GZIP, ZIP), help="of CSV; default: gzip")
    made.add_argument("--discounts", default="none", choices=[each.value for each in Discounts], help="default: none")
    made.add_argument("--version", type=int, default=1, choices=(1, 2), help="2 restates the month")
    made.add_argument("--drift", action="store_true", help="tags change in the middle of the month")
    made.add_argument("--open", action="store_true", help="the month is not closed: no invoice yet")
    made.add_argument("--without", nargs="*", default=(), metavar="COLUMN", help="columns left out: 'savingsPlan/*'")
    made.add_argument("--no-split", action="store_true", help="no split cost allocation data of containers")
    made.add_argument("--nothing-bought", action="store_true", help="no reservations, no Savings Plans")
    return made


def main(words: Sequence[str] | None = None) -> int:
    """Write a bill as the options say.

    Returns:
        The exit code: 0, or 2 when the options cannot be followed.
    """
    chosen = parser().parse_args(words)
    try:
        _write(chosen)
    except (LamplighterError, ValueError, OSError) as error:
        hint = f" ({error.hint})" if isinstance(error, LamplighterError) and error.hint else ""
        print(f"error: {error}{hint}", file=sys.stderr)
        return 2
    return 0


def _write(chosen: argparse.Namespace) -> None:
    try:
        month = datetime.strptime(chosen.month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"{chosen.month} is no month", hint="write it as 2026-10") from error
    if chosen.resources < 1 or chosen.rows < 0 or (chosen.days is not None and chosen.days < 1):
        raise UsageError("sizes begin with one")
    end = month_after(month)
    if chosen.days is not None:
        end = min(end, month + timedelta(days=chosen.days))
    used = make_used(chosen.seed, chosen.resources, month, end)
    options = Options(
        discounts=Discounts(chosen.discounts),
        version=chosen.version,
        drift=chosen.drift,
        final=not chosen.open,
        split=not chosen.no_split,
        missing=tuple(chosen.without),
    )
    with prepare(used, Bought() if chosen.nothing_bought else buy(used), options, month) as prepared:
        lines = prepared.truth.lines
        copies = max(1, -(-chosen.rows // lines))
        written = write(
            prepared,
            chosen.out,
            chosen.format,
            copies=copies,
            files=chosen.files or (copies if shape(chosen.format).parquet else max(1, lines * copies // PART_ROWS)),
            layout=chosen.layout,
            compression=chosen.compression,
        )
    print(f"{written.rows:,} rows in {len(written.files)} files below {chosen.out}; {TRUTH} says what they come to")


if __name__ == "__main__":
    sys.exit(main())
