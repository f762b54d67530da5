"""Start or stop given resources now, by hand but with the same announcements and journal as a pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError, NotFound
from lamplighter.resources.kind import Resource, Search
from lamplighter.scheduler.act import BY_HAND, Done, carry_out
from lamplighter.scheduler.passes import TargetReport, World, hold, lease_target, targets_of
from lamplighter.scheduler.plan import Step, team_of
from lamplighter.scheduler.restarts import seen, to_remember
from lamplighter.scheduler.states import known, remembered
from lamplighter.scheduler.survey import Survey, look
from lamplighter.scheduler.tag_write import NOTHING_TAGGED, Tagging, write_tags
from lamplighter.scheduler.tagging import tag_changes
from lamplighter.schedules.decision import Action, Decision, Live
from lamplighter.store.lease import release

WAIT: Final = "wait"
"""Rule of what cannot be done now: the resource is on its way somewhere else."""

_AS_ASKED = {Action.START: (Live.RUNNING, Live.STARTING), Action.STOP: (Live.STOPPED, Live.STOPPING)}


def start_or_stop(
    world: World,
    ids: Sequence[str],
    action: Action,
    *,
    run: str,
    author: str,
    accounts: Sequence[str] = (),
    regions: Sequence[str] = (),
    hibernate: bool = False,
    dry_run: bool = False,
) -> list[TargetReport]:
    """Start or stop resources by id, name or ARN, tagged or not.

    The stored state stays as it is, so to the schedule this is a start or stop by hand: it lasts
    until the next transition. Use an override to keep it longer.

    Args:
        world: sessions, store, configuration, kinds, clock.
        ids: ids, ARNs or Name tags of tagged resources.
        action: start or stop.
        run: id of this command, never used before.
        author: who asks, for the journal.
        accounts: only these accounts.
        regions: only these regions.
        hibernate: hibernate what can, instead of stopping it.
        dry_run: decide only.

    Returns:
        A report for each target that holds some of them, or could not be asked. A kind that could not be looked at is
        a failure of its target as long as not all of them were found.

    Raises:
        DefinitionError: the file's targets, kinds or guardrails are not valid.
        NotFound: some of them are in none of the targets, all of which answered; nothing was done.
        AwsError: the targets cannot be determined.
        LamplighterError: some were not found, and a part of the targets cannot be determined; nothing was done.
        StoreError: the store failed.
    """
    listed = targets_of(world, accounts, regions)
    threads = world.config.targets.threads if world.config.targets else 25
    at = world.clock()

    order = _Order(action, f"asked for by {author}", hibernate)

    def find(target: Target) -> tuple[list[Step], Mapping[str, LamplighterError]]:
        return _find(world, target, frozenset(ids), order, at=at, run=run)

    outcomes = each(listed.targets, find, threads=threads)
    found = {outcome.target: outcome.value or ([], {}) for outcome in outcomes}
    errors: dict[Target, LamplighterError] = {o.target: o.error for o in outcomes if o.error}
    names = {name for steps, _ in found.values() for step in steps for name in step.resource.names}
    unknown = [wanted for wanted in ids if wanted not in names]
    failures = {target: failed for target, (_, failed) in found.items() if unknown and failed}
    if unknown and listed.failures:
        raise listed.failures[0].error
    if unknown and not errors and not failures:
        raise NotFound(
            f"not found in {len(listed.targets)} targets: {', '.join(unknown)}",
            hint="check the ids and --account, --region; nothing was done",
        )
    plans: dict[Target, Sequence[Step]] = {target: steps for target, (steps, _) in found.items()}
    done: dict[Target, Sequence[Done]] = {}
    tagged: dict[Target, Tagging] = {}
    if not dry_run:
        waiting = [target for target, steps in plans.items() if any(step.acts for step in steps)]
        acted = each(waiting, lambda target: _act(world, target, plans[target], order, run=run), threads=threads)
        for outcome in acted:
            target = outcome.target
            acts = outcome.value or _Acts(plans[target], (), outcome.error)
            plans[target], done[target], tagged[target] = acts.steps, acts.done, acts.tagging
            if acts.error is not None:
                errors[target] = acts.error
    return [
        TargetReport(
            target,
            plans[target],
            done.get(target, ()),
            failures.get(target, {}),
            errors.get(target),
            tagged.get(target, NOTHING_TAGGED),
        )
        for target in listed.targets
        if plans[target] or target in errors or target in failures
    ]


@dataclass(frozen=True, slots=True)
class _Order:
    action: Action
    reason: str
    hibernate: bool


class _Acts(NamedTuple):
    """What became of one target."""

    steps: Sequence[Step]
    done: Sequence[Done]
    error: LamplighterError | None
    tagging: Tagging = NOTHING_TAGGED


def _find(
    world: World, target: Target, ids: frozenset[str], order: _Order, *, at: datetime, run: str
) -> tuple[list[Step], Mapping[str, LamplighterError]]:
    """Steps for those of `ids` that are in the target, and the kinds that could not be looked at."""
    session = world.aws.session(target)
    bare = frozenset(each.rsplit(":", 1)[-1].rsplit("/", 1)[-1] for each in ids)
    kinds = list(world.kinds.values())
    found = look(session, world.store, kinds, Search(world.config.tag, ids=bare), at=at, run=run, write=False)
    resources = {resource.key: resource for resource in found.resources if ids & set(resource.names)}
    failures = dict(found.failures)
    if ids - {name for resource in resources.values() for name in resource.names}:
        named = look(session, world.store, kinds, Search(world.config.tag), at=at, run=run, write=False)
        resources.update({r.key: r for r in named.resources if ids & set(r.names)})
        failures.update(named.failures)
    return [_step(world, target, resource, found, order) for _, resource in sorted(resources.items())], failures


def _step(world: World, target: Target, resource: Resource, found: Survey, order: _Order) -> Step:
    record, at = found.records.get(resource.key), found.at
    memory = seen(remembered(record, resource), resource, at)
    decision = _decide(resource, order)._replace(store=known(record, resource), memory=memory)
    decision = decision._replace(memory=to_remember(decision, world.kinds.get(resource.kind), resource, at))
    team = team_of(world.config, target, resource)
    return Step(target, resource, record, decision, order.hibernate, team=team)


def _decide(resource: Resource, order: _Order) -> Decision:
    action, reason = order.action, order.reason
    decision = Decision(action, known(None, resource), reason, BY_HAND)
    if resource.unsupported is not None:
        return decision._replace(action=Action.NONE, reason=resource.unsupported, rule="unsupported")
    if resource.live in _AS_ASKED[action]:
        return decision._replace(action=Action.NONE, reason=f"{reason}; it is {resource.live.value} already")
    if resource.live not in (Live.RUNNING, Live.STOPPED, Live.PARTLY):
        return decision._replace(
            action=Action.NONE, reason=f"{reason}; it is {resource.state}, try again later", rule=WAIT
        )
    return decision


def _act(world: World, target: Target, steps: Sequence[Step], order: _Order, *, run: str) -> _Acts:
    """Look again under the lease, so that what an earlier pass left is settled first, and act."""
    lease = lease_target(world, target, run)

    def still_mine() -> None:
        nonlocal lease
        lease = hold(world, lease)

    try:
        at = world.clock()
        session = world.aws.session(target)
        kinds = [world.kinds[name] for name in sorted({step.resource.kind for step in steps})]
        search = Search(world.config.tag, ids=frozenset(step.resource.id for step in steps))
        now = look(session, world.store, kinds, search, at=at, run=run, write=True)
        if now.failures:
            return _Acts(steps, (), next(iter(now.failures.values())))
        wanted = {step.resource.key for step in steps}
        again = [_step(world, target, found, now, order) for found in now.resources if found.key in wanted]
        acting = [step for step in again if step.acts]
        done, error = carry_out(session, world.store, world.kinds, acting, at=at, run=run, still_mine=still_mine)
        changes = tag_changes(world.config, acting, done, at) if error is None else ()
        return _Acts(again, done, error, write_tags(session, world.kinds, changes, still_mine))
    finally:
        release(world.store, lease)
