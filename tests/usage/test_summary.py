from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.lake.known import SHOP, look, sample

from lamplighter.lake.ledger import Ledger
from lamplighter.lake.usage import Source
from lamplighter.lake.usage_files import write_usage
from lamplighter.usage.registry import collectors
from lamplighter.usage.summary import counted, summaries

HOUR = timedelta(hours=1)
TEN = datetime(2026, 10, 5, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Four hours of EC2 (the second failed, nothing ran in the last), a day of OpenSearch, another month."""
    lake = tmp_path_factory.mktemp("lake")
    elsewhere: dict[str, Any] = {"account": "777788889999", "account_name": "data", "region": "eu-west-1"}
    nodes: dict[str, Any] = {"service": "opensearch", "hours": 24}
    samples = [
        sample(TEN, "4"),
        sample(TEN, "2", schedule="", spot=Decimal(1)),
        sample(TEN, "1", platform="Windows", zone="us-east-1b"),
        sample(TEN + 2 * HOUR, "3", scheduled_off=Decimal(6), covered=Decimal(1), source=Source.LEDGER),
        sample(TEN, "5", **elsewhere),
        sample(TEN.replace(hour=0), "3", resource_type="m4.large.search", platform="", **nodes),
        sample(TEN.replace(month=11), "9"),
    ]
    looks = [look(TEN + number * HOUR) for number in (0, 2, 3)] + [look(TEN + HOUR, None, "no")]
    looks += [look(TEN, **elsewhere), look(TEN.replace(hour=0), **nodes), look(TEN.replace(month=11))]
    write_usage(lake, samples, looks, at=TEN)
    with Ledger.open(lake) as opened:
        yield opened


def numbers(*counts: int) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, counts))


def test_usage_by_key_is_that_of_the_hours_that_are_known(ledger: Ledger) -> None:
    third = Decimal(1) / 3
    found = summaries(ledger, collectors(), periods=["2026-10"], accounts=["shop"])
    assert [(one.key, one.value, one.hours, one.least, one.mean, one.most) for one in found] == [
        ("ec2", "m5.large:us-east-1a", 3, *numbers(0, 3, 6)),
        ("ec2", "m5.large:us-east-1b", 3, Decimal(0), third, Decimal(1)),
        ("ec2os", "linux-m5.large", 3, *numbers(0, 3, 6)),
        ("ec2os", "windows-m5.large", 3, Decimal(0), third, Decimal(1)),
        ("es", "m4.large.elasticsearch", 24, *numbers(3, 3, 3)),
    ]
    assert (found[0].spot, found[0].scheduled_off) == (third, Decimal(2))


def test_usage_by_the_hour_adds_up_what_has_the_same_value(ledger: Ledger) -> None:
    found = counted(ledger, collectors(), keys=["ec2os"], periods=["2026-10"], accounts=[SHOP])
    assert [(one.value, one.time, int(one.quantity), int(one.spot), one.covered, one.source) for one in found] == [
        ("linux-m5.large", TEN, 6, 1, None, Source.COLLECTED),
        ("linux-m5.large", TEN + 2 * HOUR, 3, 0, Decimal(1), Source.LEDGER),
        ("windows-m5.large", TEN, 1, 0, None, Source.COLLECTED),
    ]


@pytest.mark.parametrize(
    ("chosen", "values"),
    [
        ({"keys": ["es"]}, ["m4.large.elasticsearch"]),
        ({"keys": ["ec2os"], "periods": ["2026-11"]}, ["linux-m5.large"]),
        ({"keys": ["ec2"], "regions": ["eu-west-1"]}, ["m5.large:us-east-1a"]),
        ({"keys": ["ec2os"], "accounts": ["data", "none"]}, ["linux-m5.large"]),
        ({"keys": ["rds"]}, []),
        ({"periods": ["2026-12"]}, []),
        ({"keys": ["nothing"]}, []),
    ],
)
def test_usage_can_be_narrowed_down(ledger: Ledger, chosen: dict[str, Any], values: list[str]) -> None:
    assert [one.value for one in summaries(ledger, collectors(), **chosen)] == values
