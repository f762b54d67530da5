"""Client of the control endpoints of a simulated AWS; needs neither boto3 nor moto."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from lamplighter.errors import Unreachable, UsageError
from lamplighter.estate.history import StateChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lamplighter.estate.faults import FaultRule
    from lamplighter.estate.history import CallCount
    from lamplighter.estate.seed import SeedAccount, SeedRole

ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class CallReport:
    """Calls that reached the simulated AWS.

    Attributes:
        total: how many since the start or the last clearing.
        counts: how many by account, region, service and action.
        recent: the latest 2,000, oldest first; keys as in `lamplighter.estate.history.Call`.
    """

    total: int
    counts: tuple[CallCount, ...]
    recent: tuple[Mapping[str, Any], ...]

    def count(self, action: str = "", *, account: str = "", region: str = "", service: str = "") -> int:
        """How many calls match everything given."""
        wanted = (account, region, service, action)
        return sum(
            row["count"]
            for row in self.counts
            for given in [(row["account"], row["region"], row["service"], row["action"])]
            if all(value in {"", found} for value, found in zip(wanted, given, strict=True))
        )


class EstateControl:
    """Client of the control endpoints.

    Every method raises `UsageError` when the estate refuses what it is told, and `Unreachable` when it does not
    answer.

    Args:
        url: address of the simulated AWS, for example `http://127.0.0.1:4566`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._open = build_opener(ProxyHandler({})).open

    def about(self) -> Mapping[str, Any]:
        """Process id, management account and clock of the estate."""
        found: Mapping[str, Any] = self._call("GET", "")
        return found

    def now(self) -> datetime:
        """The time the estate shows, aware, UTC."""
        return datetime.fromisoformat(self._call("GET", "clock")["now"])

    def set_clock(self, at: datetime) -> datetime:
        """Let the clock stand still at `at` (aware); transitions that are due by then happen."""
        return self._clock(now=at.isoformat())

    def advance(self, step: timedelta | float) -> datetime:
        """Move the clock forward by a timedelta or by seconds; it stands still from then on."""
        return self._clock(advance_seconds=step.total_seconds() if isinstance(step, timedelta) else step)

    def release_clock(self) -> datetime:
        """Show real time again."""
        return self._clock(release=True)

    def finish_transitions(self) -> datetime:
        """Finish everything that is starting or stopping; a virtual clock moves to when the last was due."""
        return self._clock(settle=True)

    def timings(self, **seconds: float) -> Mapping[str, float]:
        """Read how long transitions last, after changing those given, for example `ec2_start=5`."""
        body = {name.replace("_", "-"): value for name, value in seconds.items()}
        found: Mapping[str, float] = self._call("POST", "timings", body) if body else self._call("GET", "timings")
        return found

    def inject(self, rule: FaultRule | Mapping[str, Any]) -> str:
        """Put a fault rule in force; its id is returned."""
        body = rule if isinstance(rule, dict) else rule.model_dump(mode="json", by_alias=True)  # type: ignore[union-attr]
        return str(self._call("POST", "faults", body)["id"])

    def faults(self) -> list[Mapping[str, Any]]:
        """The rules in force, each with `hits`."""
        return list(self._call("GET", "faults")["faults"])

    def clear_faults(self, name: str | None = None) -> int:
        """Remove one rule, or all; how many were removed is returned."""
        return int(self._call("DELETE", "faults" + (f"?{urlencode({'id': name})}" if name else ""))["removed"])

    def history(self, *, since: int = 0) -> tuple[StateChange, ...]:
        """The true state changes from position `since` on, in the order in which they were recorded."""
        return tuple(StateChange.from_json(row) for row in self._call("GET", f"history?since={since}")["changes"])

    def calls(self) -> CallReport:
        """The calls so far."""
        found = self._call("GET", "calls")
        return CallReport(int(found["total"]), tuple(found["counts"]), tuple(found["recent"]))

    def wait_for(self, action: str, *, times: int = 1, seconds: float = 30) -> CallReport:
        """Wait until an action was called so often since the start or the last clearing; the calls so far.

        A call counts when it has taken effect, even while a fault holds back its answer.

        Args:
            action: for example `StartInstances`.
            times: how often, from 1 on.
            seconds: real seconds, at most 50; after them `UsageError` is raised.
        """
        found = self._call("GET", f"calls?{urlencode({'action': action, 'times': times, 'seconds': seconds})}")
        return CallReport(int(found["total"]), tuple(found["counts"]), tuple(found["recent"]))

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self._call("DELETE", "calls")

    def reset(self) -> None:
        """Forget everything: resources, history, calls, faults, clock and timings."""
        self._call("POST", "reset")

    def seed_organization(self, accounts: Iterable[SeedAccount | Mapping[str, Any]]) -> Mapping[str, Any]:
        """Create an organization with given accounts, or bring it to what is given.

        Each account also gets the role `OrganizationAccountAccessRole`, which the management account may assume.

        Args:
            accounts: each with `id` and `name`, and perhaps `ou` (a path), `email`, `status`, `tags`.

        Returns:
            Ids: `organization`, `root`, and `units` by path.
        """
        found: Mapping[str, Any] = self._call("POST", "seed", {"accounts": [_plain(account) for account in accounts]})
        return found

    def seed_roles(self, roles: Iterable[SeedRole | Mapping[str, Any]]) -> tuple[str, ...]:
        """Create roles that can be assumed, or replace their trust; their ARNs are returned.

        Args:
            roles: each with `account` and `name`, and perhaps `trusted`, `external_id`, `trust_policy`, `path`.
        """
        return tuple(self._call("POST", "seed", {"roles": [_plain(role) for role in roles]})["roles"])

    def plant_commitments(self, planted: Mapping[str, Any]) -> Mapping[str, int]:
        """Give the estate reservations, Savings Plans and answers of Cost Explorer, in place of those it has.

        Args:
            planted: as `lamplighter.estate.strict_commitments.PlantedCommitments`: `lists`, `costs`, `page`.

        Returns:
            How many `rows` and `pages` it has now.
        """
        found: Mapping[str, int] = self._call("POST", "commitments", planted)
        return found

    def _clock(self, **body: object) -> datetime:
        return datetime.fromisoformat(self._call("POST", "clock", body)["now"])

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = Request(  # noqa: S310 - the address of a simulated AWS, http by nature
            f"{self.url}/lamplighter/{path}", data=data, method=method, headers={"Content-Type": "application/json"}
        )
        try:
            with self._open(request, timeout=ANSWER_SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise UsageError(f"the simulated AWS refused: {json.load(error)['error']}") from error
        except URLError as error:
            raise Unreachable(
                f"the simulated AWS at {self.url} does not answer: {error.reason}", hint="is it running?"
            ) from error


def _plain(item: Any) -> Mapping[str, Any]:
    return item.model_dump(mode="json") if hasattr(item, "model_dump") else item  # type: ignore[no-any-return]
