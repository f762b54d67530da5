"""Faults on request: rules that refuse calls, lose answers, or damage them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from threading import Lock
from typing import TYPE_CHECKING, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from lamplighter.estate.answers import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Self

    from lamplighter.estate.request import AwsRequest

MAX_DELAY_SECONDS = 60.0


class FaultError(BaseModel):
    """The error a rule answers with.

    Attributes:
        code: AWS error code.
        message: its message; empty for none.
        status: HTTP status, 400 to 599.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    message: str = ""
    status: int = Field(default=400, ge=400, le=599)

    def refusal(self) -> Refusal:
        """The same, as the front answers it."""
        return Refusal(self.code, self.message, self.status)


class FaultRule(BaseModel):
    """When a call matches every field that is given, the fault happens to it.

    Attributes:
        id: name of the rule; made up when missing.
        account: account id; `*` and `?` are wildcards in this and the next three fields.
        region: region.
        service: signing name, for example `ec2`, `rds`, `tagging`.
        action: for example `StartInstances` or `Describe*`.
        resource: an id that stands somewhere in the request as a whole word; for EC2 also the type of an
            instance that the request names.
        kind: `before`: refused with `error`, no effect. `after`: takes effect, then `error` is answered, or the
            connection is closed if `error` is missing. `drop`: the connection is closed, no effect. `malformed`:
            takes effect, then the body is garbage. `slow`: takes effect and is answered, but late.
        error: what is answered; needed by `before`.
        times: how often it happens; None for always.
        since: from when on, by the simulated clock; `from` on the wire.
        until: before when, by the simulated clock.
        delay_seconds: real seconds before the answer, at most 60.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    id: str = ""
    account: str | None = None
    region: str | None = None
    service: str | None = None
    action: str | None = None
    resource: str | None = None
    kind: Literal["before", "after", "drop", "malformed", "slow"] = "before"
    error: FaultError | None = None
    times: int | None = Field(default=None, ge=1)
    since: AwareDatetime | None = Field(default=None, alias="from")
    until: AwareDatetime | None = None
    delay_seconds: float = Field(default=0, ge=0, le=MAX_DELAY_SECONDS)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "before" and self.error is None:
            raise ValueError("a fault of kind 'before' needs an error to answer with")
        if self.kind == "slow" and not self.delay_seconds:
            raise ValueError("a fault of kind 'slow' needs delay_seconds")
        return self


class Faults:
    """The rules now in force; the first that matches a call happens to it.

    Args:
        types_of: the instance types of the instances an EC2 request names, as words.
    """

    def __init__(self, types_of: Callable[[AwsRequest], str]) -> None:
        self._types_of = types_of
        self._lock = Lock()
        self._serial = 0
        self._rules: dict[str, tuple[FaultRule, int]] = {}

    def add(self, rule: FaultRule) -> str:
        """Put a rule in force, replacing one with the same id; its id is returned."""
        with self._lock:
            self._serial += 1
            name = rule.id or f"fault-{self._serial}"
            self._rules[name] = (rule.model_copy(update={"id": name}), 0)
        return name

    def remove(self, name: str | None = None) -> int:
        """Remove one rule, or all; how many were removed is returned."""
        with self._lock:
            gone = [key for key in self._rules if name is None or key == name]
            for key in gone:
                del self._rules[key]
        return len(gone)

    def rows(self) -> list[dict[str, object]]:
        """Every rule with `hits`, how often it happened so far."""
        with self._lock:
            return [
                {**rule.model_dump(mode="json", by_alias=True), "hits": hits} for rule, hits in self._rules.values()
            ]

    def match(self, request: AwsRequest, now: datetime) -> FaultRule | None:
        """The rule that happens to this request now, or None; a match is counted."""
        if not self._rules:
            return None
        with self._lock:
            for name, (rule, hits) in self._rules.items():
                if rule.times is not None and hits >= rule.times:
                    continue
                if _in_time(rule, now) and _fits(rule, request) and self._names(rule, request):
                    self._rules[name] = (rule, hits + 1)
                    return rule
        return None

    def _names(self, rule: FaultRule, request: AwsRequest) -> bool:
        if rule.resource is None:
            return True
        word = re.compile(rf"(?<![\w.-]){re.escape(rule.resource)}(?![\w-])")
        return bool(word.search(request.text()) or word.search(self._types_of(request)))


def _in_time(rule: FaultRule, now: datetime) -> bool:
    return (rule.since is None or rule.since <= now) and (rule.until is None or now < rule.until)


def _fits(rule: FaultRule, request: AwsRequest) -> bool:
    wanted = (rule.account, rule.region, rule.service, rule.action)
    given = (request.account, request.region, request.service, request.action)
    return all(pattern is None or fnmatchcase(value, pattern) for pattern, value in zip(wanted, given, strict=True))
