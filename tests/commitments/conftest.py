"""A session whose questions and answers go through botocore's service models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from tests.models import check_request

from lamplighter.aws.targets import Target
from lamplighter.commitments.source import Where
from lamplighter.errors import AwsError
from lamplighter.estate import wire

HERE = Target("111122223333", "eu-west-1", "shop")
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WHERE = Where(HERE.account, HERE.name, HERE.region, NOW)
START = datetime(2026, 3, 1, tzinfo=UTC)
YEAR_SECONDS = 31_536_000
OPERATIONS = {
    xform_name(name): name
    for name in (
        "DescribeReservedInstances",
        "DescribeReservedDBInstances",
        "DescribeReservedCacheNodes",
        "DescribeReservedNodes",
        "DescribeReservedElasticsearchInstances",
        "DescribeSavingsPlans",
    )
}


class Answers:
    """Answers by (service, operation): whole answers, a page each; an error in their midst is raised there."""

    def __init__(
        self, answers: Mapping[tuple[str, str], Sequence[Mapping[str, Any] | AwsError]], target: Target = HERE
    ) -> None:
        self._answers = answers
        self._target = target
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []

    @property
    def target(self) -> Target:
        return self._target

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        raise NotImplementedError

    def pages(self, service: str, operation: str, key: str, **params: Any) -> Iterator[Any]:
        name = OPERATIONS[operation]
        check_request(service, operation, params)
        self.asked.append((service, operation, params))
        for page in self._answers.get((service, operation), ()):
            if isinstance(page, AwsError):
                raise page
            yield from wire.parsed(service, name, page)[key]


def one(source: Any, service: str, operation: str, key: str, row: Mapping[str, Any]) -> Any:
    """What a source makes of one row, after botocore has parsed it."""
    session = Answers({(service, operation): [{key: [row]}]})
    [found] = list(source.rows(session))
    return source.held(found, WHERE)
