"""What else stands on a month's bill: support, Marketplace, discounts as lines, credits, refunds, tax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import chain

from lamplighter.estate.bill.meters import Meter, rounded
from lamplighter.estate.bill.month import Block, Line, MonthBill
from lamplighter.estate.bill.options import Discounts
from lamplighter.estate.bill.used import HOUR

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
MARKETPLACE = "AWS Marketplace"


Costs = dict[tuple[str, str], list[Decimal]]
"""By account and product code: cost, and what the enterprise and the private discount take off."""


def with_extras(bill: MonthBill, blocks: Iterable[Block]) -> Iterator[Block]:
    """All lines of the month: those given, then the others.

    Args:
        bill: the month.
        blocks: usage and commitments.
    """
    costs: Costs = {}
    for block in chain(blocks, [Block([bill.first], _bought_apart(bill), apart=True)]):
        yield Block(block.starts, _summed(bill, block, costs), block.apart)
    yield Block([bill.first], _apart(bill, costs), apart=True)


def _summed(bill: MonthBill, block: Block, costs: Costs) -> Iterator[Line]:
    times = len(block.starts)
    for line in block.lines:
        if line.cost:
            meter, cost = bill.meters[line.meter], line.cost * times
            sums = costs.setdefault((meter.account, meter.service), [_ZERO, _ZERO, _ZERO])
            sums[0] += cost
            sums[1] += cost * (line.discount - line.private)
            sums[2] += cost * line.private
        yield line


def _apart(bill: MonthBill, costs: Costs) -> Iterator[Line]:
    if bill.options.discounts is Discounts.LINES:
        for (account, service), (_, enterprise, private) in sorted(costs.items()):
            yield from _whole_month(bill, "EdpDiscount", account, service, -rounded(enterprise), "EDP Discount")
            yield from _whole_month(
                bill, "PrivateRateDiscount", account, service, -rounded(private), "Private rate discount"
            )
    payer = bill.options.payer
    if bill.options.credits:
        yield from _whole_month(bill, "Credit", payer, "AmazonS3", Decimal("-12.5"), "Promotional credit")
        yield from _whole_month(bill, "Refund", payer, "AmazonEC2", Decimal("-3.75"), "Refund of usage billed twice")
    if bill.options.restated:
        yield from _whole_month(bill, "Credit", payer, "AmazonEC2", Decimal(-40), "Service credit, granted afterwards")
    if bill.options.tax:
        for (account, service), (cost, enterprise, private) in sorted(costs.items()):
            due = ((cost - enterprise - private) * bill.options.tax).quantize(_CENT)
            more = {"lineItem/TaxType": "VAT"}
            yield from _whole_month(bill, "Tax", account, service, due, f"Tax for product code {service}", more)


def _bought_apart(bill: MonthBill) -> Iterator[Line]:
    if not bill.options.support:
        return
    payer = bill.options.payer
    yield from _whole_month(bill, "Fee", payer, "AWSSupportBusiness", Decimal(100), "AWS Support (Business)")
    yield from _whole_month(
        bill, "Fee", payer, "2xample9marketplace0product", Decimal(49), "Monitoring by Example Corp., one month",
        {"bill/BillingEntity": MARKETPLACE, "lineItem/LegalEntity": "Example Corp."},
    )  # fmt: skip


def _whole_month(
    bill: MonthBill,
    kind: str,
    account: str,
    service: str,
    cost: Decimal,
    description: str,
    more: dict[str, str] | None = None,
) -> Iterator[Line]:
    """A line for all of the month; none when it comes to nothing."""
    if not cost:
        return
    noun = "" if kind in ("Tax", "Fee") else kind
    meter = Meter("", account, "", service, kind, noun, kind, "", _ZERO, _ZERO, description, taggable=False)
    end = bill.end - timedelta(seconds=1) if kind == "Tax" else bill.first + HOUR
    yield Line(kind, bill.number(meter), Decimal(1), cost, more=more or {}, start=bill.first, end=end)
