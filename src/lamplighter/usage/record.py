"""Writing looks and what they found: into the lake and into the store. Also for hours that somebody else looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from lamplighter.lake.usage import Look, UsageSample
from lamplighter.lake.usage_files import write_usage
from lamplighter.store.table import Store
from lamplighter.usage.collector import Collector
from lamplighter.usage.registry import collectors
from lamplighter.usage.tables import Names, cost_items, put_items


def record(
    samples: Sequence[UsageSample],
    looks: Sequence[Look],
    *,
    at: datetime,
    lake: Path,
    store: Store,
    members: Mapping[str, Collector] | None = None,
) -> None:
    """Write what was seen. Repeating it is harmless: what is known stays, and what was not known becomes known.

    Args:
        samples: each of an hour, account, region and service that `looks` has.
        looks: at most one an hour, account, region and service; one without samples found nothing in use.
        at: when it was written, aware.
        lake: the lake's folder; it is made.
        store: for tables AWSCost and AWSCostMap.
        members: collectors by service; all that are found, if not given.

    Raises:
        LakeError: the lake cannot be written.
        StoreError: the store failed; the lake has been written then, and doing it again does the rest.
        ValueError: samples and looks do not fit together.
    """
    # The lake first: what is known in the store is not looked at again, and would be missing in the lake for ever.
    record_in_lake(samples, looks, at=at, lake=lake)
    record_in_store(samples, looks, store=store, members=members)


def record_in_lake(samples: Sequence[UsageSample], looks: Sequence[Look], *, at: datetime, lake: Path) -> None:
    """The first half of `record`; the second may only follow when the lake is where it stays."""
    if looks:
        write_usage(lake, samples, looks, at=at)


def record_in_store(
    samples: Sequence[UsageSample],
    looks: Sequence[Look],
    *,
    store: Store,
    members: Mapping[str, Collector] | None = None,
) -> None:
    """The second half of `record`: from now on nobody looks at these hours again."""
    if looks:
        put_items(store, cost_items(collectors() if members is None else members, samples, looks, Names(store)))
