"""Acting on one target: announce, call, write down what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from lamplighter.errors import AwsError, LamplighterError, OutcomeUnknown, OutOfTime, StoreError, VersionConflict
from lamplighter.resources.kind import Kind, Result, Session
from lamplighter.resources.stop_options import StopOptions
from lamplighter.scheduler.fence import fenced
from lamplighter.scheduler.intents import intend, settle
from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.sizes import forget_size, remember_size
from lamplighter.scheduler.states import Acted, known, put_record, put_state, remembered, tried
from lamplighter.scheduler.survey import price_texts
from lamplighter.schedules.decision import Action, Live, Memory, Stored
from lamplighter.schedules.verdict import RESTARTED_BY_AWS
from lamplighter.schedules.window_rules import RULE as WINDOW
from lamplighter.store import journal
from lamplighter.store.table import Store, Write

log = logging.getLogger("lamplighter.scheduler")

BY_HAND = "by-hand"
"""Rule of a decision that a person made: what is stored stays as it is, whatever becomes of it."""

_STORED_STAYS = (BY_HAND, RESTARTED_BY_AWS)
"""Rules whose failure stores nothing new: a person's wish is over then, a restart of AWS's is found again."""

_OPEN = "not known whether it took effect; the next pass will look"

Group: TypeAlias = tuple[Step, Sequence[Write]]
"""A step and what must be written of it together."""

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
        waiting: True if nothing was started or stopped yet, and the next pass goes on; `note` says what it waits for.
    """

    step: Step
    error: LamplighterError | None = None
    note: str = ""
    open: bool = False
    waiting: bool = False


def carry_out(
    session: Session,
    store: Store,
    kinds: Mapping[str, Kind],
    steps: Sequence[Step],
    *,
    at: datetime,
    run: str,
    still_mine: Callable[[], None],
) -> tuple[list[Done], LamplighterError | None]:
    """Act on the steps of one target, in batches; then store what changed without an action.

    Args:
        session: calls in the target.
        store: states, intents and journal.
        kinds: every kind by name.
        steps: all steps of the target.
        at: aware datetime of the pass; the time of the actions in the journal.
        run: id of the pass.
        still_mine: renews the lease before each batch; raises LeaseLost, or OutOfTime.

    Returns:
        One result for each step that acts; and what ended the work early, or None. When the lease or the store is
        lost in between, the steps that were not tried carry that error; when time runs out, they wait.
    """
    results: list[Done] = []
    waiting = [step for step in steps if step.acts]
    try:
        for batch in _batches(waiting, kinds):
            still_mine()
            _announce(store, batch, at=at, run=run)
            done, lost = _act(session, store, kinds[batch[0].resource.kind], batch, at=at, run=run)
            results += done
            if lost is not None:
                raise lost
        still_mine()
        remember(store, [step for step in steps if not step.acts], at=at, run=run)
    except LamplighterError as error:
        tried = {done.step.resource.key for done in results}
        left = [step for step in waiting if step.resource.key not in tried]
        if isinstance(error, OutOfTime):
            results += [Done(step, None, error.message, waiting=True) for step in left]
        else:
            results += [Done(step, error, "not tried") for step in left]
        return results, error
    return results, None


def _batches(steps: Sequence[Step], kinds: Mapping[str, Kind]) -> Iterator[list[Step]]:
    def call(step: Step) -> tuple[str, str, bool, str]:
        return step.resource.kind, step.decision.action.value, step.hibernate, step.snapshot

    for (kind, *_), group in groupby(sorted(steps, key=call), key=call):
        members = list(group)
        size = kinds[kind].batch
        yield from (members[index : index + size] for index in range(0, len(members), size))


def _announce(store: Store, batch: Sequence[Step], *, at: datetime, run: str) -> None:
    announced: list[Group] = []
    for step in batch:
        writes: list[Write] = [
            intend(step.resource, step.target.key, step.decision, at=at, run=run, snapshot=step.snapshot)
        ]
        if step.decision.action is Action.STOP:
            writes += remember_size(step.resource, step.target.key)
        if step.record is None:
            writes.append(journal.put(_entry(step, journal.SEEN, journal.DONE, at=at, run=run)))
        announced.append((step, writes))
    _write(store, announced)


