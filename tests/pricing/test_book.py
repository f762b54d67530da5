from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lamplighter.errors import PriceBookError
from lamplighter.pricing import (
    Money,
    Price,
    PriceBook,
    PriceKey,
    address_key,
    ebs_key,
    ec2_key,
    elasticache_key,
    opensearch_key,
    rds_key,
    rds_storage_key,
    redshift_key,
)
from lamplighter.pricing.archive import Archive, bundled_archive, bundled_content
from lamplighter.pricing.price import BY_THE_MONTH

BOOK = PriceBook.bundled()
EC2_SHOP = "yeo/ec2.shop, EC2 Linux on demand"
KARPENTER = "aws/karpenter-provider-aws, EC2 Linux on demand"
METAL = f"{KARPENTER} (bare metal at dedicated tenancy)"


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


# Figures that AWS has published for years, and that were checked against AWS's own pages.
@pytest.mark.parametrize(
    ("key", "rate"),
    [
        (ec2_key("us-east-1", "m5.large"), "0.096"),
        (ec2_key("us-east-1", "t3.medium"), "0.0416"),
        (ec2_key("us-east-1", "c5.xlarge"), "0.17"),
        (ec2_key("us-east-1", "g5.xlarge"), "1.006"),
        (ec2_key("ap-northeast-1", "c5.xlarge"), "0.214"),
        (rds_key("us-east-1", "db.m5.large", "postgres"), "0.178"),
        (rds_key("us-east-1", "db.m5.large", "postgres", "multi-az"), "0.356"),
        (rds_key("us-east-1", "db.m5.large", "mysql"), "0.171"),
        (rds_key("us-east-1", "db.m5d.large", "mysql", "multi-az-cluster"), "0.585"),
        (rds_key("us-east-1", "db.r5.large", "aurora-mysql"), "0.29"),
        (rds_key("us-east-1", "db.r5.large", "aurora-postgresql"), "0.29"),
        (PriceKey("redshift", "us-east-1", "dc2.large"), "0.25"),
        (PriceKey("redshift", "us-east-1", "ra3.4xlarge"), "3.26"),
        (redshift_key("us-east-1", "ra3.xlplus"), "1.086"),
        (elasticache_key("us-east-1", "cache.m5.large"), "0.156"),
        (elasticache_key("us-east-1", "cache.m5.large", "Valkey"), "0.1248"),
        (elasticache_key("us-east-1", "cache.r6g.large", "memcached"), "0.206"),
        (opensearch_key("us-east-1", "m5.large.search"), "0.142"),
        (opensearch_key("us-east-1", "m5.large.elasticsearch"), "0.142"),
    ],
)
def test_known_hourly_prices(key: PriceKey, rate: str) -> None:
    price = BOOK.find(key)
    assert price is not None
    assert (price.rate, price.unit, price.estimated) == (usd(rate), "Hrs", False)
    assert BOOK.hourly(key) == usd(rate)


@pytest.mark.parametrize(
    ("volume", "rate"),
    [
        ("gp3", "0.08"),
        ("gp2", "0.10"),
        ("io1", "0.125"),
        ("io2", "0.125"),
        ("st1", "0.045"),
        ("sc1", "0.015"),
        ("standard", "0.05"),
        ("snapshot", "0.05"),
    ],
)
def test_known_storage_prices(volume: str, rate: str) -> None:
    price = BOOK.find(ebs_key("us-east-1", volume))
    assert price is not None
    assert (price.rate, price.unit, price.as_of) == (usd(rate), "GB-Mo", date(2024, 7, 18))


@pytest.mark.parametrize(
    ("what", "rate", "unit"),
    [
        ("gp3-iops", "0.005", "IOPS-Mo"),
        ("gp3-throughput", "40.96", "GiBps-Mo"),
        ("io1-iops", "0.065", "IOPS-Mo"),
        ("io2-iops", "0.065", "IOPS-Mo"),
        ("io2-iops-tier2", "0.0455", "IOPS-Mo"),
        ("io2-iops-tier3", "0.03185", "IOPS-Mo"),
    ],
)
def test_known_prices_of_what_is_provisioned_beside_storage(what: str, rate: str, unit: str) -> None:
    price = BOOK.find(ebs_key("us-east-1", what))
    assert price is not None
    assert (price.rate, price.unit) == (usd(rate), unit)
    assert unit in BY_THE_MONTH


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-southeast-5"])
def test_an_address_has_one_price_in_commercial_regions(region: str) -> None:
    price = BOOK.find(address_key(region))
    assert price is not None
    assert (price.rate, price.unit, price.as_of, price.estimated) == (usd("0.005"), "Hrs", date(2024, 2, 1), False)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"])
