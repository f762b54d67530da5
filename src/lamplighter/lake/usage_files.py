"""Usage of hours in the lake: written hour by hour, by several at once, and tidied up month by month.

Each write adds a file of looks and one of samples to the month, under a name of its own. Files are never changed, so
whoever reads or writes beside it is not disturbed. The same hour may have been looked at more than once: which look
stands is decided when it is read (view `usage_looks`), and samples of others are not seen (view `usage`). `tidy`
writes a month anew with what stands. Samples are written before looks: whoever dies in between leaves samples that
nobody sees.
"""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from lamplighter.errors import LakeError
from lamplighter.lake import months
from lamplighter.lake.catalog import views
from lamplighter.lake.columns import PARTITION, Column
from lamplighter.lake.rows import connect, copy, write_rows
from lamplighter.lake.tables import parquet
from lamplighter.lake.usage import LOOK_COLUMNS, LOOKS, SAMPLE_COLUMNS, USAGE, Look, Source, UsageSample

if TYPE_CHECKING:
    import duckdb

    from lamplighter.lake.ledger import Ledger

Row = tuple[object, ...]
MANY: Final = 100
"""Files of a month after which a write tidies it up."""
_NEW: Final = ".part-"
_LOCK: Final = ".usage"


def write_usage(
    lake: Path,
    samples: Iterable[UsageSample],
    looks: Iterable[Look],
    *,
    at: datetime,
    run: str = "",
    many: int = MANY,
) -> str:
    """Add looks and what they found. Repeating a write is harmless: the look that was first stands.

    Args:
        lake: the lake's folder; it is made.
        samples: each of an hour, target and service that `looks` has.
        looks: at most one an hour, target and service.
        at: when this was looked at, aware; orders what is written.
        run: id of this write, letters, digits, `-` and `_`, sorted as the writes follow each other; made from `at` if
            none is given.
        many: files of a month after which it is tidied up, unless a load is at work in the lake.

    Returns:
        The id of this write, column `run`.

    Raises:
        LakeError: DuckDB is not installed, or the folder cannot be written.
        ValueError: a sample has no look, a look comes twice, or two samples of a look are alike.
    """
    run = run or f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}"
    looked = [(*_where(each), each.source, each.reason, run) for each in looks]
    found = [_sample_row(each, run) for each in samples]
    _check(looked, found)
    by_month = {_month(row): None for row in looked}
    connection = connect()
    try:
        with locked(lake), connection:
            for table, columns, rows in ((USAGE, SAMPLE_COLUMNS, found), (LOOKS, LOOK_COLUMNS, looked)):
                for period in by_month:
                    part = [row for row in rows if _month(row) == period]
                    if part:
                        _add(connection, lake, table, period, columns, part, run)
    except OSError as error:
        raise LakeError(f"{lake} cannot be written: {error.strerror or error}", hint="check the path") from error
    for period in by_month:
        if len(months.files(lake, LOOKS, period)) > many:
            # A load that is at work is no reason to fail: the next write tidies up.
            with suppress(LakeError):
                tidy(lake, period)
    return run


def tidy(lake: Path, period: str) -> None:
    """Write a month anew, in one file a table: only the looks that stand, and their samples.

    Args:
        lake: the lake's folder.
        period: YYYY-MM.

    Raises:
        LakeError: a load is at work in the lake, DuckDB is not installed, or files cannot be read.
    """
    with months.loading(lake), locked(lake, alone=True), connect() as connection:
        for table in (USAGE, LOOKS):
            for left in (lake / table).glob(f"{_NEW}*"):
                left.unlink()
        files = {table: months.files(lake, table, period) for table in (LOOKS, USAGE)}
        if not files[LOOKS]:
            return
        for table, name, columns in (
            (LOOKS, "usage_looks_written", LOOK_COLUMNS),
            (USAGE, "usage_written", SAMPLE_COLUMNS),
        ):
            connection.execute(f"CREATE TEMP VIEW {name} AS {parquet(files[table], columns)}")
        connection.execute(f"CREATE TEMP TABLE {LOOKS} AS {views()[LOOKS].sql}")
        key = "time, account_id, region, service, run"
        # Samples first: those of looks that do not stand were not seen before, and are not missed now.
        for table, columns, rows in (
            (USAGE, SAMPLE_COLUMNS, f"usage_written SEMI JOIN {LOOKS} USING ({key})"),
            (LOOKS, LOOK_COLUMNS, LOOKS),
        ):
            if not files[table]:
                continue
            listed = ", ".join(column.name for column in columns)
            staged = months.stage(lake, table, period)
            count = copy(connection, f"SELECT {listed} FROM {rows} ORDER BY {key}", staged / f"{uuid4().hex}.parquet")
            months.publish(lake, table, period, staged, {"rows": count, "files": len(files[table])})


