from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from lamplighter.errors import PriceBookError
from lamplighter.pricing import Payment, Plan, PriceBook, Terms, ec2_key
from lamplighter.pricing.plan_list import ASKED, read_offering_rates, read_plan_csv, read_plan_file

C5 = ec2_key("ap-northeast-1", "c5.xlarge", "Windows")
DOCUMENT: dict[str, Any] = {
    "publicationDate": "2025-09-11T18:44:47Z",
    "products": [
        {
            "sku": "P",
            "productFamily": "ComputeSavingsPlans",
            "attributes": {"purchaseOption": "Partial Upfront", "purchaseTerm": "1yr"},
        }
    ],
    "terms": {
        "savingsPlan": [
            {
                "sku": "P",
                "rates": [
                    {
                        "discountedServiceCode": "AmazonEC2",
                        "discountedRegionCode": "ap-northeast-1",
                        "discountedUsageType": usage,
                        "discountedOperation": "RunInstances:0002",
                        "discountedRate": {"price": "0.352", "currency": "USD"},
                    }
                    for usage in ("APN1-BoxUsage:c5.xlarge", "APN1-UnusedBox:c5.xlarge")
                ],
            }
        ]
    },
}
HEADER = (
    "SKU,RateCode,Unit,EffectiveDate,DiscountedRate,Currency,DiscountedServiceCode,DiscountedUsageType,"
    "DiscountedOperation,PurchaseOption,LeaseContractLength,LeaseContractLengthUnit,Product Family,DiscountedRegionCode"
)
FAMILY = "EC2InstanceSavingsPlans"
CSV = f"""\
FormatVersion,v1.0
Disclaimer,"This is, as it says, no offer"
Publication Date,2025-09-11T18:44:47Z
Version,20250911184447
OfferCode,AmazonComputeSavingsPlan
{HEADER}
S,R,Hrs,2025,0.276,USD,AmazonEC2,APN1-BoxUsage:c5.xlarge,RunInstances:0002,No Upfront,3,year,{FAMILY},ap-northeast-1
S,T,Hrs,2025,0.0562,USD,AmazonEC2,APE2-UnusedDed:r7g.large,RunInstances,Partial Upfront,3,year,{FAMILY},ap-east-2
"""
ANSWER: dict[str, Any] = {
    "savingsPlanOffering": {
        "offeringId": "x",
        "paymentOption": "All Upfront",
        "planType": "Compute",
        "durationSeconds": 94608000,
        "currency": "USD",
    },
    "rate": "0.299",
    "unit": "Hrs",
    "serviceCode": "AmazonEC2",
    "usageType": "APN1-BoxUsage:c5.xlarge",
    "operation": "RunInstances:0002",
    "properties": [{"name": "region", "value": "ap-northeast-1"}, {"name": "tenancy", "value": "shared"}],
}


def test_a_plan_file_gives_rates() -> None:
    listed = read_plan_file(DOCUMENT)
    [rate] = listed.rates
    assert (rate.plan, rate.key, rate.terms) == (Plan.COMPUTE, C5, Terms(1, Payment.PARTIAL_UPFRONT))
    assert (str(rate.rate), rate.as_of, rate.estimated) == ("0.352 USD", date(2025, 9, 11), False)
    assert listed.passed_over == 1


def test_the_same_as_csv() -> None:
    listed = read_plan_csv(CSV.splitlines(keepends=True))
    [rate] = listed.rates
    assert (rate.plan, rate.key, rate.terms) == (Plan.EC2_INSTANCE, C5, Terms(3, Payment.NO_UPFRONT))
    assert (str(rate.rate), rate.as_of, listed.passed_over) == ("0.276 USD", date(2025, 9, 11), 1)


def test_what_aws_answers_when_it_is_asked() -> None:
    dedicated = {**ANSWER, "properties": [{"name": "tenancy", "value": "dedicated"}]}
    listed = read_offering_rates([ANSWER, dedicated], date(2026, 11, 1))
    [rate] = listed.rates
    assert (rate.plan, rate.key, rate.terms) == (Plan.COMPUTE, C5, Terms(3, Payment.ALL_UPFRONT))
    assert (str(rate.rate), rate.source, listed.passed_over) == ("0.299 USD", ASKED, 1)


def test_real_rates_win_over_estimates_and_the_rest_stays() -> None:
    book = PriceBook.from_prices({}, rates=read_plan_file(DOCUMENT).rates, base=PriceBook.bundled())
    real = book.plan_rate(Plan.COMPUTE, C5, Terms(1, Payment.PARTIAL_UPFRONT))
    assert real is not None
    assert (str(real.rate), real.estimated) == ("0.352 USD", False)
    other = book.plan_rate(Plan.COMPUTE, C5, Terms(1, Payment.NO_UPFRONT))
    assert other is not None
    assert other.estimated


def test_a_damaged_file_is_refused_whole() -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["terms"]["savingsPlan"][0]["sku"] = "Q"
    for document in (broken, {}):
        with pytest.raises(PriceBookError, match="this Savings Plans file cannot be read"):
            read_plan_file(document)
    for text in (
        "",
        "FormatVersion,v1.0\n",
        CSV.replace("0.276", "cheap"),
        CSV.replace(",year,", ",month,"),
        CSV + "x\n",
    ):
        with pytest.raises(PriceBookError, match="this Savings Plans file cannot be read"):
            read_plan_csv(text.splitlines(keepends=True))
    with pytest.raises(PriceBookError, match="DescribeSavingsPlansOfferingRates cannot be read"):
        read_offering_rates([{"rate": "1"}], date(2026, 11, 1))
