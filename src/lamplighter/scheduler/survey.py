"""Looking at a target: what is there, what is stored of it, and what an earlier pass left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError
from lamplighter.resources.kind import Kind, Resource, Search, Session
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.intents import Intent, read_intents, settle
from lamplighter.scheduler.sizes import forget_size, with_sizes
from lamplighter.scheduler.states import TABLE as STATES
from lamplighter.scheduler.states import Acted, StateRecord, put_record, put_state, read_states
from lamplighter.schedules.decision import NOTHING_REMEMBERED, Action, Live, Stored
from lamplighter.store import journal
from lamplighter.store.table import Delete, Put, Store, Write


@dataclass(frozen=True, slots=True)
class Survey:
    """A target as it was found.

    Attributes:
        target: account and region.
        at: aware datetime it was made for, and is decided for.
        resources: what was found, ordered by kind and id.
        records: what is stored, by `kind/id`.
        unsettled: resources whose earlier action cannot be judged yet.
        failures: kinds that could not be looked at, with the error.
        missing: records of resources that are no longer there.
    """

    target: Target
    at: datetime
    resources: Sequence[Resource]
    records: Mapping[str, StateRecord]
    unsettled: frozenset[str] = frozenset()
    failures: Mapping[str, LamplighterError] = field(default_factory=dict)
    missing: Sequence[StateRecord] = ()


def look(
    session: Session, store: Store, kinds: Sequence[Kind], search: Search, *, at: datetime, run: str, write: bool
) -> Survey:
    """Survey one target and settle what earlier passes left open.

    Args:
        session: calls in the target.
        store: states, intents and journal.
        kinds: which kinds to look for.
        search: which resources.
        at: aware datetime of the pass.
        run: id of the pass.
        write: whether to write what was settled; a dry run only takes it into account.

    Returns:
        The survey. A kind that could not be listed is a failure in it and stops no other kind.
    """
    target = session.target
    found: dict[str, Resource] = {}
    failures: dict[str, LamplighterError] = {}
    for kind in kinds:
        try:
            with fenced(kind.name, target):
                listed = {resource.key: resource for resource in kind.discover(session, search)}
        except LamplighterError as error:
            if getattr(error, "service", "") == "sts":
                raise  # the account cannot be entered at all
            failures[kind.name] = error
        else:
            found.update(listed)
    resources = with_sizes(store, target.key, [found[key] for key in sorted(found)])
    found = {resource.key: resource for resource in resources}
    records: Mapping[str, StateRecord] = read_states(store, target.key)
    whole = search.ids is None and search.schedules is None
    listed_kinds = {kind.name for kind in kinds} - set(failures)
    writes, records, unsettled = _settle(
        read_intents(store, target.key), found, records, target.key, listed_kinds if whole else set(), at=at, run=run
    )
    if write:
        for chunk in writes:
            store.transact(chunk)
        if writes:
            records = read_states(store, target.key)
    missing = [
        record
        for key, record in records.items()
        if whole and key not in found and key.partition("/")[0] in listed_kinds
    ]
    return Survey(target, at, resources, records, frozenset(unsettled), failures, missing)


def _settle(
    intents: Mapping[str, Intent],
    found: Mapping[str, Resource],
    records: Mapping[str, StateRecord],
    target: str,
    listed_kinds: set[str],
    *,
    at: datetime,
    run: str,
) -> tuple[list[list[Write]], Mapping[str, StateRecord], set[str]]:
    """Judge intents by what the resources look like; one transaction for each that can be judged."""
    writes: list[list[Write]] = []
    unsettled: set[str] = set()
    updated = dict(records)
    for key, intent in intents.items():
        resource = found.get(key)
        effect = intent.took_effect(resource.live) if resource else None
        if resource is None and key.partition("/")[0] in listed_kinds:
            # With a record, `forget` writes that it is gone; without, its first sight would stay open for ever.
            gone = [] if key in records else [journal.put(_gone(target, key, key, intent.schedule, at=at, run=run))]
            writes.append([settle(target, key), *gone])
            continue
        if resource is None or effect is None:
            unsettled.add(key)
            continue
        outcome = journal.FOUND if effect else journal.NOT_DONE
        entry = journal.Entry(
            target=target,
            at=intent.at,
            run=intent.run,
            resource=key,
            name=resource.name,
            action=intent.action.value,
            outcome=outcome,
            state=intent.state,
            schedule=intent.schedule,
            reason=intent.reason,
            note=f"settled by pass {run}: the pass that announced it did not finish",
            prices=price_texts(resource),
        )
        chunk: list[Write] = [settle(target, key), journal.put(entry)]
        half = _half_lit_for_window(intent, resource)
        if effect or half:
            before = records.get(key)
            memory = intent.memory._replace(window="") if half else intent.memory
            acted = None if half else Acted(intent.action, intent.at, intent.schedule, intent.reason)
            put = put_state(
                resource,
                target,
                intent.store,
                reason=intent.reason,
                at=intent.at,
                before=before,
                schedule=intent.schedule,
                memory=memory,
                acted=acted,
            )
            chunk.append(put)
            if effect and intent.action is Action.START:
                chunk.append(forget_size(key, target))
            # What it will be once written; only decided from, never written over.
            version = before.version + 1 if before else 1
            seen = before.seen if before else intent.at
            updated[key] = StateRecord(
                key,
                intent.store,
                intent.schedule,
                resource.name,
                intent.at,
                intent.reason,
                "",
                version,
                memory,
                seen=seen,
                acted=acted or (before.acted if before else None),
            )
        elif intent.snapshot:
            chunk.append(_ask_again(resource, target, intent, records.get(key)))
        writes.append(chunk)
    return writes, updated, unsettled


def _half_lit_for_window(intent: Intent, resource: Resource) -> bool:
    """Whether a start for a maintenance window was half done: what it lit must be put back though nobody repeats it."""
    return resource.live is Live.PARTLY and intent.action is Action.START and bool(intent.memory.returns)


def _ask_again(resource: Resource, target: str, intent: Intent, before: StateRecord | None) -> Put:
    """The write that remembers which snapshot a stop that was not done had asked for; the same is asked for again."""
    if before is not None:
        return put_record(replace(before, memory=before.memory._replace(snapshot=intent.snapshot)), target)
    memory = NOTHING_REMEMBERED._replace(snapshot=intent.snapshot)
    return put_state(resource, target, Stored.UNKNOWN, reason=intent.reason, at=intent.at, before=None, memory=memory)


def forget(target: Target, record: StateRecord, *, at: datetime, run: str) -> list[Put | Delete]:
    """The writes for a resource that is no longer there."""
    entry = _gone(target.key, record.resource, record.name, record.schedule, at=at, run=run)
    gone = Delete(STATES, target.key, record.resource, record.version)
    return [journal.put(entry), gone, forget_size(record.resource, target.key)]


def _gone(target: str, resource: str, name: str, schedule: str, *, at: datetime, run: str) -> journal.Entry:
    return journal.Entry(
        target=target,
        at=at,
        run=run,
        resource=resource,
        name=name,
        action=journal.GONE,
        outcome=journal.DONE,
        state="gone",
        schedule=schedule,
        reason="it is no longer found: terminated, or no longer tagged",
    )


def price_texts(resource: Resource) -> tuple[tuple[str, ...], ...]:
    """The resource's price keys as the journal keeps them: sorted, since it keeps equal ones in a row once."""
    return tuple(
        sorted(
            (key.service, key.region, key.resource_type, key.operating_system, key.engine, key.deployment)
            for key in resource.prices
        )
    )