def _act(
    session: Session, store: Store, kind: Kind, batch: Sequence[Step], *, at: datetime, run: str
) -> tuple[list[Done], StoreError | None]:
    """Call AWS for an announced batch and write down what came of it; the error if that could not be written."""
    resources = [step.resource for step in batch]
    lost: StoreError | None = None
    try:
        with fenced(kind.name, session.target):
            if batch[0].decision.action is Action.START:
                results = kind.start(session, resources)
            else:
                results = kind.stop(session, resources, StopOptions(batch[0].hibernate, batch[0].snapshot))
    except LamplighterError as error:
        # A kind reports failures as results; what it raises says nothing about what had been done by then.
        done = [Done(step, error, _OPEN, open=True) for step in batch]
    else:
        by_id = {result.id: result for result in results}
        done = [_done(step, by_id.get(step.resource.id)) for step in batch]
    try:
        _write_down(store, [each for each in done if not each.open], at=at, run=run)
    except StoreError as error:
        lost = error
        done = [each if each.open else replace(each, error=each.error or error, note=_OPEN, open=True) for each in done]
    for each in done:
        log.info(
            "%s %s: %s",
            each.step.decision.action.value,
            each.step.resource.arn,
            each.error or each.note or each.step.decision.reason,
        )
    return done, lost


def _done(step: Step, result: Result | None) -> Done:
    if result is None:
        error: AwsError = OutcomeUnknown(f"no answer about {step.resource.id}", hint="the next pass will look")
        return Done(step, error, open=True)
    if result.now is not None:
        step = replace(step, resource=result.now)
    if isinstance(result.error, OutcomeUnknown):
        return Done(step, result.error, _OPEN, open=True)
    waits = bool(result.waiting) and result.error is None
    return Done(step, result.error, result.waiting if waits else result.note, waiting=waits)


def _write_down(store: Store, done: Sequence[Done], *, at: datetime, run: str) -> None:
    # A state that somebody wrote meanwhile keeps its intent, for the next pass to judge.
    _write(store, [(each.step, _outcome(each, at=at, run=run)) for each in done])


def _outcome(done: Done, *, at: datetime, run: str) -> list[Write]:
    if done.waiting:
        return _put_off(done, at=at, run=run)
    step, target = done.step, done.step.target.key
    action = step.decision.action
    outcome = journal.FAILED if done.error else journal.DONE
    entry = _entry(step, action.value, outcome, at=at, run=run, error=done.error, note=done.note)
    writes: list[Write] = [settle(target, step.resource.key), journal.put(entry)]
    if action is Action.START and not done.error and step.resource.restore:
        writes.append(forget_size(step.resource.key, target))
    failed = Stored.START_FAILED if action is Action.START else Stored.STOP_FAILED
    acted = acted_of(done, at)
    keeps = step.decision.rule in _STORED_STAYS or _for_window(step)
    stored = failed if done.error and not keeps else step.decision.store
    if stored is not Stored.UNKNOWN:
        writes.append(
            put_state(
                step.resource,
                target,
                stored,
                reason=step.decision.reason,
                error=str(done.error) if done.error else "",
                code=error_code(done.error),
                at=at,
                before=step.record,
                memory=_after_failure(step) if done.error else step.decision.memory,
                acted=acted,
            )
        )
    elif step.record is not None and acted is not None:
        # By hand, and its schedule tag has changed: what is stored stays, so that to a pass it still counts as new.
        writes.append(put_record(replace(step.record, acted=acted), target))
    return writes


def _for_window(step: Step) -> bool:
    return step.decision.rule == WINDOW and step.decision.action is Action.START


def _after_failure(step: Step) -> Memory:
    """What is remembered stays; of a start for a window also what it is to go back to, if it is half lit now."""
    memory = _not_done(step)
    return memory._replace(window="", returns=step.decision.memory.returns) if _for_window(step) else memory


def _not_done(step: Step) -> Memory:
    """As before, but held back no longer; a stop has waited for its idle guard, and need not do so again."""
    kept = _as_before(step)
    memory = tried(kept)
    return memory._replace(guarded_since=kept.guarded_since) if step.decision.action is Action.STOP else memory


