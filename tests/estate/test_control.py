from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from lamplighter.errors import Unreachable, UsageError
from lamplighter.estate.control import EstateControl, start_thread
from lamplighter.estate.history import StateChange
from lamplighter.estate.testing import MANAGEMENT, MONDAY, REGION, EstateProbe


def test_the_clock_stands_until_it_is_moved_or_released(estate: EstateProbe) -> None:
    control = estate.control
    assert control.now() == control.now() == MONDAY
    assert control.advance(90) == MONDAY + timedelta(seconds=90)
    assert control.advance(timedelta(hours=1)) == MONDAY + timedelta(hours=1, seconds=90)
    assert control.set_clock(MONDAY - timedelta(days=7)) == MONDAY - timedelta(days=7)
    assert control.about()["virtual"] is True
    released = control.release_clock()
    assert control.about()["virtual"] is False
    assert control.now() >= released


def test_the_clock_takes_any_zone_but_not_none_and_does_not_run_backwards(estate: EstateProbe) -> None:
    control = estate.control
    assert control.set_clock(datetime.fromisoformat("2026-11-23T09:00:00+01:00")) == MONDAY
    for step in (-1, float("nan")):
        with pytest.raises(UsageError):
            control.advance(step)
    with pytest.raises(UsageError, match="zone"):
        control.set_clock(datetime(2026, 11, 23))  # noqa: DTZ001
    assert control.now() == MONDAY


def test_history_is_the_truth_at_the_exact_times(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    estate.control.set_clock(MONDAY + timedelta(hours=10))
    estate.client("ec2").stop_instances(InstanceIds=[id_])
    estate.control.set_clock(MONDAY + timedelta(hours=24))
    estate.client("ec2").start_instances(InstanceIds=[id_])
    estate.control.set_clock(MONDAY + timedelta(hours=30))

    def change(seconds: int, before: str | None, after: str) -> StateChange:
        at = MONDAY + timedelta(seconds=seconds)
        return StateChange(at, MANAGEMENT, REGION, "ec2-instance", id_, before, after)

    expected = (
        change(0, None, "pending"),
        change(30, "pending", "running"),
        change(36_000, "running", "stopping"),
        change(36_045, "stopping", "stopped"),
        change(86_400, "stopped", "pending"),
        change(86_430, "pending", "running"),
    )
    assert estate.control.history() == expected
    assert estate.control.history(since=4) == expected[4:]


def test_describing_does_not_change_the_truth(estate: EstateProbe) -> None:
    ids = estate.launch(3)
    before = estate.control.history()
    for _ in range(3):
        estate.states(ids)
    assert estate.control.history() == before


def test_everything_under_way_can_be_finished(estate: EstateProbe) -> None:
    ids = estate.launch(running=False)
    estate.database("orders")
    estate.client("rds").stop_db_instance(DBInstanceIdentifier="orders")
    assert estate.control.finish_transitions() == MONDAY + timedelta(seconds=240)
    assert (estate.states(ids), estate.statuses()) == (["running"], {"orders": "stopped"})
    assert estate.control.finish_transitions() == MONDAY + timedelta(seconds=240)


def test_timings_can_be_changed_and_reset(estate: EstateProbe) -> None:
    control = estate.control
    assert control.timings()["ec2-start"] == 30
    assert control.timings(ec2_start=0, rds_stop=10)["rds-stop"] == 10
    assert estate.states(estate.launch(running=False)) == ["running"]
    with pytest.raises(UsageError, match="no timing 'ec2-nap'"):
        control.timings(ec2_nap=1)
    with pytest.raises(UsageError, match="negative"):
        control.timings(ec2_start=-1)
    control.reset()
    assert control.timings()["ec2-start"] == 30


def test_calls_are_counted_by_account_region_service_and_action(estate: EstateProbe) -> None:
    estate.client("ec2").describe_instances()
    estate.client("ec2").describe_instances()
    estate.client("ec2", region="us-east-1").describe_instances()
    estate.client("rds").describe_db_instances()
    calls = estate.control.calls()
    assert calls.total == 4
    assert calls.count("DescribeInstances") == 3
    assert calls.count("DescribeInstances", region=REGION, account=MANAGEMENT, service="ec2") == 2
    assert calls.count(service="rds") == 1
    assert calls.count(region="eu-north-1") == 0
    assert [call["action"] for call in calls.recent] == ["DescribeInstances"] * 3 + ["DescribeDBInstances"]
    assert {(call["status"], call["fault"], call["code"]) for call in calls.recent} == {(200, None, None)}
    estate.control.clear_calls()
    assert estate.control.calls().total == 0


def test_a_call_can_be_waited_for(estate: EstateProbe) -> None:
    control, ec2 = estate.control, estate.client("ec2")
    ec2.describe_instances()
    assert control.wait_for("DescribeInstances", seconds=0).total == 1
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(control.wait_for, "DescribeInstances", times=2)
        ec2.describe_instances()
        assert waiting.result().count("DescribeInstances") == 2


def test_a_call_that_does_not_come_is_not_waited_for_longer_than_was_said(estate: EstateProbe) -> None:
    with pytest.raises(UsageError, match="StopInstances was called less than 2 times within 0 s"):
        estate.control.wait_for("StopInstances", times=2, seconds=0)
    with pytest.raises(UsageError, match="times begin at 1, seconds end at 50"):
        estate.control.wait_for("StopInstances", times=0)
    with pytest.raises(UsageError, match="seconds end at 50"):
        estate.control.wait_for("StopInstances", seconds=51)


def test_a_refusal_of_the_front_is_in_the_list_of_calls(estate: EstateProbe) -> None:
    with pytest.raises(estate.client("ec2").exceptions.ClientError):
        estate.client("ec2").stop_instances(InstanceIds=["i-0123456789abcdef0"])
    (call,) = estate.control.calls().recent
    assert (call["status"], call["code"]) == (400, "InvalidInstanceID.NotFound")


def test_reset_empties_everything(estate: EstateProbe) -> None:
    estate.launch()
    estate.cluster()
    estate.control.seed_organization([{"id": "444455556666", "name": "production"}])
    estate.control.inject({"kind": "drop"})

    estate.control.reset()

    control = estate.control
    assert (control.history(), control.calls().total, control.faults()) == ((), 0, [])
    assert control.about()["virtual"] is False
    assert estate.client("ec2").describe_instances()["Reservations"] == []
    assert estate.statuses() == {}
    with pytest.raises(estate.client("organizations").exceptions.AWSOrganizationsNotInUseException):
        estate.client("organizations").describe_organization()
    with pytest.raises(estate.client("sts").exceptions.ClientError):
        estate.assume("arn:aws:iam::444455556666:role/OrganizationAccountAccessRole")


def test_motos_own_reset_empties_everything_too(estate: EstateProbe) -> None:
    estate.launch()
    with urlopen(Request(f"{estate.server.url}/moto-api/reset", data=b"", method="POST")) as answer:
        assert json.load(answer) == {"status": "ok"}
    assert estate.control.history() == ()


def test_what_was_put_into_moto_directly_is_adopted_as_it_is(estate: EstateProbe) -> None:
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[MANAGEMENT][REGION]
    placed = {"instance_type": "t3.micro", "is_instance_type_default": False, "placement": f"{REGION}a"}
    made = backend.run_instances("ami-12345678", 1, None, [], region_name=REGION, **placed)
    id_ = made.instances[0].id

    (change,) = estate.control.history()
    assert (change.at, change.id, change.from_state, change.to_state) == (MONDAY, id_, None, "running")
    estate.client("ec2").stop_instances(InstanceIds=[id_])
    assert estate.states([id_]) == ["stopping"]


def test_many_clients_at_once_leave_a_consistent_truth(estate: EstateProbe) -> None:
    ids = estate.launch(40)
    estate.cluster("shop", ["shop-a"])
    ec2, rds = estate.client("ec2"), estate.client("rds")

    def work(number: int) -> int:
        if number % 4 == 0:
            ec2.describe_instances()
        elif number % 4 == 1:
            rds.describe_db_instances()
        else:
            ec2.stop_instances(InstanceIds=[ids[number]])
        return number

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(work, range(40))) == sum(range(40))

    stopped = {ids[number] for number in range(40) if number % 4 > 1}
    told = [change.id for change in estate.control.history() if change.to_state == "stopping"]
    assert sorted(told) == sorted(stopped)
    estate.control.advance(45)
    assert estate.states(ids) == ["stopped" if id_ in stopped else "running" for id_ in ids]


