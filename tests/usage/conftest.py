"""What collectors are tried with: sessions that answer what a test says, and charges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.resources.conftest import Recorder

from lamplighter.lake.usage import UsageSample
from lamplighter.usage.collector import Around, Charged, Collector, Seen, samples_of

TIME = datetime(2026, 11, 27, 9, tzinfo=UTC)
AROUND = Around("Schedule", frozenset({"office"}))


def looked(
    collector: Collector, pages: Mapping[str, list[Any]], around: Around = AROUND, answer: Any = None
) -> list[UsageSample]:
    """Samples of a look at these answers."""
    session = Recorder(pages, answer)
    return samples_of(collector, session.target, TIME, collector.look(session, around))


def counted(samples: list[UsageSample]) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Quantity, Spot and put out, by type, platform, deployment, zone and schedule."""
    return {
        (each.resource_type, each.platform, each.deployment, each.zone, each.schedule): (
            int(each.quantity),
            int(each.spot),
            int(each.scheduled_off),
        )
        for each in samples
    }


def charged(usage_type: str, operation: str = "", **more: Any) -> Charged:
    """Two hours, one of them covered."""
    given: dict[str, Any] = {"instance_type": "", "system": "", "zone": "", "schedule": "", **more}
    given = {"quantity": Decimal(2), "covered": Decimal(1), **given}
    return Charged(usage_type, operation, **given)


def values(collector: Collector, seen: Seen) -> Mapping[str, str]:
    """The values of something that was seen."""
    [sample] = samples_of(collector, Recorder().target, TIME, [seen])
    return collector.values(sample)
