"""What collectors see and what bills say of the same is the same: held against the meters of the bill generator."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.commitments.matching import FITS
from lamplighter.estate.bill.meters import Meter, hourly, spot
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import MULTI_AZ, PriceKey, ec2_key, rds_key
from lamplighter.usage.collector import Charged, Seen
from lamplighter.usage.registry import collectors

REGION = "eu-west-1"
EC2 = [ec2_key(REGION, "m5.large", system) for system in ("Linux", "Windows")]
RDS = [
    rds_key(REGION, "db.r5.large", engine, deployment)
    for engine, deployment in [("mysql", MULTI_AZ), ("postgres", "single-az"), ("mariadb", "single-az")]
]
RDS += [rds_key(REGION, "db.r5.large", engine) for engine in ("aurora-mysql", "aurora-postgresql")]


def metered(key: PriceKey) -> Meter:
    made = hourly(key, PriceBook.bundled(), resource="r", account="111122223333", zone=f"{REGION}a", tags={})
    assert made is not None, key
    return made


def read(meter: Meter, service: str) -> Seen:
    words = (meter.usage_type, meter.operation, meter.instance_type, meter.system, meter.zone, "office")
    charged = Charged(*words, quantity=Decimal(1), covered=Decimal(0))
    found = collectors()[service].read(charged)
    assert found is not None, meter.usage_type
    return found


@pytest.mark.parametrize("key", [*EC2, *RDS], ids=str)
def test_a_meter_is_read_as_what_it_was_made_of(key: PriceKey) -> None:
    meter = metered(key)
    found = read(meter, key.service)
    assert found.resource_type == key.resource_type
    assert found.platform == (key.operating_system or key.engine)
    assert found.deployment == (key.deployment or "default")
    fit = FITS[key.service](REGION, found.resource_type, found.platform, found.deployment)
    assert meter.attributes is not None
    assert (fit.attributes.service, fit.attributes.family) == (meter.attributes.service, meter.attributes.family)
    assert collectors()[key.service].product == meter.service


def test_spot_is_read_as_spot() -> None:
    for key in EC2:
        found = read(spot(metered(key)), "ec2")
        assert (found.platform, int(found.quantity), int(found.spot)) == (key.operating_system, 1, 1)
