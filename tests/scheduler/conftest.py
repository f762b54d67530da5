"""A light double of AWS and of time, for passes that need thousands of runs; the wire is tested beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

import pytest
from tests.models import check_request
from tests.resources.conftest import offerings, type_facts
from tests.scheduler.ssm_double import Ssm

from lamplighter.aws.access import Aws
from lamplighter.aws.targets import Target, TargetFailure, TargetList, TargetsDefinition
from lamplighter.errors import AwsError, CapacityUnavailable, NotFound, WrongState
from lamplighter.resources.kind import Kind
from lamplighter.resources.registry import kinds
from lamplighter.scheduler.passes import PassReport, World, run_pass
from lamplighter.scheduler.settings import Configuration, load_configuration
from lamplighter.scheduler.states import StateRecord, read_states
from lamplighter.store import journal
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import ANY, JSON, Expect, Item, Put, Store, Write

KINDS = {name: kinds()[name] for name in ("ec2-instance", "rds-cluster", "rds-instance")}
"""The kinds that the double can play."""

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HERE = Target("111122223333", "eu-west-1")
THERE = Target("444455556666", "us-east-1")

OFFICE = """
version: 1
periods:
  office: {begintime: 08:00, endtime: 18:00, weekdays: mon-fri}
schedules:
  office: {periods: office}
"""


class Clock:
    """Stands still until it is told otherwise; `every` seconds pass at each look."""

    def __init__(self, now: datetime = MONDAY, every: float = 0) -> None:
        self.now = now
        self.every = timedelta(seconds=every)

    def __call__(self) -> datetime:
        self.now += self.every
        return self.now

    def at(self, hour: int, minute: int = 0, day: int = 0) -> datetime:
        """Set it to a time of the week that begins on MONDAY."""
        self.now = MONDAY + timedelta(days=day, hours=hour, minutes=minute)
        return self.now


class Killed(BaseException):
    """The process dies here: nothing after it happens."""


class Reaper:
    """Counts the moments at which a process can die, and lets it die at one of them, for good."""

    def __init__(self) -> None:
        self.at: int | None = None
        self.moments = 0
        self.dead = False

    def arm(self, at: int | None) -> None:
        self.at, self.moments, self.dead = at, 0, False

    def moment(self) -> None:
        if self.dead:
            raise Killed
        self.moments += 1
        if self.moments == self.at:
            self.dead = True
            raise Killed


@dataclass
class Thing:
    """One resource of the double; `state` is AWS's own word."""

    id: str
    state: str
    tags: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)

    def retag(self, tags: Mapping[str, str], *, write: bool) -> None:
        """Write tags, or take their keys away, as strict as RDS."""
        for key, value in tags.items():
            if write:
                assert re.fullmatch(r"[\w .:/=+@-]{1,128}", key), key
                assert re.fullmatch(r"[\w .:/=+@-]{1,256}", value), value
                self.tags[key] = value
            else:
                self.tags.pop(key, None)
        assert sum(not key.startswith("aws:") for key in self.tags) <= 50


@dataclass(frozen=True)
class Effect:
    """A start or stop that reached a resource, and the state it met."""

    target: str
    id: str
    action: str
    met: str


Fault = Callable[[Target, str, Sequence[str]], AwsError | None]

_MOVES = {"pending": "running", "stopping": "stopped", "starting": "available"}
_FROM = {
    ("ec2", "start"): "stopped",
    ("ec2", "stop"): "running",
    ("rds", "start"): "stopped",
    ("rds", "stop"): "available",
}
_AT_REST = {("ec2", "running"), ("ec2", "stopped")}


