"""What went wrong in a pass, and what is known to be well again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lamplighter.alerts.words import fingerprint, label
from lamplighter.aws.targets import Target
from lamplighter.errors import LamplighterError, LeaseLost, Problem, TargetBusy
from lamplighter.notify.message import one_line
from lamplighter.resources.kind import Resource
from lamplighter.scheduler.passes import PassReport, TargetReport
from lamplighter.scheduler.plan import Step
from lamplighter.schedules.verdict import Live, Stored
from lamplighter.store import journal
from lamplighter.store.table import Store

ITSELF: Final = "pass"
NOT_SCHEDULED: Final = frozenset({"unknown-schedule", "invalid-schedule"})
"""Rules of decisions that leave a resource alone because its schedule cannot be used."""

_EARLY = timedelta(minutes=20)
"""What is out again so soon after it was started may not have been able to start."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong.

    Attributes:
        where: key of the target; empty for what concerns the whole pass.
        subject: what it happened to, unique within `where`: `kind/id` of a resource, `kind:NAME`, `target`, `pass`, ...
        what: a few words: `stop failed`.
        label: what people call the subject.
        code: short stable name of the error.
        message: what happened, one line.
        hint: what to do; may be empty.
        target: where; None for what concerns the whole pass.
        schedule: of the resource; None for what concerns more than a resource.
        arn: of the resource; empty for what concerns more than a resource.
    """

    where: str
    subject: str
    what: str
    label: str
    code: str
    message: str
    hint: str = ""
    target: Target | None = None
    schedule: str | None = None
    arn: str = ""

    @property
    def digest(self) -> str:
        """The same as long as it says the same."""
        return fingerprint(self.what, self.code, self.message)

    @property
    def key(self) -> str:
        """Sort key of what is remembered of it."""
        return f"{self.where}#{self.subject}"


@dataclass(frozen=True, slots=True)
class Health:
    """What a pass says about the health of things; keys are those of troubles.

    Attributes:
        troubles: what went wrong, by key, in order.
        well: what was looked at and is well.
        met: resources that were found, in whatever state.
        targets: keys of the targets that were looked at.
        failed: keys of the targets that were not, or not to the end.
        whole: whether the pass looked at everything, so that what it did not meet is no longer there.
        entire: whether it looked at its targets for every schedule, so that this holds within them.
    """

    troubles: Mapping[str, Trouble]
    well: frozenset[str] = frozenset()
    met: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    whole: bool = False
    entire: bool = False

    def recovered(self, key: str) -> str | None:
        """Why something that was told to be wrong is no longer so; None if it is, or if it is not known."""
        if key in self.troubles:
            return None
        if key in self.well:
            return "it is well again"
        where, _, subject = key.partition("#")
        if key in self.met or not (self.whole or (self.entire and where in self.targets)):
            return None
        if not where:
            return "it did not happen again"
        if where in self.failed or f"{where}#kind:{subject.partition('/')[0]}" in self.troubles:
            return None
        if where in self.targets:
            return "it is well again" if subject.startswith("kind:") else "it is no longer there"
        # An account that could not be found out about may be the one.
        hidden = any(not trouble.where and trouble.subject.startswith("account:") for trouble in self.troubles.values())
        return None if hidden else "it is no longer looked at"


def health(report: PassReport, problems: Iterable[Problem], store: Store, *, whole: bool) -> Health:
    """What a pass says about the health of things.

    Args:
        report: of the pass.
        problems: what is wrong with the definition file.
        store: its journal tells whether something was started just before.
        whole: whether the pass looked at every target, kind and schedule.
    """
    found = [*_of_the_pass(report), *map(_definition, problems)]
    well = set() if report.refused else {f"#{ITSELF}"}
    met: set[str] = set()
    for each in report.targets:
        key = each.target.key
        found += _of_a_target(each, store, report.at)
        met |= {f"{key}#{step.resource.key}" for step in each.steps}
        well |= {f"{key}#{name}" for name in _well(each, refused=report.refused is not None)}
    troubles = {trouble.key: trouble for trouble in found}
    return Health(
        troubles,
        frozenset(well - set(troubles)),
        frozenset(met),
        frozenset(each.target.key for each in report.targets if each.error is None),
        frozenset(each.target.key for each in report.targets if each.error is not None),
        whole,
        not report.limited,
    )


def failure(error: LamplighterError) -> Health:
    """What is known when a pass ended with an error: that, and nothing else."""
    trouble = Trouble("", ITSELF, "the pass failed", "the pass", code_of(error), error.message, error.hint)
    return Health({trouble.key: trouble})


def code_of(error: LamplighterError) -> str:
    """AWS's code, or the name of the error."""
    return getattr(error, "code", "") or type(error).__name__


