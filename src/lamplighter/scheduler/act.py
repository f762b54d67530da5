"""Acting on one target: announce, call, write down what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from lamplighter.errors import AwsError, LamplighterError, OutcomeUnknown, VersionConflict
from lamplighter.resources.kind import Kind, Result, Session
from lamplighter.scheduler.intents import intend, settle
from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.states import known, put_state
from lamplighter.scheduler.survey import price_texts
from lamplighter.schedules.decision import Action, Stored
from lamplighter.store import journal
from lamplighter.store.table import Store, Write

log = logging.getLogger("lamplighter.scheduler")

_WRITES_AT_ONCE = 99
"""Below DynamoDB's limit of 100 writes in a transaction."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one step.

    Attributes:
        step: what was decided.
        error: why it failed, or None.
        note: what else is worth saying.
        open: True while it is not known whether the action took effect; the next pass will look.
    """

    step: Step
    error: LamplighterError | None = None
    note: str = ""
    open: bool = False


def carry_out(
    session: Session,
    store: Store,
    kinds: Mapping[str, Kind],
    steps: Sequence[Step],
    *,
    at: datetime,
    run: str,
    still_mine: Callable[[], None],
) -> list[Done]:
    """Act on the steps of one target, in batches; then store what changed without an action.

    Args:
        session: calls in the target.
        store: states, intents and journal.
        kinds: every kind by name.
        steps: all steps of the target.
        at: aware datetime of the pass; the time of the actions in the journal.
        run: id of the pass.
        still_mine: renews the lease before each batch; raises LeaseLost.

    Returns:
        One result for each step that acts. When the lease is lost in between, the steps that were
        not tried carry that error.
    """
    results: list[Done] = []
    waiting = [step for step in steps if step.acts]
    try:
        for batch in _batches(waiting, kinds):
            still_mine()
            results += _act(session, store, kinds[batch[0].resource.kind], batch, at=at, run=run)
        still_mine()
        remember(store, [step for step in steps if not step.acts], at=at, run=run)
    except LamplighterError as error:
        tried = {id(done.step) for done in results}
        results += [Done(step, error, "not tried") for step in waiting if id(step) not in tried]
        if not waiting:
            raise
    return results


def _batches(steps: Sequence[Step], kinds: Mapping[str, Kind]) -> Iterator[list[Step]]:
    def call(step: Step) -> tuple[str, str, bool]:
        return step.resource.kind, step.decision.action.value, step.hibernate

    for (kind, _, _), group in groupby(sorted(steps, key=call), key=call):
        members = list(group)
        size = kinds[kind].batch
        yield from (members[index : index + size] for index in range(0, len(members), size))


def _act(session: Session, store: Store, kind: Kind, batch: Sequence[Step], *, at: datetime, run: str) -> list[Done]:
    target = session.target.key
    announced: list[list[Write]] = [
        [
            intend(step.resource, target, step.decision, at=at, run=run),
            *([journal.put(_entry(step, journal.SEEN, journal.DONE, at=at, run=run))] if step.record is None else []),
        ]
        for step in batch
    ]
    _transact(store, announced)
    resources = [step.resource for step in batch]
    if batch[0].decision.action is Action.START:
        results = kind.start(session, resources)
    else:
        results = kind.stop(session, resources, hibernate=batch[0].hibernate)
    by_id = {result.id: result for result in results}
    done = [_done(step, by_id.get(step.resource.id)) for step in batch]
    _write_down(store, [each for each in done if not each.open], at=at, run=run)
    for each in done:
        log.info(
            "%s %s: %s",
            each.step.decision.action.value,
            each.step.resource.arn,
            each.error or each.note or each.step.decision.reason,
        )
    return done


def _done(step: Step, result: Result | None) -> Done:
    if result is None:
        error: AwsError = OutcomeUnknown(f"no answer about {step.resource.id}", hint="the next pass will look")
        return Done(step, error, open=True)
    if isinstance(result.error, OutcomeUnknown):
        return Done(step, result.error, "not known whether it took effect; the next pass will look", open=True)
    return Done(step, result.error, result.note)


def _write_down(store: Store, done: Sequence[Done], *, at: datetime, run: str) -> None:
    try:
        _transact(store, [_outcome(each, at=at, run=run) for each in done])
    except VersionConflict:
        # Somebody wrote one of the states meanwhile. Its intent stays for the next pass to judge; the others settle.
        for each in done:
            try:
                store.transact(_outcome(each, at=at, run=run))
            except VersionConflict as error:
                log.warning("%s: %s; the next pass will settle it", each.step.resource.arn, error)


def _outcome(done: Done, *, at: datetime, run: str) -> list[Write]:
    step, target = done.step, done.step.target.key
    action = step.decision.action
    outcome = journal.FAILED if done.error else journal.DONE
    entry = _entry(step, action.value, outcome, at=at, run=run, error=done.error, note=done.note)
    writes: list[Write] = [settle(target, step.resource.key), journal.put(entry)]
    failed = Stored.START_FAILED if action is Action.START else Stored.STOP_FAILED
    stored = failed if done.error else step.decision.store
    if stored is not Stored.UNKNOWN:
        writes.append(
            put_state(
                step.resource,
                target,
                stored,
                reason=step.decision.reason,
                error=str(done.error) if done.error else "",
                at=at,
                before=step.record,
            )
        )
    return writes


def remember(store: Store, steps: Sequence[Step], *, at: datetime, run: str) -> None:
    """Store the states that decisions without an action change, and first sights; nothing else is written."""
    changed: list[list[Write]] = []
    for step in steps:
        new = step.record is None
        stored = known(step.record, step.resource)
        if new or stored is not step.decision.store:
            writes: list[Write] = []
            if new:
                writes.append(journal.put(_entry(step, journal.SEEN, journal.DONE, at=at, run=run)))
            writes.append(
                put_state(
                    step.resource,
                    step.target.key,
                    step.decision.store,
                    reason=step.decision.reason,
                    at=at,
                    before=step.record,
                )
            )
            changed.append(writes)
    _transact(store, changed)


def _transact(store: Store, groups: Sequence[Sequence[Write]]) -> None:
    """Write groups, each all or nothing, as many in a transaction as fit."""
    pending: list[Write] = []
    for group in groups:
        if len(pending) + len(group) > _WRITES_AT_ONCE:
            store.transact(pending)
            pending = []
        pending.extend(group)
    if pending:
        store.transact(pending)


def _entry(
    step: Step,
    action: str,
    outcome: str,
    *,
    at: datetime,
    run: str,
    error: LamplighterError | None = None,
    note: str = "",
) -> journal.Entry:
    return journal.Entry(
        target=step.target.key,
        at=at,
        run=run,
        resource=step.resource.key,
        name=step.resource.name,
        action=action,
        outcome=outcome,
        state=step.resource.live.value,
        schedule=step.resource.schedule or "",
        reason=step.decision.reason,
        note=str(error) if error else note,
        code=getattr(error, "code", "") or (type(error).__name__ if error else ""),
        prices=price_texts(step.resource),
    )
