"""Memory of a pass over 5,000 resources: clients of botocore over the wire, against a bare list of the same pages.

`benchmarks.canned` answers for EC2, RDS and DynamoDB in a process of its own, the simulated AWS behind it for the other
kinds.
"""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime

from benchmarks.canned import count

from lamplighter.estate.control import start_process

MACHINES, DATABASES = 5_000, 1_000
MIX = 4_000
STORE = "dynamodb://lamplighter?region=eu-west-1"
YAML = """
periods: {office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}}
schedules: {office: {periods: office}}
targets: {regions: [eu-west-1]}
notify:
  rules: [{to: "sns:arn:aws:sns:eu-west-1:111122223333:example"}]
"""
LIMIT = 256
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def run() -> list[str]:
    """Lines to print."""
    lines = [
        f"a pass in a process of its own, every kind looked for, store in DynamoDB; {LIMIT} MB are wanted at most:"
    ]
    with _servers() as url:
        _measure(url, "ready")
        bare = _measure(url, "list", MACHINES)
        lines.append(_line(f"botocore alone lists {MACHINES:,} machines, and keeps no more than a page", bare, bare))
        lines.append(_line("a pass that finds nothing", _measure(url, "pass", 0), bare))
        lines.append(_line(f"{MACHINES:,} machines, all are started", _measure(url, "pass", MACHINES), bare))
        lines.append(_line(f"{MACHINES:,} machines, nothing changes", _measure(url, "pass", MACHINES), bare))
        mix = f"{MIX:,} machines and {DATABASES:,} databases"
        lines.append(_line(f"{mix}, all databases are started", _measure(url, "pass", MIX, DATABASES), bare))
    return lines


def _line(what: str, found: dict[str, float], bare: dict[str, float]) -> str:
    ratio = found["megabytes"] / bare["megabytes"]
    did = f"{found['found']:,.0f} found, {found['done']:,.0f} done"
    return f"{what:<74} {found['megabytes']:4.0f} MB, {ratio:4.2f} x, {found['seconds']:6.1f} s; {did}"


def _measure(url: str, what: str, machines: int = 0, databases: int = 0) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_memory", what, url, str(machines), str(databases)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _servers() -> Iterator[str]:
    """The simulated AWS, and in front of it, in another process, what lists many; the address of that."""
    with start_process() as estate:
        estate.control.set_clock(NINE)
        command = [sys.executable, "-m", "benchmarks.canned", estate.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as front:
            assert front.stdout is not None
            try:
                yield front.stdout.readline().strip()
            finally:
                front.terminate()


def _set_up(url: str, machines: int, databases: int) -> dict[str, str]:
    count(url, machines, databases)
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMPLIGHTER_STORE": STORE,
        "LAMPLIGHTER_REGIONS": "eu-west-1",
        "LAMPLIGHTER_QUEUE_URL": "https://queue.example",
        "LAMPLIGHTER_ENDPOINT_URL": url,
        "POWERTOOLS_SERVICE_NAME": "passes",
    }
    os.environ.update(environ)
    return environ


class Context:
    """What Lambda hands over beside the event."""

    aws_request_id = invoked_function_arn = ""

    def get_remaining_time_in_millis(self) -> int:
        """As much as there is at most."""
        return 900_000


def _ready(environ: dict[str, str]) -> tuple[int, int]:
    """The definitions, and the topic that they name."""
    from lamplighter.lambdas.runtime import Runtime
    from lamplighter.scheduler import kept_definitions

    with_ = Runtime(environ)
    kept_definitions.put_files(with_.store, {kept_definitions.FILE: YAML})
    with_.session().call("sns", "create_topic", Name="example")
    return 0, 0


def _list(environ: dict[str, str]) -> tuple[int, int]:
    """What is there, by botocore alone."""
    import botocore.session

    client = botocore.session.get_session().create_client(
        "ec2", "eu-west-1", endpoint_url=environ["LAMPLIGHTER_ENDPOINT_URL"]
    )
    pages = client.get_paginator("describe_instances").paginate()
    return sum(len(each["Instances"]) for page in pages for each in page["Reservations"]), 0


def _pass(environ: dict[str, str]) -> tuple[int, int]:
    """One message taken up, as the handler does it."""
    from lamplighter.aws.targets import Target
    from lamplighter.lambdas import passes
    from lamplighter.lambdas.runtime import Runtime
    from lamplighter.scheduler.messages import Message

    with_ = Runtime(environ, clock=lambda: NINE)
    body = Message(Target(with_.aws.own_account(), "eu-west-1"), "reconcile", NINE).text()
    record = {"messageId": "1", "body": body, "attributes": {}, "eventSource": "aws:sqs"}
    wrote = io.StringIO()
    with redirect_stdout(wrote):
        assert passes.answer({"Records": [record]}, Context(), with_) == {"batchItemFailures": []}
    lines = [json.loads(line) for line in wrote.getvalue().splitlines()]
    assert [line for line in lines if line.get("level") not in (None, "INFO")] == []
    [said] = [line for line in lines if line.get("message") == "pass"]
    assert said["errors"] == [], said
    return said["resources"], said["done"]


def _main(what: str, url: str, machines: str, databases: str) -> None:
    environ = _set_up(url, int(machines), int(databases))
    began = time.perf_counter()
    found, done = {"ready": _ready, "list": _list, "pass": _pass}[what](environ)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"megabytes": peak, "seconds": seconds, "found": found, "done": done}) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
