"""The instants at which overrides begin and end, in order of time: so that the clock wakes for them and reads few."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from lamplighter.schedules.overrides import Override
from lamplighter.store.journal import stamp
from lamplighter.store.table import Delete, Put, Store

TABLE: Final = "clock"
_PARTITION: Final = "overrides"
_ARN = re.compile(r"arn:[^:]*:[^:]*:([^:]+):(\d{12}):.*")


class Moment(NamedTuple):
    """An instant at which passes may decide otherwise.

    Attributes:
        key: its sort key.
        at: aware datetime, UTC.
        target: `account/region` that it concerns, or empty if that is not known.
    """

    key: str
    at: datetime
    target: str


def set_moments(override: Override) -> list[Put]:
    """The writes that note begin and end of an override."""
    target = target_of(override.selector)
    return [
        Put(TABLE, _PARTITION, f"{stamp(at)}#{override.id}", {"target": target})
        for at in (override.created, override.until)
    ]


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
        text = item.sort.partition("#")[0]
        try:
            at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            at = datetime.min.replace(tzinfo=UTC)  # no moment of ours: the tick takes it away
        found.append(Moment(item.sort, at, str(item.data.get("target") or "")))
    return found


def done_with(store: Store, taken: Iterable[Moment]) -> None:
    """Forget moments that a tick has taken up."""
    for each in taken:
        store.delete(TABLE, _PARTITION, each.key)