class Cloud:
    """Accounts with EC2 instances, databases and clusters whose states follow the calls.

    `quick` makes a start or stop take effect at once; otherwise `settle` finishes them. `types` are the instance types
    there are, with their architecture; of those in `short` no instance can be started.
    """

    def __init__(self, *targets: Target, quick: bool = False) -> None:
        self.targets = targets or (HERE,)
        self.quick = quick
        self.instances: dict[str, dict[str, Thing]] = {t.key: {} for t in self.targets}
        self.databases: dict[str, dict[str, Thing]] = {t.key: {} for t in self.targets}
        self.clusters: dict[str, dict[str, Thing]] = {t.key: {} for t in self.targets}
        self.calls: list[tuple[str, str, tuple[str, ...]]] = []
        self.effects: list[Effect] = []
        self.before: Fault = lambda *_: None
        self.after: Fault = lambda *_: None
        self.checks: dict[str, str] = {}
        """What the status checks of an instance say, by id; ok unless said otherwise."""
        self.ssm = Ssm()
        self.metrics: dict[tuple[str, str], Sequence[float]] = {}
        """Values by id and name of the metric, the newest first, one for every five minutes."""
        self.reaper = Reaper()
        self.types = dict.fromkeys(("m5.large", "m5.xlarge", "m6i.xlarge"), "x86_64")
        self.short: set[str] = set()
        self.unresolved: tuple[TargetFailure, ...] = ()
        self.clock: Callable[[], datetime] = lambda: MONDAY
        self._serial = count(1)

    def instance(
        self,
        schedule: str | None = "office",
        *,
        state: str = "stopped",
        name: str = "",
        at: Target = HERE,
        **extra: Any,
    ) -> str:
        """A new instance; its id."""
        id_ = f"i-{next(self._serial):017x}"
        tags = {} if schedule is None else {"Schedule": schedule}
        if name:
            tags["Name"] = name
        tags |= extra.pop("tags", {})
        self.instances[at.key][id_] = Thing(id_, state, tags, extra)
        return id_

    def database(
        self, name: str, schedule: str = "office", *, state: str = "stopped", at: Target = HERE, **extra: Any
    ) -> str:
        """A new database; its name."""
        tags = {"Schedule": schedule, **extra.pop("tags", {})}
        self.databases[at.key][name] = Thing(name, state, tags, extra)
        return name

    def cluster(self, name: str, schedule: str = "office", *, state: str = "stopped", at: Target = HERE) -> str:
        """A new Aurora cluster with one member; its name."""
        self.clusters[at.key][name] = Thing(name, state, {"Schedule": schedule})
        self.databases[at.key][f"{name}-a"] = Thing(f"{name}-a", state, {}, {"DBClusterIdentifier": name})
        return name

    def thing(self, id_: str) -> Thing:
        places = [*self.instances.values(), *self.databases.values(), *self.clusters.values()]
        return next(place[id_] for place in places if id_ in place)

    def state(self, id_: str) -> str:
        return self.thing(id_).state

    def by_hand(self, id_: str, state: str) -> None:
        """Somebody starts or stops it; not recorded."""
        self.enter_state(self.thing(id_), state)

    def restart_what_is_due(self) -> None:
        """What AWS does to databases seven days after they were stopped."""
        for places in (self.databases, self.clusters):
            for thing in [thing for found in places.values() for thing in found.values()]:
                if thing.extra.get("AutomaticRestartTime", self.clock()) < self.clock():
                    self.enter_state(thing, "starting")

    def enter_state(self, thing: Thing, state: str) -> None:
        """It is in that state now; of what is out, AWS tells when it will be started again."""
        thing.state = state
        thing.extra.pop("AutomaticRestartTime", None)
        if state == "stopped" and not thing.id.startswith("i-"):
            thing.extra["AutomaticRestartTime"] = self.clock() + timedelta(days=7)

    def settle(self) -> None:
        """Everything under way arrives."""
        for places in (self.instances, self.databases, self.clusters):
            for found in places.values():
                for thing in found.values():
                    if thing.state in _MOVES:
                        self.enter_state(thing, _MOVES[thing.state])

    @property
    def writes(self) -> list[str]:
        """Operations that change something, in order."""
        return [operation for _, operation, _ in self.calls if not operation.startswith(("describe", "get", "list"))]

    @property
    def wasted(self) -> list[Effect]:
        """Starts of what was not stopped, stops of what was not running."""
        return [
            e for e in self.effects if e.met not in (("stopped",) if e.action == "start" else ("running", "available"))
        ]


