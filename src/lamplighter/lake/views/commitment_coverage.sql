-- How much of the usage that a commitment could cover is covered: instances, databases, nodes, Fargate and Lambda, in a
-- billing period. Spot is not among it, for no commitment covers it.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   service  text  name of the service
--   region  text  region code
--   instance_type  text  instance type, DB class or node type; NULL for Fargate and Lambda
--   currency  text  ISO 4217 code
--   covered_cost  currency  covered usage at on-demand prices; NULL where the bill does not say
--   uncovered_cost  currency  what was paid on demand, at public on-demand prices; NULL where the bill does not say
--   coverage  ratio  covered_cost / (covered_cost + uncovered_cost), 0 to 1; NULL when nothing is known
--   covered_hours  hours  covered usage that is counted in hours; zero when there is none
--   hours  hours  all of it that is counted in hours, covered or not
WITH eligible AS (
    SELECT
        billing_period,
        COALESCE(SubAccountId, BillingAccountId) AS account_id,
        ServiceName AS service,
        RegionId AS region,
        x_InstanceType AS instance_type,
        BillingCurrency AS currency,
        CASE WHEN CommitmentDiscountStatus = 'Used' THEN 1 ELSE 0 END AS covered,
        x_OnDemandCost AS cost,
        CASE WHEN PricingUnit IN ('Hrs', 'Hours', 'Hour') THEN x_UsageQuantity ELSE 0 END AS hours
    FROM charges
    WHERE ChargeCategory = 'Usage' AND x_UsageQuantity IS NOT NULL
        AND COALESCE(PricingCategory, '') <> 'Dynamic' AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'
        AND (x_InstanceType IS NOT NULL OR x_UsageType LIKE '%Fargate-%Hours%' OR x_UsageType LIKE '%Lambda-GB-Second%'
            OR x_UsageType LIKE '%Lambda-Provisioned%')
),
parts AS (
    SELECT
        billing_period, account_id, service, region, instance_type, currency,
        SUM(CASE WHEN covered = 1 THEN cost ELSE 0 END) AS covered_cost,
        SUM(CASE WHEN covered = 0 THEN cost ELSE 0 END) AS uncovered_cost,
        SUM(CASE WHEN covered = 1 AND cost IS NULL THEN 1 ELSE 0 END) AS covered_not_known,
        SUM(CASE WHEN covered = 0 AND cost IS NULL THEN 1 ELSE 0 END) AS uncovered_not_known,
        SUM(CASE WHEN covered = 1 THEN hours ELSE 0 END) AS covered_hours,
        SUM(hours) AS hours
    FROM eligible
    GROUP BY billing_period, account_id, service, region, instance_type, currency
)
SELECT
    billing_period,
    account_id,
    service,
    region,
    instance_type,
    currency,
    CASE WHEN covered_not_known = 0 THEN covered_cost END AS covered_cost,
    CASE WHEN uncovered_not_known = 0 THEN uncovered_cost END AS uncovered_cost,
    CASE WHEN covered_not_known + uncovered_not_known = 0
        THEN CAST(covered_cost AS DOUBLE) / NULLIF(CAST(covered_cost + uncovered_cost AS DOUBLE), 0) END AS coverage,
    covered_hours,
    hours
FROM parts
