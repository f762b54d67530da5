"""What it costs to be ready for one more (service, region, account): shared clients against a boto3 Session each."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ACCOUNTS = ["111122223333", "222233334444", "333344445555", "444455556666", "555566667777", "666677778888"]
REGIONS = ["eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2"]
SERVICES = ["ec2", "rds"]
NO_FILES = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


def shared() -> list[Any]:
    from botocore.credentials import ReadOnlyCredentials

    from lamplighter.aws.clients import Clients, attempts_as
    from lamplighter.aws.environment import open_session

    pool = Clients(open_session(NO_FILES), NO_FILES, endpoint=None, retries=5, connect_timeout=5, read_timeout=60)
    ready: list[Any] = []
    for account in ACCOUNTS:
        for region in REGIONS:
            with attempts_as(ReadOnlyCredentials(account, "secret", "token")):
                ready.extend(pool.get(service, region) for service in SERVICES)
    return ready


def session_each() -> list[Any]:
    import boto3

    ready: list[Any] = []
    for account in ACCOUNTS:
        for region in REGIONS:
            session = boto3.Session(
                aws_access_key_id=account, aws_secret_access_key="secret", aws_session_token="token", region_name=region
            )
            ready.extend(session.client(service) for service in SERVICES)
    return ready


def resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS in /proc/self/status")


def measure(way: Callable[[], list[Any]]) -> tuple[int, int, float, float]:
    """Things made ready, distinct clients, seconds, MB; in a process of its own, imports not counted."""
    import boto3  # noqa: F401

    import lamplighter.aws.access  # noqa: F401

    before, began = resident_mb(), time.perf_counter()
    ready = way()
    return len(ready), len(set(map(id, ready))), time.perf_counter() - began, resident_mb() - before


def run() -> list[str]:
    """Lines to print. Needs /proc (Linux); makes no call."""
    lines = []
    costs = {}
    for way in (shared, session_each):
        with get_context("spawn").Pool(1) as pool:
            ready, clients, seconds, megabytes = pool.apply(measure, (way,))
        costs[way] = (seconds, megabytes)
        lines.append(
            f"clients, {way.__name__}: {clients} clients for {ready} (service, region, account): "
            f"{seconds / ready * 1000:.1f} ms and {megabytes / ready:.2f} MB each ({seconds:.2f} s, {megabytes:.0f} MB)"
        )
    (ours, ours_mb), (theirs, theirs_mb) = costs[shared], costs[session_each]
    lines.append(f"clients, ratio: {theirs / ours:.0f} x the time, {theirs_mb / ours_mb:.0f} x the memory")
    return lines


if __name__ == "__main__":
    print(*run(), sep="\n")
