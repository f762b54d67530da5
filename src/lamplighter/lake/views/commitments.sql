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
--   region  text  region code of a reservation; empty for a Savings Plan
--   service  text  ec2, rds, elasticache, opensearch, ... by its ARN; savingsplans; NULL of others
--   family  text  instance family of a reservation; empty for a Savings Plan
--   used_hours  hours  instance hours that it covered
--   lent_hours  hours  of them those of other accounts than the one its ARN names
--   lent_cost  currency  of used_cost what other accounts used
WITH rows_of_commitments AS (
    SELECT
        billing_period,
        CommitmentDiscountId,
        CommitmentDiscountType,
        CommitmentDiscountStatus,
        ChargeCategory,
        COALESCE(SubAccountId, BillingAccountId) AS account_id,
        BillingCurrency,
        EffectiveCost,
        x_OnDemandCost,
        RegionId,
        CASE
            WHEN x_InstanceType LIKE 'db.%' THEN SUBSTRING(x_InstanceType, 1, 2 + STRPOS(SUBSTRING(x_InstanceType, 4), '.'))
            WHEN x_InstanceType LIKE 'cache.%'
                THEN SUBSTRING(x_InstanceType, 1, 5 + STRPOS(SUBSTRING(x_InstanceType, 7), '.'))
            WHEN x_InstanceType LIKE '%.%' THEN SUBSTRING(x_InstanceType, 1, STRPOS(x_InstanceType, '.') - 1)
            ELSE x_InstanceType
        END AS family,
        CASE WHEN CommitmentDiscountStatus = 'Used' AND x_InstanceType IS NOT NULL THEN x_UsageQuantity END AS used_hours,
        CASE WHEN CommitmentDiscountId NOT LIKE '%:' || COALESCE(SubAccountId, BillingAccountId) || ':%'
            THEN 1 ELSE 0 END AS lent
    FROM charges
    WHERE CommitmentDiscountId IS NOT NULL
),
parts AS (
    SELECT
        billing_period,
        CommitmentDiscountId AS commitment_id,
        MAX(CommitmentDiscountType) AS commitment_type,
        MAX(CASE WHEN CommitmentDiscountStatus = 'Unused' OR ChargeCategory = 'Purchase'
            THEN account_id END) AS owner_account_id,
        BillingCurrency AS currency,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Used' THEN EffectiveCost ELSE 0 END) AS used_cost,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Unused' THEN EffectiveCost ELSE 0 END) AS unused_cost,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Used' THEN x_OnDemandCost ELSE 0 END) AS on_demand_cost,
        SUM(CASE WHEN CommitmentDiscountStatus = 'Used' AND x_OnDemandCost IS NULL THEN 1 ELSE 0 END) AS not_known,
        MAX(RegionId) AS region,
        CASE
            WHEN CommitmentDiscountId LIKE '%:savingsplans:%' THEN 'savingsplans'
            WHEN CommitmentDiscountId LIKE 'arn:%:ec2:%' THEN 'ec2'
            WHEN CommitmentDiscountId LIKE 'arn:%:rds:%' THEN 'rds'
            WHEN CommitmentDiscountId LIKE 'arn:%:elasticache:%' THEN 'elasticache'
            WHEN CommitmentDiscountId LIKE 'arn:%:es:%' THEN 'opensearch'
            WHEN CommitmentDiscountId LIKE 'arn:%:redshift:%' THEN 'redshift'
            WHEN CommitmentDiscountId LIKE 'arn:%:memorydb:%' THEN 'memorydb'
            WHEN CommitmentDiscountId LIKE 'arn:%:dynamodb:%' THEN 'dynamodb'
        END AS service,
        MAX(family) AS family,
        SUM(CASE WHEN used_hours IS NOT NULL THEN used_hours ELSE 0 END) AS used_hours,
        SUM(CASE WHEN lent = 1 AND used_hours IS NOT NULL THEN used_hours ELSE 0 END) AS lent_hours,
        SUM(CASE WHEN lent = 1 AND CommitmentDiscountStatus = 'Used' THEN EffectiveCost ELSE 0 END) AS lent_cost
    FROM rows_of_commitments
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
    CAST(used_cost AS DOUBLE) / NULLIF(CAST(used_cost + unused_cost AS DOUBLE), 0) AS utilisation,
    CASE WHEN service = 'savingsplans' THEN '' ELSE region END AS region,
    service,
    CASE WHEN service = 'savingsplans' THEN '' ELSE family END AS family,
    used_hours,
    lent_hours,
    lent_cost
FROM parts
