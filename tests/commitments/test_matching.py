from __future__ import annotations

from decimal import Decimal

import pytest

from lamplighter.commitments.apply import apply
from lamplighter.commitments.matching import (
    FITS,
    Fit,
    dynamodb_fit,
    ec2_fit,
    opensearch_fit,
    plain_search_type,
    rds_fit,
)
from lamplighter.commitments.model import Attributes, Reservation, Use

REGION = "eu-west-1"


@pytest.mark.parametrize(
    ("service", "resource_type", "platform", "deployment", "expected"),
    [
        ("ec2", "m5.large", "Linux", "default", Fit(Attributes("ec2", REGION, "m5", "Linux"), "large", Decimal(4))),
        ("ec2", "m5.large", "Linux/UNIX", "", Fit(Attributes("ec2", REGION, "m5", "Linux"), "large", Decimal(4))),
        ("ec2", "m5.large", "Windows", "default", Fit(Attributes("ec2", REGION, "m5", "Windows"), "large")),
        (
            "ec2",
            "m5.large",
            "Linux",
            "dedicated",
            Fit(Attributes("ec2", REGION, "m5", "Linux", "dedicated"), "large"),
        ),
        ("ec2", "g5.xlarge", "Linux", "default", Fit(Attributes("ec2", REGION, "g5", "Linux"), "xlarge")),
        (
            "rds",
            "db.r5.large",
            "postgres",
            "multi-az",
            Fit(Attributes("rds", REGION, "db.r5", "postgres"), "large", Decimal(8)),
        ),
        (
            "rds",
            "db.r5.large",
            "mysql",
            "multi-az-cluster",
            Fit(Attributes("rds", REGION, "db.r5", "mysql"), "large", Decimal(12)),
        ),
        (
            "rds",
            "db.r5.xlarge",
            "aurora-mysql",
            "multi-az",
            Fit(Attributes("rds", REGION, "db.r5", "aurora-mysql"), "xlarge", Decimal(8)),
        ),
        (
            "rds",
            "db.r5.large",
            "sqlserver-se(li)",
            "multi-az",
            Fit(Attributes("rds", REGION, "db.r5", "sqlserver-se", "multi-az"), "large"),
        ),
        (
            "rds",
            "db.r5.large",
            "oracle-se2 (li)",
            "single-az",
            Fit(Attributes("rds", REGION, "db.r5", "oracle-se2(li)", "single-az"), "large"),
        ),
        (
            "rds",
            "db.r5.large",
            "oracle-se2(byol)",
            "single-az",
            Fit(Attributes("rds", REGION, "db.r5", "oracle-se2(byol)"), "large", Decimal(4)),
        ),
        (
            "elasticache",
            "cache.r6g.xlarge",
            "valkey",
            "",
            Fit(Attributes("elasticache", REGION, "cache.r6g", "valkey"), "xlarge", Decimal(8)),
        ),
        (
            "memorydb",
            "db.r6g.large",
            "valkey",
            "",
            Fit(Attributes("memorydb", REGION, "db.r6g"), "large", Decimal("2.8")),
        ),
        ("opensearch", "m5.large.search", "", "", Fit(Attributes("opensearch", REGION, "m5"), "large")),
        ("redshift", "dc2.8xlarge", "", "", Fit(Attributes("redshift", REGION, "dc2"), "8xlarge")),
        ("dynamodb", "read", "", "", Fit(Attributes("dynamodb", REGION, "read"), "read")),
        ("dynamodb", "read", "standard-ia", "", Fit(Attributes("dynamodb", REGION, "read", "standard-ia"), "read")),
        ("dynamodb", "write", "", "global", Fit(Attributes("dynamodb", REGION, "write", "", "global"), "write")),
    ],
)
def test_where_usage_and_reservations_stand(
    service: str, resource_type: str, platform: str, deployment: str, expected: Fit
) -> None:
    assert FITS[service](REGION, resource_type, platform, deployment) == expected


def test_a_size_without_a_factor_is_said() -> None:
    found = rds_fit(REGION, "db.r5.odd", "mysql")
    assert found.units is None
    assert found.note == "AWS publishes no size factor for db.r5.odd: not taken as size-flexible"
    assert ec2_fit(REGION, "m5.odd", "Windows").note == ""


def test_both_names_of_search_types_are_one() -> None:
    assert plain_search_type("m4.large.elasticsearch") == plain_search_type("m4.large.search") == "m4.large"
    assert opensearch_fit(REGION, "m4.large.elasticsearch") == opensearch_fit(REGION, "m4.large.search")


@pytest.mark.parametrize(
    ("table_class", "deployment", "covered"), [("", "", 5), ("standard-ia", "", 0), ("", "global", 0)]
)
def test_reserved_capacity_is_for_the_standard_class_and_not_for_replicas(
    table_class: str, deployment: str, covered: int
) -> None:
    standard, used = dynamodb_fit(REGION, "write"), dynamodb_fit(REGION, "write", table_class, deployment)
    reserved = Reservation("r", "111122223333", standard.attributes, standard.size, Decimal(5))
    use = Use(
        id="u", account="111122223333", quantity=Decimal(8), rate=Decimal(1), attributes=used.attributes, size=used.size
    )
    assert apply([use], [reserved]).used["r"] == covered


def test_two_reservations_in_one_zone_serve_one_database_with_a_standby() -> None:
    single, double = rds_fit(REGION, "db.r5.large", "postgres"), rds_fit(REGION, "db.r5.large", "postgres", "multi-az")
    bought = Reservation("r", "111122223333", single.attributes, single.size, Decimal(2), units=single.units)
    use = Use(
        "u", "111122223333", Decimal(1), Decimal(1), attributes=double.attributes, size=double.size, units=double.units
    )
    applied = apply([use], [bought])
    assert applied.on_demand == 0
    assert applied.unused["r"] == 0
