-- Cost of a spending category in a billing period and account, by the tag Spend_Category; what has no such tag, or an
-- empty one, has NULL.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   spend_category  text  value of the tag
--   account_id  text  account that used it, else the payer
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
SELECT
    billing_period,
    tag('Spend_Category') AS spend_category,
    COALESCE(SubAccountId, BillingAccountId) AS account_id,
    BillingCurrency AS currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges
FROM charges
GROUP BY billing_period, tag('Spend_Category'), COALESCE(SubAccountId, BillingAccountId), BillingCurrency
