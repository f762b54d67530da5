"""Loading bills into the lake: read, prove, publish; a month that does not add up is not published.

files -> raw tables -> staged rows with the bill's own cost beside the charges made of them
-> rows that cannot be read: quarantine
-> months: sorted Parquet -> totals before and after, identities -> publish, or refuse

`load` does all of it. Whoever has not the time for that does it in two halves, `stage` for some files at a time and
`publish` when all are staged: what is staged needs neither the files nor the process that staged it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.billing.facts import Fact
from lamplighter.billing.hot import hot_tags
from lamplighter.billing.pieces import merged
from lamplighter.billing.prepared import Month, one_bill_a_month, prepare_month, refuse_parts
from lamplighter.billing.quarantine import Quarantined, write_quarantine
from lamplighter.billing.records import Accepted, earlier_loads, record
from lamplighter.billing.sources import Bill, Fetch, find_bills
from lamplighter.billing.staging import Staged, parquet, stage_bill
from lamplighter.billing.versions import Standing, Version, read_version, standing
from lamplighter.errors import BillError, LakeError, NoRoom, Overtaken, Unreconciled
from lamplighter.lake import months

if TYPE_CHECKING:
    import duckdb

MEMORY: Final = "1500MB"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load came to.

    Attributes:
        months: one for each month, in order.
        rows_in: rows read from files; those that are no charges in their format are counted apart.
        rows_loaded: rows that became charges.
        not_charges: rows that are sums or remarks in their format.
        quarantined: what could not be read, and where it is kept.
        formats: names of the formats, with the number of files of each.
        notes: what was assumed or passed over, for people.
    """

    months: Sequence[Month]
    rows_in: int
    rows_loaded: int
    not_charges: int
    quarantined: Quarantined
    formats: Mapping[str, int]
    notes: Sequence[str] = field(default_factory=tuple)


def load(
    words: Sequence[str],
    lake: Path,
    *,
    at: datetime,
    fetch: Fetch | None = None,
    accept: Accepted | None = None,
    tags: Sequence[str] = (),
    memory: str = MEMORY,
    threads: int | None = None,
    only_format: str | None = None,
) -> Loaded:
    """Load bills into the lake, each month whole or not at all.

    A month's charges of the payers in the bill are replaced; those of other payers stay. A bill that is older than what
    is there is loaded all the same, and `Loaded.notes` says so.

    Args:
        words: files, folders, patterns, `s3://` addresses.
        lake: the lake's folder.
        at: aware datetime of the load, for the record.
        fetch: brings `s3://` addresses.
        accept: publish in spite of differences; written into the record.
        tags: keys of tags that become columns `x_Tag_<key>` beside the map.
        memory: DuckDB's limit; more than that goes to disk.
        threads: DuckDB's threads; None for all cores.
        only_format: name of the format, instead of recognising it.

    Raises:
        BillError: a file cannot be read, or is no bill.
        Unreconciled: totals do not agree; nothing was published. `.args[0]` names the first, the hint the way out.
        LakeError: the lake cannot be written, or another load is at work.
        AwsError: an address could not be fetched.
    """
    with months.loading(lake), _working(lake, memory, threads) as (connection, scratch):
        bills = find_bills(words, scratch, fetch)
        staged = [
            stage_bill(connection, bill, scratch / f"bill-{number}", tags, only_format)
            for number, bill in enumerate(bills)
        ]
        loaded = _finish(connection, lake, staged, at=at, accept=accept, tags=tags, newer_only=False, shown=lake)
    passed = [
        f"{bill.name}: {len(bill.passed_over)} files passed over: no manifest names them"
        for bill in bills
        if bill.passed_over
    ]
    return replace(loaded, notes=(*loaded.notes, *passed))


