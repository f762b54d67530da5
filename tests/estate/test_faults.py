from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from pydantic import ValidationError

from lamplighter.errors import UsageError
from lamplighter.estate.control import capacity, deny, expired_credentials, throttle, timeout_after, unreachable
from lamplighter.estate.faults import FaultRule
from lamplighter.estate.testing import MANAGEMENT, MONDAY, PRODUCTION, EstateProbe, refusal

BUSY = {"code": "Busy", "message": "not <now> & not here", "status": 503}


def failing(call: Any, **kwargs: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as error:
        call(**kwargs)
    return refusal(error.value)


def test_before_refuses_without_effect_as_often_as_said(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    ec2 = estate.client("ec2")
    name = estate.control.inject({"service": "ec2", "action": "StopInstances", "error": BUSY, "times": 2})

    for _ in range(2):
        assert failing(ec2.stop_instances, InstanceIds=[id_]) == ("Busy", "not <now> & not here", 503)
    assert estate.states([id_]) == ["running"]
    ec2.stop_instances(InstanceIds=[id_])
    assert estate.states([id_]) == ["stopping"]
    assert [(rule["id"], rule["hits"]) for rule in estate.control.faults()] == [(name, 2)]


def test_after_takes_effect_and_the_answer_is_lost(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    estate.control.inject(timeout_after("ec2:StopInstances"))

    with pytest.raises(ConnectionClosedError):
        estate.client("ec2").stop_instances(InstanceIds=[id_])

    assert estate.states([id_]) == ["stopping"]


def test_after_may_also_answer_an_error(estate: EstateProbe) -> None:
    estate.database("orders")
    error = {"code": "InternalFailure", "message": "try again", "status": 500}
    estate.control.inject({"service": "rds", "action": "StopDBInstance", "kind": "after", "error": error})

    assert failing(estate.client("rds").stop_db_instance, DBInstanceIdentifier="orders")[0] == "InternalFailure"

    assert estate.statuses() == {"orders": "stopping"}


def test_a_client_that_waits_less_than_the_estate_times_out(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    estate.control.inject(timeout_after("ec2:StopInstances", wait_seconds=5))

    with pytest.raises(ReadTimeoutError):
        estate.client("ec2", read_timeout=0.3).stop_instances(InstanceIds=[id_])

    assert estate.states([id_]) == ["stopping"]


def test_drop_closes_the_connection_without_effect(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    estate.control.inject({"service": "ec2", "action": "StopInstances", "kind": "drop", "times": 1})

    with pytest.raises(ConnectionClosedError):
        estate.client("ec2").stop_instances(InstanceIds=[id_])

    assert estate.states([id_]) == ["running"]
    (call,) = [call for call in estate.control.calls().recent if call["action"] == "StopInstances"]
    assert (call["status"], call["fault"]) == (0, "fault-1")


def test_malformed_takes_effect_and_the_answer_is_garbage(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    estate.control.inject({"service": "ec2", "action": "StopInstances", "kind": "malformed", "times": 1})

    with pytest.raises(Exception, match=r"(?i)invalid|unable to parse|not well-formed"):
        estate.client("ec2").stop_instances(InstanceIds=[id_])

    assert estate.states([id_]) == ["stopping"]


def test_slow_is_answered_late_and_well(estate: EstateProbe) -> None:
    (id_,) = estate.launch()
    estate.control.inject({"service": "ec2", "action": "StopInstances", "kind": "slow", "delay_seconds": 0.05})
    answer = estate.client("ec2").stop_instances(InstanceIds=[id_])
    assert answer["StoppingInstances"][0]["CurrentState"]["Name"] == "stopping"
    assert estate.control.faults()[0]["hits"] == 1


@pytest.mark.parametrize(
    ("service", "method", "kwargs"),
    [
        ("ec2", "describe_instances", {}),
        ("rds", "describe_db_instances", {}),
        ("sts", "get_caller_identity", {}),
        ("organizations", "list_accounts", {}),
        ("dynamodb", "list_tables", {}),
        ("eks", "list_clusters", {}),
        ("s3", "list_buckets", {}),
        ("cloudwatch", "list_metrics", {}),
        ("resourcegroupstaggingapi", "get_resources", {}),
        ("lambda", "list_functions", {}),
    ],
)
def test_every_protocol_gets_the_error_in_its_own_format(
    estate: EstateProbe, service: str, method: str, kwargs: dict[str, Any]
) -> None:
    estate.control.inject({"error": BUSY})
    code, message, status = failing(getattr(estate.client(service), method), **kwargs)
    assert (code, status) == ("Busy", 503)
    assert message == "not <now> & not here"


def test_rest_calls_are_known_by_the_names_of_their_operations(estate: EstateProbe) -> None:
    estate.client("eks").list_clusters()
    estate.client("s3").create_bucket(Bucket="bills", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    estate.client("cloudwatch").list_metrics()
    named = {(row["service"], row["action"]) for row in estate.control.calls().counts}
    assert named == {("eks", "ListClusters"), ("s3", "CreateBucket"), ("monitoring", "ListMetrics")}


def test_a_rule_hits_only_what_it_names(estate: EstateProbe) -> None:
    first, second = estate.launch(2)
    ec2 = estate.client("ec2")
    estate.control.inject({"action": "Stop*", "resource": first, "error": BUSY})

    ec2.stop_instances(InstanceIds=[second])
    ec2.describe_instances(InstanceIds=[first])
    assert failing(ec2.stop_instances, InstanceIds=[first, second])[0] == "Busy"

    estate.control.clear_faults()
    for where in ({"account": PRODUCTION}, {"region": "us-*"}, {"service": "rds"}, {"resource": first[:-1]}):
        estate.control.inject({**where, "error": BUSY})
    ec2.stop_instances(InstanceIds=[first])
    assert [rule["hits"] for rule in estate.control.faults()] == [0, 0, 0, 0]


def test_a_rule_hits_only_in_its_time(estate: EstateProbe) -> None:
    ec2 = estate.client("ec2")
    late, later = MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)
    estate.control.inject({"service": "ec2", "error": BUSY, "from": late.isoformat(), "until": later.isoformat()})

    ec2.describe_instances()
    estate.control.set_clock(late)
    assert failing(ec2.describe_instances)[0] == "Busy"
    estate.control.set_clock(later)
    ec2.describe_instances()


def test_rules_are_replaced_and_removed_by_id(estate: EstateProbe) -> None:
    control, ec2 = estate.control, estate.client("ec2")
    assert control.inject(FaultRule(id="mine", service="ec2", kind="drop")) == "mine"
    control.inject(FaultRule.model_validate({"id": "mine", "service": "ec2", "error": BUSY}))
    assert [rule["kind"] for rule in control.faults()] == ["before"]
    assert failing(ec2.describe_instances)[0] == "Busy"
    assert (control.clear_faults("other"), control.clear_faults("mine"), control.clear_faults()) == (0, 1, 0)
    ec2.describe_instances()


def test_capacity_is_short_for_a_type_or_for_one_instance(estate: EstateProbe) -> None:
    small, large = estate.launch(), estate.launch(InstanceType="m5.large")
    ec2 = estate.client("ec2")
    ec2.stop_instances(InstanceIds=small + large)
    estate.control.advance(45)
    estate.control.inject(capacity("m5.large"))

    short = ("InsufficientInstanceCapacity", "Insufficient capacity.", 500)
    assert failing(ec2.start_instances, InstanceIds=small + large) == short
    assert failing(estate.launch, InstanceType="m5.large") == short
    ec2.start_instances(InstanceIds=small)
    assert estate.states(small + large) == ["pending", "stopped"]

    estate.control.clear_faults()
    estate.control.inject(capacity(large[0], times=1))
    assert failing(ec2.start_instances, InstanceIds=large) == short
    ec2.start_instances(InstanceIds=large)


@pytest.mark.parametrize(
    ("service", "action", "method", "code", "status"),
    [
        ("ec2", "ec2:DescribeInstances", "describe_instances", "RequestLimitExceeded", 503),
        ("rds", "rds:DescribeDBInstances", "describe_db_instances", "Throttling", 400),
        ("organizations", "organizations:*", "list_accounts", "ThrottlingException", 400),
        ("dynamodb", "dynamodb:ListTables", "list_tables", "ProvisionedThroughputExceededException", 400),
    ],
)
def test_throttle(estate: EstateProbe, service: str, action: str, method: str, code: str, status: int) -> None:
    estate.control.inject(throttle(action, 1))
    found = failing(getattr(estate.client(service), method))
    assert (found[0], found[2]) == (code, status)


def test_throttling_twice_is_survived_by_botocores_standard_retries(estate: EstateProbe) -> None:
    estate.control.inject(throttle("ec2:DescribeRegions", 2))
    retrying = estate.client("ec2", retries={"mode": "standard", "total_max_attempts": 3})
    assert retrying.describe_regions()["ResponseMetadata"]["RetryAttempts"] == 2
    assert estate.control.calls().count("DescribeRegions") == 3


def test_deny_denies_in_one_account_only(estate: EstateProbe) -> None:
    role = f"arn:aws:iam::{PRODUCTION}:role/Lamplighter"
    estate.control.seed_roles([{"account": PRODUCTION, "name": "Lamplighter"}])
    keys = estate.assume(role)
    estate.control.inject(deny(PRODUCTION, "ec2:Describe*"))
    estate.control.inject(deny(PRODUCTION, "rds:*"))
    estate.control.inject(deny(PRODUCTION, "dynamodb:*"))

    assert failing(estate.client("ec2", keys=keys).describe_instances)[::2] == ("UnauthorizedOperation", 403)
    assert failing(estate.client("rds", keys=keys).describe_db_instances)[::2] == ("AccessDenied", 403)
    assert failing(estate.client("dynamodb", keys=keys).list_tables)[::2] == ("AccessDeniedException", 400)
    estate.client("ec2").describe_instances()
    assert estate.control.calls().count("DescribeInstances", account=MANAGEMENT) == 1


def test_unreachable_and_expired(estate: EstateProbe) -> None:
    estate.control.inject(unreachable("ec2:*", region="us-east-1", times=1))
    with pytest.raises(ConnectionClosedError):
        estate.client("ec2", region="us-east-1").describe_instances()
    estate.client("ec2").describe_instances()
    estate.control.inject(expired_credentials(MANAGEMENT))
    assert failing(estate.client("rds").describe_db_instances)[0] == "ExpiredToken"


def test_rules_that_make_no_sense_are_refused(estate: EstateProbe) -> None:
    for rule in ({"kind": "before"}, {"kind": "slow"}, {"kind": "odd"}, {"times": 0, "error": BUSY}, {"acton": "x"}):
        with pytest.raises(UsageError, match="refused"):
            estate.control.inject(rule)
        with pytest.raises(ValidationError):
            FaultRule.model_validate(rule)
    assert estate.control.faults() == []
    with pytest.raises(UsageError, match="whose action"):
        throttle("StopInstances")
