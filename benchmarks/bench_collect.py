"""One collection of usage in 50 accounts x 4 regions: against the same looks one after the other."""

from __future__ import annotations

import io
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

ACCOUNTS, LATENCY, THREADS, SAMPLE = 50, 0.05, 25, 4
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
AT = datetime(2026, 11, 27, 9, 17, tzinfo=UTC)
NO_FILES = {
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "eu-west-1",
}
_MACHINE = (
    "<item><instanceId>i-{0}</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name>"
    "</instanceState><instanceType>m5.large</instanceType><platformDetails>Linux/UNIX</platformDetails><placement>"
    "<availabilityZone>eu-west-1a</availabilityZone><tenancy>default</tenancy></placement></item>"
)
_XML = {
    "GetCallerIdentity": "<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/bench</Arn>",
    "AssumeRole": (
        "<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"
        "<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
    ),
    "DescribeInstances": (
        "<reservationSet><item><instancesSet>" + "".join(map(_MACHINE.format, range(20))) + "</instancesSet></item>"
        "</reservationSet>"
    ),
    "DescribeDBInstances": (
        "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><DBInstanceClass>db.r5.large"
        "</DBInstanceClass><Engine>postgres</Engine><DBInstanceStatus>available</DBInstanceStatus></DBInstance>"
        "</DBInstances>"
    ),
    "DescribeCacheClusters": "<CacheClusters></CacheClusters>",
    "DescribeClusters": "<Clusters></Clusters>",
}
_TABLE = {"TableStatus": "ACTIVE", "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 3}}
_JSON = {
    "ListTables": {"TableNames": ["orders"]},
    "DescribeTable": {"Table": _TABLE},
    "domain": {"DomainNames": [{"DomainName": "logs"}]},
    "domain-info": {
        "DomainStatusList": [
            {"Created": True, "ClusterConfig": {"InstanceType": "m5.large.search", "InstanceCount": 3}}
        ]
    },
}


class _Body(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


class Wire:
    """Takes the place of the network: every request takes 50 ms; everything else is botocore as it is."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def send(self, request: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        name, body = _answer(request)
        with self._lock:
            self.calls[name] += 1
        time.sleep(LATENCY)
        return AWSResponse(request.url, 200, {}, _Body(body))


def _answer(request: Any) -> tuple[str, bytes]:
    target = request.headers.get("X-Amz-Target")
    if target:
        name = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        return name, json.dumps(_JSON[name]).encode()
    body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
    if action := parse_qs(body).get("Action"):
        [name] = action
        inner = _XML[name] if name == "DescribeInstances" else f"<{name}Result>{_XML[name]}</{name}Result>"
        return name, f"<{name}Response>{inner}</{name}Response>".encode()
    name = request.url.partition("?")[0].rpartition("/")[2]
    return name, json.dumps(_JSON[name]).encode()


def _accounts(number: int) -> list[str]:
    return [f"{each:012}" for each in range(1, number + 1)]


def _collection(threads: int, accounts: int) -> tuple[float, float, float, int, int, float]:
    """Seconds of looking, of CPU in that, of writing; calls, samples, seconds of making clients. In its own process."""
    from botocore.httpsession import URLLib3Session
    from botocore.session import Session

    from lamplighter.aws.access import Aws
    from lamplighter.aws.targets import TargetsDefinition
    from lamplighter.store.sqlite import SqliteStore
    from lamplighter.usage.collect import keep, look, plan
    from lamplighter.usage.registry import collectors

    wire, made = Wire(), [0.0]
    make: Callable[..., Any] = Session.create_client
    ids = _accounts(accounts)
    definition = TargetsDefinition.model_validate({"accounts": ids, "role": "lamplighter", "regions": list(REGIONS)})

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        client = make(*args, **kwargs)
        made[0] += time.perf_counter() - began
        return client

    def send(_: object, request: Any) -> Any:
        return wire.send(request)

    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(URLLib3Session, "send", send),
        Aws(environ=NO_FILES) as aws,
    ):
        store = SqliteStore(Path(folder) / "lamp.sqlite")
        with patch.object(Session, "create_client", timed):
            began, used = time.perf_counter(), time.process_time()
            tasks = plan(store, aws.targets(definition).targets, collectors().values(), AT)
            results = look(aws, store, tasks, tag="Schedule", threads=threads)
            looked, used = time.perf_counter() - began, time.process_time() - used
        assert [each.error for each in results if each.error] == []
        began = time.perf_counter()
        keep(results, at=AT, lake=Path(folder) / "lake", store=store)
        kept = time.perf_counter() - began
        store.close()
    samples = sum(len(each.samples) for each in results)
    return looked, used, kept, sum(wire.calls.values()), samples, made[0]


_INSTANCE = {
    "InstanceId": "i-1",
    "ImageId": "ami-1",
    "State": {"Name": "running"},
    "InstanceType": "m5.large",
    "PlatformDetails": "Linux/UNIX",
    "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
}
_PAGES: dict[str, list[Any]] = {
    "describe_instances": [{"Instances": [_INSTANCE] * 20}],
    "list_tables": ["orders"],
    "list_domain_names": [{"DomainName": "logs"}],
}
_ANSWERS = {"describe_table": _JSON["DescribeTable"], "describe_domains": _JSON["domain-info"]}


class Light:
    """Sessions whose calls take 50 ms and nothing else: what is left is our own way of asking."""

    def __init__(self, target: Any = None, calls: list[str] | None = None) -> None:
        self.target = target
        self.calls: list[str] = [] if calls is None else calls

    def session(self, target: Any) -> Any:
        return Light(target, self.calls)

    def call(self, _: str, operation: str, /, **__: Any) -> Any:
        self.calls.append(operation)
        time.sleep(LATENCY)
        return _ANSWERS[operation]

    def pages(self, _: str, operation: str, __: str, **___: Any) -> Iterator[Any]:
        self.calls.append(operation)
        time.sleep(LATENCY)
        yield from _PAGES.get(operation, ())


def _light(threads: int, accounts: int) -> tuple[float, int]:
    """Seconds of looking, and calls."""
    from lamplighter.aws.targets import Target
    from lamplighter.store.memory import MemoryStore
    from lamplighter.usage.collect import look, plan
    from lamplighter.usage.registry import collectors

    cloud, store = Light(), MemoryStore()
    targets = [Target(account, region) for account in _accounts(accounts) for region in REGIONS]
    began = time.perf_counter()
    results = look(
        cloud, store, plan(store, targets, collectors().values(), AT), tag="Schedule", threads=threads
    )  # fmt: skip
    assert [each.error for each in results if each.error] == []
    return time.perf_counter() - began, len(cloud.calls)


def run() -> list[str]:
    """Lines to print. Makes no call to AWS."""
    found = {}
    for threads, accounts in ((THREADS, ACCOUNTS), (1, SAMPLE)):
        with get_context("spawn").Pool(1) as pool:
            found[threads] = pool.apply(_collection, (threads, accounts))
    light, light_calls = _light(THREADS, ACCOUNTS)
    alone, alone_calls = _light(1, SAMPLE)
    light_best, alone = light_calls * LATENCY / THREADS, alone / alone_calls * light_calls
    looked, used, kept, calls, samples, made = found[THREADS]
    single, _, _, single_calls, _, single_made = found[1]
    # Clients are made once, however many accounts there are.
    naive = (single - single_made) / single_calls * calls + single_made
    best = calls * LATENCY / THREADS
    where = f"{ACCOUNTS} accounts x {len(REGIONS)} regions x 6 services, {LATENCY * 1000:.0f} ms a call"
    ways, other = f"{THREADS} looks at a time", f"one after the other (measured on {SAMPLE} accounts, extrapolated)"
    return [
        f"{where}, {light_calls:,} calls, a double that only waits:",
        f"{ways} {light:8.2f} s, {light / light_best:.2f} x of calls x 50 ms / {THREADS}",
        f"{other} {alone:8.2f} s, {alone / light:.1f} x",
        f"{where}, {calls:,} calls, {samples:,} samples, botocore as it is, without a network:",
        f"{ways} {looked:8.2f} s, {used:.2f} s of CPU; {looked / best:.2f} x of calls x 50 ms / {THREADS}",
        f"in that {made:8.2f} s for 25 clients, shared by all accounts",
        f"written to the lake and the store {kept:8.2f} s",
        f"{other} {naive:8.2f} s, {naive / looked:.1f} x",
    ]


if __name__ == "__main__":
    print("\n".join(run()))
