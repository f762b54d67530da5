"""What is counted of finished charges, in one pass: sums that every control total and every identity is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.lake.columns import MEASURES

if TYPE_CHECKING:
    import duckdb

_FEES: Final = "('RIFee', 'SavingsPlanRecurringFee')"
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Fact:
    """Charges that have all of this in common, and what they come to, in their currency.

    Attributes:
        payer: account number.
        period: YYYY-MM of the billing period.
        currency: ISO 4217 code.
        kind: the bill's own word for the kind of line: AWS's line item type; FOCUS has only its charge category.
        of_aws: whether it is AWS's.
        invoice: its id, empty while it is not final.
        made: whether the loader made them of the unused part of a commitment.
        commitment: ARN, empty without one.
        rows: how many.
        accounts: least and greatest number of the accounts that they are charged to; empty where none is known.
        spread: upfront and recurring part of fees that is spread over usage.
        used: what fee rows say was used of their commitment; None without such rows.
        net_differs: rows whose net cost is not their gross one.
        costs: by name of the measure.
    """

    payer: str
    period: str
    currency: str
    kind: str
    of_aws: bool
    invoice: str
    made: bool
    commitment: str
    rows: int
    accounts: tuple[str, ...]
    spread: Decimal
    used: Decimal | None
    net_differs: int
    costs: Mapping[str, Decimal]


def count_facts(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Fact]:
    """Count finished charges.

    Args:
        connection: where `relation` can be read.
        relation: a FROM item with the columns of a charge.
    """
    made = f"COALESCE(x_LineItemType IN {_FEES} AND ChargeCategory = 'Usage', false)"
    sums = ", ".join(f"COALESCE(SUM({column}), 0)" for column in MEASURES.values())
    rows = connection.execute(
        "SELECT BillingAccountId, BillingPeriodStart, BillingCurrency, COALESCE(x_LineItemType, ChargeCategory, ''),"
        f" x_LineItemType IS NOT NULL, COALESCE(InvoiceId, ''), {made}, COALESCE(CommitmentDiscountId, ''), COUNT(*),"
        " MIN(SubAccountId), MAX(SubAccountId), COALESCE(SUM(x_AmortizedUpfront), 0), SUM(x_CommitmentUsed),"
        f" COUNT(*) FILTER (x_NetUnblendedCost <> x_UnblendedCost), {sums} FROM {relation} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    facts = []
    for payer, start, currency, kind, of_aws, invoice, unused, commitment, count, least, most, *amounts in rows:
        spread, used, differs, *costs = amounts
        accounts = tuple(account for account in (least, most) if account)
        by_name = dict(zip(MEASURES, costs, strict=True))
        period = f"{start:%Y-%m}"
        facts.append(
            Fact(
                *(payer, period, currency, kind, of_aws, invoice, unused, commitment, count, accounts),
                *(spread, used, differs, by_name),
            )
        )
    return facts
