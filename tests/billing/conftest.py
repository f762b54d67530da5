"""Small bills: rows as mappings, written as AWS writes them."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

PLAN = "arn:aws:savingsplans::111122223333:savingsplan/11112222-3333-4444-5555-666677778888"
RESERVATION = "arn:aws:ec2:us-east-1:111122223333:reserved-instances/11112222-3333-4444-5555-666677778888"

COMMON: Mapping[str, str] = {
    "identity/LineItemId": "x",
    "bill/InvoiceId": "",
    "bill/BillingEntity": "AWS",
    "bill/PayerAccountId": "111122223333",
    "bill/BillingPeriodStartDate": "2026-10-01T00:00:00Z",
    "bill/BillingPeriodEndDate": "2026-11-01T00:00:00Z",
    "lineItem/UsageAccountId": "444455556666",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-10-05T10:00:00Z",
    "lineItem/UsageEndDate": "2026-10-05T11:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "BoxUsage:m5.large",
    "lineItem/Operation": "RunInstances",
    "lineItem/ResourceId": "i-0abc1234def567890",
    "lineItem/UsageAmount": "1",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "0",
    "lineItem/LineItemDescription": "",
    "product/region": "us-east-1",
    "product/instanceType": "m5.large",
    "pricing/publicOnDemandCost": "",
    "pricing/unit": "Hrs",
    "reservation/ReservationARN": "",
    "reservation/EffectiveCost": "",
    "reservation/AmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedAmortizedUpfrontFeeForBillingPeriod": "",
    "reservation/UnusedRecurringFee": "",
    "savingsPlan/SavingsPlanARN": "",
    "savingsPlan/SavingsPlanEffectiveCost": "",
    "savingsPlan/TotalCommitmentToDate": "",
    "savingsPlan/UsedCommitment": "",
    "savingsPlan/AmortizedUpfrontCommitmentForBillingPeriod": "",
    "savingsPlan/RecurringCommitmentForBillingPeriod": "",
    "resourceTags/user:Team": "",
    "resourceTags/aws:createdBy": "",
}


def line(kind: str = "Usage", cost: str = "0", **more: str) -> dict[str, str]:
    """A line of a Cost and Usage Report; other columns by their name with `__` for the slash."""
    given = {name.replace("__", "/"): value for name, value in more.items()}
    return {"lineItem/LineItemType": kind, "lineItem/UnblendedCost": cost, **given}


def cur_text(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = tuple(COMMON)) -> str:
    """The report as CSV."""
    names = list(columns)
    rows = list(rows)
    names += [name for row in rows for name in row if name not in names]
    names = list(dict.fromkeys(names))
    sink = io.StringIO()
    writer = csv.DictWriter(sink, names, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**COMMON, **row} for row in rows)
    return sink.getvalue()


def write_cur(path: Path, rows: Iterable[Mapping[str, str]], columns: Iterable[str] = tuple(COMMON)) -> Path:
    """The report as a file, packed if its name ends with `.gz`."""
    data = cur_text(rows, columns).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


BOUGHT = (
    line("Usage", "0.096", pricing__publicOnDemandCost="0.096", **{"resourceTags/user:Team": "shop"}),
    line(
        "DiscountedUsage",
        "0",
        reservation__ReservationARN=RESERVATION,
        reservation__EffectiveCost="0.06",
        pricing__publicOnDemandCost="0.096",
    ),
    line(
        "RIFee",
        "37.2",
        reservation__ReservationARN=RESERVATION,
        reservation__AmortizedUpfrontFeeForBillingPeriod="7.44",
        reservation__UnusedAmortizedUpfrontFeeForBillingPeriod="7.43",
        reservation__UnusedRecurringFee="37.15",
    ),
    line("Fee", "87.6", reservation__ReservationARN=RESERVATION),
    line(
        "SavingsPlanCoveredUsage",
        "0.096",
        savingsPlan__SavingsPlanARN=PLAN,
        savingsPlan__SavingsPlanEffectiveCost="0.07",
        pricing__publicOnDemandCost="0.096",
    ),
    line("SavingsPlanNegation", "-0.096", savingsPlan__SavingsPlanARN=PLAN),
    line(
        "SavingsPlanRecurringFee",
        "0.06",
        savingsPlan__SavingsPlanARN=PLAN,
        savingsPlan__TotalCommitmentToDate="0.1",
        savingsPlan__UsedCommitment="0.07",
        savingsPlan__AmortizedUpfrontCommitmentForBillingPeriod="0.04",
        savingsPlan__RecurringCommitmentForBillingPeriod="0.06",
    ),
    line("SavingsPlanUpfrontFee", "350.4", savingsPlan__SavingsPlanARN=PLAN),
    line("Tax", "12.5"),
    line("Credit", "-5"),
    line("Refund", "-1.25"),
)
"""One of each line that matters. The reservation: 0.06 used, 44.58 unused, of 7.44 upfront and 37.2 recurring."""
