from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.pricing.money import Money
from lamplighter.pricing.price import Price
from lamplighter.pricing.specs import InstanceType
from lamplighter.pricing.windows import windows_estimate

LINUX = Price(Money(Decimal("0.17"), "USD"), "Hrs", date(2025, 4, 4), "somewhere")
C5_XLARGE = InstanceType(
    name="c5.xlarge",
    vcpu=4,
    memory_mib=8192,
    architectures=("x86_64",),
    hypervisor="nitro",
    bare_metal=False,
    hibernation=True,
    burstable=False,
    instance_storage=False,
    previous_generation=False,
)


def test_the_estimate_says_how_it_came_about() -> None:
    windows = windows_estimate(LINUX, C5_XLARGE)
    assert windows == Price(
        rate=Money(Decimal("0.354"), "USD"),
        unit="Hrs",
        as_of=date(2025, 4, 4),
        source="somewhere, plus 0.046 USD x 4 vCPU for Windows",
        estimated=True,
    )


@given(st.integers(min_value=1, max_value=896), st.booleans())
def test_the_licence_grows_with_the_vcpus_on_metal_too(vcpu: int, bare_metal: bool) -> None:
    windows = windows_estimate(LINUX, replace(C5_XLARGE, vcpu=vcpu, bare_metal=bare_metal))
    assert windows is not None
    assert windows.rate - LINUX.rate == Money(Decimal("0.046"), "USD") * vcpu


@pytest.mark.parametrize(
    "kind",
    [
        None,
        replace(C5_XLARGE, burstable=True),
        replace(C5_XLARGE, previous_generation=True),
        replace(C5_XLARGE, architectures=("arm64",)),
        replace(C5_XLARGE, architectures=("x86_64_mac",)),
    ],
)
def test_where_the_rule_is_not_known_to_hold_the_price_is_unknown(kind: InstanceType | None) -> None:
    assert windows_estimate(LINUX, kind) is None


def test_the_licence_is_known_in_dollars_by_the_hour_only() -> None:
    assert windows_estimate(replace(LINUX, rate=Money(Decimal("1.1"), "CNY")), C5_XLARGE) is None
    assert windows_estimate(replace(LINUX, unit="Mo"), C5_XLARGE) is None