def _of_the_pass(report: PassReport) -> Iterator[Trouble]:
    if report.refused is not None:
        error = report.refused
        yield Trouble("", ITSELF, "the pass was refused", "the pass", code_of(error), error.message, error.hint)
    for each in report.unresolved:
        error_ = each.error
        name = f"account:{each.subject}"
        yield Trouble(
            "", name, "cannot be looked at", each.subject, code_of(error_), one_line(error_.message), error_.hint
        )


def _definition(problem: Problem) -> Trouble:
    where = problem.where
    line = f"line {problem.line}: " if problem.line else ""
    text = f"{line}{one_line(problem.message)}"
    return Trouble("", f"definitions:{where[:900]}", "is not valid", one_line(where), "Definition", text, problem.hint)


def _of_a_target(report: TargetReport, store: Store, at: datetime) -> Iterator[Trouble]:
    target, error = report.target, report.error
    if error is not None and not isinstance(error, TargetBusy | LeaseLost):
        # Another pass at work is no trouble: what it meets it tells.
        yield _trouble(target, "target", "cannot be looked at", str(target), error)
    for kind, failed in report.failures.items():
        yield _trouble(target, f"kind:{kind}", "cannot be listed", kind, failed)
    for done in report.done:
        if done.error is not None and done.error is not error:
            step = done.step
            what = f"{step.decision.action.value} {'not known to have worked' if done.open else 'failed'}"
            yield _trouble(target, step.resource.key, what, label(step.resource), done.error, step.resource)
    for step in report.steps:
        trouble = _not_scheduled(step) or _short_lived(step, store, at)
        if trouble is not None:
            yield trouble


def _trouble(
    target: Target, subject: str, what: str, name: str, error: LamplighterError, resource: Resource | None = None
) -> Trouble:
    return Trouble(
        target.key,
        subject,
        what,
        name,
        code_of(error),
        one_line(error.message),
        one_line(error.hint),
        target,
        resource.schedule or "" if resource else None,
        resource.arn if resource else "",
    )


def _not_scheduled(step: Step) -> Trouble | None:
    """A schedule that cannot be used: nobody starts or stops what names it."""
    decision = step.decision
    if decision.rule not in NOT_SCHEDULED:
        return None
    hint = "correct the tag, or the definition; `lamp schedules list` shows what there is"
    code = "UnknownSchedule" if decision.rule == "unknown-schedule" else "InvalidSchedule"
    return _about(step, "left alone", code, decision.reason, hint)


def _short_lived(step: Step, store: Store, at: datetime) -> Trouble | None:
    """What was started by a pass and is out again at the next, although it should be lit.

    AWS takes such a start and ends it by itself, for example when the key of an encrypted volume cannot be used.
    """
    record, resource = step.record, step.resource
    if record is None or record.stored is not Stored.RUNNING or resource.live is not Live.STOPPED or step.acts:
        return None
    if step.decision.store is not Stored.RUNNING or step.decision.rule == "override" or at - record.since > _EARLY:
        return None
    for entry in journal.read(store, step.target.key, start=at - _EARLY, newest_first=True):
        if entry.resource == resource.key and entry.action in ("start", "stop"):
            if entry.action == "stop" or entry.lit_after is None:
                return None
            text = f"started at {entry.at:%H:%M} UTC, and out again: it could not start, or was stopped by hand"
            return _about(step, "did not stay lit", "ShortLived", text, "AWS says why in the resource's state reason")
    return None


def _about(step: Step, what: str, code: str, message: str, hint: str) -> Trouble:
    resource = step.resource
    name, schedule = label(resource), resource.schedule or ""
    text = one_line(message)
    return Trouble(step.target.key, resource.key, what, name, code, text, hint, step.target, schedule, resource.arn)


def _well(report: TargetReport, *, refused: bool) -> Iterator[str]:
    """Subjects of a target that are well."""
    if report.error is None:
        yield "target"
    worked = {done.step.resource.key for done in report.done if done.error is None}
    for step in report.steps:
        wanted_lit = step.decision.store is Stored.RUNNING
        as_wanted = not wanted_lit or step.resource.live in (Live.RUNNING, Live.STARTING)
        waits = step.acts or step.decision.rule == "wait" or bool(step.decision.memory.held_since)
        if step.resource.key in worked or (report.error is None and not refused and not waits and as_wanted):
            yield step.resource.key
