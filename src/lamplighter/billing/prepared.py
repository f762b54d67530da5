"""A month as it would be published: charges of this load beside those of other payers, and all that is compared."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.billing.facts import Fact, count_facts
from lamplighter.billing.identities import identities, used_units
from lamplighter.billing.staging import Staged, copy_rows, parquet, unused_sql
from lamplighter.billing.stated import stated_totals
from lamplighter.billing.totals import Check, Totals, compare, count_charges
from lamplighter.errors import BillError
from lamplighter.lake import months
from lamplighter.lake.columns import MEASURES, literal

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one load.

    Attributes:
        period: YYYY-MM.
        payers: payer accounts whose charges were replaced.
        totals: what was, or would have been, published of them.
        checks: every comparison.
        before: costs of the same payers' charges that were there before, by currency and measure; empty if none.
        published: whether it stands in the lake now.
    """

    period: str
    payers: tuple[str, ...]
    totals: Totals
    checks: Sequence[Check]
    before: Mapping[str, Mapping[str, Decimal]]
    published: bool

    @property
    def differences(self) -> list[Check]:
        """The comparisons that do not hold."""
        return [check for check in self.checks if not check.holds]

    @property
    def unproven(self) -> list[Check]:
        """What the bill cannot tell."""
        return [check for check in self.checks if check.unproven]

    @property
    def changes(self) -> dict[str, dict[str, Decimal]]:
        """What the restatement changes, by currency and measure; empty if there was nothing before."""
        if not self.before:
            return {}
        zero = dict.fromkeys(MEASURES, Decimal(0))
        return {
            currency: {
                name: self.totals.costs.get(currency, zero)[name] - self.before.get(currency, zero)[name]
                for name in MEASURES
            }
            for currency in sorted({*self.before, *self.totals.costs})
        }


def one_bill_a_month(connection: duckdb.DuckDBPyConnection, staged: Sequence[Staged]) -> dict[tuple[str, str], Staged]:
    """The bill of each payer and month. Two are refused: one would restate the other, and the order is not known.

    Files in one place are one bill; those of several formats are as many tellings of the same month.
    """
    seen: dict[tuple[str, str], tuple[Staged, str]] = {}
    for each in staged:
        for payer, period, kind in connection.execute(
            f"SELECT DISTINCT BillingAccountId, _period, x_SourceFormat FROM {each.relation} WHERE _ok ORDER BY ALL"
        ).fetchall():
            other, format_name = seen.setdefault((payer, period), (each, kind))
            if other is not each:
                raise BillError(
                    f"{other.bill.name} and {each.bill.name} are both the bill of {payer} for {period}",
                    hint="load one of them",
                )
            if format_name != kind:
                raise BillError(
                    f"{other.bill.name} has the bill of {payer} for {period} twice, as {format_name} and as {kind}",
                    hint="load one of them",
                )
    return {key: each for key, (each, _) in seen.items()}


def refuse_parts(connection: duckdb.DuckDBPyConnection, lake: Path, told_by: Mapping[tuple[str, str], Staged]) -> None:
    """A month is replaced payer by payer: the bill that a member account gets for itself must not stand for all of it.

    Raises:
        BillError: it would take away charges of other accounts.
    """
    for (payer, period), each in sorted(told_by.items()):
        owner, old = each.bill.account, _existing(lake, period)
        if owner in (None, payer) or not old:
            continue
        others = connection.execute(
            f"SELECT COUNT(DISTINCT SubAccountId) FROM {parquet(old)}"
            " WHERE BillingAccountId = ? AND SubAccountId IS NOT NULL AND SubAccountId <> ?",
            [payer, owner],
        ).fetchone()
        if others and others[0]:
            raise BillError(
                f"{each.bill.name} is the bill of {owner} alone, and would replace the charges of {others[0]} other"
                f" accounts of {payer} for {period}",
                hint="bills of single accounts belong into lakes of their own; or say why: --accept-difference REASON",
            )


def prepare_month(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    staged: Sequence[Staged],
    bills_of: Mapping[str, Staged],
    period: str,
    folder: Path,
    tags: Sequence[str],
) -> tuple[Month, Sequence[Fact]]:
    """The month as it would be published, and what was counted of all charges in it, those of other payers as well."""
    payers = tuple(sorted(bills_of))
    # Counted before the staged files move into the month.
    counted = connection.execute(
        "SELECT BillingCurrency, COALESCE(_kind, ''), COALESCE(InvoiceId, ''), COUNT(*), SUM(_cost)"
        " FROM staged WHERE _ok AND _period = ? GROUP BY ALL",
        [period],
    ).fetchall()
    made = unused_sql("staged", period, tags)
    if connection.execute(f"SELECT 1 FROM ({made}) LIMIT 1").fetchone():
        copy_rows(connection, made, folder)
    for each in staged:
        _take(connection, each, period, folder)
    mine = sorted(folder.glob("*.parquet"))
    facts = count_facts(connection, parquet(mine))
    after = count_charges(facts)
    held = list(identities(facts, {payer: each.bill.account for payer, each in bills_of.items() if each.bill.account}))
    elsewhere = {check.subject.partition(" ")[2]: check.unproven for check in held if check.unproven}
    stated = stated_totals(connection, staged, period)
    checks = [*compare(counted, after), *stated, *held, *used_units(connection, parquet(mine), elsewhere)]
    before, others = _keep_others(connection, _existing(lake, period), payers, folder)
    return Month(period, payers, after, checks, before, published=False), [*facts, *others]


def _take(connection: duckdb.DuckDBPyConnection, bill: Staged, period: str, folder: Path) -> None:
    """Put a bill's charges of a month into its folder: a staged file as it is where all its rows belong there."""
    for path in bill.files:
        one = parquet([path])
        belong = f"_keep AND _problem IS NULL AND _period = '{period}'"
        row = connection.execute(f"SELECT COUNT(*) FILTER ({belong}), COUNT(*) FROM {one}").fetchone()
        mine, whole = row or (0, 0)
        if mine and mine == whole:
            os.link(path, folder / path.name)
        elif mine:
            copy_rows(connection, f"SELECT * FROM {one} WHERE {belong}", folder)


def _keep_others(
    connection: duckdb.DuckDBPyConnection, old: Sequence[Path], payers: Sequence[str], folder: Path
) -> tuple[Mapping[str, Mapping[str, Decimal]], Sequence[Fact]]:
    """Carry over the month's charges of other payers: costs of these payers' that are replaced, facts of the others."""
    if not old:
        return {}, ()
    facts = count_facts(connection, parquet(old))
    others = [fact for fact in facts if fact.payer not in payers]
    if others:
        names = ", ".join(literal(payer) for payer in payers)
        copy_rows(connection, f"SELECT * FROM {parquet(old)} WHERE BillingAccountId NOT IN ({names})", folder)
    return count_charges(fact for fact in facts if fact.payer in payers).costs, others


def _existing(lake: Path, period: str) -> list[Path]:
    return months.files(lake, months.CHARGES, period) if period in months.periods(lake, months.CHARGES) else []
