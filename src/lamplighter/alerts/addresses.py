"""Who is told what: the rules of the file, one address each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.alerts.words import digest_of
from lamplighter.aws.targets import Target
from lamplighter.notify.definitions import NotifyDefinition, RuleDefinition


@dataclass(frozen=True, slots=True)
class Address:
    """An address and every rule that names it: it is told a thing once, however many rules cover it.

    Attributes:
        to: the address as it stands in the file.
        rules: the rules that name it.
    """

    to: str
    rules: Sequence[RuleDefinition]

    @property
    def key(self) -> str:
        """A short name for keys of the store."""
        return digest_of(self.to)

    def about(self, topic: str) -> bool:
        """Whether it is told of a topic at all."""
        return any(topic in rule.about for rule in self.rules)

    def covers(self, topic: str, target: Target | None, schedule: str | None) -> bool:
        """Whether it is told of something.

        Args:
            topic: errors, digest or upcoming.
            target: where it happened; None for what concerns the whole pass.
            schedule: value of the schedule tag; None for what concerns more than a resource.
        """
        return any(topic in rule.about and _covers(rule, target, schedule) for rule in self.rules)

    @property
    def after(self) -> int:
        """By how many passes in a row an error must have been met before it is told: the least of its rules."""
        return min((rule.after for rule in self.rules if "errors" in rule.about), default=1)

    def patience(self, topic: str, target: Target | None, schedule: str | None) -> int:
        """By how many passes in a row something must have been met before it is told; for arguments see `covers`."""
        rules = (rule for rule in self.rules if topic in rule.about and _covers(rule, target, schedule))
        return min((rule.after for rule in rules), default=1) if topic == "errors" else 1


def _covers(rule: RuleDefinition, target: Target | None, schedule: str | None) -> bool:
    here = target is None or not rule.accounts or bool({target.account, target.name} & set(rule.accounts))
    return here and (schedule is None or not rule.schedules or schedule in rule.schedules)


def addresses(notify: NotifyDefinition) -> list[Address]:
    """Every address of the rules, in their order."""
    found: dict[str, list[RuleDefinition]] = {}
    for rule in notify.rules:
        found.setdefault(rule.to, []).append(rule)
    return [Address(to, tuple(rules)) for to, rules in found.items()]
