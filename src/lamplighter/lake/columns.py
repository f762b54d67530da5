"""The columns of a charge: those of FOCUS 1.2, then our own, which begin with `x_`.

One row is one line of a bill. Rules that hold for every row, whatever bill it came from:

- Costs are in `BillingCurrency` and may be negative. They are exact: DECIMAL, never binary fractions. Unknown is NULL,
  never zero. Four measures stand beside each other (formulas: `lamplighter.billing`):

      x_UnblendedCost        what the line says, before discounts that come as net columns
      x_NetUnblendedCost     the same after them; equal to the gross one where the bill has no net columns
      x_AmortizedCost        commitments spread over the hours that used them, what was unused apart
      x_NetAmortizedCost     the same after discounts

  `BilledCost` is the net unblended cost, except that usage covered by a Savings Plan and its negation, which only
  cancel each other, are both zero. `EffectiveCost` is the net amortised cost.
- Times are UTC without a zone (so that every engine reads them alike); periods are [start, end).
- Texts that a bill leaves empty are NULL.
- `Tags` holds the tags of the resource: `resourceTags/user:Team` is `Team`; CUR 2.0 has only `user_team` left, which
  is `team`; keys that AWS makes keep `aws:`. `x_CostCategories` likewise.

Source of the FOCUS columns: FinOps Open Cost and Usage Specification 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TEXT: Final = "VARCHAR"
TIME: Final = "TIMESTAMP"
MONEY: Final = "DECIMAL(38,18)"
NUMBER: Final = "DECIMAL(38,18)"
MAP: Final = "MAP(VARCHAR, VARCHAR)"

Need = Literal["always", "nullable"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: as it stands in Parquet and SQL.
        type: DuckDB's name of the type.
        about: what it holds, with unit.
        need: `always` when it is never NULL.
    """

    name: str
    type: str
    about: str
    need: Need = "nullable"


def _focus(name: str, type_: str, about: str, need: Need = "nullable") -> Column:
    return Column(name, type_, about, need)


FOCUS: Final[tuple[Column, ...]] = (
    _focus("AvailabilityZone", TEXT, "zone of the resource, for example us-east-1a"),
    _focus("BilledCost", MONEY, "what is invoiced, or basis of it", "always"),
    _focus("BillingAccountId", TEXT, "payer account, 12 digits", "always"),
    _focus("BillingAccountName", TEXT, "its name"),
    _focus("BillingAccountType", TEXT, "what the provider calls it"),
    _focus("BillingCurrency", TEXT, "ISO 4217 code", "always"),
    _focus("BillingPeriodEnd", TIME, "first instant after the billing period", "always"),
    _focus("BillingPeriodStart", TIME, "first instant of the billing period", "always"),
    _focus("CapacityReservationId", TEXT, "On-Demand Capacity Reservation"),
    _focus("CapacityReservationStatus", TEXT, "Used or Unused"),
    _focus("ChargeCategory", TEXT, "Usage, Purchase, Tax, Credit or Adjustment", "always"),
    _focus("ChargeClass", TEXT, "Correction, or NULL"),
    _focus("ChargeDescription", TEXT, "for people"),
    _focus("ChargeFrequency", TEXT, "One-Time, Recurring or Usage-Based"),
    _focus("ChargePeriodEnd", TIME, "first instant after the charge", "always"),
    _focus("ChargePeriodStart", TIME, "first instant of the charge", "always"),
    _focus("CommitmentDiscountCategory", TEXT, "Spend (Savings Plan) or Usage (reservation)"),
    _focus("CommitmentDiscountId", TEXT, "ARN of the reservation or Savings Plan"),
    _focus("CommitmentDiscountName", TEXT, "its name"),
    _focus("CommitmentDiscountQuantity", NUMBER, "how much of it, in CommitmentDiscountUnit"),
    _focus("CommitmentDiscountStatus", TEXT, "Used or Unused"),
    _focus("CommitmentDiscountType", TEXT, "what the provider calls it"),
    _focus("CommitmentDiscountUnit", TEXT, "unit of CommitmentDiscountQuantity"),
    _focus("ConsumedQuantity", NUMBER, "how much was used, in ConsumedUnit"),
    _focus("ConsumedUnit", TEXT, "unit of ConsumedQuantity"),
    _focus("ContractedCost", MONEY, "at contracted unit prices, before commitments", "always"),
    _focus("ContractedUnitPrice", MONEY, "price of one PricingUnit under the contract"),
    _focus("EffectiveCost", MONEY, "amortised, after all discounts", "always"),
    _focus("InvoiceId", TEXT, "NULL until the month is final"),
    _focus("InvoiceIssuerName", TEXT, "who sends the invoice", "always"),
    _focus("ListCost", MONEY, "at public list prices", "always"),
    _focus("ListUnitPrice", MONEY, "public price of one PricingUnit"),
    _focus("PricingCategory", TEXT, "Standard, Dynamic, Committed or Other"),
    _focus("PricingCurrency", TEXT, "ISO 4217 code of the price list"),
    _focus("PricingCurrencyContractedUnitPrice", MONEY, "in PricingCurrency"),
    _focus("PricingCurrencyEffectiveCost", MONEY, "in PricingCurrency"),
    _focus("PricingCurrencyListUnitPrice", MONEY, "in PricingCurrency"),
    _focus("PricingQuantity", NUMBER, "how much was priced, in PricingUnit"),
    _focus("PricingUnit", TEXT, "unit of PricingQuantity"),
    _focus("ProviderName", TEXT, "whose offer it is", "always"),
    _focus("PublisherName", TEXT, "who made what was bought", "always"),
    _focus("RegionId", TEXT, "region code"),
    _focus("RegionName", TEXT, "region for people"),
    _focus("ResourceId", TEXT, "id or ARN as the bill has it"),
    _focus("ResourceName", TEXT, "its name"),
    _focus("ResourceType", TEXT, "kind of resource"),
    _focus("ServiceCategory", TEXT, "Compute, Databases, Storage, ...", "always"),
    _focus("ServiceName", TEXT, "service for people, for example Amazon Elastic Compute Cloud", "always"),
    _focus("ServiceSubcategory", TEXT, "finer than ServiceCategory"),
    _focus("SkuId", TEXT, "SKU of the price list"),
    _focus("SkuMeter", TEXT, "what is metered"),
    _focus("SkuPriceDetails", MAP, "facts about the SKU"),
    _focus("SkuPriceId", TEXT, "rate code of the price list"),
    _focus("SubAccountId", TEXT, "account that used it, 12 digits"),
    _focus("SubAccountName", TEXT, "its name"),
    _focus("SubAccountType", TEXT, "what the provider calls it"),
    _focus("Tags", MAP, "resource tags; keys as users wrote them"),
)

