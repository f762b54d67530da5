-- What a reservation or Savings Plan came to in a billing period.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   commitment_id  text  ARN
--   commitment_type  text  Reserved Instance or Savings Plan
--   owner_account_id  text  account that pays for it; NULL where the month has no row of its fee
--   currency  text  ISO 4217 code
--   used_cost  currency  amortised cost of what used it
--   unused_cost  currency  amortised cost of what nobody used
--   on_demand_cost  currency  what the usage that it covered would have cost on demand; NULL where the bill does not say
--   saving  currency  on_demand_cost - used_cost - unused_cost; negative when it was not worth it
--   utilisation  ratio  used_cost / (used_cost + unused_cost), 0 to 1; NULL when both are zero
WITH parts AS (
    SELECT
        billing_period,
        CommitmentDiscountId AS commitment_id,
        MAX(CommitmentDiscountType) AS commitment_type,
        MAX(CASE WHEN CommitmentDiscountStatus = 'Unused' OR ChargeCategory = 'Purchase'
            THEN COALESCE(SubAccountId, BillingAccountId) END) AS owner_account_id,
        BillingCurrency AS currency,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Used' THEN EffectiveCost ELSE 0 END) AS used_cost,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Unused' THEN EffectiveCost ELSE 0 END) AS unused_cost,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Used' THEN x_OnDemandCost ELSE 0 END) AS on_demand_cost,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Used' AND x_OnDemandCost IS NULL THEN 1 ELSE 0 END) AS not_known
    FROM charges
    WHERE CommitmentDiscountId IS NOT NULL
    GROUP BY billing_period, CommitmentDiscountId, BillingCurrency
)
SELECT
    billing_period,
    commitment_id,
    commitment_type,
    owner_account_id,
    currency,
    used_cost,
    unused_cost,
    CASE WHEN not_known = 0 THEN on_demand_cost END AS on_demand_cost,
    CASE WHEN not_known = 0 THEN on_demand_cost - used_cost - unused_cost END AS saving,
    CAST(used_cost AS DOUBLE) / NULLIF(CAST(used_cost + unused_cost AS DOUBLE), 0) AS utilisation
FROM parts
