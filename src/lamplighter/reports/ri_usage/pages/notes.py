"""How the figures came about, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from lamplighter.commitments.kept import Inventory
from lamplighter.commitments.sizing.recommendation import Recommendation
from lamplighter.reports.ri_usage.page import Facts, Page
from lamplighter.reports.sheet import Column, Sheet

_METHOD: Final = {
    "Usage": """
        Collected every hour (OpenSearch and Redshift every day); `lamp usage gaps --fill` fills what was missed
        from the bill. What is still unknown is in no figure, and stands on the page Gaps. (views usage, usage_looks)
    """,
    "Levels": """
        Over known hours; P5, P50 and P95 are levels that did occur. (view usage_statistics)
    """,
    "Coverage": """
        Commitments are applied hour by hour in AWS's order: zonal reservations, regional ones with smallest sizes
        first, EC2 Instance and then Compute Savings Plans; the owner first, then the accounts it is shared with. (view
        coverage_hours)
    """,
    "Utilisation": """
        Used / bought, over the hours in which it is known what became of a commitment. (view commitment_hours)
    """,
    "Best number": """
        The largest n whose n-th instance is in use in a larger share of the hours than its price is of the on-demand
        price.
    """,
    "Recommendation": """
        All services, terms and payments together as a linear programme, whose optimum is a bound that no purchase can
        beat. What can be bought is rounded, simulated in AWS's order, and compared with the bound.
    """,
    "Money": """
        Public list prices without tax; discounts of a contract are in them only if the price book has them.
    """,
    "Schedules": """
        Hours that schedules put out are taken out before anything is recommended.
    """,
}


class Notes(Page):
    """Method, assumptions, what has no price."""

    name: ClassVar[str] = "Notes"
    order: ClassVar[int] = 99
    title: ClassVar[str] = "{organization}: notes on method"
    about: ClassVar[str] = "What the figures mean and what they rest on. Empty cells are not known; they are not zero."
    columns: ClassVar[tuple[Column, ...]] = (Column("About"), Column("Note"))

    def sheets(self, facts: Facts) -> Iterator[Sheet]:
        """Method, then what the recommendation assumes and lacks, then what could not be asked."""
        rows = [(about, " ".join(text.split())) for about, text in _METHOD.items()]
        found = facts.recommendation
        rows += _rests_on(found) if found else [("No recommendation", facts.missing)]
        rows += [("Careful", warning) for warning in facts.warnings]
        rows += _not_asked(facts.inventory)
        yield self.sheet(facts, rows, "docs/sizing.md, docs/commitments.md and docs/usage.md of Lamplighter")


def _rests_on(found: Recommendation) -> Iterator[tuple[str, str]]:
    period = f"{found.begin:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC"
    yield "Period", f"{period}, {found.known} of {found.hours} hours known everywhere"
    if found.range:
        low, high = (each.rounded() for each in found.range)
        yield "Range", f"saving a month in 95 % of the cases when weeks are drawn anew: {low} to {high}"
    if found.regret:
        past = f"bought by the first {found.regret.trained} hours, the next {found.regret.scored} would have cost"
        yield (
            "Foresight",
            f"{past} {found.regret.cost.rounded()} a month; with hindsight {found.regret.best.rounded()}",
        )
    for each in found.assumptions:
        yield "Assumed", each
    for each in found.unknown:
        yield "No price or offer", each
    for target in found.aside:
        yield "Left out", f"{target.service} in {target.account}/{target.region}: too few of its hours are known"


def _not_asked(inventory: Inventory) -> Iterator[tuple[str, str]]:
    for each in inventory.unknown:
        said = "; ".join(trouble.message for trouble in each.troubles)
        yield f"Not known: {each.source}", f"{each.account_name}/{each.region}: {said}"
