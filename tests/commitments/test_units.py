from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.commitments.units import (
    is_size_flexible,
    memorydb_units,
    normalization_factor,
    rds_is_size_flexible,
    rds_units,
)


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


@pytest.mark.parametrize(
    ("engine", "licence", "expected"),
    [
        ("mysql", "", True),
        ("mariadb", "", True),
        ("postgres", "", True),
        ("aurora-postgresql", "", True),
        ("oracle-ee", "byol", True),
        ("oracle-se2", "li", False),
        ("db2-se", "byol", True),
        ("sqlserver-ee", "li", False),
        ("sqlserver-web", "", False),
    ],
)
def test_which_reserved_databases_are_flexible(engine: str, licence: str, expected: bool) -> None:
    assert rds_is_size_flexible(engine, licence) is expected


@pytest.mark.parametrize(
    ("deployment", "units"), [("single-az", "8"), ("multi-az", "16"), ("multi-az-cluster", "24"), ("", "8")]
)
def test_standbys_count(deployment: str, units: str) -> None:
    assert rds_units("db.m5.xlarge", deployment) == Decimal(units)
    assert rds_units("db.m5.odd", deployment) is None


def test_valkey_counts_less_in_memorydb() -> None:
    assert memorydb_units("db.r6g.xlarge", "redis") == 8
    assert memorydb_units("db.r6g.xlarge", "valkey") == Decimal("5.6")
    assert memorydb_units("db.r6g.odd", "valkey") is None