class FakeSession:
    """Calls in one target of a `Cloud`."""

    def __init__(self, target: Target, cloud: Cloud) -> None:
        self._target = target
        self._cloud = cloud

    @property
    def target(self) -> Target:
        return self._target

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        if operation in ("create_tags", "delete_tags", "tag_resources", "untag_resources"):
            return self._tag(operation, params)
        ids = params.get("InstanceIds") or [v for k, v in params.items() if k.endswith(("Identifier", "InstanceId"))]
        self._enter(operation, ids)
        if service == "ssm":
            self._leave(operation, ids)
            return self._cloud.ssm.answer(operation, params)
        if operation == "modify_instance_attribute":
            self._resize(params["InstanceId"], params["InstanceType"]["Value"])
        else:
            action, _, what = operation.partition("_")
            places = {"instances": self._cloud.instances, "db_instance": self._cloud.databases}
            found = places.get(what, self._cloud.clusters)[self._target.key]
            for id_ in ids:
                self._check(found, id_, action, service)
            for id_ in ids:
                self._move(found[id_], action, service)
        self._leave(operation, ids)
        return {}

    def _tag(self, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        ids = params.get("Resources") or [arn.rpartition(":")[2] for arn in params["ResourceARNList"]]
        self._enter(operation, ids)
        tags = params.get("Tags") or dict.fromkeys(params.get("TagKeys", ()), "")
        if not isinstance(tags, Mapping):
            tags = {pair["Key"]: pair.get("Value", "") for pair in tags}
        for id_ in ids:
            self._cloud.thing(id_).retag(tags, write=operation in ("create_tags", "tag_resources"))
        self._leave(operation, ids)
        return {}

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        self._enter(operation, ())
        if operation == "get_metric_data":
            _check_request("cloudwatch", operation, params)
        filters = {each["Name"]: set(each["Values"]) for each in params.get("Filters", ())}
        items: list[Any]
        match operation:
            case _ if service in ("ssm", "resource-groups"):
                check_request(service, operation, params)
                items = self._cloud.ssm.items(operation, params)
            case "describe_instances":
                items = [{"Instances": [_instance(t)]} for t in self._of(self._cloud.instances) if _passes(t, filters)]
            case "describe_instance_status":
                items = [self._checked(id_) for id_ in params["InstanceIds"]]
            case "describe_db_instances":
                members = filters.get("db-cluster-id")
                items = [
                    _database(t)
                    for t in self._of(self._cloud.databases)
                    if members is None or t.extra.get("DBClusterIdentifier") in members
                ]
            case "describe_instance_types":
                items = [type_facts(name, self._cloud.types[name]) for name in sorted(self._cloud.types)]
            case "describe_instance_type_offerings":
                items = offerings(*self._cloud.types)
            case "get_metric_data":
                items = [_metric(self._cloud, query, params["EndTime"]) for query in params["MetricDataQueries"]]
            case _:
                items = [_cluster(t) for t in self._of(self._cloud.clusters)]
        self._leave(operation, ())
        yield from items

    def _checked(self, id_: str) -> dict[str, Any]:
        status = {"Status": self._cloud.checks.get(id_, "ok")}
        return {"InstanceId": id_, "InstanceStatus": status, "SystemStatus": {"Status": "ok"}}

    def _of(self, places: Mapping[str, Mapping[str, Thing]]) -> Iterable[Thing]:
        return places[self._target.key].values()

    def _enter(self, operation: str, ids: Sequence[str]) -> None:
        self._cloud.reaper.moment()
        self._cloud.calls.append((self._target.key, operation, tuple(ids)))
        if error := self._cloud.before(self._target, operation, ids):
            raise error

    def _leave(self, operation: str, ids: Sequence[str]) -> None:
        self._cloud.reaper.moment()
        if error := self._cloud.after(self._target, operation, ids):
            raise error

    def _check(self, found: Mapping[str, Thing], id_: str, action: str, service: str) -> None:
        if id_ not in found:
            raise NotFound(f"{id_} does not exist", code="NotFound")
        # EC2 also takes what asks for what is already so; RDS does not.
        if found[id_].state != _FROM[service, action] and (service, found[id_].state) not in _AT_REST:
            raise WrongState(f"{id_} is {found[id_].state}", code="IncorrectInstanceState")

        if action == "start" and _instance(found[id_])["InstanceType"] in self._cloud.short:
            raise CapacityUnavailable(f"no capacity for {id_}", code="InsufficientInstanceCapacity")

    def _resize(self, id_: str, name: str) -> None:
        thing = self._cloud.thing(id_)
        if thing.state != "stopped":
            raise WrongState(f"{id_} is {thing.state}", code="IncorrectInstanceState")
        thing.extra["InstanceType"] = name

    def _move(self, thing: Thing, action: str, service: str) -> None:
        self._cloud.effects.append(Effect(self._target.key, thing.id, action, thing.state))
        if thing.state == _FROM[service, action]:
            state = {"ec2start": "pending", "rdsstart": "starting"}.get(service + action, "stopping")
            self._cloud.enter_state(thing, _MOVES[state] if self._cloud.quick else state)


def _check_request(service: str, operation: str, params: Mapping[str, Any]) -> None:
    """Refuse what botocore would refuse, and what AWS says it takes no more of."""
    check_request(service, operation, params)
    assert len(params["MetricDataQueries"]) <= 500
    assert params["StartTime"] < params["EndTime"]


def _metric(cloud: Cloud, query: Mapping[str, Any], end: datetime) -> dict[str, Any]:
    metric = query["MetricStat"]["Metric"]
    [dimension] = metric["Dimensions"]
    values = cloud.metrics.get((dimension["Value"], metric["MetricName"]), ())
    moments = [end - timedelta(minutes=5 * (number + 1)) for number in range(len(values))]
    return {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": moments, "Values": list(values)}


def _passes(thing: Thing, filters: Mapping[str, set[str]]) -> bool:
    for name, values in filters.items():
        if name == "instance-state-name" and thing.state not in values:
            return False
        if name == "instance-id" and thing.id not in values:
            return False
        if name == "tag-key" and not values & set(thing.tags):
            return False
        if name.startswith("tag:") and thing.tags.get(name.removeprefix("tag:")) not in values:
            return False
    return True


def _tags(thing: Thing) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in thing.tags.items()]


def _instance(thing: Thing) -> dict[str, Any]:
    base = {"InstanceType": "m5.large", "PlatformDetails": "Linux/UNIX", "RootDeviceType": "ebs"}
    base |= {"Architecture": "x86_64", "VirtualizationType": "hvm"}
    return {"InstanceId": thing.id, "State": {"Name": thing.state}, "Tags": _tags(thing), **base, **thing.extra}


def _database(thing: Thing) -> dict[str, Any]:
    base = {"DBInstanceClass": "db.m5.large", "Engine": "postgres", "TagList": _tags(thing)}
    arn = f"arn:aws:rds:eu-west-1:111122223333:db:{thing.id}"
    return {
        "DBInstanceIdentifier": thing.id,
        "DBInstanceStatus": thing.state,
        "DBInstanceArn": arn,
        **base,
        **thing.extra,
    }


def _cluster(thing: Thing) -> dict[str, Any]:
    arn = f"arn:aws:rds:eu-west-1:111122223333:cluster:{thing.id}"
    base = {"Engine": "aurora-mysql", "TagList": _tags(thing), "DBClusterArn": arn}
    return {"DBClusterIdentifier": thing.id, "Status": thing.state, **base, **thing.extra}


class FakeAws:
    """Stands for `lamplighter.aws.access.Aws`."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def targets(
        self, definition: TargetsDefinition | None, *, accounts: Sequence[str] = (), regions: Sequence[str] = ()
    ) -> TargetList:
        kept = tuple(
            t
            for t in self.cloud.targets
            if (not accounts or t.account in accounts) and (not regions or t.region in regions)
        )
        return TargetList(kept, self.cloud.unresolved)

    def session(self, target: Target) -> FakeSession:
        return FakeSession(target, self.cloud)


class DyingStore:
    """A store before and after each of whose operations the process may die."""

    def __init__(self, inner: Store, reaper: Reaper) -> None:
        self.inner = inner
        self._reaper = reaper

    def _do(self, work: Callable[[], Any]) -> Any:
        self._reaper.moment()
        result = work()
        self._reaper.moment()
        return result

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        return cast("Item | None", self._do(lambda: self.inner.get(table, partition, sort)))

    def get_many(self, table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        return cast("dict[tuple[str, str], Item]", self._do(lambda: self.inner.get_many(table, keys)))

    def query(
        self,
        table: str,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> Iterator[Item]:
        def read() -> list[Item]:
            found = self.inner.query(table, partition, prefix=prefix, after=after, descending=descending, limit=limit)
            return list(found)

        return iter(cast("list[Item]", self._do(read)))

    def partitions(self, table: str) -> list[str]:
        return cast("list[str]", self._do(lambda: self.inner.partitions(table)))

    def put(self, table: str, partition: str, sort: str, data: Mapping[str, JSON], *, expect: Expect = ANY) -> Item:
        return cast("Item", self._do(lambda: self.inner.put(table, partition, sort, data, expect=expect)))

    def delete(self, table: str, partition: str, sort: str, *, expect: Expect = ANY) -> None:
        self._do(lambda: self.inner.delete(table, partition, sort, expect=expect))

    def put_many(self, writes: Iterable[Put]) -> None:
        self._do(lambda: self.inner.put_many(writes))

    def transact(self, writes: Sequence[Write]) -> None:
        self._do(lambda: self.inner.transact(writes))

    def close(self) -> None:
        self.inner.close()


TABLES = ("state", "intents", "journal", "overrides", "leases", "passes", "sizes")


def contents(store: Store, *tables: str) -> dict[str, list[Item]]:
    """Everything in the given tables; in all when none are given."""
    return {
        table: [item for partition in store.partitions(table) for item in store.query(table, partition)]
        for table in tables or TABLES
    }


class Stage:
    """A cloud, a store, a clock and a definition file, and passes over them.

    Attributes:
        world: what `run_pass` takes.
    """

    def __init__(self, yaml: str = OFFICE, *, cloud: Cloud | None = None, store: Store | None = None) -> None:
        self.cloud = cloud or Cloud()
        self.plain: Store = store or MemoryStore()
        self.store = DyingStore(self.plain, self.cloud.reaper)
        self.clock = Clock()
        self.cloud.clock = lambda: self.clock.now
        self.cloud.ssm.now = lambda: self.clock.now
        self._runs = count(1)
        self.world = World(cast(Aws, FakeAws(self.cloud)), self.store, configuration(yaml), KINDS, self.clock)

    def define(self, yaml: str) -> None:
        """Another definition file from now on."""
        self.world = replace(self.world, config=configuration(yaml))

    def configure(self, config: Configuration) -> None:
        """Another configuration from now on."""
        self.world = replace(self.world, config=config)

    def with_kinds(self, found: Mapping[str, Kind]) -> None:
        self.world = replace(self.world, kinds=found)

    def run(
        self, hour: int | None = None, minute: int = 0, day: int = 0, *, settle: bool = True, **options: Any
    ) -> PassReport:
        """One pass, at a time of the week if given; then everything under way arrives, if `settle`."""
        if hour is not None:
            self.clock.at(hour, minute, day)
        self.cloud.restart_what_is_due()
        report = run_pass(self.world, run=f"run-{next(self._runs)}", **options)
        if settle:
            self.cloud.settle()
        return report

    def kill(self, at: int) -> bool:
        """A pass that dies at its n-th moment; False if it was over before."""
        self.cloud.reaper.arm(at)
        try:
            self.run(settle=False)
        except Killed:
            return True
        finally:
            self.cloud.reaper.arm(None)
        return False

    def kill_after(self, operation: str) -> None:
        """A pass that dies when a call has taken effect and nothing of it is written down."""

        def die(_target: Target, done: str, _ids: Sequence[str]) -> None:
            if done == operation:
                self.cloud.reaper.dead = True
                raise Killed

        self.cloud.after = die
        with pytest.raises(Killed):
            self.run(settle=False)
        self.cloud.after = lambda *_: None
        self.cloud.reaper.arm(None)
        self.cloud.settle()

    def record(self, id_: str, target: Target = HERE) -> StateRecord | None:
        found = read_states(self.plain, target.key)
        return next((record for key, record in found.items() if key.endswith(f"/{id_}")), None)

    def stored(self, id_: str, target: Target = HERE) -> str | None:
        record = self.record(id_, target)
        return record.stored.value if record else None

    def journal(self, target: Target = HERE, *, seen: bool = False) -> list[tuple[str, str, str]]:
        """(id, action, outcome) of every entry, without first sights unless asked for."""
        entries = journal.read(self.plain, target.key)
        return [
            (entry.resource.partition("/")[2], entry.action, entry.outcome)
            for entry in entries
            if seen or entry.action != journal.SEEN
        ]

    def intents(self) -> list[Item]:
        return contents(self.plain, "intents")["intents"]


def configuration(yaml: str) -> Configuration:
    def nothing(name: str) -> str:
        raise FileNotFoundError(name)

    return load_configuration(yaml, name="lamplighter.yaml", read_text=nothing)


def decisions(report: PassReport) -> dict[str, tuple[str, str]]:
    """(action, rule) of every step, by id."""
    return {step.resource.id: (step.decision.action.value, step.decision.rule) for step in report.steps}


@pytest.fixture
def stage() -> Stage:
    """One account in one region, office hours, an empty store."""
    return Stage()
