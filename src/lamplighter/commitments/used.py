"""From samples of usage to what commitments are applied to: alike usage once, its prices, and hours nobody knows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lamplighter.commitments.coverage import Blind, Item, Quantities
from lamplighter.commitments.holdings import Held
from lamplighter.commitments.matching import FITS, Fit, price_key
from lamplighter.commitments.model import PlanKind, Target, Use
from lamplighter.lake.usage import Look, UsageSample
from lamplighter.pricing.book import PriceBook
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Payment, Plan, Terms
from lamplighter.pricing.price import (
    HOURS,
    PriceKey,
)

HOUR: Final = timedelta(hours=1)
NOBODY: Final = "nobody looked"
_ANY: Final = Terms(1, Payment.NO_UPFRONT)
"""Terms whose rates stand in for those of a plan that was bought on terms of another time."""

Rates = Mapping[tuple[str, PriceKey], Decimal]
"""What a Savings Plan charged for one unit of usage, by its ARN and what it covered, as a bill says."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What ran in a span of time, ready for `lamplighter.commitments.coverage.measure`.

    Attributes:
        items: usage that is alike.
        hours: every hour of the span in which anything is known: what ran in it.
        unknown: by hour, the targets that are not known.
        blind: the same, counted by target.
        notes: what else to know, a line each.
    """

    items: Sequence[Item]
    hours: Mapping[datetime, Quantities]
    unknown: Mapping[datetime, frozenset[Target]]
    blind: Sequence[Blind]
    notes: Sequence[str] = ()


def what_ran(
    samples: Iterable[UsageSample],
    looks: Iterable[Look],
    start: datetime,
    end: datetime,
    book: PriceBook,
    held: Sequence[Held] = (),
    rates: Rates = MappingProxyType({}),
) -> Ran:
    """Usage of a span of time.

    An hour of a target (account, region, service) is known if somebody looked and was answered, or there is a sample of
    it. Targets are those that anybody looked at in the span; hours of them before the first and after the last look
    count as not known.

    Args:
        samples: what ran; one of 24 hours counts in each of them. Spot is taken out.
        looks: what was looked at.
        start: aware, a full hour.
        end: aware, a full hour, not included.
        book: prices on demand, and of Savings Plans where `rates` has none.
        held: Savings Plans that may cover it.
        rates: what plans really charged.
    """
    numbers: dict[tuple[str, str, str, str, str, str, str], int] = {}
    quantities: dict[datetime, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    seen: dict[Target, set[datetime]] = defaultdict(set)
    alien: Counter[str] = Counter()
    for sample in samples:
        span = [at for at in _hours_of(sample.time, sample.hours) if start <= at < end]
        if sample.service not in FITS:
            alien[sample.service] += len(span)
            continue
        seen[Target(sample.account, sample.region, sample.service)].update(span)
        quantity = sample.quantity - sample.spot
        if quantity <= 0:
            continue
        alike = (
            sample.account, sample.region, sample.service, sample.resource_type, sample.platform, sample.deployment,
            sample.zone,
        )  # fmt: skip
        number = numbers.setdefault(alike, len(numbers))
        for at in span:
            quantities[at][number] += quantity
    reasons = _looked(looks, seen, start, end)
    every = list(_hours_of(start, int((end - start) / HOUR)))
    unknown = {at: frozenset(target for target, known in seen.items() if at not in known) for at in every}
    hours = {at: tuple(sorted(quantities[at].items())) for at in every if len(unknown[at]) < len(seen)}
    blind = [
        Blind(target, missing, _reason(reasons[target]))
        for target in sorted(seen)
        if (missing := sum(at not in seen[target] for at in every))
    ]
    items = [_item(*alike, book=book, held=held, rates=rates) for alike in numbers]
    return Ran(items, hours, unknown, blind, list(_notes(items, alien)))


def _item(
    account: str,
    region: str,
    service: str,
    resource_type: str,
    platform: str,
    deployment: str,
    zone: str,
    *,
    book: PriceBook,
    held: Sequence[Held],
    rates: Rates,
) -> Item:
    fit: Fit = FITS[service](region, resource_type, platform, deployment)
    key = price_key(service, region, resource_type, platform, deployment)
    price = book.find(key) if key else None
    rate = price.rate if price and price.unit == HOURS else None
    own = {each.arn: found for each in held if key and rate and (found := _drawn(each, key, rate, book, rates))}
    use = Use(
        id="",
        account=account,
        quantity=Decimal(1),
        rate=rate.amount if rate else Decimal(0),
        attributes=fit.attributes,
        size=fit.size,
        zone=zone,
        units=fit.units,
        own_rates=own,
    )
    return Item(
        use=use,
        target=Target(account, region, service),
        family=fit.attributes.family,
        resource_type=resource_type,
        currency=rate.currency if rate else "CNY" if region.startswith("cn-") else "USD",
        priced=rate is not None,
        by_hour=service != "dynamodb",
        units=fit.units if service != "dynamodb" else Decimal(1),
    )


def _drawn(one: Held, key: PriceKey, rate: Money, book: PriceBook, rates: Rates) -> Decimal | None:
    """What one unit draws on a plan that is held; None if the plan does not take it, or is paid in another currency."""
    if one.plan is None or one.commitment is None or one.commitment.currency != rate.currency:
        return None
    if (one.arn, key) in rates:
        return rates[one.arn, key]
    family = key.resource_type.partition(".")[0]
    if one.plan is PlanKind.EC2_INSTANCE and (key.region, family) != (one.region, one.value):
        return None
    found = book.plan_rate(Plan(one.plan), key, one.terms or _ANY)
    return found.rate.amount if found and found.rate.currency == rate.currency else None


def _hours_of(start: datetime, hours: int) -> Iterable[datetime]:
    first = start.astimezone(UTC)
    return (first + number * HOUR for number in range(hours))


def _looked(
    looks: Iterable[Look], seen: dict[Target, set[datetime]], start: datetime, end: datetime
) -> dict[Target, Counter[str]]:
    """Note what was looked at with an answer, and give the reasons of what was not answered."""
    reasons: dict[Target, Counter[str]] = defaultdict(Counter)
    for look in looks:
        target = Target(look.account, look.region, look.service)
        span = [at for at in _hours_of(look.time, look.hours) if start <= at < end]
        if look.source is not None:
            seen[target].update(span)
        elif span:
            seen.setdefault(target, set())
            reasons[target][look.reason or "not known"] += len(span)
    return reasons


def _reason(reasons: Counter[str]) -> str:
    return max(sorted(reasons), key=lambda each: reasons[each]) if reasons else NOBODY


def _notes(items: Sequence[Item], alien: Counter[str]) -> Iterable[str]:
    for service, hours in sorted(alien.items()):
        yield f"{service}: no commitment is known for it, {hours} hours of usage left out"
    unpriced = sorted({f"{item.resource_type} in {item.target.region}" for item in items if not item.priced})
    if unpriced:
        named = ", ".join(unpriced[:3]) + (f" and {len(unpriced) - 3} more" if len(unpriced) > 3 else "")
        yield f"no price on demand is known of {named}: counted in hours, their money is not known"
