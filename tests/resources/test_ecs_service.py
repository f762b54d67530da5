from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resources.conftest import Recorder, scalable_target, service

from lamplighter.errors import AccessDenied, AwsError, NotFound, NotSupported, OutcomeUnknown
from lamplighter.resources.ecs_service import EcsService
from lamplighter.resources.kind import Resource, Search
from lamplighter.resources.stop_options import StopOptions
from lamplighter.schedules.decision import Live

KIND = EcsService()
DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
OUT = {"min": "0", "desired": "0", "max": "0"}
BEFORE = {"min": "1", "desired": "3", "max": "4"}


class Account(Recorder):
    """Services by cluster, and their scalable targets; what is listed but not known is missing when described."""

    def __init__(
        self,
        clusters: Mapping[str, list[dict[str, Any]]],
        targets: list[dict[str, Any]] | None = None,
        listed: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(answer=self._describe)
        self._clusters, self._targets, self._listed = clusters, targets or [], listed or {}

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        self.asked.append((service, operation, params))
        match operation:
            case "list_clusters":
                yield from (f"arn:aws:ecs:eu-west-1:111122223333:cluster/{name}" for name in self._clusters)
            case "list_services":
                name = params["cluster"]
                yield from self._listed.get(name, [each["serviceArn"] for each in self._clusters[name]])
            case _:
                yield from (each for each in self._targets if each["ResourceId"] in params["ResourceIds"])

    def _describe(self, operation: str, **params: Any) -> dict[str, Any]:
        known = {each["serviceArn"]: each for each in self._clusters[params["cluster"]]}
        return {
            "services": [known[arn] for arn in params["services"] if arn in known],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in params["services"] if arn not in known],
        }


def find(session: Recorder, **search: Any) -> list[Resource]:
    return list(KIND.discover(session, Search("Schedule", **search)))


def parse(target: dict[str, Any] | None = None, **more: Any) -> Resource:
    [resource] = find(Account({"shop": [service(**more)]}, [target] if target else []))
    return resource


def register(low: int, high: int, name: str = "api") -> tuple[str, str, dict[str, Any]]:
    bounds = {"ResourceId": f"service/shop/{name}", "MinCapacity": low, "MaxCapacity": high, **DIMENSION}
    return ("application-autoscaling", "register_scalable_target", bounds)


def update(count: int, name: str = "api") -> tuple[str, str, dict[str, Any]]:
    return ("ecs", "update_service", {"cluster": "shop", "service": name, "desiredCount": count})


# --- what is found -------------------------------------------------------------------------------------


def test_a_plain_service() -> None:
    assert parse() == Resource(
        kind="ecs-service",
        id="shop/api",
        arn="arn:aws:ecs:eu-west-1:111122223333:service/shop/api",
        account="111122223333",
        region="eu-west-1",
        name="shop/api",
        tags={"Schedule": "office"},
        schedule="office",
        live=Live.RUNNING,
        state="ACTIVE",
        instance_type="FARGATE",
        size={"desired": "3"},
    )


def test_a_service_whose_count_is_scaled() -> None:
    assert parse(scalable_target(low=2, high=9)).size == {"min": "2", "desired": "3", "max": "9"}


def test_a_service_with_an_old_arn_has_the_same_id() -> None:
    resource = parse(serviceArn="arn:aws:ecs:eu-west-1:111122223333:service/api")
    assert (resource.id, resource.arn) == ("shop/api", "arn:aws:ecs:eu-west-1:111122223333:service/api")


def test_names_and_providers() -> None:
    providers = [{"capacityProvider": name, "weight": 1} for name in ("FARGATE", "FARGATE_SPOT")]
    resource = parse(
        tags=[{"key": "Schedule", "value": "office"}, {"key": "Name", "value": "shop window"}],
        launchType=None,
        capacityProviderStrategy=providers,
    )
    assert (resource.name, resource.instance_type) == ("shop window", "FARGATE, FARGATE_SPOT")


@pytest.mark.parametrize("launch", ["FARGATE", "EC2", "EXTERNAL", None])
def test_prices_are_unknown_and_not_zero(launch: str | None) -> None:
    assert parse(launchType=launch).prices == ()
    assert "unknown" in KIND.why


