"""Events: what each shape of AWS's says, and whether it says anything new."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, cast

import pytest
from tests.scheduler.conftest import HERE, MONDAY, THERE, Cloud, Stage

from lamplighter.aws.targets import Target
from lamplighter.errors import StoreUnavailable, UsageError
from lamplighter.scheduler import roster
from lamplighter.scheduler.happenings import GATHER, OURS, Happening, What, answer, forget, read_event
from lamplighter.scheduler.messages import Message
from lamplighter.store.memory import MemoryStore
from lamplighter.store.table import Item

EVENTS = Path(__file__).parents[1] / "lambdas" / "events"
NINE = MONDAY + timedelta(hours=9)
ID = "i-0abc1234def567890"


def event(name: str, **change: Any) -> dict[str, Any]:
    """An event as the documentation of its service shows it, with other values on top."""
    return {**cast("dict[str, Any]", json.loads((EVENTS / f"{name}.json").read_text())), **change}


def instance(**detail: object) -> dict[str, Any]:
    return event("instance_running", detail={"instance-id": ID, "state": "running", **detail})


def database(number: object, *, cluster: bool = False, **detail: object) -> dict[str, Any]:
    kind = "RDS DB Cluster Event" if cluster else "RDS DB Instance Event"
    detail = {"EventID": number, "SourceIdentifier": "testdb", **detail}
    return event("database_started", **{"detail-type": kind, "detail": detail})


def organization(name: object, **detail: object) -> dict[str, Any]:
    return event("account_created", detail={"eventName": name, **detail})


def made(state: str) -> dict[str, Any]:
    return {"serviceEventDetails": {"createAccountStatus": {"state": state}}}


# --- what an event says -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "what", "resource", "state"),
    [
        (instance(), What.STATE, f"ec2-instance/{ID}", "running"),
        (instance(state="stopped"), What.STATE, f"ec2-instance/{ID}", "stopped"),
        (instance(state="terminated"), What.STATE, f"ec2-instance/{ID}", "terminated"),
        (instance(state="pending"), What.OTHER, "", ""),
        (instance(state="stopping"), What.OTHER, "", ""),
        (instance(state="shutting-down"), What.OTHER, "", ""),
        (instance(state="of the future"), What.OTHER, "", ""),
        (database("RDS-EVENT-0087"), What.STATE, "rds-instance/testdb", "stopped"),
        (database("RDS-EVENT-0088"), What.STATE, "rds-instance/testdb", "running"),
        (database("RDS-EVENT-0154"), What.STATE, "rds-instance/testdb", "running"),
        (database("RDS-EVENT-0150", cluster=True), What.STATE, "rds-cluster/testdb", "stopped"),
        (database("RDS-EVENT-0151", cluster=True), What.STATE, "rds-cluster/testdb", "running"),
        (database("RDS-EVENT-0153", cluster=True), What.STATE, "rds-cluster/testdb", "running"),
        (database("RDS-EVENT-0001"), What.OTHER, "", ""),
        (database(""), What.OTHER, "", ""),
    ],
)
def test_what_starts_and_stops(shape: dict[str, Any], what: What, resource: str, state: str) -> None:
    assert read_event(shape) == Happening(what, HERE, NINE, resource, state)


@pytest.mark.parametrize(
    ("keys", "found"), [(["Schedule", "Team"], {"Schedule", "Team"}), ([], set()), (["a", "a"], {"a"})]
)
def test_which_tags_changed(keys: list[str], found: set[str]) -> None:
    told = event("tag_changed", detail={"changed-tag-keys": keys})
    assert read_event(told) == Happening(What.TAGGED, HERE, NINE, keys=frozenset(found))


def group(name: object = "CreateOrUpdateTags", tags: object = None, **detail: object) -> dict[str, Any]:
    given = {"tags": [{"resourceId": "web", "key": "Schedule", "value": "office"}] if tags is None else tags}
    return event("group_tagged", detail={"eventName": name, "requestParameters": given, **detail})


@pytest.mark.parametrize(
    ("shape", "what", "keys"),
    [
        (event("group_tagged"), What.TAGGED, {"Schedule", "Team"}),
        (group("DeleteTags"), What.TAGGED, {"Schedule"}),
        (group("CreateAutoScalingGroup"), What.TAGGED, {"Schedule"}),
        (group("CreateAutoScalingGroup", []), What.TAGGED, set()),
        (group("CreateAutoScalingGroup", requestParameters={"autoScalingGroupName": "web"}), What.TAGGED, set()),
        (group("UpdateAutoScalingGroup"), What.OTHER, set()),
        # A call that was refused changed nothing, whatever it asked for.
        (group(errorCode="AccessDenied"), What.OTHER, set()),
        (group(errorCode="ValidationException", requestParameters=None), What.OTHER, set()),
    ],
)
def test_which_tags_of_groups_changed(shape: dict[str, Any], what: What, keys: set[str]) -> None:
    assert read_event(shape) == Happening(what, HERE, NINE, keys=frozenset(keys))


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        (event("account_created"), What.ACCOUNT),
        (organization("CreateAccountResult", **made("SUCCEEDED")), What.ACCOUNT),
        (organization("CreateAccountResult", **made("FAILED")), What.OTHER),
        (organization("CreateAccountResult", **made("IN_PROGRESS")), What.OTHER),
        (organization("AcceptHandshake"), What.ACCOUNT),
        (organization("AcceptHandshake", errorCode="AccessDeniedException"), What.OTHER),
        (organization("AcceptHandshake", serviceEventDetails="text"), What.ACCOUNT),
        (organization("MoveAccount"), What.OTHER),
        (organization(""), What.OTHER),
    ],
)
def test_which_accounts_join(shape: dict[str, Any], what: What) -> None:
    assert read_event(shape) == Happening(what, Target("123456789012", "us-east-1"), NINE)


@pytest.mark.parametrize("time", ["2026-11-23T09:00:00Z", "2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00.000Z"])
@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "ap-southeast-2", "cn-north-1", "us-iso-east-1"])
def test_when_and_where(time: str, region: str) -> None:
    found = read_event(event("tag_changed", time=time, region=region))
    assert (found.at, found.target) == (NINE, Target("111122223333", region))


NO_TAGS: tuple[object, ...] = ("Schedule", [7], ["Schedule"], [{}], [{"key": 7}], {"a": 1})


def without(name: str, key: str) -> dict[str, Any]:
    return {each: value for each, value in event(name).items() if each != key}


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        *((shape, "no event of EventBridge") for shape in (None, [1], "text", 7, {}, {"source": "aws.tag"})),
        *(
            (without("tag_changed", key), "no event of EventBridge")
            for key in ("source", "detail-type", "account", "region", "time", "detail")
        ),
        *(
            (event("tag_changed", **{key: 7}), "no event of EventBridge")
            for key in ("source", "detail-type", "account", "region", "time", "detail")
        ),
        (event("tag_changed", detail=None), "no event of EventBridge"),
        *((event("tag_changed", account=bad), "no account and region") for bad in ("", "x", "11112222333", "1" * 13)),
        *(
            (event("tag_changed", region=bad), "no account and region")
            for bad in ("", "global", "eu-west", "EU-WEST-1")
        ),
        (event("tag_changed", account="111122223333\n"), "no account and region"),
        (event("tag_changed", time="noon"), "'noon' is no time"),
        (event("tag_changed", time="2026-11-23T09:00:00"), "has no time zone"),
        *(
            (event("tag_changed", detail={"changed-tag-keys": bad}), "which tags changed")
            for bad in (None, "Schedule", {"Schedule": 1}, [7], ["Schedule", None])
        ),
        (event("tag_changed", detail={}), "which tags changed"),
        *((group(tags=bad), "which tags changed") for bad in NO_TAGS),
        *((group(requestParameters=bad), "which tags changed") for bad in (None, "tags", [1])),
        *((group(bad), "what was called of Auto Scaling") for bad in (None, 7, ["DeleteTags"])),
        (event("group_tagged", **{"detail-type": "EC2 Instance Launch Successful"}), "nobody knows"),
        (event("instance_running", detail={}), "which instance has which state"),
        (instance(**{"instance-id": None}), "which instance has which state"),
        (instance(state=7), "which instance has which state"),
        (event("database_started", detail={}), "what happened to which database"),
        (database(7), "what happened to which database"),
        (database("RDS-EVENT-0087", SourceIdentifier=None), "what happened to which database"),
        (event("account_created", detail={}), "what happened in the Organization"),
        (organization(None), "what happened in the Organization"),
        (event("object_created"), "nobody knows 'Object Created' of 'aws.s3'"),
        (event("instance_running", **{"detail-type": "EC2 Spot Instance Interruption Warning"}), "nobody knows"),
        (event("database_started", **{"detail-type": "RDS DB Snapshot Event"}), "nobody knows"),
        (event("instance_running", source="example.app"), "of 'example.app'"),
    ],
)
def test_an_unknown_shape_is_refused_with_the_reason(shape: object, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_event(shape)
    assert words in refused.value.message


# --- whether it says anything new -------------------------------------------------------------------

TAGGED = Happening(What.TAGGED, HERE, NINE, keys=frozenset({"Schedule"}))


class Known(MemoryStore):
    """A store that knows a target; `read` and `wrote` name what was asked of it, and `before` happens before a put."""

    def __init__(self) -> None:
        super().__init__()
        super().put(roster.TABLE, roster.ROSTER, HERE.key, {"schedules": ["office"], "watch": False})
        self.read: list[str] = []
        self.wrote: list[str] = []
        self.before: Callable[[], object] = lambda: None

    def get(self, table: str, partition: str, sort: str) -> Item | None:
        self.read.append(partition)
        return super().get(table, partition, sort)

    def put(self, *args: Any, **options: Any) -> Item:
        self.wrote.append(args[1])
        before, self.before = self.before, lambda: None
        before()
        return super().put(*args, **options)

    def ask(self, happening: Happening = TAGGED, seconds: float = 0) -> Message | None:
        return answer(self, happening, tag="Schedule", at=NINE + timedelta(seconds=seconds))


@pytest.fixture
def known() -> Known:
    return Known()


def test_what_is_new_asks_for_a_pass_over_the_whole_target(known: Known) -> None:
    assert known.ask(seconds=7) == Message(HERE, "event", NINE + timedelta(seconds=7))
    assert (known.read, known.wrote) == (["roster", "events"], ["events"])


@pytest.mark.parametrize(
    "happening",
    [
        Happening(What.TAGGED, HERE, NINE, keys=frozenset({"Team", "schedule"})),
        Happening(What.TAGGED, HERE, NINE),
        Happening(What.OTHER, HERE, NINE),
        Happening(What.TAGGED, THERE, NINE, keys=frozenset({"Schedule"})),
        Happening(What.STATE, THERE, NINE, f"ec2-instance/{ID}", "running"),
    ],
)
def test_what_is_none_of_our_business_asks_for_nothing_and_writes_nothing(known: Known, happening: Happening) -> None:
    assert known.ask(happening) is None
    assert known.wrote == []


def test_what_nobody_knows_of_is_new(known: Known) -> None:
    assert known.ask(Happening(What.STATE, HERE, NINE, f"ec2-instance/{ID}", "running")) is not None


def test_events_of_a_target_ask_once_until_its_pass_begins(known: Known) -> None:
    asked = [known.ask(seconds=seconds) is not None for seconds in (0, 1, GATHER - 1, GATHER, GATHER + 1, 2 * GATHER)]
    assert asked == [True, False, False, True, False, True]


def test_an_event_of_long_ago_asks_for_a_look_at_the_present(known: Known) -> None:
    asked = known.ask(TAGGED, 6 * 3600)
    assert asked is not None
    assert asked.at == NINE + timedelta(hours=6)


def test_clocks_that_differ_suppress_nothing_for_long(known: Known) -> None:
    known.ask(seconds=3600)
    assert known.ask() is not None, "a mark of an hour ahead is none"


@pytest.mark.parametrize("until", [None, "", "soon", 7, "2026-11-23T09:00:10", ["2026-11-23T09:00:10Z"], {}])
def test_a_foreign_mark_is_none_and_is_replaced(known: Known, until: Any) -> None:
    MemoryStore.put(known, roster.TABLE, "events", HERE.key, {"until": until})
    assert known.ask() is not None
    assert known.ask(seconds=1) is None


def test_what_was_forgotten_can_be_asked_for_again(known: Known) -> None:
    known.ask()
    forget(known, HERE)
    forget(known, THERE)
    assert known.ask(seconds=1) is not None


def test_of_two_at_once_one_asks(known: Known) -> None:
    """The other one comes between reading the mark and writing it: for the first mark, and for one that is over."""
    for seconds in (0, 100):
        rivals: list[Message | None] = []
        known.before = lambda seconds=seconds, rivals=rivals: rivals.append(known.ask(seconds=seconds))  # type: ignore[misc]
        mine = known.ask(seconds=seconds)
        assert [each is not None for each in (*rivals, mine)] == [True, False]


def test_of_many_at_once_one_asks(known: Known) -> None:
    start, found = Barrier(8), list[Message | None]()

    def work() -> None:
        start.wait()
        found.append(known.ask())

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(each is not None for each in found) == 1


def test_a_store_that_fails_is_an_error(known: Known) -> None:
    def gone() -> None:
        raise StoreUnavailable("gone")

    known.before = gone
    with pytest.raises(StoreUnavailable):
        known.ask()
    assert known.ask() is not None


@pytest.fixture
def acted() -> tuple[Stage, str, datetime]:
    """A stage on which a machine was started at 8:00."""
    stage = Stage(cloud=Cloud(HERE, quick=True))
    id_ = stage.cloud.instance()
    stage.run(7)
    stage.run(8)
    assert stage.cloud.state(id_) == "running"
    stage.plain.put(roster.TABLE, roster.ROSTER, HERE.key, {"schedules": ["office"], "watch": False})
    return stage, f"ec2-instance/{id_}", stage.clock.now


@pytest.mark.parametrize(
    ("seconds", "state", "new"),
    [
        (0, "running", False),
        (40, "running", False),
        (-40, "running", False),
        (OURS.total_seconds(), "running", False),
        (-OURS.total_seconds(), "running", False),
        (OURS.total_seconds() + 1, "running", True),
        (-OURS.total_seconds() - 1, "running", True),
        (40, "stopped", True),
        (40, "terminated", True),
    ],
)
def test_what_we_have_just_done_is_nothing_new(
    acted: tuple[Stage, str, datetime], seconds: float, state: str, *, new: bool
) -> None:
    stage, resource, at = acted
    happening = Happening(What.STATE, HERE, at + timedelta(seconds=seconds), resource, state)
    assert (answer(stage.plain, happening, tag="Schedule", at=at) is not None) == new


def test_what_was_only_seen_was_not_done_by_us() -> None:
    stage = Stage(cloud=Cloud(HERE, quick=True))
    id_ = stage.cloud.instance(state="running")
    stage.run(9)
    stage.plain.put(roster.TABLE, roster.ROSTER, HERE.key, {"schedules": ["office"], "watch": False})
    happening = Happening(What.STATE, HERE, NINE, f"ec2-instance/{id_}", "running")
    assert answer(stage.plain, happening, tag="Schedule", at=NINE) is not None