def _as_before(step: Step) -> Memory:
    """What to remember when nothing was done: as before, and which snapshot was asked for."""
    memory = remembered(step.record, step.resource)
    return memory._replace(snapshot=step.snapshot) if step.snapshot else memory


def _put_off(done: Done, *, at: datetime, run: str) -> list[Write]:
    """What is stored stays as it is, so that the next pass decides the same; said once, when the waiting begins."""
    step, target = done.step, done.step.target.key
    before = remembered(step.record, step.resource)
    memory = _not_done(step)._replace(held_since=before.held_since or at.isoformat())
    writes: list[Write] = [settle(target, step.resource.key)]
    if memory != before:
        action = step.decision.action.value
        writes += [
            journal.put(_entry(step, action, journal.WAITING, at=at, run=run, note=done.note)),
            put_state(
                step.resource,
                target,
                known(step.record, step.resource),
                reason=step.decision.reason,
                at=at,
                before=step.record,
                memory=memory,
            ),
        ]
    return writes


def acted_of(done: Done, at: datetime) -> Acted | None:
    """The start or stop that was done; None if it failed, waits, or nobody knows."""
    if done.error is not None or done.waiting:
        return None
    return Acted(done.step.decision.action, at, done.step.resource.schedule or "", done.step.decision.reason)


def error_code(error: LamplighterError | None) -> str:
    """AWS's code of an error, else its name; empty for none."""
    return (getattr(error, "code", "") or type(error).__name__) if error else ""


def lasting_error(step: Step) -> tuple[str, str]:
    """(code, message) of what failed last, for a step without an action: it lasts while what is stored does."""
    record = step.record
    if record is None or known(record, step.resource) is not step.decision.store:
        return "", ""
    return record.code, record.error


def remember(store: Store, steps: Sequence[Step], *, at: datetime, run: str) -> None:
    """Store the states that decisions without an action change, and first sights; nothing else is written."""
    changed: list[Group] = []
    for step in steps:
        record, wanted = step.record, (step.resource.schedule or "", step.decision.store, step.decision.memory)
        if step.decision.rule == "unsupported":
            continue  # its cluster or group is counted; the member by itself is neither lit nor put out
        writes: list[Write] = []
        if step.resource.restore and step.resource.live is Live.RUNNING:
            # Somebody put its size back; kept, it would make a later change of size look like half a start.
            writes.append(forget_size(step.resource.key, step.target.key))
        if record is None or (record.schedule, record.stored, record.memory) != wanted:
            code, error = lasting_error(step)
            if record is None:
                writes.append(journal.put(_entry(step, journal.SEEN, journal.DONE, at=at, run=run)))
            kept = record if record is not None and (record.schedule, record.stored) == wanted[:2] else None
            writes.append(
                put_state(
                    step.resource,
                    step.target.key,
                    step.decision.store,
                    reason=kept.reason if kept else step.decision.reason,
                    at=kept.since if kept else at,
                    before=step.record,
                    memory=step.decision.memory,
                    code=code,
                    error=error,
                )
            )
        if writes:
            changed.append((step, writes))
    _write(store, changed)


def _write(store: Store, groups: Sequence[Group]) -> None:
    """Write the groups of steps, each all or nothing; one whose state somebody else wrote meanwhile is left out."""
    for chunk in _chunks(groups):
        try:
            store.transact([write for _, writes in chunk for write in writes])
        except VersionConflict:
            for step, writes in chunk:
                try:
                    store.transact(writes)
                except VersionConflict as error:
                    log.warning("%s: %s; the next pass will settle it", step.resource.arn, error)


def _chunks(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """As many groups at a time as fit into a transaction."""
    pending: list[Group] = []
    for group in groups:
        if pending and sum(len(writes) for _, writes in (*pending, group)) > _WRITES_AT_ONCE:
            yield pending
            pending = []
        pending.append(group)
    if pending:
        yield pending


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
        code=error_code(error),
        prices=price_texts(step.resource),
        team=step.team,
    )