@pytest.mark.parametrize(
    ("more", "live", "state"),
    [
        ({}, Live.RUNNING, "ACTIVE"),
        ({"running": 5}, Live.RUNNING, "ACTIVE"),
        ({"running": 1, "pendingCount": 2}, Live.STARTING, "ACTIVE, 1 of 3 tasks"),
        ({"running": 0, "pendingCount": 3}, Live.STARTING, "ACTIVE, 0 of 3 tasks"),
        ({"running": 0}, Live.RUNNING, "ACTIVE, 0 of 3 tasks"),
        ({"running": 0, "pendingCount": 1, "deployments": [{"failedTasks": 7}]}, Live.RUNNING, "ACTIVE, 0 of 3 tasks"),
        ({"running": 0, "pendingCount": 1, "deployments": []}, Live.STARTING, "ACTIVE, 0 of 3 tasks"),
        ({"desired": 0}, Live.STOPPED, "ACTIVE, no tasks"),
        ({"desired": 0, "running": 2}, Live.STOPPING, "ACTIVE, 2 tasks left"),
        ({"desired": 0, "running": 1, "pendingCount": 1}, Live.STOPPING, "ACTIVE, 2 tasks left"),
        ({"status": "DRAINING", "desired": 0, "running": 1}, Live.GONE, "DRAINING"),
        ({"status": "INACTIVE", "desired": 0}, Live.GONE, "INACTIVE"),
        ({"status": "PONDERING"}, Live.BUSY, "PONDERING"),
    ],
)
def test_states(more: dict[str, Any], live: Live, state: str) -> None:
    resource = parse(**more)
    assert (resource.live, resource.state) == (live, state)


@pytest.mark.parametrize(
    ("low", "high", "live", "state"),
    [
        (0, 0, Live.STOPPED, "ACTIVE, no tasks"),
        (1, 4, Live.STOPPED, "ACTIVE, no tasks"),
        (0, 4, Live.RUNNING, "ACTIVE, no tasks needed"),
    ],
)
def test_a_service_without_tasks_is_out_unless_its_scaling_may_light_it(
    low: int, high: int, live: Live, state: str
) -> None:
    """A worker that a queue scales down to nothing is lit; a stop takes it from the queue."""
    resource = parse(scalable_target(low=low, high=high), desired=0)
    assert (resource.live, resource.state) == (live, state)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"schedulingStrategy": "DAEMON"},
            "it is a daemon: one task on each container instance, and no count to set; schedule the instances",
        ),
        ({"resourceManagementType": "ECS"}, "it is an Express Mode service, whose tasks and bounds ECS manages itself"),
        ({"resourceManagementType": "CUSTOMER"}, None),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, None),
        ({"deploymentController": {"type": "EXTERNAL"}}, None),
    ],
)
def test_what_cannot_be_scheduled(more: dict[str, Any], words: str | None) -> None:
    assert parse(**more).unsupported == words


@pytest.mark.parametrize(
    "missing", ["tags", "launchType", "schedulingStrategy", "deploymentController", "deployments", "taskDefinition"]
)
def test_what_aws_may_leave_out(missing: str) -> None:
    answer = service(pendingCount=1, running=1)
    del answer[missing]
    [resource] = find(Account({"shop": [answer]}), ids=frozenset({"shop/api"}))
    assert (resource.live, resource.unsupported) == (Live.STARTING, None)


# --- how it is found -----------------------------------------------------------------------------------


def test_all_are_described_ten_a_call_with_their_tags_and_targets_are_asked_for_together() -> None:
    names = [f"s{number:02}" for number in range(60)]
    session = Account({"shop": [service(name) for name in names]}, [scalable_target(name) for name in names[::2]])
    found = find(session)
    assert [resource.id for resource in found] == [f"shop/{name}" for name in names]
    assert ["max" in resource.size for resource in found] == [True, False] * 30
    assert session.asked[:2] == [
        ("ecs", "list_clusters", {}),
        ("ecs", "list_services", {"cluster": "shop", "maxResults": 100}),
    ]
    described = [params for _, operation, params in session.asked if operation == "describe_services"]
    assert [len(params["services"]) for params in described] == [10] * 6
    assert all(params["cluster"] == "shop" and params["include"] == ["TAGS"] for params in described)
    targets = [params for _, operation, params in session.asked if operation == "describe_scalable_targets"]
    assert [len(params["ResourceIds"]) for params in targets] == [50, 10]
    assert [{**params, "ResourceIds": None} for params in targets] == [{**DIMENSION, "ResourceIds": None}] * 2


