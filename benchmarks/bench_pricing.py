"""What a price costs to look up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from time import perf_counter
from typing import TypeVar

from lamplighter.pricing import Archive, PriceBook, ec2_key, rds_key
from lamplighter.pricing.archive import bundled_content

Key = TypeVar("Key")

LOOK_UPS = 200_000
KEYS = 500


def run() -> list[str]:
    """Time the first look-up of a service and region, and those after it against a bare dict of floats."""
    return [f"pricing: {what:<60} {figure}" for what, figure in _measure()]


def _measure() -> Iterator[tuple[str, str]]:
    start = perf_counter()
    book = PriceBook((Archive(bundled_content()),))
    yield "open the packaged book", f"{_since(start):12.2f} ms"
    firsts = (
        ec2_key("us-east-1", "m5.large"),
        rds_key("us-east-1", "db.m5.large", "postgres"),
        ec2_key("eu-west-1", "c5.xlarge", "Windows"),
    )
    for key in firsts:
        start = perf_counter()
        book.find(key)
        yield f"first look-up, {key}", f"{_since(start):12.2f} ms"
    keys = [key for key, _ in islice(book.items("ec2", "us-east-1"), KEYS)]
    for key in keys:
        book.find(key)
    floats = {(key.region, key.resource_type): 0.1 for key in keys}
    priced = _per_second(book.find, keys)
    bare = _per_second(floats.__getitem__, list(floats))
    yield "later look-ups", f"{priced:12,.0f} /s"
    yield "the same in a bare dict of floats", f"{bare:12,.0f} /s, {bare / priced:.1f} times as many"


def _since(start: float) -> float:
    return (perf_counter() - start) * 1000


def _per_second(look_up: Callable[[Key], object], keys: list[Key]) -> float:
    start = perf_counter()
    for _ in range(LOOK_UPS // KEYS):
        for key in keys:
            look_up(key)
    return LOOK_UPS / (perf_counter() - start)