def stage(bill: Bill, folder: Path, *, memory: str = MEMORY, threads: int | None = None) -> Staged:
    """The first half of `load`, for some files of a bill.

    Args:
        bill: with the files that are to be staged, see `lamplighter.billing.sources.bill_of`.
        folder: a new folder, which `lamplighter.billing.pieces.keep` makes ready for another process.
        memory: DuckDB's limit.
        threads: DuckDB's threads; None for all cores.

    Raises:
        BillError: a file cannot be read, or is no bill.
        LakeError: the disk is full.
    """
    with _working(folder.parent, memory, threads) as (connection, _):
        return stage_bill(connection, bill, folder)


def publish(
    staged: Iterable[Staged],
    lake: Path,
    *,
    at: datetime,
    newer_only: bool = False,
    memory: str = MEMORY,
    threads: int | None = None,
) -> Loaded:
    """The second half of `load`: prove the totals of bills whose files are all staged, and publish their months.

    Whoever catches a `BillError` finds the months as they were, and what could not be read in `quarantine/`; messages
    name it by its path below the lake, which may be another place by the time they are read.

    Args:
        staged: all files of the bills, on the disk of the lake.
        lake: the lake's folder.
        at: aware datetime of the load, for the record.
        newer_only: leave a bill out that is not newer than what is there.
        memory: DuckDB's limit.
        threads: DuckDB's threads; None for all cores.

    Raises:
        Overtaken: it is not newer; only with `newer_only`.
        BillError: it has no rows, or none that can be read.
        Unreconciled: totals do not agree; nothing was published.
        LakeError: the lake cannot be written, or another load is at work.
    """
    with months.loading(lake), _working(lake, memory, threads) as (connection, _):
        return _finish(
            connection, lake, merged(staged), at=at, accept=None, tags=(), newer_only=newer_only, shown=Path()
        )


@contextmanager
def _working(beside: Path, memory: str, threads: int | None) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection and a folder for what is in between, on the disk of another folder."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix=".scratch-", dir=beside) as folder:
        scratch = Path(folder)
        connection = duckdb.connect(config={"temp_directory": str(scratch / "spill")})
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET memory_limit = ?", [memory])
            if threads is not None:
                connection.execute("SET threads = ?", [threads])
            yield connection, scratch
        except duckdb.OutOfMemoryException as error:
            raise BillError("the memory limit is too small for this bill", hint="give more: --memory 4GB") from error
        except (duckdb.DataError, duckdb.OperationalError, duckdb.InvalidInputException, duckdb.InternalError) as error:
            raise _unreadable(error) from error
        finally:
            connection.close()


def _unreadable(error: Exception) -> BillError | LakeError:
    said = str(error).strip().partition("\n")[0]
    if "No space left" in said:
        return NoRoom(said, hint="make room on the disk of the lake; nothing was published")
    return BillError(said, hint="fetch the files again; nothing was published")


