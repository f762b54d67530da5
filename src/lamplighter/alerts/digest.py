"""The digest: what a pass did, what failed, what waits and why, and what that is worth an hour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.alerts.addresses import Address
from lamplighter.alerts.troubles import Health, Trouble
from lamplighter.alerts.words import place, resource_row
from lamplighter.errors import LamplighterError, PriceBookError
from lamplighter.notify.message import one_line
from lamplighter.pricing.book import PriceBook
from lamplighter.savings.tally import add, tally
from lamplighter.scheduler.act import Done
from lamplighter.scheduler.passes import PassReport, TargetReport
from lamplighter.scheduler.plan import Step
from lamplighter.schedules.verdict import Action

if TYPE_CHECKING:
    from lamplighter.store.table import JSON

TOPIC: Final = "digest"
MOST: Final = 50
"""Lines of each sort in a message; the rest is counted."""

Prices = Callable[[], PriceBook]


@dataclass(frozen=True, slots=True)
class Digest:
    """What an address is told of a pass.

    Attributes:
        context: what templates get.
        done: whether anything was done, or would be.
        error: why it says nothing of money, or None.
    """

    context: dict[str, JSON]
    done: bool
    error: LamplighterError | None = None


def digest(address: Address, report: PassReport, health: Health, prices: Prices, *, planned: bool = False) -> Digest:
    """The digest for an address.

    Args:
        address: what it is told about.
        report: of the pass.
        health: what went wrong in it.
        prices: opens the price book; asked only if something was done.
        planned: whether the report is that of a dry run: what would be done counts as done.
    """
    worked: list[Done] = []
    held: list[Step] = []
    total = 0
    for each in report.targets:
        covered = [s for s in each.steps if address.covers(TOPIC, each.target, s.resource.schedule or "")]
        total += len(covered)
        worked += _worked(each, covered, planned=planned)
        held += [step for step in covered if is_held(step)]
    troubles = [t for t in health.troubles.values() if address.covers(TOPIC, t.target, t.schedule)]
    money: dict[str, JSON] = {}
    error: LamplighterError | None = None
    try:
        money = _money(worked, prices) if worked else {}
    except PriceBookError as damaged:
        error = damaged
    context: dict[str, JSON] = {
        "planned": planned,
        "run": report.run,
        "started": sum(done.step.decision.action is Action.START for done in worked),
        "stopped": sum(done.step.decision.action is Action.STOP for done in worked),
        "errors": len(troubles),
        "held": len(held),
        "left": total - len(worked),
        "refused": one_line(report.refused.message) if report.refused else "",
        "money": money,
        "places": _by_place(worked, held),
        "troubles": [_trouble_row(trouble) for trouble in troubles[:MOST]],
        "left_out": max(0, len(worked) - MOST) + max(0, len(held) - MOST) + max(0, len(troubles) - MOST),
    }
    return Digest(context, bool(worked), error)


def is_held(step: Step) -> bool:
    """Whether something is due that waits or is not allowed."""
    return not step.acts and (bool(step.decision.memory.held_since) or step.decision.rule in ("wait", "guardrail"))


def _worked(report: TargetReport, covered: Sequence[Step], *, planned: bool) -> Iterator[Done]:
    if planned:
        yield from (Done(step) for step in covered if step.acts)
        return
    kept = {id(step) for step in covered}
    yield from (done for done in report.done if done.error is None and id(done.step) in kept)


def _money(worked: Sequence[Done], prices: Prices) -> dict[str, JSON]:
    """What an hour costs less, and more, on demand."""
    book = prices()
    found: dict[str, JSON] = {}
    unknown = 0
    estimated = False
    for name, action in (("less", Action.STOP), ("more", Action.START)):
        steps = [done.step for done in worked if done.step.decision.action is action]
        sums = add(tally(book, step.resource.prices, Decimal(0), Decimal(1)) for step in steps)
        found[name] = " + ".join(str(money.rounded(2)) for _, money in sorted(sums.all_cost.items()))
        unknown += sums.unpriced
        estimated = estimated or bool(sums.estimated)
    return {**found, "unknown": unknown, "estimated": estimated}


def _by_place(worked: Sequence[Done], held: Sequence[Step]) -> list[JSON]:
    places: dict[str, dict[str, list[JSON]]] = {}
    for done in worked[:MOST]:
        step = done.step
        row: dict[str, JSON] = {**_row(step), "action": step.decision.action.value, "note": one_line(done.note)}
        places.setdefault(place(step.target), {"done": [], "held": []})["done"].append(row)
    for step in held[:MOST]:
        places.setdefault(place(step.target), {"done": [], "held": []})["held"].append(_row(step))
    return [{"place": name, **dict(rows)} for name, rows in sorted(places.items())]


def _row(step: Step) -> dict[str, JSON]:
    return {**resource_row(step.resource), "reason": one_line(step.decision.reason)}


def _trouble_row(trouble: Trouble) -> dict[str, JSON]:
    return {
        "place": place(trouble.target) if trouble.target else "",
        "label": trouble.label,
        "what": trouble.what,
        "code": trouble.code,
        "message": one_line(trouble.message),
        "hint": one_line(trouble.hint),
    }
