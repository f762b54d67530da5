"""What to buy, with all there is to say about it; what commands, workbooks and messages show.

Amounts are for an average month of 730 hours unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from lamplighter.commitments.model import Target
from lamplighter.commitments.sizing.demand import Gap
from lamplighter.commitments.sizing.quantile import Best
from lamplighter.commitments.sizing.statistics import Levels
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Terms


class Bought(StrEnum):
    """What a line buys."""

    RESERVATION = "reservation"
    SAVINGS_PLAN = "savings-plan"


@dataclass(frozen=True, slots=True)
class Line:
    """One purchase.

    Attributes:
        number: from 1, the largest saving first.
        id: of the offer.
        what: reservation or Savings Plan.
        service: `ec2`, `rds`, ...; of a plan its kind, `Compute`.
        region: region code; empty where a plan is good everywhere.
        resource_type: type to buy; of an EC2 Instance plan the family.
        platform: operating system or engine, and deployment where it matters.
        account: who buys; empty for the account that the organisation buys in.
        quantity: how many; of a plan, money an hour.
        terms: how long, how paid.
        upfront: paid at once, for all of them.
        hourly: paid each hour of the term, for all of them.
        monthly: what they cost a month, the upfront payment spread over the term, interest included if there is any.
        saving: on-demand money that they replace, less `monthly`.
        utilisation: share of what is bought that is used, 0 to 1.
        break_even: share from which it pays, 0 to 1; None for a plan, which has many prices.
        break_even_months: months after which the upfront payment has come back; None if it does not within the term.
        low: lower end of the range of the quantity when weeks are drawn anew; None when the time is too short.
        high: its upper end.
        why: in words.
        source: where its price comes from.
        estimated: whether the price is derived.
    """

    number: int
    id: str
    what: Bought
    service: str
    region: str
    resource_type: str
    platform: str
    account: str
    quantity: Decimal
    terms: Terms
    upfront: Money
    hourly: Money
    monthly: Money
    saving: Money
    utilisation: Decimal | None
    break_even: Decimal | None
    break_even_months: float | None
    low: Decimal | None
    high: Decimal | None
    why: str
    source: str
    estimated: bool

    @property
    def title(self) -> str:
        """In a few words."""
        parts = (self.service, self.resource_type, self.platform, self.region or "everywhere")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class PoolLine:
    """Statistics of what one kind of reservation could serve.

    Attributes:
        account: whose usage; empty for the whole organisation.
        service: `ec2`, ...
        region: region code.
        resource_type: type that would be bought; levels are counted in it.
        platform: operating system or engine.
        flexible: whether other sizes of the family are counted in, by their normalised units.
        levels: of hourly use; None when no hour is known.
        held: how many of this type are held now.
        best: the best number alone, what is held taken off until it ends; None without prices.
    """

    account: str
    service: str
    region: str
    resource_type: str
    platform: str
    flexible: bool
    levels: Levels | None
    held: Decimal
    best: Best | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another purchase in place of a line.

    Attributes:
        what: in words.
        cost: of the whole estate a month with it.
        more: how much more than what is recommended.
    """

    what: str
    cost: Money
    more: Money


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a line is as large as it is.

    Attributes:
        line: its number.
        quantiles: (percent of the hours, level in use at least then), of the use left for the line: instances of
            its type, or money an hour that a plan would draw.
        ratio: theta, the line's price as a share of on demand; None for a plan.
        last: on-demand worth of the last one bought (of a plan: dollar of commitment), as a multiple of its price.
        next: the same for the first one that is not bought.
        last_utilisation: share of the hours in which the last one is in use; None for a plan.
        next_utilisation: the same for the first one that is not bought.
        alternatives: what else was considered.
    """

    line: int
    quantiles: tuple[tuple[int, float], ...]
    ratio: float | None
    last: float | None
    next: float
    last_utilisation: float | None
    next_utilisation: float | None
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Waste:
    """What those would lose who buy as if schedules did not put anything out.

    Attributes:
        cost: of the estate a month, scheduled, with that purchase.
        wasted: how much more than with the recommended one.
        bought: what that purchase costs a month, used or not.
        unused: how much of it would pay for nothing.
        committed: what the recommended one costs a month.
        off: instance hours a month that schedules take out.
    """

    cost: Money
    wasted: Money
    bought: Money
    unused: Money
    committed: Money
    off: Decimal


@dataclass(frozen=True, slots=True)
class Regret:
    """What comes of buying by the first part of the time, on the rest of it.

    Attributes:
        trained: hours that were looked at.
        scored: hours after them.
        before: cost of the later hours a month without a purchase.
        cost: with what the first part recommends.
        best: with what would have been best for them, known afterwards.
    """

    trained: int
    scored: int
    before: Money
    cost: Money
    best: Money

    @property
    def regret(self) -> Money:
        """How much foresight would have saved more."""
        return self.cost - self.best


@dataclass(frozen=True, slots=True)
class Rung:
    """A month of a ladder.

    Attributes:
        month: from 1.
        buy: by number of the line, how much to buy in this month.
        cost: of the estate a month from then on.
    """

    month: int
    buy: Mapping[int, Decimal]
    cost: Money


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to buy.

    Attributes:
        begin: of the usage, UTC.
        end: of the usage, not included.
        hours: of the usage.
        known: hours that are known everywhere, and counted.
        list_cost: everything on demand.
        before: with what is held, nothing bought; what is held costs the same before and after and is not counted.
        after: with the purchase.
        bound: no purchase, however clever, costs less.
        committed: what the purchase costs, used or not; part of `after`.
        gap: (after - bound) / after, 0 to 1.
        lines: what to buy.
        explanations: by number of the line.
        pools: statistics.
        range: saving in 95 % of the cases when weeks are drawn anew; None when the time is too short.
        waste: what schedules keep from being wasted; None when they put nothing out.
        regret: None when the time is too short.
        ladder: months in which to buy; empty if all is bought at once.
        ladder_cost: what buying later costs in all.
        gaps: hours that are not known.
        aside: targets that were left out because too few of their hours are known.
        unknown: what has no price or no offer.
        assumptions: what it rests on.
    """

    begin: datetime
    end: datetime
    hours: int
    known: int
    list_cost: Money
    before: Money
    after: Money
    bound: Money
    committed: Money
    gap: float
    lines: tuple[Line, ...]
    explanations: Mapping[int, Explanation]
    pools: tuple[PoolLine, ...]
    range: tuple[Money, Money] | None
    waste: Waste | None
    regret: Regret | None
    ladder: tuple[Rung, ...]
    ladder_cost: Money
    gaps: tuple[Gap, ...]
    aside: tuple[Target, ...]
    unknown: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def saving(self) -> Money:
        """A month."""
        return self.before - self.after
