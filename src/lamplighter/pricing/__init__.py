"""Money: exact amounts, list prices with their evidence, and what an instance type is. Pure: no AWS, no network.

book = PriceBook.bundled()
book.find(ec2_key("eu-west-1", "m5.large"))         a Price with its date and source, or None: unknown
book.hourly(rds_key("eu-west-1", "db.m5.large", "postgres", "multi-az"))
PriceBook.from_rows(rows, base=book)                own prices first
find_type("m5.large")                               vCPUs, memory, architectures, hibernation
"""

from __future__ import annotations

from lamplighter.pricing.archive import Archive, Source
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money, total
from lamplighter.pricing.months import months_between
from lamplighter.pricing.price import Price, PriceKey, address_key, ebs_key, ec2_key, rds_key, rds_storage_key
from lamplighter.pricing.specs import InstanceType, find_type

__all__ = [
    "Archive",
    "InstanceType",
    "Money",
    "Price",
    "PriceBook",
    "PriceKey",
    "Source",
    "address_key",
    "ebs_key",
    "ec2_key",
    "find_type",
    "months_between",
    "rds_key",
    "rds_storage_key",
    "total",
]