OWN: Final[tuple[Column, ...]] = (
    Column("x_LineItemType", TEXT, "AWS's line item type: Usage, DiscountedUsage, SavingsPlanCoveredUsage, RIFee, ..."),
    Column("x_ServiceCode", TEXT, "product code, for example AmazonEC2"),
    Column("x_UsageType", TEXT, "for example EUC1-BoxUsage:m5.large"),
    Column("x_Operation", TEXT, "for example RunInstances:0002"),
    Column("x_InstanceType", TEXT, "instance type, DB class or node type"),
    Column("x_OperatingSystem", TEXT, "as the price list spells it"),
    Column("x_UsageQuantity", NUMBER, "usage that counts: NULL on fees, taxes and negations"),
    Column("x_NormalizationFactor", NUMBER, "units of one instance of this size"),
    Column("x_NormalizedUsage", NUMBER, "usage in normalised units"),
    Column("x_UnblendedCost", MONEY, "see the rules above", "always"),
    Column("x_NetUnblendedCost", MONEY, "see the rules above", "always"),
    Column("x_AmortizedCost", MONEY, "see the rules above", "always"),
    Column("x_NetAmortizedCost", MONEY, "see the rules above", "always"),
    Column("x_OnDemandCost", MONEY, "public on-demand equivalent of usage; NULL on what is not usage"),
    Column("x_AmortizedUpfront", MONEY, "upfront and recurring part of a fee row that is spread over usage rows"),
    Column("x_CommitmentTotal", MONEY, "on fee rows: what the commitment came to in this period"),
    Column("x_CommitmentUsed", MONEY, "on fee rows: how much of it was used"),
    Column("x_Discounts", MAP, "discounts by name, as texts of exact amounts"),
    Column("x_CostCategories", MAP, "cost categories by name"),
    Column("x_SplitParentId", TEXT, "rows of split cost allocation: the instance they are part of"),
    Column("x_SourceFile", TEXT, "file the row was read from, as it was named", "always"),
    Column("x_SourceFormat", TEXT, "name of the format", "always"),
)

CHARGE: Final = FOCUS + OWN
"""Every column of `charges`, in order. The partition column `billing_period` (YYYY-MM) comes last in every engine."""

PARTITION: Final = "billing_period"
MEASURES: Final = {
    "billed": "BilledCost",
    "effective": "EffectiveCost",
    "list": "ListCost",
    "contracted": "ContractedCost",
    "unblended": "x_UnblendedCost",
    "net_unblended": "x_NetUnblendedCost",
    "amortized": "x_AmortizedCost",
    "net_amortized": "x_NetAmortizedCost",
    "on_demand": "x_OnDemandCost",
}
"""Names of measures as commands take them."""
