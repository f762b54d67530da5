"""Which schedules the resources of a target have, as its last pass found them: so that the clock need not ask AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lamplighter.aws.targets import TargetList
from lamplighter.scheduler.mended import mended
from lamplighter.scheduler.passes import TargetReport
from lamplighter.scheduler.settings import Configuration
from lamplighter.scheduler.wakes import needs_watch
from lamplighter.store.table import JSON, Store

TABLE: Final = "clock"
ROSTER: Final = "roster"
_WATCH: Final = "watch"


def note(store: Store, config: Configuration, report: TargetReport) -> None:
    """Keep what a pass over all schedules of a target found; nothing is written if it is what was known.

    A target, or a kind in it, that could not be looked at keeps what was known beside what was found.
    """
    key = report.target.key
    before = mended(store, TABLE, lambda: store.get(TABLE, ROSTER, key))
    names: set[str] = {step.resource.schedule for step in report.steps if step.resource.schedule}
    called = report.target.name or (_name(before.data) if before else "")
    watch = needs_watch(config, report.steps)
    known, watched = _names(before.data) if before else frozenset(), bool(before and before.data.get("watch"))
    if report.error is not None or report.failures:
        names, watch = names | known, watch or watched
    if before is None or names != known or watch != watched or called != _name(before.data):
        listed: list[JSON] = [*sorted(names)]
        store.put(TABLE, ROSTER, key, {"schedules": listed, "watch": watch, "name": called})
    if watch and not watched:
        store.put(TABLE, _WATCH, key, {})
    elif watched and not watch:
        store.delete(TABLE, _WATCH, key)


def roster(store: Store) -> Mapping[str, frozenset[str]]:
    """Names of schedules by `account/region` of every target that a pass has seen; one item is read for each."""
    return {item.sort: _names(item.data) for item in store.query(TABLE, ROSTER)}


def name_of(store: Store, target: str) -> str:
    """What people call the account of `account/region`, as its last pass knew; empty if nobody said."""
    item = store.get(TABLE, ROSTER, target)
    return _name(item.data) if item else ""


def watched(store: Store, limit: int | None = None) -> list[str]:
    """`account/region` of the targets that need passes between transitions, at most `limit`."""
    return [item.sort for item in store.query(TABLE, _WATCH, limit=limit)]


def forget(store: Store, found: TargetList) -> None:
    """Take out what is no target any more; what could not be found out stays.

    An account or `account/region` that failed says nothing of the others. Which accounts an organizational unit or the
    Organization has is not known while it fails: then nothing is forgotten.
    """
    failed = {each.subject for each in found.failures}
    if any(not subject[:1].isdecimal() for subject in failed):
        return
    kept = failed | {target.key for target in found.targets}
    for key in roster(store):
        if key not in kept and key.partition("/")[0] not in failed:
            store.delete(TABLE, ROSTER, key)
            store.delete(TABLE, _WATCH, key)


def _name(data: Mapping[str, JSON]) -> str:
    return str(data.get("name") or "")


def _names(data: Mapping[str, JSON]) -> frozenset[str]:
    listed = data.get("schedules")
    return frozenset(str(each) for each in listed) if isinstance(listed, list) else frozenset()
