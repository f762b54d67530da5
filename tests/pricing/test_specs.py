from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lamplighter.errors import PriceBookError
from lamplighter.pricing.archive import Archive, write_archive
from lamplighter.pricing.money import Money
from lamplighter.pricing.price import Price, ec2_key
from lamplighter.pricing.specs import TABLE, InstanceType, find_type, type_table

PRICES = {ec2_key("us-east-1", "m5.large"): Price(Money(Decimal("0.096"), "USD"), "Hrs", date(2026, 1, 1), "test")}


def test_m5_large_as_aws_describes_it() -> None:
    assert find_type("m5.large") == InstanceType(
        name="m5.large",
        vcpu=2,
        memory_mib=8192,
        architectures=("x86_64",),
        hypervisor="nitro",
        bare_metal=False,
        hibernation=True,
        burstable=False,
        instance_storage=False,
        previous_generation=False,
    )


def test_what_a_resize_must_notice() -> None:
    graviton, burstable, old, disks, metal = map(
        find_type, ("m6g.large", "t3.medium", "c1.medium", "i4i.large", "m5.metal")
    )
    assert graviton is not None
    assert graviton.architectures == ("arm64",)
    assert burstable is not None
    assert burstable.burstable
    assert old is not None
    assert (old.architectures, old.hypervisor, old.previous_generation) == (("i386", "x86_64"), "xen", True)
    assert disks is not None
    assert disks.instance_storage
    assert metal is not None
    assert (metal.bare_metal, metal.hypervisor, metal.vcpu) == (True, "", 96)


@pytest.mark.parametrize("name", ["m5.huge", "", "M5.LARGE", "db.m5.large"])
def test_an_unknown_type_is_none(name: str) -> None:
    assert find_type(name) is None


def test_a_table_comes_back_as_it_went_in() -> None:
    kinds = [kind for name in ("t3.medium", "c1.medium", "m5.metal", "m6g.large") if (kind := find_type(name))]
    archive = Archive(write_archive(PRICES, {"test": "MIT"}, {TABLE: type_table(kinds)}))
    assert [find_type(kind.name, archive) for kind in kinds] == kinds


@pytest.mark.parametrize(("column", "text"), [(1, "two"), (5, "True")])
def test_a_damaged_table_is_an_error_and_not_unknown(column: int, text: str) -> None:
    kind = find_type("m5.large")
    assert kind is not None
    header, row = type_table([kind])
    damaged = (*row[:column], text, *row[column + 1 :])
    archive = Archive(write_archive(PRICES, {"test": "MIT"}, {TABLE: [header, damaged]}))
    with pytest.raises(PriceBookError, match=r"damaged: instance type m5.large"):
        find_type("m5.large", archive)
    with pytest.raises(PriceBookError, match="ec2_instance_types"):
        find_type("m5.large", Archive(write_archive(PRICES, {"test": "MIT"}, {})))
