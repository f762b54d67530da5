from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lamplighter.pricing.money import Money
from lamplighter.pricing.price import Price, PriceKey, ebs_key, ec2_key, rds_key


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("Linux/UNIX", "Linux"),
        ("linux", "Linux"),
        ("Windows", "Windows"),
        ("windows", "Windows"),
        ("Red Hat Enterprise Linux", "RHEL"),
        ("SUSE Linux", "SUSE"),
        ("Windows with SQL Server Standard", "Windows with SQL Server Standard"),
    ],
)
def test_operating_systems_take_the_price_lists_word(given: str, spelled: str) -> None:
    assert ec2_key("us-east-1", "m5.large", given) == PriceKey("ec2", "us-east-1", "m5.large", operating_system=spelled)


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("PostgreSQL", "postgres"),
        ("postgres", "postgres"),
        ("MySQL", "mysql"),
        ("MariaDB", "mariadb"),
        ("Aurora MySQL", "aurora-mysql"),
        ("aurora", "aurora-mysql"),
        ("aurora-postgresql", "aurora-postgresql"),
        ("Aurora PostgreSQL", "aurora-postgresql"),
        ("oracle-ee", "oracle-ee"),
    ],
)
def test_engines_take_the_apis_word(given: str, spelled: str) -> None:
    key = rds_key("us-east-1", "db.m5.large", given)
    assert key == PriceKey("rds", "us-east-1", "db.m5.large", engine=spelled, deployment="single-az")


def test_an_aurora_instance_is_charged_by_itself_whatever_its_cluster_spans() -> None:
    assert rds_key("us-east-1", "db.r5.large", "aurora-mysql", "multi-az").deployment == "single-az"
    assert rds_key("us-east-1", "db.r5.large", "mysql", "multi-az").deployment == "multi-az"


def test_a_key_reads_well() -> None:
    assert (
        str(rds_key("eu-west-1", "db.m5.large", "mysql", "multi-az")) == "rds db.m5.large mysql multi-az in eu-west-1"
    )
    assert str(ebs_key("eu-west-1", "gp3")) == "ebs gp3 in eu-west-1"


@pytest.mark.parametrize("amount", ["0", "0.000", "-0.1"])
def test_a_price_is_never_zero_or_less(amount: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Price(Money(Decimal(amount), "USD"), "Hrs", date(2026, 1, 1), "test")


@pytest.mark.parametrize(("unit", "source"), [("", "test"), ("Hrs", "")])
def test_a_price_names_its_unit_and_source(unit: str, source: str) -> None:
    with pytest.raises(ValueError, match="names its unit"):
        Price(Money(Decimal(1), "USD"), unit, date(2026, 1, 1), source)