def test_an_address_elsewhere_has_no_known_price(region: str) -> None:
    assert BOOK.find(address_key(region)) is None


def test_storage_of_databases_is_unknown_until_somebody_prices_it() -> None:
    key = rds_storage_key("us-east-1", "gp3")
    assert BOOK.find(key) is None
    row = {"service": "rds-storage", "region": "us-east-1", "resource_type": "gp3", "amount": "0.115", "unit": "GB-Mo"}
    own = PriceBook.from_rows([{**row, "currency": "USD", "as_of": "2026-11-01"}], base=BOOK)
    price = own.find(key)
    assert price is not None
    assert (price.rate, price.unit) == (usd("0.115"), "GB-Mo")


@pytest.mark.parametrize(
    ("key", "source", "as_of", "rate"),
    [
        (ec2_key("us-east-1", "m5.large"), KARPENTER, date(2026, 7, 20), usd("0.096")),
        (ec2_key("us-east-1", "p5.48xlarge"), KARPENTER, date(2026, 7, 20), usd("55.04")),
        (ec2_key("eu-west-1", "m5.large"), EC2_SHOP, date(2025, 4, 4), usd("0.107")),
        (ec2_key("us-east-1", "m6g.metal"), EC2_SHOP, date(2025, 4, 4), usd("2.464")),
        (ec2_key("cn-north-1", "c3.2xlarge"), KARPENTER, date(2024, 11, 6), Money(Decimal("4.217"), "CNY")),
        (
            rds_key("us-east-1", "db.r5.large", "aurora-mysql"),
            "vantage-sh/ec2instances.info, Aurora on demand",
            date(2021, 8, 1),
            usd("0.29"),
        ),
    ],
)
def test_every_price_comes_with_its_own_date_and_source(key: PriceKey, source: str, as_of: date, rate: Money) -> None:
    price = BOOK.find(key)
    assert price is not None
    assert (price.source, price.as_of, price.rate) == (source, as_of, rate)


def test_a_metal_price_known_for_dedicated_tenancy_only_is_an_estimate() -> None:
    price = BOOK.find(ec2_key("us-east-1", "m8i.metal-48xl"))
    assert price is not None
    assert (price.source, price.estimated) == (METAL, True)


@pytest.mark.parametrize(
    "key",
    [
        ec2_key("us-east-1", "m5.huge"),
        ec2_key("mars-north-1", "m5.large"),
        ec2_key("us-east-1", "m5.large", "RHEL"),
        ec2_key("us-east-1", "m5.large", "SUSE Linux"),
        ec2_key("us-east-1", "m5.large", "Windows with SQL Server Standard"),
        ec2_key("us-east-1", "m5.huge", "Windows"),
        ec2_key("us-east-1", "t3.medium", "Windows"),
        ec2_key("us-east-1", "t3a.large", "Windows"),
        ec2_key("us-east-1", "t2.micro", "Windows"),
        ec2_key("us-east-1", "t1.micro", "Windows"),
        ec2_key("us-east-1", "m6g.large", "Windows"),
        ec2_key("us-east-1", "m3.large", "Windows"),
        ec2_key("us-east-1", "p3.2xlarge", "Windows"),
        ec2_key("cn-north-1", "m5.large", "Windows"),
        rds_key("us-east-1", "db.m5.large", "oracle-ee"),
        rds_key("us-east-1", "db.m5.large", "postgres", "multi-az-cluster"),
        rds_key("ca-west-1", "db.m6id.large", "mysql", "multi-az"),
        PriceKey("sagemaker", "us-east-1", "ml.m5.large"),
        PriceKey("ec2", "us-east-1", "m5.large"),
    ],
)
def test_what_is_not_known_is_none_and_never_zero(key: PriceKey) -> None:
    assert BOOK.find(key) is None
    assert BOOK.hourly(key) is None
    assert BOOK.find(key) is None


@pytest.mark.parametrize(
    ("region", "name", "licence"),
    [
        ("ap-northeast-1", "c5.xlarge", "0.184"),
        ("ap-northeast-1", "x2iedn.32xlarge", "5.888"),
        ("us-east-1", "m5.metal", "4.416"),
        ("us-gov-west-1", "m5.large", "0.092"),
    ],
)
def test_windows_costs_its_licence_more(region: str, name: str, licence: str) -> None:
    linux, windows = BOOK.find(ec2_key(region, name)), BOOK.find(ec2_key(region, name, "Windows"))
    assert linux is not None
    assert windows is not None
    assert windows.rate - linux.rate == usd(licence)
    assert windows.estimated
    assert windows.as_of == linux.as_of
    assert windows.source.startswith(linux.source)


