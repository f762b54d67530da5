"""Ask every source what has been committed to; what could not be asked stands beside the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lamplighter.aws.parallel import each
from lamplighter.aws.targets import GLOBAL_REGION, Target
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.source import Api, FromLedger, Source, Where, instant
from lamplighter.errors import LakeError, LamplighterError
from lamplighter.lake.months import CHARGES, periods
from lamplighter.resources.kind import Session, partition_of

LEDGER: Final = Target("ledger", "ledger")
"""Stands for all accounts and regions of the bills."""
_HOMES = {"aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
"""Where account-wide services are asked in other parts of AWS."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one source said in one target.

    Attributes:
        source: name of the source.
        target: account and region; for what holds everywhere, the region that was asked.
        held: everything it listed that could be read.
        failures: why it is not known, or which rows could not be read; if `held` is not the whole, this says so.
        whole: whether the list was had to its end; if not, `held` is empty.
        everywhere: whether it holds for every region of the account.
    """

    source: str
    target: Target
    held: tuple[Held, ...]
    failures: tuple[LamplighterError, ...] = ()
    whole: bool = True
    everywhere: bool = False


def ask(
    session_of: Callable[[Target], Session],
    targets: Sequence[Target],
    sources: Iterable[Source],
    as_of: datetime,
    *,
    threads: int,
) -> list[Answered]:
    """Ask for everything that has been committed to.

    Args:
        session_of: calls in a target, as `Aws.session` gives them.
        targets: accounts and regions; what holds everywhere is asked once for each account.
        sources: whom to ask; those that are no APIs are passed over.
        as_of: the time now, aware UTC.
        threads: how many targets at a time.

    Returns:
        One answer for each source and target, in the order of the targets; a failure belongs to its source and target.
    """
    chosen = [source for source in sources if isinstance(source, Api)]
    regional = [source for source in chosen if not source.everywhere]
    wide = [source for source in chosen if source.everywhere]
    answers: list[Answered] = []
    for places, asked in ((list(targets), regional), (homes(targets), wide)):
        if not asked:
            continue

        def work(target: Target, asked: Sequence[Api] = tuple(asked)) -> list[Answered]:
            return [_ask_one(session_of, source, target, as_of) for source in asked]

        for outcome in each(places, work, threads=threads):
            answers += outcome.value or [_refused(source, outcome.target, outcome.error) for source in asked]
    return answers


def ask_ledger(lake: Path, sources: Iterable[Source]) -> list[Answered]:
    """Ask the charges of a lake for what AWS has no API for.

    Args:
        lake: its folder.
        sources: whom to ask; APIs are passed over.

    Returns:
        One answer for each source, of all accounts and regions; without bills it is not known, which is not none.
    """
    chosen = [source for source in sources if isinstance(source, FromLedger)]
    return [_ask_ledger(lake, source) for source in chosen]


def _ask_ledger(lake: Path, source: FromLedger) -> Answered:
    try:
        if not periods(lake, CHARGES):
            raise LakeError(f"{source.title} stand on bills only, and none is loaded", hint="lamp bill load")
        from lamplighter.lake.ledger import Ledger

        with Ledger.open(lake) as ledger:
            answer = ledger.query(source.question)
    except LamplighterError as error:
        return _refused(source, LEDGER, error)
    read: list[Held | LamplighterError] = []
    for values in answer.rows:
        row = dict(zip(answer.columns, values, strict=True))
        account = str(row["account"])
        where = Where(account, str(row.get("account_name") or account), str(row["region"] or ""), instant(row["until"]))
        read += _read(source, [row], where)
    return _answered(source, LEDGER, read)


def homes(targets: Iterable[Target]) -> list[Target]:
    """One target for each account, in the region where account-wide services are asked."""
    found: dict[str, Target] = {}
    for target in targets:
        region = _HOMES.get(partition_of(target.region), GLOBAL_REGION)
        found.setdefault(target.account, Target(target.account, region, target.name))
    return list(found.values())


def _ask_one(session_of: Callable[[Target], Session], source: Api, target: Target, as_of: datetime) -> Answered:
    where = Where(target.account, target.name or target.account, target.region, as_of)
    try:
        rows = list(source.rows(session_of(target)))
    except LamplighterError as error:
        return _refused(source, target, error)
    return _answered(source, target, list(_read(source, rows, where)))


def _answered(source: Source, target: Target, read: Sequence[Held | LamplighterError]) -> Answered:
    return Answered(
        source.name,
        target,
        tuple(one for one in read if isinstance(one, Held)),
        tuple(one for one in read if isinstance(one, LamplighterError)),
        everywhere=_everywhere(source),
    )


def _refused(source: Source, target: Target, error: LamplighterError | None) -> Answered:
    return Answered(source.name, target, (), (error,) if error else (), whole=False, everywhere=_everywhere(source))


def _everywhere(source: Source) -> bool:
    return not isinstance(source, Api) or source.everywhere


def _read(source: Source, rows: Iterable[Mapping[str, Any]], where: Where) -> Iterator[Held | LamplighterError]:
    for row in rows:
        try:
            yield source.held(row, where)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            said = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            yield LamplighterError(
                f"{where.account}/{where.region}: {source.title}: {_name_of(row)} cannot be read: {said}",
                hint="it is left out of coverage and of what to buy; please report what AWS answers",
            )


def _name_of(row: object) -> str:
    if isinstance(row, dict):
        for name, value in row.items():
            if name.lower().endswith("id") and "offering" not in name.lower():
                return str(value)
    return "a row without an id"
