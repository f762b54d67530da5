"""AWS's own Savings Plan rates: price list files as JSON or CSV, and what DescribeSavingsPlansOfferingRates answers."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import islice
from types import MappingProxyType
from typing import Final

from lamplighter.errors import PriceBookError
from lamplighter.pricing.money import Money
from lamplighter.pricing.offers import Plan, PlanRate, Terms
from lamplighter.pricing.price_list import SOURCE, Document, Listed, day_of, terms_of
from lamplighter.pricing.sku import usage_key

ASKED: Final = "AWS Savings Plans offering rates"
_FAMILIES: Final = MappingProxyType(
    {
        "ComputeSavingsPlans": Plan.COMPUTE,
        "EC2InstanceSavingsPlans": Plan.EC2_INSTANCE,
        "SageMakerSavingsPlans": Plan.SAGEMAKER,
        "MachineLearningSavingsPlans": Plan.SAGEMAKER,
        "DatabaseSavingsPlans": Plan.DATABASE,
    }
)
_PREAMBLE: Final = 5
"""Lines of a CSV file before its header."""
_YEAR_SECONDS: Final = 365 * 24 * 3600
_DAMAGE: Final = (KeyError, TypeError, ValueError, InvalidOperation, AttributeError, IndexError, csv.Error)


def read_plan_file(document: Document) -> Listed:
    """Read a Savings Plans file, `/savingsPlan/v1.0/aws/<plan>/<version>/<region>/index.json`.

    Raises:
        PriceBookError: it is no such file, or damaged.
    """
    listed = Listed()
    try:
        as_of = day_of(document["publicationDate"])
        products = {product["sku"]: product for product in document["products"]}
        for term in document["terms"]["savingsPlan"]:
            product = products[term["sku"]]
            plan, facts = _FAMILIES.get(product["productFamily"]), product["attributes"]
            terms = terms_of(facts["purchaseTerm"], facts["purchaseOption"])
            for rate in term["rates"]:
                money = Money(Decimal(rate["discountedRate"]["price"]), rate["discountedRate"]["currency"])
                what = (
                    rate["discountedServiceCode"], rate["discountedRegionCode"], rate["discountedUsageType"],
                    rate["discountedOperation"],
                )  # fmt: skip
                _add(listed, plan, terms, what, money, as_of, SOURCE)
    except _DAMAGE as error:
        raise _damaged("Savings Plans file", error) from error
    return listed


def read_plan_csv(lines: Iterable[str]) -> Listed:
    """Read a Savings Plans file as CSV, `.../index.csv`; one line at a time, for these files are large.

    Raises:
        PriceBookError: it is no such file, or damaged.
    """
    listed = Listed()
    try:
        rows = csv.reader(lines)
        preamble = dict([*row, "", ""][:2] for row in islice(rows, _PREAMBLE))
        as_of, header = day_of(preamble["Publication Date"]), next(rows)
        for cells in rows:
            row = dict(zip(header, cells, strict=True))
            if row["LeaseContractLengthUnit"] != "year":
                raise ValueError(f"a term of {row['LeaseContractLengthUnit']}")
            terms = terms_of(row["LeaseContractLength"], row["PurchaseOption"])
            what = (
                row["DiscountedServiceCode"], row["DiscountedRegionCode"], row["DiscountedUsageType"],
                row["DiscountedOperation"],
            )  # fmt: skip
            money = Money(Decimal(row["DiscountedRate"]), row["Currency"])
            _add(listed, _FAMILIES.get(row["Product Family"]), terms, what, money, as_of, SOURCE)
    except (*_DAMAGE, StopIteration) as error:
        raise _damaged("Savings Plans file", error) from error
    return listed


def read_offering_rates(results: Iterable[Document], as_of: date) -> Listed:
    """Read what `savingsplans:DescribeSavingsPlansOfferingRates` answers.

    Args:
        results: entries of `searchResults`, of all pages.
        as_of: the day it was asked.

    Raises:
        PriceBookError: one of them is damaged.
    """
    listed = Listed()
    try:
        for each in results:
            offering = each["savingsPlanOffering"]
            years = Decimal(offering["durationSeconds"]) / _YEAR_SECONDS
            terms = terms_of(f"{round(years)}yr", offering["paymentOption"])
            facts = {one["name"]: one["value"] for one in each.get("properties", ())}
            if facts.get("tenancy", "shared") != "shared":
                listed.passed_over += 1
                continue
            what = (each["serviceCode"], facts["region"], each["usageType"], each["operation"])
            money = Money(Decimal(each["rate"]), offering["currency"])
            _add(listed, _kind(offering["planType"]), terms, what, money, as_of, ASKED)
    except _DAMAGE as error:
        raise _damaged("answer of DescribeSavingsPlansOfferingRates", error) from error
    return listed


def _kind(name: str) -> Plan | None:
    return next((plan for plan in Plan if plan == name), None)


def _add(
    listed: Listed,
    plan: Plan | None,
    terms: Terms,
    what: tuple[str, str, str, str],
    rate: Money,
    as_of: date,
    source: str,
) -> None:
    key = usage_key(*what)
    if plan is None or key is None:
        listed.passed_over += 1
    else:
        listed.rates.append(PlanRate(plan, key, terms, rate, as_of, source))


def _damaged(what: str, error: Exception) -> PriceBookError:
    return PriceBookError(f"this {what} cannot be read: {error!r}", hint="download it again, whole")
