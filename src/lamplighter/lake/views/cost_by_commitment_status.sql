-- Cost by how it was paid: on demand, spot, under a commitment, for an unused commitment, and what is no usage.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   status  text  on demand, spot, committed, unused commitment; else purchase, tax, credit or adjustment
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
SELECT
    billing_period,
    account_id,
    status,
    currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges
FROM (
    SELECT
        billing_period,
        COALESCE(SubAccountId, BillingAccountId) AS account_id,
        CASE WHEN x_LineItemType = 'SavingsPlanNegation' THEN 'committed'
            WHEN ChargeCategory <> 'Usage' THEN LOWER(ChargeCategory)
            WHEN CommitmentDiscountStatus = 'Unused' THEN 'unused commitment'
            WHEN CommitmentDiscountStatus = 'Used' THEN 'committed'
            WHEN PricingCategory = 'Dynamic' THEN 'spot'
            ELSE 'on demand' END AS status,
        BillingCurrency AS currency,
        BilledCost, EffectiveCost, x_UnblendedCost, ListCost
    FROM charges
) AS paid
GROUP BY billing_period, account_id, status, currency
