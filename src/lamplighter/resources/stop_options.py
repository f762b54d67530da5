"""How resources are to be stopped, over all kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StopOptions:
    """How resources are to be stopped; a kind passes over what it does not know.

    Attributes:
        hibernate: keep the memory, where the resource is set up for it.
        snapshot: UTC moment that names the snapshot to take before the stop, `yyyymmdd-hhmmss`; the same text asks
            for the same snapshot, however often. Empty for no snapshot.
    """

    hibernate: bool = False
    snapshot: str = ""


PLAIN_STOP: Final = StopOptions()
