"""Against a server that answers what the test says: faults, signatures and pages that moto cannot give."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from lamplighter.aws.access import Aws
from lamplighter.aws.calls import CallRecord
from lamplighter.aws.parallel import each
from lamplighter.aws.targets import Target, TargetsDefinition
from lamplighter.errors import (
    AccessDenied,
    AwsError,
    CapacityUnavailable,
    CredentialsMissing,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Unreachable,
    WrongState,
)

Script = Callable[[Mapping[str, str], str], tuple[int, str] | None]
Serve = Callable[[Script], str]
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
OWN = "123456789012"
HERE = Target(OWN, "eu-central-1")
ACCOUNTS = ("111122223333", "444455556666", "777788889999", OWN)


def identity(account: str) -> str:
    return (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Arn>arn:aws:iam::{account}:user/ann</Arn><UserId>U</UserId><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )


def assumed(account: str) -> str:
    return (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"<AccessKeyId>ASIA{account}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>token-{account}</SessionToken><Expiration>2026-11-02T13:00:00Z</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    )


def ec2_error(code: str) -> str:
    return f"<Response><Errors><Error><Code>{code}</Code><Message>because</Message></Error></Errors></Response>"


def sts_error(code: str) -> str:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>because</Message></Error></ErrorResponse>"


def signer(headers: Mapping[str, str]) -> str:
    found = re.search(r"Credential=(\w+)/", headers["Authorization"])
    assert found is not None
    return found[1]


@pytest.fixture
def connect(environ: dict[str, str], serve: Serve) -> Iterator[Callable[..., tuple[Aws, list[CallRecord]]]]:
    """An `Aws` whose every service is the script; GetCallerIdentity is answered for it."""
    opened: list[Aws] = []

    def start(script: Script, *, retries: int = 0) -> tuple[Aws, list[CallRecord]]:
        def answer(headers: Mapping[str, str], body: str) -> tuple[int, str] | None:
            if "Action=GetCallerIdentity" in body:
                return 200, identity(OWN)
            return script(headers, body)

        calls: list[CallRecord] = []
        aws = Aws(
            environ=environ,
            endpoint_url=serve(answer),
            retries=retries,
            connect_timeout=2,
            read_timeout=2,
            on_call=calls.append,
            clock=lambda: NOON,
        )
        opened.append(aws)
        return aws, calls

    yield start
    for aws in opened:
        aws.close()


Connect = Callable[..., tuple[Aws, list[CallRecord]]]


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.mark.slow
def test_every_call_is_signed_for_its_account_by_shared_clients(connect: Connect) -> None:
    """25 threads, 4 accounts, 2 regions, one client each service and region."""
    assumptions: Counter[str] = Counter()
    together = threading.Barrier(25)

    def script(headers: Mapping[str, str], body: str) -> tuple[int, str]:
        fields = parse_qs(body)
        if fields["Action"] == ["AssumeRole"]:
            [arn] = fields["RoleArn"]
            assumptions[arn] += 1
            assert signer(headers) == "AKIABASE"
            assert fields["ExternalId"] == ["x-42"]
            assert fields["RoleSessionName"] == ["night-watch"]
            return 200, assumed(arn.split(":")[4])
        key = signer(headers)
        account = OWN if key == "AKIABASE" else key.removeprefix("ASIA")
        assert headers.get("X-Amz-Security-Token") == (None if account == OWN else f"token-{account}")
        return 200, (
            f"<DescribeInstancesResponse><reservationSet><item><ownerId>{account}</ownerId></item>"
            "</reservationSet></DescribeInstancesResponse>"
        )

    aws, calls = connect(script)
    definition = TargetsDefinition.model_validate(
        {
            "accounts": ACCOUNTS,
            "role": "lamp",
            "external_id": "x-42",
            "session_name": "night-watch",
            "regions": ["eu-central-1", "eu-west-1"],
        }
    )
    found = aws.targets(definition)
    assert found.failures == ()
    assert len(found.targets) == 8

    def owners(target: Target) -> list[str]:
        session = aws.session(target)
        together.wait(timeout=10)
        return [
            page["OwnerId"] for _ in range(3) for page in session.pages("ec2", "describe_instances", "Reservations")
        ]

    work = [found.targets[number % 8] for number in range(50)]
    for outcome in each(work, owners, threads=25):
        assert outcome.error is None
        assert outcome.value == [outcome.target.account] * 3
    assert assumptions == {f"arn:aws:iam::{account}:role/lamp": 1 for account in ACCOUNTS[:3]}
    assert len(aws._clients) == 3  # sts here, ec2 in two regions
    assert Counter(call.operation for call in calls) == {
        "get_caller_identity": 1,
        "assume_role": 3,
        "describe_instances": 150,
    }


@pytest.mark.slow
def test_a_call_is_recorded(connect: Connect) -> None:
    aws, calls = connect(lambda *_: (400, ec2_error("IncorrectInstanceState")))
    with pytest.raises(WrongState):
        aws.session(HERE).call("ec2", "start_instances", InstanceIds=["i-0123456789abcdef0"])
    record = calls[-1]
    assert (record.service, record.operation, record.target_key) == ("ec2", "start_instances", HERE.key)
    assert (record.error_code, record.attempts) == ("IncorrectInstanceState", 1)
    assert record.seconds >= 0
    assert calls[0] == CallRecord("sts", "get_caller_identity", "", calls[0].started, calls[0].seconds, "", 1)


def test_a_bug_in_a_step_is_no_success_in_the_records(connect: Connect) -> None:
    aws, calls = connect(lambda *_: None)

    def step(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        aws._caller.perform("ec2", "describe_vpcs", "eu-central-1", HERE.key, aws._base.frozen, step)
    assert [(call.error_code, call.attempts) for call in calls] == [("ZeroDivisionError", 0)]


@pytest.mark.slow
@pytest.mark.usefixtures("no_backoff")
def test_throttled_calls_are_repeated_and_counted(connect: Connect) -> None:
    answers = iter([(503, ec2_error("RequestLimitExceeded"))] * 2 + [(200, "<StartInstancesResponse/>")])
    aws, calls = connect(lambda *_: next(answers), retries=2)
    aws.session(HERE).call("ec2", "start_instances", InstanceIds=["i-0123456789abcdef0"])
    assert (calls[-1].attempts, calls[-1].error_code) == (3, "")


def test_missing_capacity_is_not_asked_for_again_at_once(connect: Connect) -> None:
    aws, calls = connect(lambda *_: (500, ec2_error("InsufficientInstanceCapacity")), retries=5)
    with pytest.raises(CapacityUnavailable):
        aws.session(HERE).call("ec2", "start_instances", InstanceIds=["i-0123456789abcdef0"])
    assert (calls[-1].attempts, calls[-1].error_code) == (1, "InsufficientInstanceCapacity")


@pytest.mark.usefixtures("no_backoff")
def test_a_passing_fault_of_the_server_is_repeated(connect: Connect) -> None:
    answers = iter([(500, ec2_error("InternalError"))] * 2 + [(200, "<StartInstancesResponse/>")])
    aws, calls = connect(lambda *_: next(answers), retries=2)
    aws.session(HERE).call("ec2", "start_instances", InstanceIds=["i-0123456789abcdef0"])
    assert (calls[-1].attempts, calls[-1].error_code) == (3, "")


def test_an_answer_that_never_came(connect: Connect) -> None:
    aws, _ = connect(lambda *_: None)
    session = aws.session(HERE)
    with pytest.raises(OutcomeUnknown) as caught:
        session.call("ec2", "stop_instances", InstanceIds=["i-0123456789abcdef0"])
    assert caught.value.code == "ConnectionClosed"
    assert str(caught.value).startswith("123456789012/eu-central-1: ec2 StopInstances: ConnectionClosed: ")
    with pytest.raises(Unreachable):
        session.call("ec2", "describe_instances")


@pytest.mark.usefixtures("no_backoff")
def test_a_state_error_after_a_lost_answer_is_unknown(connect: Connect) -> None:
    answers = iter([None, (400, ec2_error("IncorrectInstanceState"))])
    aws, calls = connect(lambda *_: next(answers), retries=1)
    with pytest.raises(OutcomeUnknown, match="earlier attempt lost its answer"):
        aws.session(HERE).call("ec2", "start_instances", InstanceIds=["i-0123456789abcdef0"])
    assert (calls[-1].attempts, calls[-1].error_code) == (2, "IncorrectInstanceState")


def test_an_answer_that_is_no_answer(connect: Connect) -> None:
    aws, _ = connect(lambda *_: (200, "<html>Please sign in to the hotel's network"))
    session = aws.session(HERE)
    with pytest.raises(OutcomeUnknown) as caught:
        session.call("rds", "stop_db_instance", DBInstanceIdentifier="orders")
    assert caught.value.code == "ResponseParser"
    with pytest.raises(Unreachable):
        list(session.pages("rds", "describe_db_instances", "DBInstances"))


def test_pages_are_followed_one_request_each(connect: Connect) -> None:
    bodies: list[dict[str, list[str]]] = []

    def script(_: Mapping[str, str], body: str) -> tuple[int, str]:
        fields = parse_qs(body)
        bodies.append(fields)
        start = int(fields.get("NextToken", ["0"])[0])
        items = "".join(f"<item><ownerId>{number}</ownerId></item>" for number in range(start, start + 2))
        more = f"<nextToken>{start + 2}</nextToken>" if start < 4 else ""
        return 200, (
            f"<DescribeInstancesResponse><reservationSet>{items}</reservationSet>{more}</DescribeInstancesResponse>"
        )

    aws, calls = connect(script)
    pages = aws.session(HERE).pages(
        "ec2", "describe_instances", "Reservations", MaxResults=5, Filters=[{"Name": "tag-key", "Values": ["Schedule"]}]
    )
    assert next(pages)["OwnerId"] == "0"
    assert len(bodies) == 1
    assert [page["OwnerId"] for page in pages] == ["1", "2", "3", "4", "5"]
    assert [body.get("NextToken") for body in bodies] == [None, ["2"], ["4"]]
    assert all(body["Filter.1.Name"] == ["tag-key"] and body["MaxResults"] == ["5"] for body in bodies)
    assert Counter(call.operation for call in calls)["describe_instances"] == 3


def test_a_page_that_fails_half_way_is_an_error_and_no_short_list(connect: Connect) -> None:
    def script(_: Mapping[str, str], body: str) -> tuple[int, str]:
        if "NextToken" in body:
            return 403, ec2_error("UnauthorizedOperation")
        return 200, (
            "<DescribeInstancesResponse><reservationSet><item><ownerId>1</ownerId></item></reservationSet>"
            "<nextToken>more</nextToken></DescribeInstancesResponse>"
        )

    aws, _ = connect(script)
    seen: list[str] = []
    with pytest.raises(AccessDenied):
        seen.extend(item["OwnerId"] for item in aws.session(HERE).pages("ec2", "describe_instances", "Reservations"))
    with pytest.raises(AccessDenied):
        list(aws.session(HERE).pages("ec2", "describe_instances", "Reservations"))


def test_a_token_that_does_not_move_is_an_error(connect: Connect) -> None:
    same = "<DescribeInstancesResponse><reservationSet/><nextToken>again</nextToken></DescribeInstancesResponse>"
    aws, _ = connect(lambda *_: (200, same))
    with pytest.raises(AwsError, match="DescribeInstances: Pagination: "):
        list(aws.session(HERE).pages("ec2", "describe_instances", "Reservations"))


def test_without_a_paginator_the_usual_tokens_are_followed(connect: Connect) -> None:
    def script(_: Mapping[str, str], body: str) -> tuple[int, str]:
        token = json.loads(body).get("nextToken")
        page: dict[str, object] = {"savingsPlans": [{"savingsPlanId": token or "first"}]}
        return 200, json.dumps(page if token == "third" else {**page, "nextToken": "third" if token else "second"})

    aws, _ = connect(script)
    plans = aws.session(HERE).pages("savingsplans", "describe_savings_plans", "savingsPlans")
    assert [plan["savingsPlanId"] for plan in plans] == ["first", "second", "third"]


def test_without_a_paginator_a_token_that_does_not_move_is_an_error(connect: Connect) -> None:
    aws, _ = connect(lambda *_: (200, json.dumps({"savingsPlans": [], "nextToken": "again"})))
    with pytest.raises(AwsError, match="same token again"):
        list(aws.session(HERE).pages("savingsplans", "describe_savings_plans", "savingsPlans"))


def test_a_misspelt_key_is_a_mistake_and_not_an_empty_list(connect: Connect) -> None:
    aws, calls = connect(lambda *_: (200, "<DescribeInstancesResponse/>"))
    with pytest.raises(ValueError, match="there is no Instances"):
        list(aws.session(HERE).pages("ec2", "describe_instances", "Instances"))
    assert [call.operation for call in calls] == ["get_caller_identity"]


@pytest.mark.slow
@pytest.mark.parametrize(("service", "operation"), [("ec2", "lit_instances"), ("lamps", "describe_lamps")])
def test_what_botocore_does_not_know(connect: Connect, service: str, operation: str) -> None:
    aws, _ = connect(lambda *_: None)
    with pytest.raises(NotSupported) as caught:
        aws.session(HERE).call(service, operation)
    assert caught.value.hint == "install a newer boto3"


def test_wrong_parameters_are_not_sent(connect: Connect) -> None:
    aws, calls = connect(lambda *_: None)
    with pytest.raises(AwsError, match="ParamValidation") as caught:
        aws.session(HERE).call("ec2", "start_instances", Instances=["i-1"])
    assert "\n" not in str(caught.value)
    assert (calls[-1].attempts, calls[-1].error_code) == (0, "ParamValidation")


@pytest.mark.slow
def test_a_refused_role_is_asked_once_and_explained_for_every_region(connect: Connect) -> None:
    aws, calls = connect(lambda *_: (403, sts_error("AccessDenied")))
    definition = TargetsDefinition.model_validate(
        {"accounts": ["111122223333"], "role": "lamp", "external_id": "x-42", "regions": ["eu-central-1", "eu-west-1"]}
    )
    for target in aws.targets(definition).targets:
        with pytest.raises(AccessDenied) as caught:
            aws.session(target).call("ec2", "describe_instances")
        error = caught.value
        assert str(error) == "111122223333: AssumeRole of arn:aws:iam::111122223333:role/lamp is refused"
        assert error.hint == (
            "the role must exist and trust arn:aws:iam::123456789012:user/ann "
            'with external id "x-42", which needs sts:AssumeRole on it'
        )
        assert (error.target, error.operation, error.code) == (target.key, "AssumeRole", "AccessDenied")
    assert Counter(call.operation for call in calls) == {"get_caller_identity": 1, "assume_role": 1}


def test_an_account_without_a_role_is_not_worked_on_with_the_own_credentials(connect: Connect) -> None:
    aws, _ = connect(lambda *_: None)
    with pytest.raises(CredentialsMissing, match="belong to 123456789012, and no role is known for 111122223333"):
        aws.session(Target("111122223333", "eu-central-1"))


def test_json_services_are_translated_too(connect: Connect) -> None:
    missing = json.dumps({"__type": "com.amazonaws.ecs#ClusterNotFoundException", "message": "Cluster not found."})
    aws, _ = connect(lambda *_: (400, missing))
    with pytest.raises(NotFound, match="ecs DescribeServices: ClusterNotFoundException: Cluster not found"):
        aws.session(HERE).call("ecs", "describe_services", cluster="c", services=["s"])
