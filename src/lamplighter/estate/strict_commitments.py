"""What moto lacks of commitments: the APIs that list reservations and Savings Plans, and those of Cost Explorer.

Reservations and plans are planted in the shape of the API that lists them, by account and region; answers of Cost
Explorer are planted whole, page by page. All of it is held against botocore's service models, as requests are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from lamplighter.estate import wire
from lamplighter.estate.answers import Answer, Refusal

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from botocore.model import Shape

    from lamplighter.estate.request import AwsRequest

COST_EXPLORER: Final = "ce"
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """An API that lists commitments.

    Attributes:
        service: botocore's name of the service.
        operation: name of the operation.
        key: member of the answer that holds the rows.
        size: parameter for the length of a page; empty if the answer has no pages.
        asks: parameter for the next page.
        more: member of the answer that says there is one.
        everywhere: whether the list is the same in every region.
    """

    service: str
    operation: str
    key: str
    size: str = "MaxRecords"
    asks: str = "Marker"
    more: str = "Marker"
    everywhere: bool = False


_OPEN_SEARCH: Final = ("MaxResults", "NextToken", "NextToken")
LISTINGS: Final = MappingProxyType(
    {
        ("ec2", "DescribeReservedInstances"): Listing("ec2", "DescribeReservedInstances", "ReservedInstances", ""),
        ("rds", "DescribeReservedDBInstances"): Listing("rds", "DescribeReservedDBInstances", "ReservedDBInstances"),
        ("elasticache", "DescribeReservedCacheNodes"): Listing(
            "elasticache", "DescribeReservedCacheNodes", "ReservedCacheNodes"
        ),
        ("es", "DescribeReservedInstances"): Listing(
            "opensearch", "DescribeReservedInstances", "ReservedInstances", *_OPEN_SEARCH
        ),
        ("redshift", "DescribeReservedNodes"): Listing("redshift", "DescribeReservedNodes", "ReservedNodes"),
        ("savingsplans", "DescribeSavingsPlans"): Listing(
            "savingsplans", "DescribeSavingsPlans", "savingsPlans", "maxResults", "nextToken", "nextToken", True
        ),
    }
)
"""By signing name and action."""


class PlantedRows(BaseModel):
    """Rows that an account's list has.

    Attributes:
        service: botocore's name of the service.
        account: 12 digits.
        region: region code; not looked at where a list is the same everywhere.
        rows: as the API lists them; times as ISO texts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: str
    account: str = Field(pattern=r"^\d{12}$")
    region: str = "us-east-1"
    rows: list[dict[str, Any]]


class PlantedCommitments(BaseModel):
    """What commitments the estate has; it takes the place of what it had.

    Attributes:
        lists: rows of reservations and Savings Plans.
        costs: answers of Cost Explorer by operation, a list of pages each; the tokens between them are made.
        page: how many rows a page of a list has where the request does not say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    lists: list[PlantedRows] = Field(default_factory=list)
    costs: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
    page: int = Field(default=_PAGE, ge=1)


@dataclass(slots=True)
class Commitments:
    """What was planted."""

    rows: dict[tuple[str, str, str], list[Mapping[str, Any]]] = field(default_factory=dict)
    costs: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    page: int = _PAGE

    def plant(self, planted: PlantedCommitments) -> Mapping[str, object]:
        """Take what is given in place of what was there; how much it is comes back.

        Raises:
            ValueError: a row or a page does not fit the model of its API.
        """
        rows: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
        for each in planted.lists:
            listing = next((one for one in LISTINGS.values() if one.service == each.service), None)
            if listing is None:
                raise ValueError(
                    f"no list of {each.service}; there are {', '.join(one.service for one in LISTINGS.values())}"
                )
            shape = wire.operation(listing.service, listing.operation).output_shape
            found = _timed(shape, {listing.key: each.rows})
            wire.check(shape, found, f"rows of {each.service}")
            rows.setdefault(_place(listing, each.account, each.region), []).extend(found[listing.key])
        for name, pages in planted.costs.items():
            shape = wire.operation(COST_EXPLORER, name).output_shape
            for page in pages:
                wire.check(shape, page, name)
        self.rows, self.costs, self.page = (
            rows,
            {name: list(pages) for name, pages in planted.costs.items()},
            planted.page,
        )
        return {"rows": sum(map(len, rows.values())), "pages": sum(map(len, self.costs.values()))}

    def answer(self, request: AwsRequest, environ: WSGIEnvironment) -> Answer | Refusal | None:
        """The answer to a request; None when it is for moto."""
        listing = LISTINGS.get((request.service, request.action))
        if listing is None and (request.service != COST_EXPLORER or not request.action.startswith("Get")):
            return None
        service = listing.service if listing else COST_EXPLORER
        try:
            asked = wire.request_of(service, request.action, wire.parts(request, environ))
        except ValueError as wrong:
            return Refusal("ValidationException", str(wrong))
        if listing is None:
            return self._cost(request.action, asked)
        return self._list(listing, request, asked)

    def _list(self, listing: Listing, request: AwsRequest, asked: Mapping[str, Any]) -> Answer | Refusal:
        if narrower := set(asked) - {listing.size, listing.asks, "DryRun"}:
            return Refusal("NotImplemented", f"the simulated AWS does not know {', '.join(sorted(narrower))} here", 501)
        rows = self.rows.get(_place(listing, request.account, request.region), [])
        if not listing.size:
            return wire.answer_of(listing.service, listing.operation, {listing.key: rows})
        first, size = int(asked.get(listing.asks) or 0), int(asked.get(listing.size) or self.page)
        more = {listing.more: str(first + size)} if first + size < len(rows) else {}
        page = {listing.key: rows[first : first + size], **more}
        return wire.answer_of(listing.service, listing.operation, page)

    def _cost(self, name: str, asked: Mapping[str, Any]) -> Answer | Refusal:
        pages = self.costs.get(name)
        if not pages:
            return Refusal("DataUnavailableException", "The requested data is unavailable.")
        token = next((one for one in ("NextPageToken", "NextToken") if one in _inputs(name)), "")
        number = int(asked.get(token) or 0)
        if number >= len(pages):
            return Refusal("InvalidNextTokenException", f"{number} is no token")
        more = {token: str(number + 1)} if number + 1 < len(pages) else {}
        return wire.answer_of(COST_EXPLORER, name, {**pages[number], **more})


def _inputs(name: str) -> Sequence[str]:
    shape = wire.operation(COST_EXPLORER, name).input_shape
    return list(shape.members) if shape else []


def _place(listing: Listing, account: str, region: str) -> tuple[str, str, str]:
    return listing.service, account, "" if listing.everywhere else region


def _timed(shape: Shape, value: Any) -> Any:
    """A planted value with its ISO texts as times where the shape has times."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {
            name: _timed(shape.members[name], part) if name in shape.members else part for name, part in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_timed(shape.member, part) for part in value]
    if shape.type_name == "timestamp" and isinstance(value, str):
        found = datetime.fromisoformat(value)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return value
