from __future__ import annotations

import csv
from decimal import Decimal

import pytest

from lamplighter.pricing import (
    Payment,
    Plan,
    PriceBook,
    PriceKey,
    Terms,
    ec2_key,
    elasticache_key,
    fargate_key,
    lambda_key,
    opensearch_key,
    rds_key,
)

OWN = """\
service,region,resource_type,amount,currency,as_of,engine
fargate,us-east-1,vcpu,0.04048,USD,2026-05-03,
lambda,us-east-1,gb-second,0.00002,USD,2026-05-03,
lambda,us-east-1,request,0.0000002,USD,2026-05-03,
rds,us-east-1,db.serverless,0.12,USD,2026-05-03,aurora-postgresql
"""
BOOK = PriceBook.from_rows(csv.DictReader(OWN.splitlines()), base=PriceBook.bundled())
ONE = Terms(1, Payment.NO_UPFRONT)
THREE = Terms(3, Payment.NO_UPFRONT)


# AWS's own rates of c5.xlarge in Tokyo, Linux (less the licence of the Windows rates).
@pytest.mark.parametrize(
    ("plan", "terms", "rate"),
    [
        (Plan.COMPUTE, ONE, "0.177"),
        (Plan.COMPUTE, Terms(1, Payment.PARTIAL_UPFRONT), "0.168"),
        (Plan.COMPUTE, Terms(1, Payment.ALL_UPFRONT), "0.165"),
        (Plan.COMPUTE, THREE, "0.126"),
        (Plan.COMPUTE, Terms(3, Payment.PARTIAL_UPFRONT), "0.117"),
        (Plan.COMPUTE, Terms(3, Payment.ALL_UPFRONT), "0.115"),
        (Plan.EC2_INSTANCE, ONE, "0.135"),
        (Plan.EC2_INSTANCE, Terms(1, Payment.PARTIAL_UPFRONT), "0.128"),
        (Plan.EC2_INSTANCE, Terms(1, Payment.ALL_UPFRONT), "0.126"),
        (Plan.EC2_INSTANCE, THREE, "0.092"),
        (Plan.EC2_INSTANCE, Terms(3, Payment.PARTIAL_UPFRONT), "0.086"),
        (Plan.EC2_INSTANCE, Terms(3, Payment.ALL_UPFRONT), "0.080"),
    ],
)
def test_rates_of_ec2_are_like_reservations(plan: Plan, terms: Terms, rate: str) -> None:
    found = BOOK.plan_rate(plan, ec2_key("ap-northeast-1", "c5.xlarge"), terms)
    assert found is not None
    assert found.estimated
    assert abs(found.rate.amount - Decimal(rate)) <= Decimal("0.0011")


@pytest.mark.parametrize(
    ("plan", "key", "rate"),
    [
        (Plan.COMPUTE, fargate_key("us-east-1", "vcpu"), "0.0303600"),
        (Plan.COMPUTE, lambda_key("us-east-1", "gb-second"), "0.000017"),
        (Plan.COMPUTE, lambda_key("us-east-1", "request"), "0.0000002"),
        (Plan.DATABASE, rds_key("us-east-1", "db.m7g.large", "postgres"), "0.1344"),
        (Plan.DATABASE, rds_key("us-east-1", "db.serverless", "aurora-postgresql"), "0.078"),
        (Plan.DATABASE, elasticache_key("us-east-1", "cache.r7g.large", "valkey"), "0.14016"),
        (Plan.DATABASE, opensearch_key("us-east-1", "r7g.large.search"), "0.1424"),
    ],
)
def test_other_rates_are_a_published_share_of_on_demand(plan: Plan, key: PriceKey, rate: str) -> None:
    found = BOOK.plan_rate(plan, key, ONE)
    assert found is not None
    assert (found.rate.amount, found.estimated) == (Decimal(rate), True)


@pytest.mark.parametrize(
    ("plan", "key", "terms"),
    [
        (Plan.DATABASE, rds_key("us-east-1", "db.m7g.large", "postgres"), THREE),
        (Plan.DATABASE, rds_key("us-east-1", "db.m6g.large", "postgres"), ONE),
        (Plan.DATABASE, elasticache_key("us-east-1", "cache.r7g.large", "redis"), ONE),
        (Plan.DATABASE, ec2_key("us-east-1", "m7g.large"), ONE),
        (Plan.COMPUTE, rds_key("us-east-1", "db.m7g.large", "postgres"), ONE),
        (Plan.COMPUTE, fargate_key("eu-west-1", "vcpu"), ONE),
        (Plan.SAGEMAKER, ec2_key("us-east-1", "m7g.large"), ONE),
        (Plan.EC2_INSTANCE, ec2_key("us-east-1", "m5.huge"), ONE),
    ],
)
def test_what_a_plan_does_not_take_or_nobody_published_is_unknown(plan: Plan, key: PriceKey, terms: Terms) -> None:
    assert BOOK.plan_rate(plan, key, terms) is None