def _finish(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    staged: Sequence[Staged],
    *,
    at: datetime,
    accept: Accepted | None,
    tags: Sequence[str],
    newer_only: bool,
    shown: Path,
) -> Loaded:
    """See `load` and `publish`; `shown` is where people find the lake."""
    staged = [each for each in staged if each.files or each.rejected]
    if not any(each.files for each in staged):
        raise BillError("the bill has no rows", hint="is the month over already?")
    told_by, older = _admitted(connection, lake, staged, accept, newer_only)
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {each.relation}" for each in staged)
    connection.execute(f"CREATE VIEW staged AS {union}")
    quarantined = write_quarantine(connection, lake, staged, at=at)
    unread = f"; rows that cannot be read: {shown / quarantined.path}" if quarantined.path else ""
    wanted = [
        row[0] for row in connection.execute("SELECT DISTINCT _period FROM staged WHERE _ok ORDER BY 1").fetchall()
    ]
    if not wanted and not quarantined.rows:
        raise BillError("the bill has no rows", hint="is the month over already?")
    prepared: list[tuple[Month, Sequence[Fact], Path]] = []
    folders: list[Path] = []
    try:
        for period in wanted:
            folder = months.stage(lake, months.CHARGES, period)
            folders.append(folder)
            bills_of = {payer: each for (payer, month), each in told_by.items() if month == period}
            prepared.append((*prepare_month(connection, lake, staged, bills_of, period, folder, tags), folder))
        bad = [(month, check) for month, *_ in prepared for check in month.differences]
        if bad and accept is None:
            month, check = bad[0]
            raise Unreconciled(
                f"{month.period} does not add up: {check}" + (f"; and {len(bad) - 1} more" if len(bad) > 1 else ""),
                hint=f"nothing was published; if the bill is right, say why: --accept-difference REASON{unread}",
            )
        if quarantined.rows and accept is None and not prepared:
            raise BillError(f"none of {quarantined.rows} rows can be read", hint=f"nothing was published{unread}")
        skipped = sum(each.not_charges for each in staged)
        rows_in = sum(each.rows for each in staged) - skipped
        loaded = sum(month.totals.rows for month, *_ in prepared)
        if rows_in != loaded + quarantined.rows:
            raise Unreconciled(
                f"{rows_in} rows were read; {loaded} are charges and {quarantined.rows} are in quarantine",
                hint=f"nothing was published; please report this{unread}",
            )
        records = []
        for month, facts, folder in prepared:
            hot = hot_tags(connection, lake, month.period, folder, tags)
            bills_of = {payer: told_by[payer, month.period] for payer in month.payers}
            told = record(
                bills_of, facts, month.checks, quarantined, earlier_loads(lake, month.period), at=at, accept=accept
            )
            records.append({**told, "tags": hot})
        published = []
        # Nothing that can be wrong with a bill comes after the first month of it is published.
        for (month, _, folder), told in zip(prepared, records, strict=True):
            months.publish(lake, months.CHARGES, month.period, folder, told)
            published.append(replace(month, published=True))
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    notes = [*(note for each in staged for note in each.notes), *older]
    formats: dict[str, int] = {}
    for each in staged:
        for name, count in each.formats.items():
            formats[name] = formats.get(name, 0) + count
    return Loaded(published, rows_in, loaded, skipped, quarantined, formats, tuple(notes))


def _admitted(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    staged: Sequence[Staged],
    accept: Accepted | None,
    newer_only: bool,
) -> tuple[Mapping[tuple[str, str], Staged], list[str]]:
    """The bill of each payer and month, if it may take the place of what is there; and what older ones replace."""
    told_by = one_bill_a_month(connection, staged)
    there = list(_not_newer(lake, told_by))
    if there and newer_only:
        raise Overtaken(there[0][1], hint="`lamp bill load` loads it all the same")
    if accept is None:
        refuse_parts(connection, lake, told_by)
    return told_by, [f"{said}; it was replaced all the same" for how, said in there if how is Standing.OLD]


def _not_newer(lake: Path, told_by: Mapping[tuple[str, str], Staged]) -> Iterator[tuple[Standing, str]]:
    """Of each payer and month what is there already in this telling or a newer one, for people."""
    for (payer, period), each in sorted(told_by.items()):
        there = read_version(earlier_loads(lake, period).get(payer, {}))
        how = standing(each.bill.version, there)
        if how is not Standing.NEW:
            yield how, not_newer(how, each.bill.version, there, f"the charges of {payer} for {period}")


def months_of(staged: Sequence[Staged]) -> list[str]:
    """The months, YYYY-MM, that staged charges belong to."""
    files = [path for each in staged for path in each.files]
    if not files:
        return []
    with _working(files[0].parent, MEMORY, None) as (connection, _):
        asked = f"SELECT DISTINCT _period FROM {parquet(files)} WHERE _keep AND _problem IS NULL ORDER BY 1"
        return [str(row[0]) for row in connection.execute(asked).fetchall()]


def not_newer(how: Standing, bill: Version, there: Version, what: str) -> str:
    """What is said of a bill that is not newer than what is there."""
    if how is Standing.SAME:
        return f"{what} are of this very telling already: {bill}"
    return f"{what} are of a newer telling: {there}; this one is {bill}"
