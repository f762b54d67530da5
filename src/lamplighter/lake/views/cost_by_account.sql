-- Cost of an account in a billing period.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   account_name  text  its name, where the bill has it; the last in the alphabet where it changed within the month
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
SELECT
    billing_period,
    COALESCE(SubAccountId, BillingAccountId) AS account_id,
    MAX(SubAccountName) AS account_name,
    BillingCurrency AS currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges
FROM charges
GROUP BY billing_period, COALESCE(SubAccountId, BillingAccountId), BillingCurrency