def read_usage(ledger: Ledger, *, periods: Collection[str] = ()) -> list[UsageSample]:
    """Samples of a lake, each hour once, in order of time.

    Args:
        ledger: an open lake.
        periods: only these months, YYYY-MM; empty for all.

    Raises:
        LakeError: files of the lake cannot be read.
    """
    where, listed = _only(periods)
    answer = ledger.query(f"FROM usage {where} ORDER BY ALL", listed)
    return [sample_of(dict(zip(answer.columns, row, strict=True))) for row in answer.rows]


def read_looks(ledger: Ledger, *, periods: Collection[str] = ()) -> list[Look]:
    """What was looked at, each hour once, in order of time; arguments and errors as of `read_usage`.

    To be read before the samples: hours that are written in between are then unknown, and not without samples.
    """
    where, listed = _only(periods)
    answer = ledger.query(f"FROM usage_looks {where} ORDER BY ALL", listed)
    return [_look(dict(zip(answer.columns, row, strict=True))) for row in answer.rows]


@contextmanager
def locked(lake: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the usage of a lake: writers beside each other, or `alone` to replace months. Waits for the others.

    Raises:
        OSError: the folder cannot be written.
    """
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / _LOCK).open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def _add(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    table: str,
    period: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    run: str,
) -> None:
    folder = lake / table / f"{PARTITION}={period}"
    folder.mkdir(parents=True, exist_ok=True)
    half = folder.parent / f"{_NEW}{run}-{period}.parquet"
    try:
        write_rows(connection, columns, rows, half)
        months.to_disk(half)
        half.rename(folder / f"{run}.parquet")
        months.count_in(folder, f"{run}.parquet")
        months.to_disk(folder)
    finally:
        half.unlink(missing_ok=True)


def _where(each: UsageSample | Look) -> Row:
    time = each.time.astimezone(UTC).replace(tzinfo=None)
    return (time, each.hours, each.account, each.account_name, each.region, each.service)


def _sample_row(each: UsageSample, run: str) -> Row:
    alike = (each.resource_type, each.platform, each.deployment, each.zone, each.schedule)
    return (
        *_where(each), *alike, each.quantity, each.spot, each.scheduled_off, each.covered, each.source, run
    )  # fmt: skip


def _check(looks: Sequence[Row], samples: Sequence[Row]) -> None:
    known = {(row[0], row[2], row[4], row[5]) for row in looks}
    if len(known) < len(looks):
        raise ValueError("an hour, account, region and service is looked at twice")
    if any((row[0], row[2], row[4], row[5]) not in known for row in samples):
        raise ValueError("a sample has no look of its hour, account, region and service")
    if len({(row[0], *row[2:3], *row[4:11]) for row in samples}) < len(samples):
        raise ValueError("two samples are alike in all but the numbers; add them up")


def _month(row: Row) -> str:
    time = row[0]
    assert isinstance(time, datetime)
    return f"{time:%Y-%m}"


def _only(periods: Collection[str]) -> tuple[str, list[str]]:
    return (f"WHERE {PARTITION} IN ({', '.join('?' * len(periods))})" if periods else ""), list(periods)


def sample_of(row: Mapping[str, Any]) -> UsageSample:
    """A row of the view `usage` as a sample."""
    return UsageSample(
        row["time"].replace(tzinfo=UTC), row["hours"], row["account_id"], row["account_name"], row["region"],
        row["service"], row["resource_type"], row["platform"], row["deployment"], row["zone"], row["schedule"],
        row["quantity"], row["x_spot"], row["x_scheduled_off"], row["x_covered"], Source(row["source"]),
    )  # fmt: skip


def _look(row: Mapping[str, Any]) -> Look:
    return Look(
        row["time"].replace(tzinfo=UTC), row["account_id"], row["account_name"], row["region"], row["service"],
        Source(row["source"]) if row["source"] else None, row["reason"], row["hours"],
    )  # fmt: skip