@pytest.mark.slow
def test_every_packaged_price_can_be_shown() -> None:
    places = {(service, region) for service in BOOK.services() for region in BOOK.regions(service)}
    assert places == bundled_archive().partitions
    oldest, newest = date(2021, 8, 1), date(2026, 7, 20)
    assert BOOK.as_of_range() == (oldest, newest)
    count, metal = 0, 0
    for service, region in sorted(places):
        for key, price in BOOK.items(service, region):
            count += 1
            assert price.rate.amount > 0
            assert price.rate.currency == ("CNY" if region.startswith("cn-") else "USD")
            assert price.unit in (BY_THE_MONTH if service == "ebs" else {"Hrs"})
            assert oldest <= price.as_of <= newest
            assert price.estimated == (price.source == METAL)
            metal += price.estimated
            assert ".metal" in key.resource_type or not price.estimated
            assert BOOK.find(key) == price
    assert (count, metal) == (50_586, 136)


def test_the_packaged_file_is_small_and_its_sources_are_named() -> None:
    assert len(bundled_content()) < 1_000_000
    assert {source.licence for source in bundled_archive().sources} == {"MIT", "Apache-2.0"}


def test_regions_and_services() -> None:
    assert BOOK.services() == ("ebs", "ec2", "elasticache", "opensearch", "rds", "redshift")
    assert len(BOOK.regions("redshift")) == 34
    assert len(BOOK.regions("ec2")) == 35
    assert "us-west-2-lax-1" in BOOK.regions("rds")
    assert set(BOOK.regions()) == {region for service in BOOK.services() for region in BOOK.regions(service)}
    assert BOOK.regions("sagemaker") == ()


def test_a_look_up_reads_one_region_of_one_service() -> None:

    archive = Archive(bundled_content())
    PriceBook((archive,)).find(ec2_key("us-east-1", "m5.large"))
    assert list(archive._read) == [("ec2", "us-east-1")]


def test_a_month_of_storage_is_not_an_hour() -> None:
    with pytest.raises(PriceBookError, match="per GB-Mo, not per hour"):
        BOOK.hourly(ebs_key("us-east-1", "gp3"))


ROW = {
    "service": "ec2",
    "region": "eu-west-1",
    "resource_type": "m5.large",
    "amount": "0.08",
    "currency": "EUR",
    "as_of": "2027-01-01",
    "source": "contract",
}


def test_a_users_own_price_wins_and_the_rest_stays() -> None:
    book = PriceBook.from_rows([ROW], base=BOOK)
    own = Price(Money(Decimal("0.08"), "EUR"), "Hrs", date(2027, 1, 1), "contract")
    assert book.find(ec2_key("eu-west-1", "m5.large")) == own
    assert book.find(ec2_key("eu-west-1", "m5.xlarge")) == BOOK.find(ec2_key("eu-west-1", "m5.xlarge"))
    assert book.as_of_range() == (date(2021, 8, 1), date(2027, 1, 1))
    listed = dict(book.items("ec2", "eu-west-1"))
    assert listed[ec2_key("eu-west-1", "m5.large")] == own
    assert len(listed) == len(dict(BOOK.items("ec2", "eu-west-1")))


def test_a_users_own_windows_price_is_not_derived() -> None:
    book = PriceBook.from_rows([ROW | {"operating_system": "Windows"}], base=BOOK)
    assert book.hourly(ec2_key("eu-west-1", "m5.large", "Windows")) == Money(Decimal("0.08"), "EUR")


def test_windows_is_derived_from_a_users_own_linux_price() -> None:
    book = PriceBook.from_rows([ROW | {"currency": "USD"}], base=BOOK)
    assert book.hourly(ec2_key("eu-west-1", "m5.large", "Windows")) == usd("0.172")


def test_a_book_of_rows_alone_knows_nothing_else() -> None:
    book = PriceBook.from_rows([ROW])
    assert book.find(ec2_key("eu-west-1", "m5.xlarge")) is None
    assert book.regions() == ("eu-west-1",)
    assert book.as_of_range() == (date(2027, 1, 1), date(2027, 1, 1))
    assert PriceBook.from_rows([]).as_of_range() is None
