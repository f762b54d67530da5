"""How a bill may differ from the plainest one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from lamplighter.estate.bill.fleet import PAYER


class Discounts(StrEnum):
    """Where discounts of a contract stand: nowhere, in lines of their own, or in net columns; never in both."""

    NONE = "none"
    LINES = "lines"
    NET = "net"


@dataclass(frozen=True, slots=True)
class Options:
    """What is chosen.

    Attributes:
        payer: 12-digit id of the payer account.
        discounts: where the discounts of the contract stand.
        enterprise: share that the enterprise discount takes off, two decimals.
        private: share that a private price takes off data transfer besides.
        tax: share of each account's cost; zero for a bill without tax.
        support: a support fee and a Marketplace subscription on the payer account.
        credits: a credit, and a refund.
        final: the month is closed: lines have an invoice.
        version: 1, or 2 for the restatement of a closed month: some usage corrected, a late credit, new line ids.
        drift: on the 15th a fifth of the tagged resources begin to be tagged otherwise (`team` beside `Team`, other
            values).
        split: the report has split cost allocation data; FOCUS and the detailed billing report never have it.
        missing: columns that the report has not, by their CUR names; `savingsPlan/*` for a whole group.
    """

    payer: str = PAYER
    discounts: Discounts = Discounts.NONE
    enterprise: Decimal = Decimal("0.06")
    private: Decimal = Decimal("0.10")
    tax: Decimal = Decimal("0.05")
    support: bool = True
    credits: bool = True
    final: bool = True
    version: int = 1
    drift: bool = False
    split: bool = True
    missing: tuple[str, ...] = ()

    @property
    def restated(self) -> bool:
        """Whether it is a restatement."""
        return self.version > 1


PLAIN = Options(tax=Decimal(0), support=False, credits=False, final=False, split=False)
"""Usage and commitments, and nothing else; the month is not closed."""
