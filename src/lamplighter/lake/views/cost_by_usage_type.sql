-- Cost and quantity of a usage type.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   service  text  name of the service
--   usage_type  text  as the bill has it
--   operation  text  as the bill has it
--   unit  text  unit of quantity
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
--   quantity  unit  how much was used; NULL where nothing is usage
SELECT
    billing_period,
    COALESCE(SubAccountId, BillingAccountId) AS account_id,
    ServiceName AS service,
    x_UsageType AS usage_type,
    x_Operation AS operation,
    PricingUnit AS unit,
    BillingCurrency AS currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges,
    SUM(x_UsageQuantity) AS quantity
FROM charges
GROUP BY billing_period, COALESCE(SubAccountId, BillingAccountId), ServiceName, x_UsageType, x_Operation, PricingUnit, BillingCurrency
