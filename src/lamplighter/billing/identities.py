"""What must hold in every month, whatever was bought; and what a bill that is only a part cannot tell.

The month of a payer is whole: whoever used a commitment, usage and fee are both in it. The bill that a member account
gets for itself has only its own lines. What others used of its commitments, and the fees of what it used of others',
are in the bills of others: there the two sides cannot be equal, and nothing is wrong.

A bill is taken for that of one member only where it can be nothing else: its manifest says so, or all of its lines are
charged to one account, which is not the payer, and every fee of a commitment in it is for one that this account owns.
Only this is given up then, for each commitment alone:

- one that the account owns, of which less was used in the bill than its fees say: the rest was used elsewhere. More
  than its fees say stays an error;
- one that another account owns, with usage and no fees.

All else is held to the same rules: the bridge from unblended to amortised cost takes what fees say was used instead of
the usage of just these commitments, and must be closed to the last digit.

Source: Cost and Usage Report user guide, "Understanding Savings Plans", "Understanding your reservations": reports of
member accounts; shared discounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from lamplighter.billing.facts import Fact
from lamplighter.billing.totals import Check, allowed, equal

if TYPE_CHECKING:
    import duckdb

ROUNDED: Final = Decimal("0.000001")
"""Relative difference that sums of many rows may have, each of which AWS rounded for itself."""

_DISCOUNTS: Final = frozenset(
    ("EdpDiscount", "PrivateRateDiscount", "BundledDiscount", "Discount", "SppDiscount", "DistributorDiscount")
)
_USED: Final = ("SavingsPlanCoveredUsage", "DiscountedUsage")
_ZERO: Final = Decimal(0)


def identities(facts: Sequence[Fact], accounts: Mapping[str, str] | None = None) -> Iterator[Check]:
    """What holds in every month of every payer.

    - Usage covered by a Savings Plan and its negation cancel each other, for each plan.
    - What was used of a Savings Plan or reservation, by its fee rows, is the effective cost of what used it, for each.
    - Discounts are separate rows or net columns, never both: else they would count twice in the net costs.
    - unblended = amortised - amortised upfront fees + upfront fees paid (CID's "true-up"), in bills that say so much:
      FOCUS does not, and its rows are left out.
    - One payer's month has one currency.

    Args:
        facts: of finished charges.
        accounts: by payer, the account whose bill it is, as its manifest says.
    """
    by_payer: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_payer[fact.payer].append(fact)
    for payer, mine in sorted(by_payer.items()):
        member = _member(payer, mine, (accounts or {}).get(payer))
        for currency in sorted({fact.currency for fact in mine}):
            yield from _of_currency(currency, [fact for fact in mine if fact.currency == currency], member)
        for period in sorted({fact.period for fact in mine}):
            count = Decimal(len({fact.currency for fact in mine if fact.period == period}))
            yield Check("currencies", f"payer {payer} in {period}", Decimal(1), count, count == 1)


def _member(payer: str, facts: Sequence[Fact], account: str | None) -> str | None:
    """The member account whose own bill this is; None where it is the payer's, or may be."""
    charged = {each for fact in facts for each in fact.accounts}
    if len(charged) != 1 or payer in charged or account == payer:
        return None
    [member] = charged
    if account is not None:
        return member if account == member else None
    owners = {_owner(fact.commitment) for fact in facts if _is_fee(fact)}
    return member if owners <= {member} else None


def _owner(arn: str) -> str:
    """The account that an ARN names; empty if it is none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""


@dataclass(slots=True)
class _Commitment:
    paid: bool = False
    fees: bool = False
    whole: Decimal = _ZERO
    used: Decimal = _ZERO
    covered: Decimal = _ZERO
    negated: Decimal = _ZERO
    is_plan: bool = False

    def elsewhere(self, arn: str, member: str | None) -> str:
        """Why fees and usage cannot be held against each other; empty where they must be equal."""
        if member is None or (self.fees and allowed(self.whole, self.used, ROUNDED)):
            return ""
        owner = _owner(arn)
        if self.fees and owner == member and self.used < self.whole:
            return f"fees say that {self.whole:f} was used, account {member} used {self.used:f}; others have the rest"
        if not self.paid and owner.isdigit() and owner != member:
            return f"account {owner} pays its fees; account {member} used {self.used:f} of it"
        return ""


def _of_currency(currency: str, facts: Sequence[Fact], member: str | None) -> Iterator[Check]:
    found: dict[str, _Commitment] = defaultdict(_Commitment)
    for fact in facts:
        _add(found[fact.commitment], fact)
    for arn, one in sorted(found.items()):
        if one.is_plan:
            subject = f"{currency} {arn or 'no plan named'}"
            yield equal("covered by a plan and negated", subject, one.covered, -one.negated)
    why = {arn: one.elsewhere(arn, member) for arn, one in found.items() if arn}
    for arn, reason in sorted(why.items()):
        one, name, subject = found[arn], "used commitment and effective cost", f"{currency} {arn}"
        if reason:
            yield Check(name, subject, one.whole, one.used, holds=True, unproven=reason)
        elif one.fees:
            yield equal(name, subject, one.whole, one.used, ROUNDED)
    if any(fact.net_differs for fact in facts if fact.of_aws and fact.kind not in _DISCOUNTS):
        rows = sum((fact.costs["net_unblended"] for fact in facts if fact.of_aws and fact.kind in _DISCOUNTS), _ZERO)
        yield equal("discounts in rows and in net columns", currency, _ZERO, rows)
    known = [fact for fact in facts if fact.of_aws]
    if known:
        unblended = sum((fact.costs["unblended"] for fact in known), _ZERO)
        amortised = sum((fact.costs["amortized"] for fact in known), _ZERO)
        spread = sum((fact.spread for fact in known), _ZERO)
        paid = sum((fact.costs["unblended"] for fact in known if _is_upfront(fact)), _ZERO)
        elsewhere = sum((found[arn].whole - found[arn].used for arn, reason in why.items() if reason), _ZERO)
        yield equal("unblended and amortised cost", currency, unblended, amortised - spread + paid + elsewhere)


def _add(one: _Commitment, fact: Fact) -> None:
    one.paid |= _is_fee(fact)
    if fact.used is not None:
        one.fees = True
        one.whole += fact.used
    if fact.kind in _USED and fact.of_aws:
        one.used += fact.costs["amortized"]
    if fact.kind == "SavingsPlanCoveredUsage":
        one.is_plan = True
        one.covered += fact.costs["unblended"]
    if fact.kind == "SavingsPlanNegation":
        one.is_plan = True
        one.negated += fact.costs["unblended"]


def _is_fee(fact: Fact) -> bool:
    return fact.kind in ("RIFee", "SavingsPlanRecurringFee")


def _is_upfront(fact: Fact) -> bool:
    return fact.kind == "SavingsPlanUpfrontFee" or (fact.kind == "Fee" and fact.commitment != "")


def used_units(
    connection: duckdb.DuckDBPyConnection, relation: str, unproven: Mapping[str, str] | None = None
) -> Iterator[Check]:
    """Normalised units of each reservation: what its fee rows say was used, and the usage; where both are there.

    Args:
        connection: where `relation` can be read.
        relation: staged rows, with `_used_units`.
        unproven: by ARN, why used and paid cannot be held against each other.
    """
    for arn, said, used in connection.execute(
        "SELECT CommitmentDiscountId, SUM(_used_units),"
        " SUM(x_NormalizedUsage) FILTER (x_LineItemType = 'DiscountedUsage')"
        f" FROM {relation} WHERE CommitmentDiscountCategory = 'Usage' GROUP BY ALL"
        " HAVING SUM(_used_units) IS NOT NULL AND COUNT(*) FILTER (x_LineItemType = 'DiscountedUsage'"
        " AND x_NormalizedUsage IS NULL) = 0 ORDER BY 1"
    ).fetchall():
        name, reason = "normalised units of a reservation", (unproven or {}).get(str(arn))
        if reason and (used or _ZERO) < said:
            yield Check(name, str(arn), said, used or _ZERO, holds=True, unproven=reason)
        else:
            yield equal(name, str(arn), said, used or _ZERO, ROUNDED)
