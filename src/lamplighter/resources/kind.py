"""What a kind of resource is: how it is found, started, stopped and priced."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Protocol

from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, AwsError, NotFound, NotSupported, Throttled
from lamplighter.pricing.price import PriceKey
from lamplighter.resources.metrics import Metric
from lamplighter.resources.stop_options import PLAIN_STOP, StopOptions
from lamplighter.schedules.decision import Live


class Session(Protocol):
    """Calls to AWS in one account and region (see `lamplighter.aws.access.TargetSession`)."""

    @property
    def target(self) -> Target:
        """The account and region."""

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        """One call; raises AwsError."""

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        """The items under `key` of every page; raises AwsError, never ends early."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource as it is now.

    Attributes:
        kind: name of its kind, for example `ec2-instance`.
        id: its id, unique within kind, account and region.
        arn: its ARN.
        account: 12-digit account id.
        region: region code.
        name: what people call it: the Name tag, else the id.
        tags: its tags.
        schedule: value of the schedule tag, or None.
        live: its state over all kinds.
        state: AWS's own word for the state.
        instance_type: type or class, empty if it has none.
        prices: what is paid for each hour lit, one key for every instance in it; empty if unknown.
        can_hibernate: whether it is set up to hibernate.
        unsupported: why it cannot be scheduled by itself, or None.
        size: what is set to nothing by a stop and must be remembered to be put back, for example
            {"min": "1", "desired": "2", "max": "4"}; empty for kinds that AWS itself remembers.
        restore: what was remembered when it was last stopped by us; empty if nothing was.
        types: instance types to start it with, the most wanted first; empty to leave its type as it is.
        traits: what a type must fit to be that of this resource, in the words of its kind, for example
            {"architecture": "x86_64"}; empty for kinds whose type is not changed.
        lit_since: aware datetime since which it is lit, where AWS tells.
        restarts_at: aware datetime at which AWS starts it again by itself, where it does.
        window: its own weekly maintenance window as AWS writes it, `ddd:hh:mm-ddd:hh:mm` in UTC; empty without one.
    """

    kind: str
    id: str
    arn: str
    account: str
    region: str
    name: str
    tags: Mapping[str, str] = field(hash=False)
    schedule: str | None
    live: Live
    state: str
    instance_type: str = ""
    prices: tuple[PriceKey, ...] = ()
    can_hibernate: bool = False
    unsupported: str | None = None
    size: Mapping[str, str] = field(default_factory=dict, hash=False)
    restore: Mapping[str, str] = field(default_factory=dict, hash=False)
    types: tuple[str, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict, hash=False)
    lit_since: datetime | None = None
    restarts_at: datetime | None = None
    window: str = ""

    @property
    def key(self) -> str:
        """`kind/id`: unique within a target."""
        return f"{self.kind}/{self.id}"

    @property
    def names(self) -> tuple[str, ...]:
        """Everything people may call it by: id, ARN, name."""
        return (self.id, self.arn, self.name)


@dataclass(frozen=True, slots=True)
class Permissions:
    """IAM actions that a kind calls, by what they are needed for.

    Attributes:
        discover: to find resources.
        start: to start them.
        stop: to stop them.
        health: beside those of `discover`, to tell whether they are healthy; empty if those are enough.
        snapshot: beside those of `stop`, for a snapshot before it; empty if the kind takes none.
        tag: to write tags, where the file asks for some; empty if the kind cannot.
        resize: to check and change the type of what is to be started with another; empty for a kind that never does.
        cost: to tell what goes on being paid while they are out; only estimates ask.
        measure: to tell whether they are in use, where a schedule asks for it; empty if the kind has no `metrics`.
    """

    discover: tuple[str, ...]
    start: tuple[str, ...]
    stop: tuple[str, ...]
    health: tuple[str, ...] = ()
    snapshot: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    resize: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()
    measure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Something that is paid for whether its resource is lit or out.

    Attributes:
        key: what it is, as the price book spells it; its unit (GB-month, hour, ...) is that of the price.
        quantity: how many units at once: GB, IOPS, GiB/s, addresses; above zero.
    """

    key: PriceKey
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Search:
    """Which resources to find; conditions add up.

    Attributes:
        tag: key of the schedule tag.
        schedules: only with one of these values of the schedule tag; None for any value.
        ids: only these ids, tagged or not; None for all that are tagged.
    """

    tag: str
    schedules: frozenset[str] | None = None
    ids: frozenset[str] | None = None

    def wants(self, resource_id: str, tags: Mapping[str, str]) -> bool:
        """Whether a resource with this id and these tags is meant; for kinds AWS cannot filter."""
        if self.ids is not None:
            return resource_id in self.ids
        value = tags.get(self.tag)
        return value is not None and (self.schedules is None or value in self.schedules)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one resource in a call.

    Attributes:
        id: the resource's id.
        error: why it failed, or None.
        note: what else is worth saying, for example that it was stopped because it could not hibernate.
        waiting: what a later pass must wait for before the action can be done, as a clause; nothing was started or
            stopped yet. Empty if the action was done or failed.
        now: the resource with the type and prices it has now, if the call changed them.
    """

    id: str
    error: AwsError | None = None
    note: str = ""
    waiting: str = ""
    now: Resource | None = None


class Kind(ABC):
    """One kind of resource. Members of the family are found by themselves, see `registry`.

    Attributes:
        name: stable name, used in state, journal and output.
        title: name for people.
        why: what is saved by putting it out, and what goes on being paid.
        source: where AWS documents its start and stop.
        permissions: IAM actions it calls.
        may_start_from: AWS's words for the states in which a start is sent.
        may_stop_from: the same for a stop.
        batch: how many resources one call takes.
        since: version of Lamplighter that brought it.
        metrics: CloudWatch metrics that tell whether a resource is in use; empty if there are none.
        restarts_after: how long after a stop AWS starts it again by itself; None if it does not.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    why: ClassVar[str]
    source: ClassVar[str]
    permissions: ClassVar[Permissions]
    may_start_from: ClassVar[frozenset[str]]
    may_stop_from: ClassVar[frozenset[str]]
    batch: ClassVar[int]
    since: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]] = ()
    restarts_after: ClassVar[timedelta | None] = None

    @abstractmethod
    def discover(self, session: Session, search: Search) -> Iterator[Resource]:
        """Find resources in the session's account and region.

        Raises:
            AwsError: a call failed; what was yielded before is not the whole.
        """

    @abstractmethod
    def start(self, session: Session, resources: Sequence[Resource]) -> list[Result]:
        """Start them, at most `batch`, with the first of their `types` that can be had; one result for each."""

    @abstractmethod
    def stop(self, session: Session, resources: Sequence[Resource], how: StopOptions = PLAIN_STOP, /) -> list[Result]:
        """Stop (or hibernate) them, at most `batch`; one result for each, failures isolated."""

    def healthy(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, bool | None]:  # noqa: ARG002 - most kinds see it in the state
        """Whether what comes after them may start: they are lit, and nothing is left to come.

        Args:
            session: calls in their account and region.
            resources: any number of this kind, as they were just found.

        Returns:
            True, False, or None where AWS does not know, by id.

        Raises:
            AwsError: AWS could not be asked.
        """
        return {each.id: each.live is Live.RUNNING and each.state in self.may_stop_from for each in resources}

    def standing(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, tuple[Standing, ...] | None]:  # noqa: ARG002 - a kind that does not know asks nobody
        """What goes on being paid while they are out, as they are now; only estimates ask.

        Args:
            session: calls in their account and region.
            resources: of this kind, any number.

        Returns:
            By id of each resource: empty if nothing goes on, None if it is not known.

        Raises:
            AwsError: a call failed.
        """
        return {resource.id: None for resource in resources}

    def tag(self, session: Session, resources: Sequence[Resource], tags: Mapping[str, str]) -> list[Result]:
        """Write these tags on any number of resources; one result for each, failures isolated.

        By ARN through the Resource Groups Tagging API, which also wants the service's own action. A kind whose service
        does it better says so (`lamplighter.resources.tag_calls`).
        """
        return _by_arn(session, "tag_resources", resources, Tags=dict(tags))

    def untag(self, session: Session, resources: Sequence[Resource], keys: Sequence[str]) -> list[Result]:
        """Take the tags with these keys away, as `tag` writes them; one that is not there is no failure."""
        return _by_arn(session, "untag_resources", resources, TagKeys=list(keys))

    def unfit(self, session: Session, resources: Sequence[Resource]) -> Mapping[str, Mapping[str, str]]:  # noqa: ARG002 - for kinds whose type can be changed
        """Which of the `types` of each resource it cannot be started with, and why: id -> type -> one clause.

        Asked before anything is done. The type a resource has is never among them.

        Raises:
            AwsError: it cannot be found out.
        """
        return {resource.id: {} for resource in resources}


