-- What commitments covered of the usage that they could cover, hour by hour: instances, databases, nodes, Fargate and Lambda.
-- Spot is not among it, for no commitment covers it. A bill that counts by the day has a row for each day.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   time  timestamp  beginning of the hour, UTC
--   account_id  text  account that used it, else the payer
--   region  text  region code
--   service  text  ec2, rds, elasticache, opensearch, redshift, memorydb, fargate, lambda, else the service's name
--   family  text  instance family, m5 or db.r5; empty for Fargate and Lambda
--   currency  text  ISO 4217 code
--   hours  hours  instance hours; zero for Fargate and Lambda
--   reserved_hours  hours  of them covered by reservations
--   plan_hours  hours  of them covered by Savings Plans
--   borrowed_hours  hours  of both, those covered by commitments of other accounts
--   units  number  in normalised units, as far as the bill has them; NULL where it has none
--   covered_units  number  of them covered
--   cost  currency  at public on-demand prices, as far as they are known; NULL where none is
--   covered_cost  currency  of it covered
--   unpriced_hours  hours  hours without a known price
WITH eligible AS (
    SELECT
        billing_period,
        ChargePeriodStart AS time,
        COALESCE(SubAccountId, BillingAccountId) AS account_id,
        RegionId AS region,
        CASE ServiceName
            WHEN 'Amazon Elastic Compute Cloud' THEN 'ec2'
            WHEN 'Amazon Relational Database Service' THEN 'rds'
            WHEN 'Amazon ElastiCache' THEN 'elasticache'
            WHEN 'Amazon OpenSearch Service' THEN 'opensearch'
            WHEN 'Amazon Elasticsearch Service' THEN 'opensearch'
            WHEN 'Amazon Redshift' THEN 'redshift'
            WHEN 'Amazon MemoryDB' THEN 'memorydb'
            WHEN 'Amazon Elastic Container Service' THEN 'fargate'
            WHEN 'AWS Lambda' THEN 'lambda'
            ELSE ServiceName
        END AS service,
        COALESCE(CASE
            WHEN x_InstanceType LIKE 'db.%' THEN SUBSTRING(x_InstanceType, 1, 2 + STRPOS(SUBSTRING(x_InstanceType, 4), '.'))
            WHEN x_InstanceType LIKE 'cache.%'
                THEN SUBSTRING(x_InstanceType, 1, 5 + STRPOS(SUBSTRING(x_InstanceType, 7), '.'))
            WHEN x_InstanceType LIKE '%.%' THEN SUBSTRING(x_InstanceType, 1, STRPOS(x_InstanceType, '.') - 1)
            ELSE x_InstanceType
        END, '') AS family,
        BillingCurrency AS currency,
        CASE WHEN x_InstanceType IS NOT NULL THEN x_UsageQuantity ELSE 0 END AS hours,
        x_NormalizedUsage AS units,
        x_OnDemandCost AS cost,
        CASE WHEN CommitmentDiscountStatus = 'Used' THEN 1 ELSE 0 END AS covered,
        CASE WHEN CommitmentDiscountId LIKE '%:savingsplans:%' THEN 1 ELSE 0 END AS planned,
        CASE WHEN CommitmentDiscountId NOT LIKE '%:' || COALESCE(SubAccountId, BillingAccountId) || ':%'
            THEN 1 ELSE 0 END AS borrowed
    FROM charges
    WHERE ChargeCategory = 'Usage' AND x_UsageQuantity IS NOT NULL
        AND COALESCE(PricingCategory, '') <> 'Dynamic' AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'
        AND (x_InstanceType IS NOT NULL OR x_UsageType LIKE '%Fargate-%Hours%' OR x_UsageType LIKE '%Lambda-GB-Second%'
            OR x_UsageType LIKE '%Lambda-Provisioned%')
)
SELECT
    billing_period,
    time,
    account_id,
    region,
    service,
    family,
    currency,
    SUM(hours) AS hours,
    SUM(CASE WHEN covered = 1 AND planned = 0 THEN hours ELSE 0 END) AS reserved_hours,
    SUM(CASE WHEN covered = 1 AND planned = 1 THEN hours ELSE 0 END) AS plan_hours,
    SUM(CASE WHEN covered = 1 AND borrowed = 1 THEN hours ELSE 0 END) AS borrowed_hours,
    SUM(units) AS units,
    SUM(CASE WHEN covered = 1 THEN units WHEN units IS NOT NULL THEN 0 END) AS covered_units,
    SUM(cost) AS cost,
    SUM(CASE WHEN covered = 1 THEN cost WHEN cost IS NOT NULL THEN 0 END) AS covered_cost,
    SUM(CASE WHEN cost IS NULL THEN hours ELSE 0 END) AS unpriced_hours
FROM eligible
GROUP BY billing_period, time, account_id, region, service, family, currency