@pytest.mark.parametrize(
    ("search", "found", "clusters", "described"),
    [
        ({}, ["shop/a", "shop/b", "lab/c"], ["shop", "lab"], 4),
        ({"schedules": frozenset({"night"})}, ["shop/b"], ["shop", "lab"], 4),
        ({"ids": frozenset({"lab/d"})}, ["lab/d"], ["lab"], 1),
        ({"ids": frozenset({"lab/e", "elsewhere/a", "a"})}, [], ["lab"], 0),
    ],
)
def test_only_what_is_meant_is_asked_for(
    search: dict[str, Any], found: list[str], clusters: list[str], described: int
) -> None:
    lab: dict[str, Any] = {"clusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/lab"}
    session = Account(
        {
            "shop": [service("a"), service("b", tags=[{"key": "Schedule", "value": "night"}])],
            "lab": [service("c", **lab), service("d", **lab, tags=[])],
        }
    )
    assert [resource.id for resource in find(session, **search)] == found
    asked = {
        operation: [params for _, name, params in session.asked if name == operation]
        for operation in session.operations
    }
    assert [params["cluster"] for params in asked["list_services"]] == clusters
    assert sum(len(params["services"]) for params in asked.get("describe_services", [])) == described
    assert len(asked.get("describe_scalable_targets", [])) == (1 if found else 0)


def test_what_was_deleted_since_it_was_listed_is_left_out() -> None:
    session = Account(
        {"shop": [service("a")]}, listed={"shop": [service("gone")["serviceArn"], service("a")["serviceArn"]]}
    )
    assert [resource.id for resource in find(session)] == ["shop/a"]


class Refusing(Account):
    """Refuses one operation in cluster `old`."""

    def __init__(self, operation: str, error: AwsError) -> None:
        super().__init__({"old": [service()], "shop": [service()]})
        self._refused, self._error = operation, error

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        if operation == self._refused and params.get("cluster", "old") == "old":
            raise self._error
        yield from super().pages(service, operation, key, **params)

    def _describe(self, operation: str, **params: Any) -> dict[str, Any]:
        if operation == self._refused and params["cluster"] == "old":
            raise self._error
        return super()._describe(operation, **params)


@pytest.mark.parametrize("operation", ["list_services", "describe_services"])
def test_a_cluster_that_was_deleted_since_it_was_listed_is_left_out(operation: str) -> None:
    assert [resource.id for resource in find(Refusing(operation, NotFound("ClusterNotFound")))] == ["shop/api"]


@pytest.mark.parametrize(
    "operation", ["list_clusters", "list_services", "describe_services", "describe_scalable_targets"]
)
def test_a_refused_look_is_an_error_and_not_an_empty_list(operation: str) -> None:
    with pytest.raises(AccessDenied):
        find(Refusing(operation, AccessDenied("no")))


def test_a_service_that_ecs_cannot_describe_is_an_error() -> None:
    arn = service()["serviceArn"]
    failing = Account({"shop": [service()]})
    failing._answer = lambda _operation, **_: {"services": [], "failures": [{"arn": arn, "reason": "TOO_TIRED"}]}
    with pytest.raises(AwsError, match=f"111122223333/eu-west-1: ecs DescribeServices: {arn}: TOO_TIRED"):
        find(failing)


# --- out and back --------------------------------------------------------------------------------------


def test_a_stop_without_scaling_is_one_call() -> None:
    session = Recorder()
    [result] = KIND.stop(session, [parse()])
    assert (result.id, result.error, result.note) == ("shop/api", None, "")
    assert session.asked == [update(0)]


def test_a_stop_takes_the_bounds_first() -> None:
    session = Recorder()
    KIND.stop(session, [parse(scalable_target())], StopOptions(hibernate=True))
    assert session.asked == [register(0, 0), update(0)]


@pytest.mark.parametrize(
    ("target", "restore", "calls", "note"),
    [
        (None, {"desired": "3"}, [update(3)], "3 tasks as remembered"),
        (scalable_target(low=0, high=0), BEFORE, [register(1, 4), update(3)], "3 tasks as remembered"),
        # Half a start, or a target whose bounds somebody set meanwhile: what was remembered holds.
        (scalable_target(low=1, high=4), BEFORE, [register(1, 4), update(3)], "3 tasks as remembered"),
        (scalable_target(low=2, high=2), BEFORE, [register(1, 4), update(3)], "3 tasks as remembered"),
        # The target was deregistered, or registered, since the stop.
        (None, BEFORE, [update(3)], "3 tasks as remembered"),
        (scalable_target(low=1, high=4), {"desired": "3"}, [register(1, 4), update(3)], "3 tasks as remembered"),
        # A count outside of its bounds, set by hand before the stop.
        (scalable_target(), {**BEFORE, "desired": "9"}, [register(1, 4), update(4)], "4 tasks as remembered"),
        (scalable_target(), {**BEFORE, "desired": "0"}, [register(1, 4), update(1)], "1 tasks as remembered"),
        # A queue's worker: its scaling, not the start, decides how many tasks there are.
        (
            scalable_target(low=0, high=0),
            {"min": "0", "desired": "0", "max": "4"},
            [register(0, 4), update(0)],
            "0 tasks as remembered",
        ),
    ],
)
def test_a_start_puts_back_what_was_remembered(
    target: dict[str, Any] | None, restore: dict[str, str], calls: list[Any], note: str
) -> None:
    session = Recorder()
    [result] = KIND.start(session, [replace(parse(target, desired=0), restore=restore)])
    assert (result.error, result.note) == (None, note)
    assert session.asked == calls


