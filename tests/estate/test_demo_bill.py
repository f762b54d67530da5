"""How the bill is held against the journal; the whole of it is tested with `lamp demo`."""

from __future__ import annotations

from decimal import Decimal

from lamplighter.estate.bill.lived import Estate, Running
from lamplighter.estate.bill.meters import hourly
from lamplighter.estate.demo_bill import billed_as, compare
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.price import PriceKey, ec2_key, rds_key
from lamplighter.savings.measure import Measured
from lamplighter.savings.tally import tally

BOOK = PriceBook.bundled()
ACCOUNT, REGION = "444455556666", "eu-central-1"
TARGET = f"{ACCOUNT}/{REGION}"
WEEK = Decimal(168)
M5 = ec2_key(REGION, "m5.large")
AURORA = rds_key(REGION, "db.r5.large", "aurora-mysql")


def running(kind: str, id_: str, key: PriceKey, cluster: str = "") -> Running:
    meter = hourly(key, BOOK, resource=id_, account=ACCOUNT, zone="", tags={})
    return Running(kind, id_, cluster, meter, ACCOUNT, REGION)


def measured(resource: str, keys: list[PriceKey], lit: int) -> Measured:
    return Measured(TARGET, resource, "name", "office", tally(BOOK, keys, Decimal(lit), WEEK))


def test_a_cluster_is_billed_as_its_members() -> None:
    members = [running("rds-instance", name, AURORA, "ledger") for name in ("ledger-1", "ledger-2")]
    found = billed_as([Estate(tuple(members), ())])
    assert list(found) == [(TARGET, "rds-cluster/ledger")]
    rate = BOOK.hourly(AURORA)
    assert rate is not None
    billed = {name: (Decimal(50), rate.amount * 50) for name in ("ledger-1", "ledger-2")}
    by_schedule, differing, left_out = compare([measured("rds-cluster/ledger", [AURORA, AURORA], 50)], found, billed)
    one = by_schedule["office"]
    assert (one.billed_hours, one.journal_hours, one.billed) == (Decimal(100), Decimal(100), one.journal)
    assert (differing, left_out) == ({}, 0)


def test_what_differs_is_named() -> None:
    found = billed_as([Estate((running("ec2-instance", "i-1", M5), running("ec2-instance", "i-2", M5)), ())])
    entries = [measured("ec2-instance/i-1", [M5], 50), measured("ec2-instance/i-2", [M5], 50)]
    billed = {"i-1": (Decimal(50), Decimal("5.75")), "i-2": (Decimal(51), Decimal("5.865"))}
    by_schedule, differing, _ = compare(entries, found, billed)
    assert list(differing) == [f"{TARGET} ec2-instance/i-2"]
    assert not by_schedule["office"].equal
    assert by_schedule["office"].always == Decimal("0.115") * 168 * 2


def test_what_was_never_lit_is_not_on_the_bill_and_equal() -> None:
    found = billed_as([Estate((running("ec2-instance", "i-1", M5),), ())])
    by_schedule, differing, left_out = compare([measured("ec2-instance/i-1", [M5], 0)], found, {})
    assert by_schedule["office"].equal
    assert (differing, left_out) == ({}, 0)


def test_what_has_no_counterpart_or_no_price_is_left_out() -> None:
    found = billed_as([Estate((running("ec2-instance", "i-1", M5),), ())])
    entries = [measured("ec2-instance/i-1", [], 50), measured("autoscaling-group/web", [M5], 50)]
    assert compare(entries, found, {}) == ({}, {}, 2)
