"""The clock of the simulated AWS: real time, or a virtual time that stands still until it is moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def utc_now() -> datetime:
    """The real time, aware, in UTC."""
    return datetime.now(UTC)


class VirtualClock:
    """Time as the simulated AWS sees it; safe to share between threads.

    It shows real time until `set` or `advance` is called. From then on it stands still and moves only by
    those calls, until `release`.

    Args:
        real: where real time comes from; aware datetimes.
    """

    def __init__(self, real: Callable[[], datetime] = utc_now) -> None:
        self._real = real
        self._virtual: datetime | None = None
        self._lock = Lock()

    @property
    def virtual(self) -> bool:
        """Whether the clock stands still until it is moved."""
        return self._virtual is not None

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        virtual = self._virtual
        return self._real().astimezone(UTC) if virtual is None else virtual

    def set(self, at: datetime) -> datetime:
        """Stand still at `at`, which may also lie in the past.

        Args:
            at: an aware datetime of any zone.

        Raises:
            ValueError: `at` has no time zone.
        """
        if at.tzinfo is None:
            raise ValueError("the clock needs a time with a zone, for example 2026-11-23T08:00:00+00:00")
        with self._lock:
            self._virtual = at.astimezone(UTC)
            return self._virtual

    def advance(self, step: timedelta) -> datetime:
        """Move forward by `step` from the time shown now, and stand still there.

        Raises:
            ValueError: `step` is negative.
        """
        if step < timedelta(0):
            raise ValueError("the clock advances only forwards; set it to go back")
        with self._lock:
            self._virtual = self.now() + step
            return self._virtual

    def release(self) -> datetime:
        """Show real time again."""
        with self._lock:
            self._virtual = None
        return self.now()
