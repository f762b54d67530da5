"""Loading bills into the lake: read, prove, publish; a month that does not add up is not published.

files -> raw tables -> staged rows with the bill's own cost beside the charges made of them
-> rows that cannot be read: quarantine
-> months: sorted Parquet -> totals before and after, identities -> publish, or refuse
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.billing.facts import Fact, count_facts
from lamplighter.billing.hot import hot_tags
from lamplighter.billing.identities import identities, used_units
from lamplighter.billing.lines import count_lines, prove_lines
from lamplighter.billing.quarantine import Quarantined, write_quarantine
from lamplighter.billing.records import Accepted, earlier_loads, record
from lamplighter.billing.sources import PARQUET, Bill, Fetch, find_bills
from lamplighter.billing.staging import Staged, copy_rows, parquet, stage_bill, unused_sql
from lamplighter.billing.stated import stated_totals
from lamplighter.billing.totals import Check, Totals, compare, count_charges
from lamplighter.errors import BillError, LakeError, Unreconciled
from lamplighter.lake import months
from lamplighter.lake.columns import MEASURES, literal

if TYPE_CHECKING:
    import duckdb

MEMORY: Final = "1500MB"


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one load.

    Attributes:
        period: YYYY-MM.
        payers: payer accounts whose charges were replaced.
        totals: what was, or would have been, published of them.
        checks: every comparison.
        before: costs of the same payers' charges that were there before, by currency and measure; empty if none.
        published: whether it stands in the lake now.
    """

    period: str
    payers: tuple[str, ...]
    totals: Totals
    checks: Sequence[Check]
    before: Mapping[str, Mapping[str, Decimal]]
    published: bool

    @property
    def differences(self) -> list[Check]:
        """The comparisons that do not hold."""
        return [check for check in self.checks if not check.holds]

    @property
    def unproven(self) -> list[Check]:
        """What the bill cannot tell."""
        return [check for check in self.checks if check.unproven]

    @property
    def changes(self) -> dict[str, dict[str, Decimal]]:
        """What the restatement changes, by currency and measure; empty if there was nothing before."""
        if not self.before:
            return {}
        zero = dict.fromkeys(MEASURES, Decimal(0))
        return {
            currency: {
                name: self.totals.costs.get(currency, zero)[name] - self.before.get(currency, zero)[name]
                for name in MEASURES
            }
            for currency in sorted({*self.before, *self.totals.costs})
        }


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

    A month's charges of the payers in the bill are replaced; those of other payers stay.

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
    import duckdb

    with months.loading(lake), tempfile.TemporaryDirectory(prefix=".scratch-", dir=lake) as folder:
        scratch = Path(folder)
        connection = duckdb.connect(config={"temp_directory": str(scratch / "spill")})
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET memory_limit = ?", [memory])
            if threads is not None:
                connection.execute("SET threads = ?", [threads])
            bills = find_bills(words, scratch, fetch)
            with ThreadPoolExecutor(1) as beside:
                lines = {
                    part.path: beside.submit(count_lines, part)
                    for bill in bills
                    for part in bill.parts
                    if part.kind != PARQUET
                }
                staged = [
                    stage_bill(connection, bill, scratch / f"bill-{number}", tags, only_format)
                    for number, bill in enumerate(bills)
                ]
                for read in (read for each in staged for read in each.reads if read.raw.is_text):
                    counted = sum(lines[part.path].result() for part in read.raw.parts)
                    prove_lines(connection, read.raw, counted, read.rows)
            return _finish(connection, lake, bills, staged, at=at, accept=accept, tags=tags)
        except duckdb.OutOfMemoryException as error:
            raise BillError("the memory limit is too small for this bill", hint="give more: --memory 4GB") from error
        except (duckdb.DataError, duckdb.OperationalError, duckdb.InvalidInputException, duckdb.InternalError) as error:
            raise _unreadable(error) from error
        finally:
            connection.close()


def _unreadable(error: Exception) -> BillError | LakeError:
    said = str(error).strip().partition("\n")[0]
    if "No space left" in said:
        return LakeError(said, hint="make room on the disk of the lake; nothing was published")
    return BillError(said, hint="fetch the files again; nothing was published")


def _finish(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    bills: Sequence[Bill],
    staged: Sequence[Staged],
    *,
    at: datetime,
    accept: Accepted | None,
    tags: Sequence[str],
) -> Loaded:
    told_by = _one_bill_a_month(connection, staged)
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {each.relation}" for each in staged)
    connection.execute(f"CREATE VIEW staged AS {union}")
    quarantined = write_quarantine(connection, lake, staged, at=at)
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
            prepared.append((*_month(connection, lake, staged, bills_of, period, folder, tags), folder))
        bad = [(month, check) for month, *_ in prepared for check in month.differences]
        if bad and accept is None:
            month, check = bad[0]
            raise Unreconciled(
                f"{month.period} does not add up: {check}" + (f"; and {len(bad) - 1} more" if len(bad) > 1 else ""),
                hint="nothing was published; if the bill is right, say why: --accept-difference REASON",
            )
        if quarantined.rows and accept is None and not prepared:
            raise BillError(
                f"none of {quarantined.rows} rows can be read", hint=f"see {quarantined.path}; nothing was published"
            )
        skipped = sum(each.not_charges for each in staged)
        rows_in = sum(read.rows for each in staged for read in each.reads) - skipped
        loaded = sum(month.totals.rows for month, *_ in prepared)
        if rows_in != loaded + quarantined.rows:
            raise Unreconciled(
                f"{rows_in} rows were read; {loaded} are charges and {quarantined.rows} are in quarantine",
                hint="nothing was published; please report this",
            )
        published = []
        for month, facts, folder in prepared:
            hot = hot_tags(connection, lake, month.period, folder, tags)
            bills_of = {payer: told_by[payer, month.period] for payer in month.payers}
            told = record(
                bills_of, facts, month.checks, quarantined, earlier_loads(lake, month.period), at=at, accept=accept
            )
            months.publish(lake, months.CHARGES, month.period, folder, {**told, "tags": hot})
            published.append(replace(month, published=True))
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    notes = [note for each in staged for note in each.notes]
    notes += [
        f"{bill.name}: {len(bill.passed_over)} files passed over: no manifest names them"
        for bill in bills
        if bill.passed_over
    ]
    formats: dict[str, int] = {}
    for each in staged:
        for name, count in each.formats.items():
            formats[name] = formats.get(name, 0) + count
    return Loaded(published, rows_in, loaded, skipped, quarantined, formats, tuple(notes))


