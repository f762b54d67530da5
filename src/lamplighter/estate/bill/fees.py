"""Lines of what was bought itself: fees of Savings Plans by the hour, of reservations by the month.

Source: Cost and Usage Report user guide, "Reservation details", "Savings Plans details".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from lamplighter.commitments.model import PlanKind
from lamplighter.estate.bill.meters import Meter, prefix
from lamplighter.estate.bill.month import Line, MonthBill, discounted
from lamplighter.estate.bill.used import HOUR, Planned, Reserved

_ZERO = Decimal(0)
STAMP = "%Y-%m-%dT%H:%M:%S.000Z"


def plan_facts(plan: Planned) -> dict[str, str]:
    """What every line of a Savings Plan says of it, by CUR column."""
    kind = plan.holds.kind
    return {
        "savingsPlan/OfferingType": "ComputeSavingsPlans" if kind is PlanKind.COMPUTE else "EC2InstanceSavingsPlans",
        "savingsPlan/PaymentOption": plan.payment,
        "savingsPlan/PurchaseTerm": "1yr",
        "savingsPlan/Region": plan.holds.region,
        "savingsPlan/InstanceTypeFamily": plan.holds.family,
        "savingsPlan/StartTime": f"{plan.start:{STAMP}}",
        "savingsPlan/EndTime": f"{plan.end:{STAMP}}",
    }


def plan_fees(bill: MonthBill, at: datetime, plan: Planned, drawn: Decimal) -> Iterator[Line]:
    """What an hour of a Savings Plan costs, with what was drawn on it, and the upfront payment in its first."""
    holds = plan.holds
    kind = "ComputeSP" if holds.kind is PlanKind.COMPUTE else "EC2SP"
    where = prefix(holds.region) if holds.region else ""
    name = f"{where}{kind}:{holds.family + '.' if holds.family else ''}1yr{plan.payment.replace(' ', '')}"
    number = bill.number(_fee_meter(holds.account, holds.region, "ComputeSavingsPlans", name, "1 year Savings Plan"))
    share = discounted(bill, bill.options.enterprise)
    if plan.start == at and plan.upfront:
        yield Line(
            "SavingsPlanUpfrontFee", number, Decimal(1), plan.upfront, holds.id, discount=share,
            more=plan_facts(plan),
        )  # fmt: skip
    yield Line(
        "SavingsPlanRecurringFee", number, Decimal(1), plan.hourly, holds.id,
        unused=holds.commitment - drawn,
        spread=plan.upfront_hour,
        discount=share,
        more={
            **plan_facts(plan),
            "savingsPlan/TotalCommitmentToDate": f"{holds.commitment:f}",
            "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod": f"{plan.upfront_hour:f}",
            "savingsPlan/RecurringCommitmentForBillingPeriod": f"{plan.hourly:f}",
        },
    )  # fmt: skip


def _fee_meter(account: str, region: str, service: str, usage_type: str, description: str) -> Meter:
    return Meter(
        "", account, region, service, "Fee", usage_type, "", "Hrs", _ZERO, _ZERO, description, taggable=False
    )  # fmt: skip


def reservation_fees(
    bill: MonthBill, one: Reserved, taken: Decimal, recurring: Decimal, upfront: Decimal
) -> Iterator[Line]:
    """The monthly fee with what was not used of it, and the upfront payment if it was made in this month.

    Args:
        bill: the month.
        one: the reservation.
        taken: hours that it covered, in units if it is size-flexible, else in instances.
        recurring: recurring fee that went into usage.
        upfront: upfront payment that went into usage.
    """
    first, until = max(bill.first, one.start), min(bill.until, one.end)
    if first >= until:
        return
    hours, holds = (until - first) // HOUR, one.holds
    number = bill.number(_reservation_meter(one))
    share, facts = discounted(bill, bill.options.enterprise), _reservation_facts(one)
    if bill.first <= one.start < bill.until and one.upfront:
        term = holds.count * ((one.end - one.start) // HOUR)
        yield Line(
            "Fee", number, holds.count, one.upfront, holds.id, discount=share, start=one.start,
            more={**facts, "reservation/TotalReservedUnits": f"{term:f}"},
        )  # fmt: skip
    whole = holds.count * hours
    spread, paid = one.upfront_hour * hours, one.hourly * hours
    flexible: dict[str, str] = {}
    unused = whole - taken
    if holds.units is not None:
        left = whole * holds.units - taken
        unused = left / holds.units
        flexible = {
            "reservation/TotalReservedNormalizedUnits": f"{whole * holds.units:f}",
            "reservation/NormalizedUnitsPerReservation": f"{holds.units * hours:f}",
            "reservation/UnusedNormalizedUnitQuantity": f"{left:f}",
        }
    yield Line(
        "RIFee", number, whole, paid, holds.id,
        start=first,
        end=until,
        unused=(spread - upfront) + (paid - recurring),
        spread=spread,
        discount=share,
        more={
            **facts,
            **flexible,
            "reservation/TotalReservedUnits": f"{whole:f}",
            "reservation/UnitsPerReservation": f"{hours}",
            "reservation/UnusedQuantity": f"{unused:f}",
            "reservation/AmortizedUpfrontFeeForBillingPeriod": f"{spread:f}",
            "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": f"{spread - upfront:f}",
            "reservation/UnusedRecurringFee": f"{paid - recurring:f}",
        },
    )  # fmt: skip


def _reservation_facts(one: Reserved) -> dict[str, str]:
    payment = "No Upfront" if not one.upfront else "Partial Upfront" if one.hourly else "All Upfront"
    return {
        "reservation/AvailabilityZone": one.holds.zone,
        "reservation/StartTime": f"{one.start:{STAMP}}",
        "reservation/EndTime": f"{one.end:{STAMP}}",
        "reservation/ModificationStatus": "Original",
        "reservation/NumberOfReservations": f"{one.holds.count:f}",
        "reservation/UpfrontValue": f"{one.upfront:f}",
        "pricing/term": "Reserved",
        "pricing/LeaseContractLength": "1yr",
        "pricing/OfferingClass": "standard",
        "pricing/PurchaseOption": payment,
    }


def _reservation_meter(one: Reserved) -> Meter:
    holds = one.holds
    kind = one.usage_type.replace("BoxUsage", "HeavyUsage").replace("InstanceUsage", "HeavyUsage")
    family = "Compute Instance" if one.service == "AmazonEC2" else "Database Instance"
    return Meter(
        "", holds.account, holds.attributes.region, one.service, family, kind, one.operation, "Hrs", _ZERO, _ZERO,
        f"USD {one.hourly:f} hourly fee per {one.instance_type} reservation", taggable=False,
        instance_type=one.instance_type,
    )  # fmt: skip
