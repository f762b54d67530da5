"""Pace: how many starts and stops one pass begins in a target, and how fast it calls.

What is more than `starts_per_pass` or `stops_per_pass` waits for the next pass, what has waited longest first: nothing
is refused (guardrails refuse), and nothing waits for ever behind what fails at every pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from lamplighter.aws.targets import Target
from lamplighter.resources.kind import Session
from lamplighter.scheduler.plan import Step, held_back
from lamplighter.scheduler.states import remembered
from lamplighter.schedules.decision import Action

if TYPE_CHECKING:
    from lamplighter.scheduler.adjust import Scene

RULE = "pace"
_READS = ("describe_", "list_", "get_", "batch_get_", "search_")


def keep_pace(scene: Scene, steps: Sequence[Step]) -> list[Step]:
    """Put off what is more than one pass begins; see `Adjustment`."""
    order = scene.config.order
    if order is None:
        return list(steps)
    limits = (
        (Action.START, "starts_per_pass", order.starts_per_pass),
        (Action.STOP, "stops_per_pass", order.stops_per_pass),
    )
    put_off: dict[str, str] = {}
    for action, field, most in limits:
        due = sorted((step for step in steps if step.decision.action is action), key=_waiting_since)
        if most is not None and len(due) > most:
            reason = f"{field} is {most} and {len(due)} are due, so it waits for the next pass"
            put_off.update({step.resource.key: reason for step in due[most:]})
    return [
        held_back(step, put_off[step.resource.key], RULE, at=scene.at) if step.resource.key in put_off else step
        for step in steps
    ]


def _waiting_since(step: Step) -> str:
    """When it was first held back; what was not comes after all that was."""
    return remembered(step.record, step.resource).held_since or "~"


class PacedSession:
    """A session that spaces out calls that change something; reading is as fast as ever.

    Every service of the target has a bucket of its own, which holds the calls of one second: AWS counts its limits by
    account, region and service.

    Args:
        session: makes the calls.
        rate: calls a second.
        timer: seconds of a monotonic clock.
        sleep: waits for that many seconds.
    """

    def __init__(
        self, session: Session, rate: float, timer: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._session, self._rate, self._timer, self._sleep = session, rate, timer, sleep
        self._lock = Lock()
        self._used: dict[str, float] = {}

    @property
    def target(self) -> Target:
        """The account and region."""
        return self._session.target

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call, once its turn has come; raises AwsError."""
        if not operation.startswith(_READS) and (seconds := self._turn(service)) > 0:
            self._sleep(seconds)
        return self._session.call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        """The items under `key` of every page; raises AwsError."""
        return self._session.pages(service, operation, key, **params)

    def _turn(self, service: str) -> float:
        """Take a token, and tell in how many seconds it is there.

        `_used` is the moment at which every token taken so far will have been filled up again.
        """
        with self._lock:
            now = self._timer()
            full = max(self._used.get(service, now), now) + 1 / self._rate
            self._used[service] = full
            return full - now - max(1.0, 1 / self._rate)
