from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.commitments.units import is_size_flexible, normalization_factor


@pytest.mark.parametrize(
    ("instance_type", "factor"),
    [
        ("t3.nano", "0.25"),
        ("m5.large", "4"),
        ("m5.24xlarge", "192"),
        ("u-24tb1.112xlarge", "896"),
        ("c5n.metal", "144"),
        ("i3.metal", "128"),
        ("m7i.metal-24xl", "192"),
        ("db.r5.2xlarge", "16"),
    ],
)
def test_normalization_factors(instance_type: str, factor: str) -> None:
    assert normalization_factor(instance_type) == Decimal(factor)


@pytest.mark.parametrize("instance_type", ["x9.metal", "dc2.huge", "nonsense"])
def test_a_size_without_a_factor_has_none(instance_type: str) -> None:
    assert normalization_factor(instance_type) is None


def test_which_reservations_are_size_flexible() -> None:
    assert is_size_flexible("m5", "Linux", "default")
    assert not is_size_flexible("m5", "Windows", "default")
    assert not is_size_flexible("m5", "Linux", "dedicated")
    assert not is_size_flexible("g4dn", "Linux", "default")
