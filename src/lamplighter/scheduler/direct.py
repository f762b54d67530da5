"""Start or stop given resources now, by hand but with the same announcements and journal as a pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError, NotFound
from lamplighter.resources.kind import Resource, Search
from lamplighter.scheduler.act import Done, carry_out
from lamplighter.scheduler.passes import LEASE, TargetReport, World, lease_target
from lamplighter.scheduler.plan import Step
from lamplighter.scheduler.states import known
from lamplighter.scheduler.survey import look
from lamplighter.schedules.decision import Action, Decision, Live
from lamplighter.store.lease import release, renew

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

    Raises:
        NotFound: some of them are in none of the targets, all of which answered; nothing was done.
        AwsError: the targets cannot be determined.
        StoreError: the store failed.
    """
    listed = world.aws.targets(world.config.targets, accounts=accounts, regions=regions)
    threads = world.config.targets.threads if world.config.targets else 25
    at = world.clock()

    def find(target: Target) -> list[Step]:
        return _find(world, target, frozenset(ids), action, at=at, run=run, author=author, hibernate=hibernate)

    outcomes = each(listed.targets, find, threads=threads)
    steps = {outcome.target: outcome.value or [] for outcome in outcomes}
    errors: dict[Target, LamplighterError] = {o.target: o.error for o in outcomes if o.error}
    names = {name for found in steps.values() for step in found for name in step.resource.names}
    unknown = [wanted for wanted in ids if wanted not in names]
    if unknown and not errors:
        raise NotFound(
            f"not found in {len(listed.targets)} targets: {', '.join(unknown)}",
            hint="check the ids and --account, --region; nothing was done",
        )
    done: dict[Target, Sequence[Done]] = {}
    if not dry_run:
        waiting = [target for target, found in steps.items() if any(step.acts for step in found)]
        acted = each(waiting, lambda target: _act(world, target, steps[target], at=at, run=run), threads=threads)
        done = {outcome.target: outcome.value for outcome in acted if outcome.value is not None}
        errors.update({outcome.target: outcome.error for outcome in acted if outcome.error})
    return [
        TargetReport(target, steps[target], done.get(target, ()), {}, errors.get(target))
        for target in listed.targets
        if steps[target] or target in errors
    ]


def _find(
    world: World,
    target: Target,
    ids: frozenset[str],
    action: Action,
    *,
    at: datetime,
    run: str,
    author: str,
    hibernate: bool,
) -> list[Step]:
    session = world.aws.session(target)
    bare = frozenset(each.rsplit(":", 1)[-1].rsplit("/", 1)[-1] for each in ids)
    kinds = list(world.kinds.values())
    found = look(session, world.store, kinds, Search(world.config.tag, ids=bare), at=at, run=run, write=False)
    resources = {resource.key: resource for resource in found.resources if ids & set(resource.names)}
    if len(resources) < len(ids):
        named = look(session, world.store, kinds, Search(world.config.tag), at=at, run=run, write=False)
        resources.update({r.key: r for r in named.resources if ids & set(r.names)})
    if found.failures and not resources:
        raise next(iter(found.failures.values()))
    steps = []
    for key, resource in sorted(resources.items()):
        record = found.records.get(key)
        decision = _decide(resource, action, author)._replace(store=known(record, resource))
        steps.append(Step(target, resource, record, decision, hibernate))
    return steps


def _decide(resource: Resource, action: Action, author: str) -> Decision:
    reason = f"asked for by {author}"
    decision = Decision(action, known(None, resource), reason, "by-hand")
    if resource.unsupported is not None:
        return decision._replace(action=Action.NONE, reason=resource.unsupported, rule="unsupported")
    if resource.live in _AS_ASKED[action]:
        return decision._replace(action=Action.NONE, reason=f"{reason}; it is {resource.live.value} already")
    if resource.live not in (Live.RUNNING, Live.STOPPED):
        return decision._replace(
            action=Action.NONE, reason=f"{reason}; it is {resource.state}, try again later", rule="wait"
        )
    return decision


def _act(world: World, target: Target, steps: Sequence[Step], *, at: datetime, run: str) -> list[Done]:
    lease = lease_target(world, target, run)

    def still_mine() -> None:
        nonlocal lease
        lease = renew(world.store, lease, now=world.clock(), ttl=LEASE)

    try:
        acting = [replace(step) for step in steps if step.acts]
        session = world.aws.session(target)
        return carry_out(session, world.store, world.kinds, acting, at=at, run=run, still_mine=still_mine)
    finally:
        release(world.store, lease)
