"""Beside what Cost Explorer recommends: what it would buy more, less, otherwise.

Both are put into the same words: reservations of a family in normalised units (or of a type where sizes are not
flexible), plans in money an hour. AWS works out each kind of purchase as if the others were not bought, so its savings
do not add up: reservations, EC2 Instance and Compute plans for the same usage are alternatives there.
Source of its words: Cost Explorer API reference, `InstanceDetails` and `SavingsPlansDetails`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from lamplighter.commitments.matching import FITS, plain_search_type
from lamplighter.commitments.sizing.recommendation import Bought, Line
from lamplighter.commitments.units import split_type
from lamplighter.pricing.money import Money

if TYPE_CHECKING:
    from lamplighter.commitments.explorer_answers import Advice

PLANS: Final = "savings-plans"
_TYPES: Final = ("InstanceType", "NodeType")
_SERVICES: Final = {"db": "rds", "cache": "elasticache"}


class Subject(NamedTuple):
    """What is bought, however it is called.

    Attributes:
        what: reservation or Savings Plan.
        service: `ec2`, ...; of a plan its kind.
        region: region code; empty for a plan that is good everywhere.
        family: of a size-flexible reservation or EC2 Instance plan; the type of other reservations; else empty.
    """

    what: Bought
    service: str
    region: str
    family: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One subject, bought by us, by AWS, or by both.

    Attributes:
        subject: what it is about.
        ours: how much we would buy: normalised units, instances, or money an hour; None for nothing.
        theirs: how much AWS would.
        our_saving: a month, as we see it.
        their_saving: a month, as AWS sees it; None where it does not say.
        said: in words.
    """

    subject: Subject
    ours: Decimal | None
    theirs: Decimal | None
    our_saving: Money | None
    their_saving: Money | None
    said: str


def compare(
    lines: Iterable[Line], advice: Iterable[Advice], silent: Collection[str] = ()
) -> tuple[list[Difference], list[str]]:
    """Our purchase beside AWS's.

    Args:
        lines: what we recommend.
        advice: what Cost Explorer does; of several terms for the same subject only one belongs here.
        silent: services, or `savings-plans`, of which it has said nothing at all: it has no data, or was not asked.

    Returns:
        A row for each subject, the largest saving of ours first, and what could not be compared, in words.
    """
    ours: dict[Subject, tuple[Decimal, Money | None]] = {}
    for line in lines:
        subject, quantity = _of_line(line)
        _add(ours, subject, quantity, line.saving)
    theirs: dict[Subject, tuple[Decimal, Money | None]] = {}
    unread = []
    for each in advice:
        found = _of_advice(each)
        if found is None:
            unread.append(f"not compared: {', '.join(each.of.values()) or 'a purchase without details'}")
            continue
        _add(theirs, *found, each.monthly_saving)
    rows = [_row(subject, ours.get(subject), theirs.get(subject), silent) for subject in {**ours, **theirs}]
    rows.sort(key=lambda row: (-(row.our_saving.amount if row.our_saving else Decimal(0)), row.subject))
    return rows, unread


def _add(
    found: dict[Subject, tuple[Decimal, Money | None]], subject: Subject, quantity: Decimal, saving: Money | None
) -> None:
    if subject not in found:
        found[subject] = quantity, saving
        return
    before, money = found[subject]
    found[subject] = before + quantity, money + saving if money and saving else None


def _row(
    subject: Subject,
    ours: tuple[Decimal, Money | None] | None,
    theirs: tuple[Decimal, Money | None] | None,
    silent: Collection[str],
) -> Difference:
    mine, my_saving = ours or (None, None)
    other, other_saving = theirs or (None, None)
    told = (PLANS if subject.what is Bought.SAVINGS_PLAN else subject.service) not in silent
    return Difference(subject, mine, other, my_saving, other_saving, _said(mine, other, told=told))


def _said(ours: Decimal | None, theirs: Decimal | None, *, told: bool) -> str:
    if theirs is None:
        return "only here: AWS does not recommend it" if told else "AWS has said nothing of its kind"
    if ours is None:
        return "only AWS: something else covers it better, or its schedule puts it out"
    if ours == theirs:
        return "the same"
    share = abs(ours - theirs) / theirs * 100 if theirs else Decimal(100)
    return f"{share:.0f} % {'more' if ours > theirs else 'less'} than AWS"


def _of_line(line: Line) -> tuple[Subject, Decimal]:
    if line.what is Bought.SAVINGS_PLAN:
        return Subject(line.what, line.service, line.region, line.resource_type), line.quantity
    platform, _, deployment = line.platform.partition(" ")
    return _reserved(line.service, line.region, line.resource_type, platform, deployment, line.quantity)


def _of_advice(each: Advice) -> tuple[Subject, Decimal] | None:
    if each.plan is not None:
        if each.commitment is None:
            return None
        bound = each.plan.value == "EC2Instance"
        region = each.of.get("Region", "") if bound else ""
        family = each.of.get("InstanceFamily", "") if bound else ""
        return Subject(Bought.SAVINGS_PLAN, each.plan.value, region, family), each.commitment.amount
    kind = _type_of(each.of)
    if each.count is None or not kind or not each.of.get("Region"):
        return None
    service, resource_type = kind
    platform = each.of.get("Platform") or each.of.get("DatabaseEngine") or each.of.get("ProductDescription") or ""
    deployment = each.of.get("DeploymentOption", "").lower()
    return _reserved(service, each.of["Region"], resource_type, platform, deployment, each.count)


def _type_of(of: Mapping[str, str]) -> tuple[str, str] | None:
    """(service, type) of what AWS describes."""
    if "InstanceClass" in of and "InstanceSize" in of:
        return "opensearch", plain_search_type(f"{of['InstanceClass']}.{of['InstanceSize']}")
    if "CapacityUnits" in of:
        return "dynamodb", "write" if "write" in of["CapacityUnits"].lower() else "read"
    name = next((of[key] for key in _TYPES if of.get(key)), None)
    if name is None:
        return None
    prefix = name.partition(".")[0]
    if prefix in _SERVICES:
        return _SERVICES[prefix], name
    return ("ec2", name) if "Platform" in of or "Tenancy" in of else ("redshift", name)


def _reserved(
    service: str, region: str, resource_type: str, platform: str, deployment: str, count: Decimal
) -> tuple[Subject, Decimal]:
    fit = FITS[service](region, resource_type, platform, deployment) if service in FITS else None
    if fit is None or fit.units is None:
        return Subject(Bought.RESERVATION, service, region, resource_type), count
    return Subject(Bought.RESERVATION, service, region, split_type(resource_type)[0]), count * fit.units
