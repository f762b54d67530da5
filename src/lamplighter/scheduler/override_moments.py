"""The instants at which overrides begin and end, in order of time: so that the clock wakes for them and reads few."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from lamplighter.schedules.overrides import Override
from lamplighter.store.journal import stamp
from lamplighter.store.table import JSON, Delete, Put, Store

TABLE: Final = "clock"
_PARTITION: Final = "overrides"
_NOTICE: Final = "#notice"
_ARN = re.compile(r"arn:[^:]*:[^:]*:([^:]+):(\d{12}):.*")


class Moment(NamedTuple):
    """An instant at which passes may decide otherwise.

    Attributes:
        key: its sort key.
        at: aware datetime, UTC.
        target: `account/region` that it concerns, or empty if that is not known.
        until: when an override ends that begins here; None for any other moment.
    """

    key: str
    at: datetime
    target: str
    until: datetime | None = None

    @property
    def tells(self) -> bool:
        """Whether nothing begins or ends here: it is time to tell of an end that comes."""
        return self.key.endswith(_NOTICE)


def set_moments(override: Override) -> list[Put]:
    """The writes that note begin and end of an override."""
    target = target_of(override.selector)
    begin: dict[str, JSON] = {"target": target, "until": stamp(override.until)}
    return [
        Put(TABLE, _PARTITION, f"{stamp(override.created)}#{override.id}", begin),
        Put(TABLE, _PARTITION, f"{stamp(override.until)}#{override.id}", {"target": target}),
    ]


def notice_ends(store: Store, begun: Iterable[Moment], at: datetime, lead: timedelta) -> list[datetime]:
    """Note when to tell that overrides end which begin now.

    One that is taken away before leaves a moment at which nothing is to be told.

    Args:
        store: where moments are.
        begun: what a tick takes up.
        at: aware datetime of it: a pass that it asks for tells itself of what ends within `lead`.
        lead: how long before an end it is told.

    Returns:
        The moments.
    """
    found = []
    for each in begun:
        when = each.until - lead if each.until is not None else at
        if when > at:
            id_ = each.key.partition("#")[2]
            store.put(TABLE, _PARTITION, f"{stamp(when)}#{id_}{_NOTICE}", {"target": each.target})
            found.append(when)
    return found


def clear_moments(override: Override, at: datetime) -> list[Put | Delete]:
    """The writes that note that an override was taken away at an aware datetime."""
    return [
        Delete(TABLE, _PARTITION, f"{stamp(override.until)}#{override.id}"),
        Put(TABLE, _PARTITION, f"{stamp(at)}#{override.id}#cleared", {"target": target_of(override.selector)}),
    ]


def target_of(selector: str) -> str:
    """`account/region` of an ARN; empty for other selectors."""
    matched = _ARN.fullmatch(selector)
    return f"{matched[2]}/{matched[1]}" if matched else ""


def moments(store: Store, limit: int) -> Sequence[Moment]:
    """The first `limit` moments that no tick has taken up; past ones too."""
    found = []
    for item in store.query(TABLE, _PARTITION, limit=limit):
        # One that is no moment of ours is past, so that the tick takes it away.
        at = _time(item.sort.partition("#")[0]) or datetime.min.replace(tzinfo=UTC)
        until = _time(str(item.data.get("until") or ""))
        found.append(Moment(item.sort, at, str(item.data.get("target") or ""), until))
    return found


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def done_with(store: Store, taken: Iterable[Moment]) -> None:
    """Forget moments that a tick has taken up."""
    for each in taken:
        store.delete(TABLE, _PARTITION, each.key)
