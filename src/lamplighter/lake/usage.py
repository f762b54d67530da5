"""Usage samples: how many instances, nodes or units were in use in an hour, by everything a commitment could ask about.

Samples of one month stand in `<lake>/usage/billing_period=YYYY-MM/*.parquet`, charges in the same lake beside them.
What was looked at stands there too (`Look`): an hour without samples is zero only if somebody looked and found none.
`lamplighter.lake.usage_files` writes both; the views `usage` and `usage_looks` have each hour once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lamplighter.lake.columns import NUMBER, TEXT, TIME, Column

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
    """Usage of one hour (or day) of what is alike: in one `Look`, no two samples are alike in all but the numbers.

    Attributes:
        time: beginning of the hour or day, aware, UTC.
        hours: 1, or 24 for what is collected daily.
        account: 12-digit id.
        account_name: its name, or the id again.
        region: region code.
        service: `ec2`, `rds`, `elasticache`, `dynamodb`, `opensearch`, `redshift`: names of `Attributes.service`.
        resource_type: instance type, DB class, node type; for DynamoDB `read` or `write`.
        platform: operating system (`Linux`, `Windows`, ... as the price book spells them) or engine, with its licence
            where one is paid for or brought (`oracle-se2(byol)`); empty if none.
        deployment: EC2 tenancy (`default`, `dedicated`, `host`) or RDS deployment (`single-az`, `multi-az`, ...).
        zone: Availability Zone; empty where there is none, and of RDS Multi-AZ.
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
        hours: 1, or 24 for what is collected daily.
    """

    time: datetime
    account: str
    account_name: str
    region: str
    service: str
    source: Source | None
    reason: str = ""
    hours: int = 1


RANK: Final = (Source.COLLECTED, Source.LEDGER, None)
"""Which look at the same hour stands: the first of these, and among equals the one that was written first."""

COUNT: Final = "INTEGER"
_WHERE: Final = (
    Column("time", TIME, "beginning of the hour or day", "always"),
    Column("hours", COUNT, "1, or 24 for what is collected daily", "always"),
    Column("account_id", TEXT, "12 digits", "always"),
    Column("account_name", TEXT, "its name, or the id again", "always"),
    Column("region", TEXT, "region code", "always"),
    Column("service", TEXT, "ec2, rds, elasticache, dynamodb, opensearch or redshift", "always"),
)
SAMPLE_COLUMNS: Final = (
    *_WHERE,
    Column("resource_type", TEXT, "instance type, DB class, node type; of DynamoDB read or write", "always"),
    Column("platform", TEXT, "operating system or engine; empty if none", "always"),
    Column("deployment", TEXT, "EC2 tenancy or RDS deployment; empty if none", "always"),
    Column("zone", TEXT, "Availability Zone; empty if none", "always"),
    Column("schedule", TEXT, "value of the schedule tag; empty if none", "always"),
    Column("quantity", NUMBER, "how many ran, Spot included; average over the hour if filled", "always"),
    Column("x_spot", NUMBER, "how many of them on Spot", "always"),
    Column("x_scheduled_off", NUMBER, "how many more stood still because a schedule had put them out", "always"),
    Column("x_covered", NUMBER, "how many of them a commitment covered; NULL if that is not known"),
    Column("source", TEXT, "collected or ledger", "always"),
    Column("run", TEXT, "id of the look, the same in usage_looks_written", "always"),
)
"""Columns of the files of `usage`, in order."""
LOOK_COLUMNS: Final = (
    *_WHERE,
    Column("source", TEXT, "collected or ledger; NULL if the hour is not known"),
    Column("reason", TEXT, "why it is not known; else empty", "always"),
    Column("run", TEXT, "id of the look; in order of writing", "always"),
)
"""Columns of the files of `usage_looks`, in order."""