def _one_bill_a_month(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> dict[tuple[str, str], Staged]:
    """The bill of each payer and month. Two are refused: one would restate the other, and the order is not known.

    Files in one place are one bill; those of several formats are as many tellings of the same month.
    """
    seen: dict[tuple[str, str], tuple[Staged, str]] = {}
    for each in staged:
        for payer, period, kind in connection.execute(
            f"SELECT DISTINCT BillingAccountId, _period, x_SourceFormat FROM {each.relation} WHERE _ok ORDER BY ALL"
        ).fetchall():
            other, format_name = seen.setdefault((payer, period), (each, kind))
            if other is not each:
                raise BillError(
                    f"{other.bill.name} and {each.bill.name} are both the bill of {payer} for {period}",
                    hint="load one of them",
                )
            if format_name != kind:
                raise BillError(
                    f"{other.bill.name} has the bill of {payer} for {period} twice, as {format_name} and as {kind}",
                    hint="load one of them",
                )
    return {key: each for key, (each, _) in seen.items()}


def _month(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    staged: Sequence[Staged],
    bills_of: Mapping[str, Staged],
    period: str,
    folder: Path,
    tags: Sequence[str],
) -> tuple[Month, Sequence[Fact]]:
    """The month as it would be published, and what was counted of all charges in it, those of other payers as well."""
    payers = tuple(sorted(bills_of))
    # Counted before the staged files move into the month.
    counted = connection.execute(
        "SELECT BillingCurrency, COALESCE(_kind, ''), COALESCE(InvoiceId, ''), COUNT(*), SUM(_cost)"
        " FROM staged WHERE _ok AND _period = ? GROUP BY ALL",
        [period],
    ).fetchall()
    made = unused_sql("staged", period, tags)
    if connection.execute(f"SELECT 1 FROM ({made}) LIMIT 1").fetchone():
        copy_rows(connection, made, folder)
    for each in staged:
        _take(connection, each, period, folder)
    mine = sorted(folder.glob("*.parquet"))
    facts = count_facts(connection, parquet(mine))
    after = count_charges(facts)
    held = list(identities(facts, {payer: each.bill.account for payer, each in bills_of.items() if each.bill.account}))
    elsewhere = {check.subject.partition(" ")[2]: check.unproven for check in held if check.unproven}
    stated = stated_totals(connection, staged, period)
    checks = [*compare(counted, after), *stated, *held, *used_units(connection, parquet(mine), elsewhere)]
    before, others = _keep_others(connection, _existing(lake, period), payers, folder)
    return Month(period, payers, after, checks, before, published=False), [*facts, *others]


def _take(connection: duckdb.DuckDBPyConnection, bill: Staged, period: str, folder: Path) -> None:
    """Put a bill's charges of a month into its folder: a staged file as it is where all its rows belong there."""
    for path in bill.files:
        one = parquet([path])
        belong = f"_keep AND _problem IS NULL AND _period = '{period}'"
        row = connection.execute(f"SELECT COUNT(*) FILTER ({belong}), COUNT(*) FROM {one}").fetchone()
        mine, whole = row or (0, 0)
        if mine and mine == whole:
            os.link(path, folder / path.name)
        elif mine:
            copy_rows(connection, f"SELECT * FROM {one} WHERE {belong}", folder)


def _keep_others(
    connection: duckdb.DuckDBPyConnection, old: Sequence[Path], payers: Sequence[str], folder: Path
) -> tuple[Mapping[str, Mapping[str, Decimal]], Sequence[Fact]]:
    """Carry over the month's charges of other payers: costs of these payers' that are replaced, facts of the others."""
    if not old:
        return {}, ()
    facts = count_facts(connection, parquet(old))
    others = [fact for fact in facts if fact.payer not in payers]
    if others:
        names = ", ".join(literal(payer) for payer in payers)
        copy_rows(connection, f"SELECT * FROM {parquet(old)} WHERE BillingAccountId NOT IN ({names})", folder)
    return count_charges(fact for fact in facts if fact.payer in payers).costs, others


def _existing(lake: Path, period: str) -> list[Path]:
    return months.files(lake, months.CHARGES, period) if period in months.periods(lake, months.CHARGES) else []
