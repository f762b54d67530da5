"""What was found out about commitments, kept in the lake: `<lake>/commitments/inventory.json`.

Coverage, recommendations and workbooks read it there without asking AWS. Each source and target keeps its last whole
answer with the time of it; a later failure stands beside it and does not wipe it out. What has ended stays although
AWS no longer lists it, for the months that it covered.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lamplighter.commitments.collect import LEDGER, Answered
from lamplighter.commitments.holdings import Held
from lamplighter.errors import LakeError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FOLDER: Final = "commitments"
_FILE: Final = "inventory.json"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something is not known.

    Attributes:
        at: when it was asked, aware UTC.
        message: one line.
        hint: what to do about it, or empty.
    """

    at: datetime
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known from one source about one account and region.

    Attributes:
        source: name of the source.
        account: 12-digit id.
        account_name: its name, or the id again.
        region: region code that was asked.
        as_of: when the last whole answer was had, aware UTC; None if there was none yet.
        held: what it said then, and what had ended before.
        troubles: what went wrong when it was last asked: rows that cannot be read, or the whole answer.
        everywhere: whether it holds for every region of the account.
    """

    source: str
    account: str
    account_name: str
    region: str
    as_of: datetime | None
    held: tuple[Held, ...]
    troubles: tuple[Trouble, ...] = ()
    everywhere: bool = False

    @property
    def from_ledger(self) -> bool:
        """Whether bills tell it, for all accounts and regions."""
        return self.account == LEDGER.account

    @property
    def place(self) -> tuple[str, str, str]:
        """Source, account, region."""
        return (self.source, self.account, self.region)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is known about commitments.

    Attributes:
        known: by source, account and region, in this order.
    """

    known: tuple[Known, ...] = ()

    @property
    def held(self) -> list[Held]:
        """Every reservation and Savings Plan, whatever its state."""
        return [held for each in self.known for held in each.held]

    @property
    def unknown(self) -> list[Known]:
        """What could not be found out, in whole or in part, when it was last asked."""
        return [each for each in self.known if each.troubles]

    @property
    def as_of(self) -> datetime | None:
        """The time of the oldest answer in it, aware UTC; None if there is no answer at all."""
        return min((each.as_of for each in self.known if each.as_of is not None), default=None)

    def only(self, accounts: Iterable[str] = (), regions: Iterable[str] = ()) -> Inventory:
        """A part of it: some accounts (ids or names) and regions; plans that hold everywhere belong to every region."""
        names, places = set(accounts), set(regions) - {"all"}
        found = []
        for each in self.known:
            held = tuple(
                one
                for one in each.held
                if (not names or names & {one.account, one.account_name})
                and (not places or not one.region or one.region in places)
            )
            asked = not names or each.from_ledger or names & {each.account, each.account_name}
            if held or (asked and (not places or each.everywhere or each.region in places)):
                found.append(replace(each, held=held))
        return Inventory(tuple(found))

    def told_by(self, sources: Collection[str]) -> Inventory:
        """What some sources tell, by name."""
        return Inventory(tuple(each for each in self.known if each.source in sources))


def merged(old: Inventory, answers: Iterable[Answered], at: datetime) -> Inventory:
    """What is known after asking again.

    Args:
        old: what was known.
        answers: what came of asking.
        at: when, aware UTC.
    """
    known = {each.place: each for each in old.known}
    for answer in answers:
        target = answer.target
        before = known.get((answer.source, target.account, target.region))
        troubles = tuple(Trouble(at, error.message, error.hint) for error in answer.failures)
        held, as_of = (before.held, before.as_of) if before else ((), None)
        if answer.whole:
            listed = {one.id for one in answer.held}
            ended = tuple(one for one in held if one.id not in listed and one.ended(at))
            held, as_of = (*answer.held, *ended), at
        now = Known(
            answer.source,
            target.account,
            target.name or target.account,
            target.region,
            as_of,
            held,
            troubles,
            answer.everywhere,
        )
        known[now.place] = now
    return Inventory(tuple(known[place] for place in sorted(known)))


def load_inventory(lake: Path) -> Inventory:
    """What was kept; empty if nothing was.

    Raises:
        LakeError: the file is damaged or cannot be read.
    """
    path = lake / FOLDER / _FILE
    try:
        return _adapter().validate_json(path.read_bytes())
    except FileNotFoundError:
        return Inventory()
    except (ValueError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no inventory of this version"
        raise LakeError(
            f"{path} cannot be read: {said}", hint="move it away and run `lamp commit inventory` again"
        ) from error


def keep(lake: Path, answers: Iterable[Answered], at: datetime) -> Inventory:
    """Add answers to what is kept; the file is there whole, old or new, whatever happens.

    Returns:
        All that is known now.

    Raises:
        LakeError: the file is damaged, or the folder cannot be written.
    """
    folder = lake / FOLDER
    with _alone(folder):
        inventory = merged(load_inventory(lake), answers, at)
        fresh = folder / f"{_FILE}.part"
        try:
            with fresh.open("wb") as file:
                file.write(_adapter().dump_json(inventory, indent=1))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(folder / _FILE)
        except OSError as error:
            raise LakeError(f"{folder} cannot be written: {error.strerror}", hint="check the path") from error
    return inventory


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time; each takes milliseconds, so others wait."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("w")
    except OSError as error:
        raise LakeError(f"{folder} cannot be written: {error.strerror}", hint="check the path") from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@cache
def _adapter() -> TypeAdapter[Inventory]:
    from pydantic import TypeAdapter

    return TypeAdapter(Inventory)
