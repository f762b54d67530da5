"""The accounts of the demo organization."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamplighter.estate.fleet_workloads import ANALYTICS, ENTERPRISE, ORDERS, PEOPLE, PLATFORM

MANAGEMENT = PLATFORM


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the organization.

    Attributes:
        id: 12 digits.
        name: its name.
        unit: path of its organizational unit; empty for the root.
        entered: whether it gets a `LamplighterRole` and resources.
    """

    id: str
    name: str
    unit: str = ""
    entered: bool = True

    def seed(self) -> Mapping[str, str]:
        """As the control endpoints of the simulated AWS take it."""
        return {"id": self.id, "name": self.name, "ou": self.unit, "email": f"{self.name}@example.com"}


ACCOUNTS = (
    Account(PLATFORM, "platform"),
    Account(PEOPLE, "people", "Workloads/Internal"),
    Account(ORDERS, "orders", "Workloads/Commerce"),
    Account(ANALYTICS, "analytics", "Workloads/Data"),
    Account(ENTERPRISE, "enterprise", "Workloads/Core"),
    # Bought last month; nobody has created the role there yet, so every pass reports it.
    Account("999988887777", "acquired", "Joining", entered=False),
)