_ARNS_AT_ONCE = 20
"""ARNs that one call takes (Resource Groups Tagging API reference, "TagResources")."""

_REFUSALS = {400: NotSupported, 403: AccessDenied, 404: NotFound, 429: Throttled}


def _by_arn(session: Session, operation: str, resources: Sequence[Resource], **params: Any) -> list[Result]:
    results: list[Result] = []
    for first in range(0, len(resources), _ARNS_AT_ONCE):
        part = resources[first : first + _ARNS_AT_ONCE]
        try:
            answer = session.call(
                "resourcegroupstaggingapi", operation, ResourceARNList=[each.arn for each in part], **params
            )
        except AwsError as error:
            results += [Result(each.id, error) for each in part]
        else:
            refused = answer.get("FailedResourcesMap") or {}
            results += [Result(each.id, _refusal(refused.get(each.arn), session.target.key)) for each in part]
    return results


def _refusal(refused: Mapping[str, Any] | None, target: str) -> AwsError | None:
    """The error of the tree for what the tagging API says of one ARN; its HTTP status is all there is to go by."""
    if refused is None:
        return None
    code, said = str(refused.get("ErrorCode", "")), " ".join(str(refused.get("ErrorMessage", "")).split())
    error = _REFUSALS.get(int(refused.get("StatusCode") or 0), AwsError)
    return error(": ".join(part for part in (target, "tagging", code, said) if part), code=code, target=target)


def nothing_stands(
    kind: Kind,  # noqa: ARG001 - a method of kinds that keep nothing
    session: Session,  # noqa: ARG001
    resources: Sequence[Resource],
) -> Mapping[str, tuple[Standing, ...] | None]:
    """`Kind.standing` of kinds whose resources, once out, cost nothing of their own."""
    return {resource.id: () for resource in resources}


_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """The part of AWS that a region belongs to, as it begins ARNs: `aws`, `aws-cn`, `aws-us-gov`, ...

    Source: AWS General Reference, "Amazon Resource Names"; prefixes of the regions in botocore's `endpoints.json`.
    """
    return next((name for prefix, name in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def tags_of(pairs: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of Key/Value pairs as a mapping."""
    return {pair["Key"]: pair.get("Value", "") for pair in pairs or ()}
