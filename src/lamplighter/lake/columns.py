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


FOCUS: Final[tuple[Column, ...]] = (
    Column("AvailabilityZone", TEXT, "zone of the resource, for example us-east-1a"),
    Column("BilledCost", MONEY, "what is invoiced, or basis of it", "always"),
    Column("BillingAccountId", TEXT, "payer account, 12 digits", "always"),
    Column("BillingAccountName", TEXT, "its name"),
    Column("BillingAccountType", TEXT, "what the provider calls it"),
    Column("BillingCurrency", TEXT, "ISO 4217 code", "always"),
    Column("BillingPeriodEnd", TIME, "first instant after the billing period", "always"),
    Column("BillingPeriodStart", TIME, "first instant of the billing period", "always"),
    Column("CapacityReservationId", TEXT, "On-Demand Capacity Reservation"),
    Column("CapacityReservationStatus", TEXT, "Used or Unused"),
    Column("ChargeCategory", TEXT, "Usage, Purchase, Tax, Credit or Adjustment", "always"),
    Column("ChargeClass", TEXT, "Correction, or NULL"),
    Column("ChargeDescription", TEXT, "for people"),
    Column("ChargeFrequency", TEXT, "One-Time, Recurring or Usage-Based"),
    Column("ChargePeriodEnd", TIME, "first instant after the charge", "always"),
    Column("ChargePeriodStart", TIME, "first instant of the charge", "always"),
    Column("CommitmentDiscountCategory", TEXT, "Spend (Savings Plan) or Usage (reservation)"),
    Column("CommitmentDiscountId", TEXT, "ARN of the reservation or Savings Plan"),
    Column("CommitmentDiscountName", TEXT, "its name"),
    Column("CommitmentDiscountQuantity", NUMBER, "how much of it, in CommitmentDiscountUnit"),
    Column("CommitmentDiscountStatus", TEXT, "Used or Unused"),
    Column("CommitmentDiscountType", TEXT, "what the provider calls it"),
    Column("CommitmentDiscountUnit", TEXT, "unit of CommitmentDiscountQuantity"),
    Column("ConsumedQuantity", NUMBER, "how much was used, in ConsumedUnit"),
    Column("ConsumedUnit", TEXT, "unit of ConsumedQuantity"),
    Column("ContractedCost", MONEY, "at contracted unit prices, before commitments", "always"),
    Column("ContractedUnitPrice", MONEY, "price of one PricingUnit under the contract"),
    Column("EffectiveCost", MONEY, "amortised, after all discounts", "always"),
    Column("InvoiceId", TEXT, "NULL until the month is final"),
    Column("InvoiceIssuerName", TEXT, "who sends the invoice", "always"),
    Column("ListCost", MONEY, "at public list prices", "always"),
    Column("ListUnitPrice", MONEY, "public price of one PricingUnit"),
    Column("PricingCategory", TEXT, "Standard, Dynamic, Committed or Other"),
    Column("PricingCurrency", TEXT, "ISO 4217 code of the price list"),
    Column("PricingCurrencyContractedUnitPrice", MONEY, "in PricingCurrency"),
    Column("PricingCurrencyEffectiveCost", MONEY, "in PricingCurrency"),
    Column("PricingCurrencyListUnitPrice", MONEY, "in PricingCurrency"),
    Column("PricingQuantity", NUMBER, "how much was priced, in PricingUnit"),
    Column("PricingUnit", TEXT, "unit of PricingQuantity"),
    Column("ProviderName", TEXT, "whose offer it is", "always"),
    Column("PublisherName", TEXT, "who made what was bought", "always"),
    Column("RegionId", TEXT, "region code"),
    Column("RegionName", TEXT, "region for people"),
    Column("ResourceId", TEXT, "id or ARN as the bill has it"),
    Column("ResourceName", TEXT, "its name"),
    Column("ResourceType", TEXT, "kind of resource"),
    Column("ServiceCategory", TEXT, "Compute, Databases, Storage, ...", "always"),
    Column("ServiceName", TEXT, "service for people, for example Amazon Elastic Compute Cloud", "always"),
    Column("ServiceSubcategory", TEXT, "finer than ServiceCategory"),
    Column("SkuId", TEXT, "SKU of the price list"),
    Column("SkuMeter", TEXT, "what is metered"),
    Column("SkuPriceDetails", MAP, "facts about the SKU"),
    Column("SkuPriceId", TEXT, "rate code of the price list"),
    Column("SubAccountId", TEXT, "account that used it, 12 digits"),
    Column("SubAccountName", TEXT, "its name"),
    Column("SubAccountType", TEXT, "what the provider calls it"),
    Column("Tags", MAP, "resource tags; keys as users wrote them"),
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


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