@pytest.mark.parametrize(
    ("target", "tag", "calls"),
    [
        (None, "2", [update(2)]),
        (None, " 2 ", [update(2)]),
        (None, "1-2-4", [update(2)]),
        (scalable_target(low=0, high=0), "2-5-9", [register(2, 9), update(5)]),
    ],
)
def test_a_users_tag_wins(target: dict[str, Any] | None, tag: str, calls: list[Any]) -> None:
    tags = [{"key": "Schedule", "value": "office"}, {"key": "lamplighter:size", "value": tag}]
    for restore in (BEFORE, {}):
        session = Recorder()
        [result] = KIND.start(session, [replace(parse(target, desired=0, tags=tags), restore=restore)])
        assert (result.error, result.note) == (None, f"{calls[-1][2]['desiredCount']} tasks from tag lamplighter:size")
        assert session.asked == calls


@pytest.mark.parametrize(
    ("target", "tag", "restore"),
    [
        (None, None, {}),
        (scalable_target(), None, {}),
        (None, None, {"desired": "0"}),
        (None, None, {"desired": "many"}),
        (scalable_target(low=0, high=0), None, OUT),
        (scalable_target(low=0, high=0), None, {"desired": "3"}),
        (scalable_target(), None, {**BEFORE, "max": "-4"}),
        (None, "0", {"desired": "3"}),
        (None, "some", {"desired": "3"}),
        (scalable_target(), "3", BEFORE),
        (scalable_target(), "4-3-1", BEFORE),
    ],
)
def test_a_size_that_is_not_known_is_not_guessed(
    target: dict[str, Any] | None, tag: str | None, restore: dict[str, str]
) -> None:
    tags = [{"key": "lamplighter:size", "value": tag}] if tag else []
    session = Recorder()
    unknown = parse(target, desired=0, tags=[{"key": "Schedule", "value": "office"}, *tags])
    [result] = KIND.start(session, [replace(unknown, restore=restore)])
    assert isinstance(result.error, NotSupported)
    assert "shop/api cannot be started" in result.error.message
    assert "lamplighter:size" in result.error.hint
    assert session.asked == []


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_what_a_start_sets_is_what_application_auto_scaling_would_keep(low: int, desired: int, more: int) -> None:
    high = low + more
    if not high:
        return
    session = Recorder()
    restore = {"min": str(low), "desired": str(desired), "max": str(high)}
    KIND.start(session, [replace(parse(scalable_target(low=0, high=0), desired=0), restore=restore)])
    [(_, _, bounds), (_, _, count)] = session.asked
    assert (bounds["MinCapacity"], bounds["MaxCapacity"]) == (low, high)
    assert low <= count["desiredCount"] <= high
    assert count["desiredCount"] == desired or not low <= desired <= high


@pytest.mark.parametrize("act", ["start", "stop"])
@pytest.mark.parametrize("refused", ["register_scalable_target", "update_service"])
def test_a_failure_is_its_own_and_the_whole_may_be_repeated(act: str, refused: str) -> None:
    """The bounds are set and the count is not: the next pass makes both calls again."""
    dead = True

    def answer(operation: str, **params: Any) -> dict[str, Any]:
        if dead and operation == refused and "b" in (params.get("service"), params.get("ResourceId", "")[-1:]):
            raise OutcomeUnknown("lost")
        return {}

    services = [service(name) for name in "abc"]
    found = find(Account({"shop": services}, [scalable_target(name) for name in "abc"]))
    resources = [replace(each, restore=BEFORE) for each in found]
    session = Recorder(answer=answer)
    results = getattr(KIND, act)(session, resources)
    assert {result.id: type(result.error) for result in results} == {
        "shop/a": type(None),
        "shop/b": OutcomeUnknown,
        "shop/c": type(None),
    }
    bounds, count = ((1, 4), 3) if act == "start" else ((0, 0), 0)
    both = [[register(*bounds, name), update(count, name)] for name in "abc"]
    halfway = both[1][:1] if refused == "register_scalable_target" else both[1]
    assert session.asked == [*both[0], *halfway, *both[2]]

    dead = False
    session.asked.clear()
    half_done = parse(scalable_target(name="b", low=bounds[0], high=bounds[1]), name="b")
    [again] = getattr(KIND, act)(session, [replace(half_done, restore=BEFORE)])
    assert again.error is None
    assert session.asked == both[1]
