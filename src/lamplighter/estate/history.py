"""What truly happened in the simulated AWS: every change of state, and every call."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import datetime
from threading import Condition
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

RECENT_CALLS = 2_000


@dataclass(frozen=True, slots=True)
class StateChange:
    """One true change of state of one resource; what lit hours are checked against.

    Attributes:
        at: when it happened, aware, UTC; for a change that was due, the due time and not the time it was noticed.
        account: 12-digit account id.
        region: AWS region.
        kind: `ec2-instance`, `rds-instance` or `rds-cluster`.
        id: instance id, or database or cluster identifier.
        from_state: state before, or None when the resource was seen for the first time.
        to_state: state after, in the words of AWS; `deleted` when a database is gone.
    """

    at: datetime
    account: str
    region: str
    kind: str
    id: str
    from_state: str | None
    to_state: str

    def as_json(self) -> dict[str, str | None]:
        """The change as the control endpoint shows it."""
        return {
            "time": self.at.isoformat(),
            "account": self.account,
            "region": self.region,
            "kind": self.kind,
            "id": self.id,
            "from": self.from_state,
            "to": self.to_state,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, str]) -> StateChange:
        """The change read back from the control endpoint."""
        return cls(
            at=datetime.fromisoformat(row["time"]),
            account=row["account"],
            region=row["region"],
            kind=row["kind"],
            id=row["id"],
            from_state=row["from"],
            to_state=row["to"],
        )


class History:
    """All state changes in the order they were written."""

    def __init__(self) -> None:
        self._changes: list[StateChange] = []

    def add(self, change: StateChange) -> None:
        """Append one change."""
        self._changes.append(change)

    def since(self, offset: int = 0) -> list[StateChange]:
        """The changes from position `offset` on; position 0 is the first ever."""
        return self._changes[offset:]

    def clear(self) -> None:
        """Forget everything."""
        self._changes = []


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the simulated AWS.

    Attributes:
        time: ISO 8601, by the clock of the simulated AWS.
        account: account the call was made in.
        region: region it was signed for; empty when unsigned.
        service: signing name, for example `ec2`, `rds`, `tagging`; empty when unsigned.
        action: for example `StartInstances`.
        status: HTTP status of the answer; 0 when the connection was closed without one.
        fault: id of the fault rule that was applied, or None.
        code: AWS error code of a refusal by the front, or None.
    """

    time: str
    account: str
    region: str
    service: str
    action: str
    status: int
    fault: str | None = None
    code: str | None = None


class CallCount(TypedDict):
    """How often one action was called in one account and region."""

    account: str
    region: str
    service: str
    action: str
    count: int


class CallLog:
    """Counts of all calls and a list of the latest `RECENT_CALLS`."""

    def __init__(self) -> None:
        self._lock = Condition()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._counts: Counter[tuple[str, str, str, str]] = Counter()
        self._recent: deque[Call] = deque(maxlen=RECENT_CALLS)

    def add(self, call: Call) -> None:
        """Count and remember one call."""
        with self._lock:
            self._counts[call.account, call.region, call.service, call.action] += 1
            self._recent.append(call)
            self._lock.notify_all()

    def wait(self, action: str, times: int, seconds: float) -> bool:
        """Wait until an action was called so often, whatever account and region; whether it was within the time."""

        def there() -> bool:
            return sum(count for (*_, called), count in self._counts.items() if called == action) >= times

        with self._lock:
            return self._lock.wait_for(there, seconds)

    def counts(self) -> list[CallCount]:
        """One row for each account, region, service and action, sorted by those."""
        with self._lock:
            rows = sorted(self._counts.items())
        return [
            {"account": account, "region": region, "service": service, "action": action, "count": count}
            for (account, region, service, action), count in rows
        ]

    def recent(self) -> list[dict[str, str | int | None]]:
        """The latest calls, oldest first."""
        with self._lock:
            return [asdict(call) for call in self._recent]
