"""What the Cost and Usage Reports share: their columns by Athena's names, made into charges.

The cost measures follow the line item type. With t = line_item_line_item_type:

    amortised   SavingsPlanCoveredUsage                   the plan's effective cost
                SavingsPlanRecurringFee                   total commitment - used commitment
                SavingsPlanNegation, -UpfrontFee          0
                DiscountedUsage                           the reservation's effective cost
                RIFee                                     unused upfront + unused recurring fee
                Fee of a reservation                      0
                Refund of a Savings Plan within 7 days    0, for the plan was returned
                everything else                           unblended
    net         the same with the net columns, each falling back to its gross one

A fee row of a commitment stands for two charges in FOCUS: the purchase, and usage that nobody made of it. `_unused` is
the second one; the loader writes it as a row of its own, so that a purchase has no effective cost.

Sources: Cost and Usage Report user guide, "Data dictionary", "Understanding your reservations", "Understanding Savings
Plans"; FOCUS 1.2.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lamplighter.billing.columns import Columns, quoted
from lamplighter.billing.format import Reading, checked
from lamplighter.billing.maps import EMPTY, by_key, flat_map, whole_map
from lamplighter.billing.services import category_sql, known_sql, service_sql
from lamplighter.lake.columns import literal

_T = "line_item_line_item_type"
_SP_ARN = ("savings_plan_savings_plan_a_r_n", "savings_plan_savings_plan_arn")
_RI_ARN = ("reservation_reservation_a_r_n", "reservation_reservation_arn")
_USAGE = "('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')"
_FEES = "('RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'Fee')"
_SPLIT = "('EKSPod-EC2', 'ECSTask-EC2')"
_RESERVED_CAPACITY = "'(^|-)(Reservation|DedicatedRes):'"
"""Usage types that repeat what is used and what is not used of a capacity reservation, at no cost."""
_UNUSED_CAPACITY = "'(^|-)(UnusedBox|UnusedDed):'"

REQUIRED = ("line_item_usage_start_date", "line_item_unblended_cost", _T, "bill_payer_account_id")
"""What every Cost and Usage Report has."""


def measures(c: Columns) -> dict[str, str]:
    """The cost measures, the unused part of commitments, and the net amortised cost of that part."""
    t = c.text(_T)
    unblended = c.number("line_item_unblended_cost")
    net = _or(c.number("line_item_net_unblended_cost"), unblended)
    sp = c.number("savings_plan_savings_plan_effective_cost")
    ri = c.number("reservation_effective_cost")
    unused_sp = (
        f"({_zero(c.number('savings_plan_total_commitment_to_date'))}"
        f" - {_zero(c.number('savings_plan_used_commitment'))})"
    )
    upfront = c.number("reservation_unused_amortized_upfront_fee_for_billing_period")
    recurring = c.number("reservation_unused_recurring_fee")
    unused_ri = f"({_zero(upfront)} + {_zero(recurring)})"
    net_upfront = c.number("reservation_net_unused_amortized_upfront_fee_for_billing_period")
    net_recurring = c.number("reservation_net_unused_recurring_fee")
    net_unused_ri = f"({_zero(_or(net_upfront, upfront))} + {_zero(_or(net_recurring, recurring))})"
    sp_upfront = c.number("savings_plan_amortized_upfront_commitment_for_billing_period")
    sp_recurring = c.number("savings_plan_recurring_commitment_for_billing_period")
    gross = f"({_zero(sp_upfront)} + {_zero(sp_recurring)})"
    net_fee = [
        c.number("savings_plan_net_amortized_upfront_commitment_for_billing_period"),
        c.number("savings_plan_net_recurring_commitment_for_billing_period"),
    ]
    # The report has no net unused commitment; it keeps the share that the net fee has of the gross one: a ratio,
    # exact to 15 digits, which no control total rests on.
    shrunk = (
        f"CASE WHEN {gross} <> 0 AND COALESCE({net_fee[0]}, {net_fee[1]}) IS NOT NULL THEN CAST({unused_sp} * "
        f"CAST(({_zero(net_fee[0])} + {_zero(net_fee[1])}) AS DOUBLE) / CAST({gross} AS DOUBLE) AS DECIMAL(38,18))"
        f" ELSE {unused_sp} END"
        if c.has("savings_plan_net_recurring_commitment_for_billing_period")
        else unused_sp
    )
    returned = (
        f"{t} = 'Refund' AND {c.text(*_SP_ARN)} IS NOT NULL AND date_diff('day', "
        f"{c.time('savings_plan_start_time')}, {c.time('line_item_usage_start_date')}) BETWEEN 0 AND 7"
    )
    reserved_fee = f"{t} = 'Fee' AND {c.text(*_RI_ARN)} IS NOT NULL"

    def spread(plain: str, sp_cost: str, ri_cost: str) -> str:
        return (
            f"CASE WHEN {t} = 'SavingsPlanCoveredUsage' THEN {_zero(sp_cost)}"
            f" WHEN {t} = 'DiscountedUsage' THEN {_zero(ri_cost)}"
            f" WHEN {t} IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee', 'RIFee') THEN 0"
            f" WHEN {reserved_fee} OR ({returned}) THEN 0 ELSE {plain} END"
        )

    def unused(sp_cost: str, ri_cost: str) -> str:
        return f"CASE WHEN {t} = 'SavingsPlanRecurringFee' THEN {sp_cost} WHEN {t} = 'RIFee' THEN {ri_cost} ELSE 0 END"

    net_sp = _or(c.number("savings_plan_net_savings_plan_effective_cost"), sp)
    net_ri = _or(c.number("reservation_net_effective_cost"), ri)
    cancelling = f"{t} IN ('SavingsPlanCoveredUsage', 'SavingsPlanNegation')"
    on_demand = c.number("pricing_public_on_demand_cost")
    listed = (
        f"CASE WHEN {t} = 'SavingsPlanNegation' THEN 0 WHEN {t} IN {_USAGE}"
        f" THEN COALESCE({on_demand}, {unblended}) ELSE {unblended} END"
    )
    # What a reservation came to is the fee, and the upfront part; what was used of it is the rest of what was not.
    paid = f"({c.number('reservation_amortized_upfront_fee_for_billing_period')} + {unblended})"
    known = c.has("reservation_amortized_upfront_fee_for_billing_period") and c.has("reservation_unused_recurring_fee")
    reserved = f" WHEN {t} = 'RIFee' THEN {paid}" if known else ""
    reserved_used = f" WHEN {t} = 'RIFee' THEN {paid} - {unused_ri}" if known else ""
    plan_fee = f"CASE WHEN {t} = 'SavingsPlanRecurringFee' THEN"
    contracted = (
        f"CASE WHEN {t} = 'SavingsPlanNegation' THEN 0 WHEN {t} = 'DiscountedUsage' THEN COALESCE({on_demand}, 0)"
        f" WHEN {t} = 'SavingsPlanCoveredUsage' THEN {unblended} ELSE {net} END"
    )
    return {
        "x_UnblendedCost": unblended,
        "x_NetUnblendedCost": net,
        "x_AmortizedCost": spread(unblended, sp, ri),
        "x_NetAmortizedCost": spread(net, net_sp, net_ri),
        "BilledCost": f"CASE WHEN {cancelling} THEN 0 ELSE {net} END",
        "EffectiveCost": spread(net, net_sp, net_ri),
        "ListCost": listed,
        "ContractedCost": contracted,
        "x_OnDemandCost": f"CASE WHEN {t} IN {_USAGE} THEN {on_demand} END",
        "x_AmortizedUpfront": (
            f"CASE WHEN {t} = 'RIFee' THEN {c.number('reservation_amortized_upfront_fee_for_billing_period')}"
            f" WHEN {t} = 'SavingsPlanRecurringFee'"
            f" THEN {sp_upfront} END"
        ),
        "x_CommitmentTotal": f"{plan_fee} {c.number('savings_plan_total_commitment_to_date')}{reserved} END",
        "x_CommitmentUsed": f"{plan_fee} {c.number('savings_plan_used_commitment')}{reserved_used} END",
        "_unused": unused(unused_sp, unused_ri),
        "_net_unused": unused(shrunk, net_unused_ri),
        "_used_units": (
            f"CASE WHEN {t} = 'RIFee' THEN {c.number('reservation_total_reserved_normalized_units')}"
            f" - {c.number('reservation_unused_normalized_unit_quantity')} END"
        ),
    }


def charges(c: Columns, tags: str, cost_categories: str, discounts: str, product: str) -> Mapping[str, str]:
    """SQL for the columns of a charge that this report fills.

    Args:
        c: the report's columns by Athena's names.
        tags: SQL of the map of tags.
        cost_categories: SQL of the map of cost categories.
        discounts: SQL of the map of discounts.
        product: SQL of the map of product facts.
    """
    t = c.text(_T)
    ri, sp = c.text(*_RI_ARN), c.text(*_SP_ARN)
    code = c.text("line_item_product_code")
    known = c.once("service", known_sql(code))
    meter = f"COALESCE({c.text('line_item_usage_type')}, '')"
    repeats = f"regexp_matches({meter}, {_RESERVED_CAPACITY})"
    usage = c.once(
        "usage",
        f"{t} IN {_USAGE} AND COALESCE({c.text('line_item_operation')}, '') NOT IN {_SPLIT} AND NOT {repeats}",
    )
    quantity = c.number("line_item_usage_amount")
    return {
        **measures(c),
        "AvailabilityZone": c.text("line_item_availability_zone"),
        "BillingAccountId": c.text("bill_payer_account_id"),
        "BillingAccountName": c.text("bill_payer_account_name"),
        "BillingCurrency": c.text("line_item_currency_code"),
        "BillingPeriodStart": c.time("bill_billing_period_start_date"),
        "BillingPeriodEnd": c.time("bill_billing_period_end_date"),
        **_capacity(c, meter, repeats),
        "ChargeCategory": (
            f"CASE WHEN {t} IN {_USAGE} THEN 'Usage' WHEN {t} IN {_FEES} THEN 'Purchase' WHEN {t} = 'Tax' THEN 'Tax'"
            f" WHEN {t} = 'Credit' THEN 'Credit' ELSE 'Adjustment' END"
        ),
        "ChargeDescription": c.text("line_item_line_item_description"),
        "ChargeFrequency": (
            f"CASE WHEN {t} IN {_USAGE} OR {t} = 'SavingsPlanNegation' THEN 'Usage-Based'"
            f" WHEN {t} IN ('RIFee', 'SavingsPlanRecurringFee') THEN 'Recurring' ELSE 'One-Time' END"
        ),
        "ChargePeriodStart": c.time("line_item_usage_start_date"),
        "ChargePeriodEnd": c.time("line_item_usage_end_date"),
        "CommitmentDiscountCategory": f"CASE WHEN {ri} IS NOT NULL THEN 'Usage' WHEN {sp} IS NOT NULL THEN 'Spend' END",
        "CommitmentDiscountId": f"COALESCE({ri}, {sp})",
        "CommitmentDiscountStatus": f"CASE WHEN {t} IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Used' END",
        "CommitmentDiscountType": (
            f"CASE WHEN {ri} IS NOT NULL THEN 'Reserved Instance' WHEN {sp} IS NOT NULL THEN 'Savings Plan' END"
        ),
        "ConsumedQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "ConsumedUnit": f"CASE WHEN {usage} THEN {c.text('pricing_unit')} END",
        "InvoiceId": c.text("bill_invoice_id"),
        "InvoiceIssuerName": f"COALESCE({c.text('bill_invoicing_entity')}, 'Amazon Web Services, Inc.')",
        "ListUnitPrice": c.number("pricing_public_on_demand_rate"),
        "PricingCategory": (
            f"CASE WHEN {t} IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Committed'"
            f" WHEN {t} = 'Usage' AND {c.text('line_item_usage_type')} LIKE '%SpotUsage%' THEN 'Dynamic'"
            f" WHEN {t} = 'Usage' THEN 'Standard' WHEN {t} IN {_FEES} THEN 'Standard' END"
        ),
        "PricingCurrency": f"COALESCE({c.text('pricing_currency')}, {c.text('line_item_currency_code')})",
        "PricingQuantity": f"CASE WHEN {usage} OR {t} IN {_FEES} THEN {quantity} END",
        "PricingUnit": c.text("pricing_unit"),
        "ProviderName": "'AWS'",
        "PublisherName": (
            f"CASE WHEN {c.text('bill_billing_entity')} = 'AWS Marketplace'"
            f" THEN COALESCE({c.text('line_item_legal_entity')}, 'AWS Marketplace') ELSE 'AWS' END"
        ),
        "RegionId": fact(c, "product_region_code", "product_region"),
        "ResourceId": c.text("line_item_resource_id"),
        "ResourceType": fact(c, "product_product_family"),
        "ServiceCategory": category_sql(code, known),
        "ServiceName": service_sql(code, fact(c, "product_product_name"), known),
        "SkuId": fact(c, "product_sku"),
        "SkuMeter": c.text("line_item_usage_type"),
        "SkuPriceDetails": product,
        "SkuPriceId": c.text("pricing_rate_code"),
        "SubAccountId": c.text("line_item_usage_account_id"),
        "SubAccountName": c.text("line_item_usage_account_name"),
        "Tags": tags,
        "x_LineItemType": t,
        "x_ServiceCode": code,
        "x_UsageType": c.text("line_item_usage_type"),
        "x_Operation": c.text("line_item_operation"),
        "x_InstanceType": fact(c, "product_instance_type"),
        "x_OperatingSystem": fact(c, "product_operating_system"),
        "x_UsageQuantity": f"CASE WHEN {usage} THEN {quantity} END",
        "x_NormalizationFactor": c.number("line_item_normalization_factor"),
        "x_NormalizedUsage": f"CASE WHEN {usage} THEN {c.number('line_item_normalized_usage_amount')} END",
        "x_Discounts": discounts,
        "x_CostCategories": cost_categories,
        "x_SplitParentId": c.text("split_line_item_parent_resource_id"),
    }


def _capacity(c: Columns, meter: str, repeats: str) -> dict[str, str]:
    """The capacity reservation: as CUR 2.0 says it, else where the line is about what is not used of one.

    FOCUS knows `Used` and `Unused` only, so lines about what is reserved name none.
    """
    resource, told = c.text("line_item_resource_id"), c.text("capacity_reservation_capacity_reservation_status")
    about = f"CASE WHEN {resource} LIKE '%:capacity-reservation/%' THEN {resource} END"
    name = f"COALESCE({c.text('capacity_reservation_capacity_reservation_arn')}, {about})"
    unused = f"regexp_matches({meter}, {_UNUSED_CAPACITY})"
    status = f"COALESCE({told}, CASE WHEN {unused} THEN 'Unused' ELSE 'Used' END)"
    known = f"NOT {repeats} AND {name} IS NOT NULL AND {status} IN ('Used', 'Unused')"
    return {
        "CapacityReservationId": f"CASE WHEN {known} THEN {name} END",
        "CapacityReservationStatus": f"CASE WHEN {known} THEN {status} END",
    }


def fact(c: Columns, *names: str) -> str:
    """SQL of a fact about the product: one of these columns, else what the map `product` of CUR 2.0 has."""
    if c.first(*names) is not None or not c.has("product"):
        return c.text(*names)
    keys = [name.removeprefix("product_") for name in names]
    if c.types.get(c.actual["product"], "").startswith("MAP"):
        found = [f"{quoted(c.actual['product'])}[{literal(key)}]" for key in keys]
    else:
        found = [f"TRY_CAST({c.raw('product')} AS JSON)->>{literal(key)}" for key in keys]
    return f"NULLIF(COALESCE({', '.join(f'({each})' for each in found)}), '')"


def reading(
    c: Columns,
    tags: Mapping[str, str] | None = None,
    cost_categories: Mapping[str, str] | None = None,
    discounts: Mapping[str, str] | None = None,
    filled: Collection[frozenset[str]] = (),
) -> Reading:
    """How to read a report of this family.

    Args:
        c: its columns by Athena's names.
        tags: the columns that hold tags, with their keys; None when `resource_tags` is a map.
        cost_categories: the same for `cost_category`.
        discounts: the same for `discount`.
        filled: `Table.filled`.
    """
    found = charges(
        c,
        whole_map(c, "resource_tags") if tags is None else flat_map(c, tags, filled),
        whole_map(c, "cost_category") if cost_categories is None else flat_map(c, cost_categories, filled),
        whole_map(c, "discount") if discounts is None else flat_map(c, discounts, filled),
        EMPTY,
    )
    problem = checked(found, c, _MUST)
    return Reading(
        found,
        problem,
        c.raw("line_item_unblended_cost"),
        c.text(_T),
        values=c.values,
        tags=None if tags is None else by_key(c, tags),
    )


_MUST = (
    "x_LineItemType",
    "x_UnblendedCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
)


def _or(first: str, second: str) -> str:
    return f"COALESCE({first}, {second})"


def _zero(value: str) -> str:
    return f"COALESCE({value}, 0)"
