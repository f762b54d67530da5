-- Cost of a service in an account on a day of UTC; charges for a whole month stand on its first day.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   day  date  of the beginning of the charge
--   account_id  text  account that used it, else the payer
--   service  text  name of the service
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
SELECT
    billing_period,
    CAST(ChargePeriodStart AS DATE) AS day,
    COALESCE(SubAccountId, BillingAccountId) AS account_id,
    ServiceName AS service,
    BillingCurrency AS currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges
FROM charges
GROUP BY billing_period, CAST(ChargePeriodStart AS DATE), COALESCE(SubAccountId, BillingAccountId), ServiceName, BillingCurrency
