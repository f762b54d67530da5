-- Cost of a resource in a billing period; charges of no resource stand together under NULL.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   region  text  region code
--   service  text  name of the service
--   resource_id  text  id or ARN as the bill has it
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
SELECT
    billing_period,
    COALESCE(SubAccountId, BillingAccountId) AS account_id,
    RegionId AS region,
    ServiceName AS service,
    ResourceId AS resource_id,
    BillingCurrency AS currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges
FROM charges
GROUP BY billing_period, COALESCE(SubAccountId, BillingAccountId), RegionId, ServiceName, ResourceId, BillingCurrency
