"""What the strict front costs: the same requests to bare moto and through the front, without a socket in between."""

from __future__ import annotations

import os
import statistics
import time
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from wsgiref.types import WSGIApplication

INSTANCES = 200
CROWD = 5_000
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=base/20261123/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
)


def call(app: WSGIApplication, service: str, fields: dict[str, str]) -> bytes:
    """One signed form request; its answer must be a success."""
    from lamplighter.estate.answers import ask

    body = urlencode(fields).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": AUTHORIZATION.format(service=service),
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": None,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    answer = ask(app, environ)
    assert answer.status == 200, answer
    return answer.body


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Median time of one run."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent)


def compare(apps: Sequence[WSGIApplication], service: str, fields: dict[str, str], times: int) -> tuple[float, float]:
    """(bare, fronted) in ms; the two take turns so that a busy machine slows both."""
    spent: list[list[float]] = [[], []]
    for _ in range(times):
        for app, row in zip(apps, spent, strict=True):
            row.append(milliseconds(lambda app=app: call(app, service, fields), 1))  # type: ignore[misc]
    return statistics.median(spent[0]), statistics.median(spent[1])


def run() -> list[str]:
    """Lines to show; every figure is a median."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from lamplighter.estate.endpoints import control
    from lamplighter.estate.front import StrictFront, World

    moto = DomainDispatcherApplication(create_backend_app)
    world = World("123456789012")
    front = StrictFront(moto, control(world), world)
    apps = (moto, front)
    world.reset()
    lines = []

    def row(name: str, service: str, fields: dict[str, str], times: int) -> None:
        bare, fronted = compare(apps, service, fields, times)
        lines.append(
            f"{name}: bare {bare:.2f} ms, front {fronted:.2f} ms, +{fronted - bare:.2f} ms ({fronted / bare:.3f})"
        )

    launch = {"Action": "RunInstances", "ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": "100"}
    for _ in range(INSTANCES // 100):
        call(front, "ec2", {**launch, "MaxCount": "100"})
    world.lives.settle(world.clock.now().replace(year=2100))
    row("GetCallerIdentity", "sts", {"Action": "GetCallerIdentity"}, 300)
    row(f"describe {INSTANCES} instances", "ec2", {"Action": "DescribeInstances"}, 15)

    for _ in range((CROWD - INSTANCES) // 100):
        call(front, "ec2", {**launch, "MaxCount": "100"})
    world.lives.settle(world.clock.now().replace(year=2100))
    from lamplighter.estate.strict_ec2 import instances

    ids = [id_ for id_, _ in instances("123456789012", "eu-west-1")][:50]
    fields = {"Action": "StartInstances", **{f"InstanceId.{n}": id_ for n, id_ in enumerate(ids, 1)}}
    row(f"start 50 running of {CROWD:,} instances", "ec2", fields, 30)
    world.reset()
    return lines


if __name__ == "__main__":
    print("\n".join(run()))
