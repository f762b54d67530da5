"""Steps of a plan, what became of them, and what failed, as rows and records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lamplighter.cli.show import Cell, Column, Printer, Record

if TYPE_CHECKING:
    from lamplighter.errors import LamplighterError
    from lamplighter.scheduler.act import Done
    from lamplighter.scheduler.passes import PassReport, TargetReport
    from lamplighter.scheduler.plan import Step
    from lamplighter.scheduler.settings import Configuration

STEP_COLUMNS = (Column("Action"), Column("Resource", whole=True), Column("Where", whole=True), Column("Why"))
DONE_COLUMNS = (*STEP_COLUMNS[:1], Column("Outcome"), *STEP_COLUMNS[1:])


def step_record(step: Step) -> Record:
    """A step for programs."""
    resource, decision = step.resource, step.decision
    return {
        "action": decision.action.value,
        "put_off": decision.put_off.value if step.waits else None,
        "kind": resource.kind,
        "id": resource.id,
        "name": resource.name,
        "arn": resource.arn,
        "account": resource.account,
        "region": resource.region,
        "schedule": resource.schedule,
        "state": resource.state,
        "live": resource.live.value,
        "instance_type": resource.instance_type,
        "start_types": list(resource.types),
        "stored": step.record.stored.value if step.record else None,
        "desired": decision.desired.state.value if decision.desired else None,
        "rule": decision.rule,
        "reason": decision.reason,
        "hibernate": step.hibernate and decision.action.value == "stop",
        "snapshot": bool(step.snapshot) and decision.action.value == "stop",
    }


def step_row(step: Step) -> list[Cell]:
    """A step for people: what, which, where, why."""
    return [action_word(step), name_cell(step), where_cell(step), why_cell(step)]


def action_word(step: Step) -> str:
    """`start`, `stop`, `wait` for one of them that is put off, or nothing."""
    if step.waits:
        return "wait"
    return step.decision.action.value if step.acts else "-"


def name_cell(step: Step) -> Cell:
    """The name, and kind and id."""
    resource = step.resource
    return (resource.name, resource.key) if resource.name != resource.id else resource.key


def where_cell(step: Step) -> Cell:
    """Account and region."""
    return (step.target.name or step.target.account, step.target.region)


def why_cell(step: Step) -> str:
    """Schedule and reason."""
    return f"{step.resource.schedule or '(none)'}: {step.decision.reason}"


def done_record(done: Done, outcome: str) -> Record:
    """What became of a step, for programs."""
    error = done.error
    return {
        **step_record(done.step),
        "outcome": outcome,
        "note": done.note,
        "error": error.message if error else None,
        "code": (getattr(error, "code", "") or type(error).__name__) if error else None,
        "hint": error.hint if error else None,
    }


def outcome_word(done: Done) -> str:
    """`done`, `waiting`, `failed`, `not tried`, or `open` while it is not known whether it took effect."""
    if done.open:
        return "open"
    if done.waiting:
        return "waiting"
    if done.error is None:
        return "done"
    return "not tried" if done.note == "not tried" else "failed"


def show_done(printer: Printer, targets: Iterable[TargetReport], *, dry_run: bool, empty: str) -> None:
    """The steps that act, with what became of them; in a dry run they are planned only."""
    found: list[tuple[Done, str]] = []
    for target in targets:
        known = {done.step.resource.key: done for done in target.done}
        for step in target.steps:
            if step.acts:
                done = known.get(step.resource.key)
                found.append((done, outcome_word(done)) if done else (_nothing(step), "planned"))
    if not dry_run:
        found = [(done, "not tried" if outcome == "planned" else outcome) for done, outcome in found]
    printer.answer(
        [done_record(done, outcome) for done, outcome in found],
        DONE_COLUMNS,
        [[step_row(done.step)[0], outcome, *step_row(done.step)[1:3], _story(done)] for done, outcome in found],
        empty=empty,
    )


def _nothing(step: Step) -> Done:
    from lamplighter.scheduler.act import Done

    return Done(step)


def _story(done: Done) -> str:
    what = done.error.message if done.error else done.note
    return f"{why_cell(done.step)}; {what}" if what else why_cell(done.step)


def show_problems(printer: Printer, config: Configuration) -> None:
    """A word of warning when some definitions are not valid, the rest goes on without them; and how old copies are."""
    for note in config.notes:
        printer.note(note)
    if config.problems:
        first = config.problems[0]
        more = f", and {len(config.problems) - 1} more" if len(config.problems) > 1 else ""
        printer.warn(f"definitions: {first}{more}; `lamp schedules validate` lists all")


def show_failures(printer: Printer, report: PassReport) -> None:
    """What could not be looked at or done."""
    for failure in report.unresolved:
        printer.failure(failure.error, subject=failure.subject)
    show_target_failures(printer, report.targets)


def show_target_failures(printer: Printer, targets: Iterable[TargetReport]) -> None:
    """What failed in some targets; the same message in several is said once, with all of them."""
    places: dict[str, tuple[LamplighterError, list[str]]] = {}
    for target in targets:
        for error in _errors(target):
            _, where = places.setdefault(error.message, (error, []))
            if target.target.key not in where:
                where.append(target.target.key)
    for error, where in places.values():
        printer.failure(error, subject=", ".join(where))


def show_tagging(printer: Printer, targets: Sequence[TargetReport], *, dry_run: bool = False) -> None:
    """How many resources got tags, and what could not be written."""
    changed = sum(target.tagging.changed for target in targets)
    if changed:
        printer.note(f"tags of {counted(changed, 'resource')} {'would be written' if dry_run else 'written'}")
    for target in targets:
        for warning in target.tagging.warnings:
            printer.warn(f"{target.target.key}: {warning}")


def _errors(target: TargetReport) -> Sequence[LamplighterError]:
    return [
        *([target.error] if target.error else []),
        *target.failures.values(),
        *(done.error for done in target.done if done.error),
    ]


def counted(number: int, one: str, many: str = "") -> str:
    """`1 resource`, `2 resources`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
