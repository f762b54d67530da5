"""What the error codes of AWS and the exceptions of botocore mean: data, read by `lamplighter.aws.errors`.

Codes stand here only when they speak of the resource that was asked for. `DBSubnetGroupNotFoundFault`, say, does not:
a database whose subnets are gone still exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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

LOST_HINT: Final = "look at the resource before repeating the call; the next pass does"
NO_ANSWER_HINT: Final = "check the network and the proxy; the call is repeated on the next pass"
_NOT_SENT_HINT: Final = "check the network, the proxy, the region and AWS_ENDPOINT_URL"
_SIGN_IN_HINT: Final = "sign in again, for example with `aws sso login`"


@dataclass(frozen=True, slots=True)
class Rule:
    """What some error codes mean.

    Attributes:
        error: the exception of the tree.
        hint: what to do, one line.
        codes: AWS error codes without the endings `Exception` and `Fault`, or names of botocore's exception classes.
    """

    error: type[AwsError]
    hint: str
    codes: tuple[str, ...]


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        AccessDenied,
        "allow the action for this role; an explicit deny in a service control policy wins over it",
        ("AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedAccess", "UnauthorizedOperation"),
    ),
    Rule(AccessDenied, "enable the region for the account, or leave it out of `regions`", ("OptInRequired",)),
    Rule(
        AccessDenied,
        "let the role use the KMS key of the encrypted volume or database (kms:CreateGrant, kms:Decrypt)",
        ("KMSAccessDenied", "KMSKeyNotAccessible"),
    ),
    Rule(
        CredentialsMissing,
        "get new credentials, for example with `aws sso login`",
        ("ExpiredToken", "TokenRefreshRequired"),
    ),
    Rule(CredentialsMissing, "set the clock of this machine", ("RequestExpired", "RequestTimeTooSkewed")),
    Rule(
        CredentialsMissing,
        "check the access key and its secret; or the region is not enabled for the account",
        (
            "AuthFailure",
            "IncompleteSignature",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignature",
            "InvalidToken",
            "MissingAuthenticationToken",
            "SignatureDoesNotMatch",
            "UnrecognizedClient",
        ),
    ),
    Rule(
        Throttled,
        "run again later, or with fewer `threads`",
        (
            "BandwidthLimitExceeded",
            "EC2Throttled",
            "LimitExceeded",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceeded",
            "RequestLimitExceeded",
            "RequestThrottled",
            "ResourceContention",
            "SlowDown",
            "Throttled",
            "Throttling",
            "TooManyRequests",
            "TransactionInProgress",
        ),
    ),
    Rule(
        CapacityUnavailable,
        "it is tried again on the next pass; name alternate types, or reserve capacity",
        (
            "InsufficientCacheClusterCapacity",
            "InsufficientCapacity",
            "InsufficientCapacityOnHost",
            "InsufficientClusterCapacity",
            "InsufficientDBClusterCapacity",
            "InsufficientDBInstanceCapacity",
            "InsufficientHostCapacity",
            "InsufficientInstanceCapacity",
            "InsufficientReservedInstanceCapacity",
        ),
    ),
    Rule(CapacityUnavailable, "raise the maximum price of the Spot request", ("SpotMaxPriceTooLow",)),
    Rule(
        AwsError,
        "ask for a higher quota (Service Quotas), or use another instance type",
        ("InstanceLimitExceeded", "InstanceQuotaExceeded", "MaxSpotInstanceCountExceeded", "VcpuLimitExceeded"),
    ),
    Rule(
        AwsError,
        "remove manual snapshots that nobody needs, or ask for a higher quota (Service Quotas); "
        "the stop is tried again by every pass",
        ("SnapshotQuotaExceeded",),
    ),
    Rule(
        NotFound,
        "it was deleted, or it is in another account or region",
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "AccountNotFound",
            "CacheClusterNotFound",
            "ClusterNotFound",
            "DBClusterNotFound",
            "DBClusterSnapshotNotFound",
            "DBInstanceNotFound",
            "DBSnapshotNotFound",
            "InvalidDocument",
            "InvalidInstanceID.NotFound",
            "NoSuchBucket",
            "NoSuchEntity",
            "NoSuchKey",
            "NotFound",
            "OrganizationalUnitNotFound",
            "ParameterNotFound",
            "ParentNotFound",
            "QueueDoesNotExist",
            "ResourceNotFound",
            "ServiceNotFound",
        ),
    ),
    Rule(
        WrongState,
        "wait until it has settled; the next pass looks again",
        (
            "IncorrectInstanceState",
            "IncorrectSpotRequestState",
            "IncorrectState",
            "InvalidCacheClusterState",
            "InvalidClusterState",
            "InvalidDBClusterState",
            "InvalidDBClusterSnapshotState",
            "InvalidDBInstanceState",
            "InvalidDBSnapshotState",
            "InvalidState",
            "ResourceInUse",
            "ScalingActivityInProgress",
            "ServiceNotActive",
        ),
    ),
    Rule(
        NotSupported,
        "the instance was not launched for hibernation; stop it instead",
        ("UnsupportedHibernationConfiguration",),
    ),
    Rule(
        NotSupported,
        "look for stop protection (disableApiStop) or deletion protection",
        ("OperationNotPermitted",),
    ),
    Rule(
        NotSupported,
        "the resource, its type or its zone cannot do this",
        ("Unsupported", "UnsupportedOperation", "OperationNotSupported"),
    ),
    Rule(
        NotSupported,
        "the account is in no Organization; name accounts instead of `organization`",
        ("AWSOrganizationsNotInUse",),
    ),
)

CLIENT_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        OutcomeUnknown,
        LOST_HINT,
        (
            "ConnectionClosedError",
            "HTTPClientError",
            "IncompleteReadError",
            "ReadTimeoutError",
            "ResponseParserError",
            "ResponseStreamingError",
        ),
    ),
    Rule(
        Unreachable,
        _NOT_SENT_HINT,
        (
            "ConnectTimeoutError",
            "ConnectionError",
            "EndpointConnectionError",
            "EndpointProviderError",
            "EndpointVariantError",
            "InvalidRegionError",
            "ProxyConnectionError",
            "SSLError",
            "UnknownEndpointError",
        ),
    ),
    Rule(Unreachable, "set --region, AWS_REGION or the profile's region", ("NoRegionError",)),
    Rule(
        CredentialsMissing,
        "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`",
        ("NoCredentialsError",),
    ),
    Rule(CredentialsMissing, "set the missing variable or line too", ("PartialCredentialsError",)),
    Rule(
        CredentialsMissing,
        _SIGN_IN_HINT,
        ("LoginError", "NoAuthTokenError", "SSOError", "TokenRetrievalError", "UnauthorizedSSOTokenError"),
    ),
    Rule(
        CredentialsMissing,
        "check the profile: its credential_process, source_profile or credential_source",
        (
            "ConfigNotFound",
            "ConfigParseError",
            "CredentialRetrievalError",
            "InvalidConfigError",
            "MetadataRetrievalError",
            "RefreshWithMFAUnsupportedError",
            "UnknownCredentialError",
        ),
    ),
    Rule(CredentialsMissing, "`aws configure list-profiles` lists the profiles there are", ("ProfileNotFound",)),
    Rule(NotSupported, "install a newer boto3", ("UnknownServiceError",)),
)
