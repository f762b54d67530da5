"""Money: exact amounts, list prices with their evidence, and what an instance type is. Pure: no AWS, no network.

book = PriceBook.bundled()
book.find(ec2_key("eu-west-1", "m5.large"))         a Price with its date and source, or None: unknown
book.hourly(rds_key("eu-west-1", "db.m5.large", "postgres", "multi-az"))
PriceBook.from_rows(rows, base=book)                own prices first
book.reservations(key), book.reservation(key, terms)    what is offered to those who reserve it
book.plan_rate(Plan.COMPUTE, key, terms)            what an hour of it draws on a Savings Plan
find_type("m5.large")                               vCPUs, memory, architectures, hibernation
"""

from __future__ import annotations

from lamplighter.pricing.archive import Archive, Source
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money, total
from lamplighter.pricing.months import months_between
from lamplighter.pricing.offers import OfferingClass, Payment, Plan, PlanRate, ReservationOffer, Terms
from lamplighter.pricing.price import (
    Price,
    PriceKey,
    address_key,
    ebs_key,
    ec2_key,
    elasticache_key,
    fargate_key,
    lambda_key,
    opensearch_key,
    rds_key,
    rds_storage_key,
    redshift_key,
)
from lamplighter.pricing.specs import InstanceType, find_type

__all__ = [
    "Archive",
    "InstanceType",
    "Money",
    "OfferingClass",
    "Payment",
    "Plan",
    "PlanRate",
    "Price",
    "PriceBook",
    "PriceKey",
    "ReservationOffer",
    "Source",
    "Terms",
    "address_key",
    "ebs_key",
    "ec2_key",
    "elasticache_key",
    "fargate_key",
    "find_type",
    "lambda_key",
    "months_between",
    "opensearch_key",
    "rds_key",
    "rds_storage_key",
    "redshift_key",
    "total",
]
