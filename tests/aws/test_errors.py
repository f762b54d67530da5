from __future__ import annotations

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ThrottledRetryableChecker

from lamplighter.aws.error_table import CLIENT_RULES, RULES
from lamplighter.aws.errors import answer_is_lost, is_read, one_line, rule_for_code, translate
from lamplighter.errors import (
    AccessDenied,
    AwsError,
    CapacityUnavailable,
    CredentialsMissing,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Throttled,
    Unreachable,
    WrongState,
)

TARGET = "111122223333/eu-central-1"
URL = "https://ec2.eu-central-1.amazonaws.com/"

ANSWERS: dict[str, type[AwsError]] = {
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "AuthFailure": CredentialsMissing,
    "AWSOrganizationsNotInUseException": NotSupported,
    "ClusterNotFound": NotFound,
    "DBClusterNotFoundFault": NotFound,
    "DBInstanceNotFound": NotFound,
    "DBInstanceNotFoundFault": NotFound,
    "ExpiredToken": CredentialsMissing,
    "ExpiredTokenException": CredentialsMissing,
    "IncorrectInstanceState": WrongState,
    "InsufficientCapacity": CapacityUnavailable,
    "InsufficientDBClusterCapacityFault": CapacityUnavailable,
    "InsufficientDBInstanceCapacity": CapacityUnavailable,
    "InsufficientDBInstanceCapacityFault": CapacityUnavailable,
    "InsufficientHostCapacity": CapacityUnavailable,
    "InsufficientInstanceCapacity": CapacityUnavailable,
    "InsufficientReservedInstanceCapacity": CapacityUnavailable,
    "InvalidClientTokenId": CredentialsMissing,
    "InvalidDBClusterStateFault": WrongState,
    "InvalidDBInstanceState": WrongState,
    "InvalidDBInstanceStateFault": WrongState,
    "InvalidInstanceID.NotFound": NotFound,
    "KMSKeyNotAccessibleFault": AccessDenied,
    "OperationNotPermitted": NotSupported,
    "OptInRequired": AccessDenied,
    "ParentNotFoundException": NotFound,
    "RequestExpired": CredentialsMissing,
    "RequestLimitExceeded": Throttled,
    "ResourceInUseException": WrongState,
    "ScalingActivityInProgress": WrongState,
    "SignatureDoesNotMatch": CredentialsMissing,
    "SpotMaxPriceTooLow": CapacityUnavailable,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "TooManyRequestsException": Throttled,
    "UnauthorizedOperation": AccessDenied,
    "UnrecognizedClientException": CredentialsMissing,
    "Unsupported": NotSupported,
    "UnsupportedHibernationConfiguration": NotSupported,
    "UnsupportedOperation": NotSupported,
    "VcpuLimitExceeded": AwsError,
    # A dependency that is gone does not mean that the resource is.
    "DBSubnetGroupNotFoundFault": AwsError,
    "InvalidAMIID.NotFound": AwsError,
    "ValidationError": AwsError,
    "SomethingNew": AwsError,
}

RAISED: list[tuple[Exception, type[AwsError], type[AwsError]]] = [
    # exception, what it means for a read, what it means for a write
    (boto.EndpointConnectionError(endpoint_url=URL), Unreachable, Unreachable),
    (boto.ConnectTimeoutError(endpoint_url=URL), Unreachable, Unreachable),
    (boto.ProxyConnectionError(proxy_url=URL), Unreachable, Unreachable),
    (boto.SSLError(endpoint_url=URL, error="x"), Unreachable, Unreachable),
    (boto.NoRegionError(), Unreachable, Unreachable),
    (boto.InvalidRegionError(region_name="a b"), Unreachable, Unreachable),
    (ValueError("Invalid endpoint: nonsense"), Unreachable, Unreachable),
    (boto.ReadTimeoutError(endpoint_url=URL), Unreachable, OutcomeUnknown),
    (boto.ConnectionClosedError(endpoint_url=URL), Unreachable, OutcomeUnknown),
    (boto.HTTPClientError(error="x"), Unreachable, OutcomeUnknown),
    (boto.ResponseStreamingError(error="x"), Unreachable, OutcomeUnknown),
    (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), Unreachable, OutcomeUnknown),
    (ResponseParserError("Unable to parse response\n<html>"), Unreachable, OutcomeUnknown),
    (boto.NoCredentialsError(), CredentialsMissing, CredentialsMissing),
    (boto.PartialCredentialsError(provider="env", cred_var="x"), CredentialsMissing, CredentialsMissing),
    (boto.TokenRetrievalError(provider="sso", error_msg="expired"), CredentialsMissing, CredentialsMissing),
    (boto.UnauthorizedSSOTokenError(), CredentialsMissing, CredentialsMissing),
    (boto.SSOTokenLoadError(error_msg="x"), CredentialsMissing, CredentialsMissing),
    (boto.NoAuthTokenError(), CredentialsMissing, CredentialsMissing),
    (boto.CredentialRetrievalError(provider="process", error_msg="x"), CredentialsMissing, CredentialsMissing),
    (boto.ProfileNotFound(profile="absent"), CredentialsMissing, CredentialsMissing),
    (boto.InfiniteLoopConfigError(source_profile="a", visited_profiles="b"), CredentialsMissing, CredentialsMissing),
    (boto.UnknownServiceError(service_name="x", known_service_names="y"), NotSupported, NotSupported),
    (boto.ParamValidationError(report="Missing required\nparameter"), AwsError, AwsError),
    (boto.PaginationError(message="x"), AwsError, AwsError),
]