def test_the_control_endpoints_say_what_is_wrong(estate: EstateProbe) -> None:
    def status(path: str, method: str = "GET", body: object = None, **headers: str) -> tuple[int, str]:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(f"{estate.server.url}{path}", data=data, method=method, headers=headers)
        try:
            with urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, json.load(error)["error"]

    assert status("/lamplighter/nothing")[0] == 404
    assert status("/lamplighter/history", "DELETE") == (405, "'history' answers GET, not DELETE")
    assert status("/lamplighter/clock", "POST", {})[0] == 400
    assert status("/lamplighter/clock", "POST", [])[1] == "the body must be a JSON object"
    assert status("/lamplighter/seed", "POST", {"accounts": [{"id": "1", "name": "x"}]})[1].startswith("accounts.0.id")
    assert status("/lamplighter/reset", "POST", {}, Origin="https://example.com")[0] == 403
    assert status("/lamplighter")[0] == status("/lamplighter/")[0] == 200


def test_an_estate_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        EstateControl("http://127.0.0.1:9").now()


def test_there_is_one_estate_in_a_process_at_a_time(estate: EstateProbe) -> None:
    assert estate.control.now() == MONDAY
    with pytest.raises(UsageError, match="already"):
        start_thread()


def test_the_environment_sends_any_sdk_there(estate: EstateProbe) -> None:
    environment = estate.server.environment
    assert environment["AWS_ENDPOINT_URL"] == estate.server.url
    assert estate.server.url.startswith("http://127.0.0.1:")
    assert estate.server.pid is None


def test_real_time_can_come_from_elsewhere() -> None:
    from lamplighter.estate.clock import VirtualClock

    clock = VirtualClock(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.advance(timedelta(days=1)) == clock.now() == datetime(2026, 1, 2, tzinfo=UTC)
    assert clock.release() == datetime(2026, 1, 1, tzinfo=UTC)
