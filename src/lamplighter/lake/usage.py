"""Usage samples: how many instances, nodes or units were in use in an hour, by everything a commitment could ask about.

Samples of one month stand in `<lake>/usage/billing_period=YYYY-MM/*.parquet`, charges in the same lake beside them.
What was looked at stands there too (`Look`): an hour without samples is zero only if somebody looked and found none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

USAGE: Final = "usage"
LOOKS: Final = "usage_looks"


class Source(StrEnum):
    """How an hour came to be known."""

    COLLECTED = "collected"
    """Asked of AWS within the hour."""
    LEDGER = "ledger"
    """Filled afterwards from the charges of the hour."""


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Usage of one hour (or day) of what is alike.

    Attributes:
        time: beginning of the hour or day, aware, UTC.
        hours: 1, or 24 for what is collected daily.
        account: 12-digit id.
        account_name: its name, or the id again.
        region: region code.
        service: `ec2`, `rds`, `elasticache`, `dynamodb`, `opensearch`, `redshift`: names of `Attributes.service`.
        resource_type: instance type, DB class, node type; for DynamoDB `read` or `write`.
        platform: operating system (`Linux`, `Windows`, ... as the price book spells them) or engine; empty if none.
        deployment: EC2 tenancy (`default`, `dedicated`, `host`) or RDS deployment (`single-az`, `multi-az`, ...).
        zone: Availability Zone; empty where there is none.
        schedule: value of the schedule tag; empty if none.
        quantity: how many ran (instances, nodes, capacity units), Spot included; average over the hour if filled.
        spot: how many of them on Spot; nobody commits to those.
        scheduled_off: how many more stood still because a schedule had put them out; not part of `quantity`.
        covered: how many of `quantity` a commitment covered; None if that is not known (only bills tell).
        source: how the hour came to be known.
    """

    time: datetime
    hours: int
    account: str
    account_name: str
    region: str
    service: str
    resource_type: str
    platform: str
    deployment: str
    zone: str
    schedule: str
    quantity: Decimal
    spot: Decimal = Decimal(0)
    scheduled_off: Decimal = Decimal(0)
    covered: Decimal | None = None
    source: Source = Source.COLLECTED


@dataclass(frozen=True, slots=True)
class Look:
    """What came of looking for the usage of a service in a target in one hour (or day).

    Attributes:
        time: beginning of the hour or day, aware, UTC.
        account: 12-digit id.
        account_name: its name, or the id again.
        region: region code.
        service: see `UsageSample.service`.
        source: how the hour came to be known; None when it is not known, with the reason.
        reason: why it is not known; empty otherwise.
    """

    time: datetime
    account: str
    account_name: str
    region: str
    service: str
    source: Source | None
    reason: str = ""