def answer(code: str, message: str = "because", status: int = 400) -> boto.ClientError:
    return boto.ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "StartInstances",
    )


@pytest.mark.parametrize(("code", "expected"), ANSWERS.items())
def test_codes_of_aws(code: str, expected: type[AwsError]) -> None:
    error = translate(answer(code), "ec2", "StartInstances", TARGET)
    assert type(error) is expected
    assert str(error) == f"{TARGET}: ec2 StartInstances: {code}: because"
    assert (error.service, error.operation, error.code, error.target) == ("ec2", "StartInstances", code, TARGET)


@pytest.mark.parametrize(
    ("code", "rule"), [(code, rule) for rule in RULES for code in rule.codes], ids=lambda value: str(value)[:40]
)
@pytest.mark.parametrize("ending", ["", "Exception", "Fault"])
def test_every_row_of_the_table_is_reached(code: str, rule: object, ending: str) -> None:
    assert rule_for_code(code + ending) is rule


def test_no_code_stands_twice() -> None:
    for rules in (RULES, CLIENT_RULES):
        codes = [code for rule in rules for code in rule.codes]
        assert len(codes) == len(set(codes))


@pytest.mark.parametrize("rule", [*RULES, *CLIENT_RULES], ids=lambda rule: rule.codes[0])
def test_every_rule_says_what_to_do_on_one_line(rule: object) -> None:
    hint = getattr(rule, "hint", "")
    assert hint
    assert "\n" not in hint


@pytest.mark.parametrize("code", ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
def test_what_botocore_holds_for_throttling_is_throttling(code: str) -> None:
    assert type(translate(answer(code), "ec2", "StartInstances", TARGET)) is Throttled


@pytest.mark.parametrize(("raised", "read", "write"), RAISED, ids=lambda value: type(value).__name__)
def test_what_botocore_raises_itself(raised: Exception, read: type[AwsError], write: type[AwsError]) -> None:
    for operation, expected in (("DescribeInstances", read), ("StartInstances", write)):
        error = translate(raised, "ec2", operation, TARGET)
        assert type(error) is expected
        assert str(error).startswith(f"{TARGET}: ec2 {operation}: {error.code}: ")
        assert "\n" not in str(error)
        assert error.code == type(raised).__name__.removesuffix("Error")


def test_python_errors_of_the_same_name_are_not_botocores() -> None:
    # botocore's ConnectionError means "never sent", Python's does not.
    assert type(translate(ConnectionResetError("reset"), "ec2", "StartInstances", TARGET)) is AwsError


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_broken_server_leaves_a_write_unknown(status: int) -> None:
    broken = answer("InternalError", status=status)
    assert type(translate(broken, "ec2", "StartInstances", TARGET)) is OutcomeUnknown
    assert type(translate(broken, "ec2", "DescribeInstances", TARGET)) is AwsError


def test_a_known_code_with_status_500_is_what_it_says() -> None:
    error = translate(answer("InsufficientInstanceCapacity", status=500), "ec2", "StartInstances", TARGET)
    assert type(error) is CapacityUnavailable


def test_after_a_lost_attempt_a_refused_write_is_unknown() -> None:
    # The first attempt may have started it; that is why the second finds it in another state.
    error = translate(answer("IncorrectInstanceState"), "ec2", "StartInstances", TARGET, lost=True)
    assert type(error) is OutcomeUnknown
    assert error.code == "IncorrectInstanceState"
    assert str(error).endswith("because (an earlier attempt lost its answer)")
    read = translate(answer("InvalidInstanceID.NotFound"), "ec2", "DescribeInstances", TARGET, lost=True)
    assert type(read) is NotFound


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("DescribeInstances", True),
        ("describe_db_instances", True),
        ("GetResources", True),
        ("ListAccounts", True),
        ("BatchGetItem", True),
        ("AssumeRole", True),
        ("StartInstances", False),
        ("stop_db_cluster", False),
        ("UpdateService", False),
        ("CreateTags", False),
        ("BatchWriteItem", False),
    ],
)
def test_reads_and_writes(operation: str, expected: bool) -> None:
    assert is_read(operation) is expected


def test_attempts_without_an_answer() -> None:
    assert answer_is_lost(boto.ReadTimeoutError(endpoint_url=URL), None) is True
    assert answer_is_lost(boto.EndpointConnectionError(endpoint_url=URL), None) is False
    assert answer_is_lost(None, {"ResponseMetadata": {"HTTPStatusCode": 200}}) is False
    assert answer_is_lost(None, answer("InternalError", status=503).response) is True
    assert answer_is_lost(None, answer("RequestLimitExceeded", status=503).response) is False
    assert answer_is_lost(None, {"Error": {"Code": "503"}, "ResponseMetadata": {"HTTPStatusCode": 503}}) is True


def test_messages_are_one_line_and_bounded() -> None:
    assert one_line("You are not\n  authorized. Encoded authorization failure message: AbC\ndEf") == (
        "You are not authorized."
    )
    assert len(one_line("x" * 5000)) == 400
    assert one_line("x" * 5000).endswith("...")


def test_an_answer_without_code_or_message() -> None:
    error = translate(boto.ClientError({}, "StartInstances"), "ec2", "StartInstances", "")
    assert str(error) == "ec2 StartInstances: Unknown"
