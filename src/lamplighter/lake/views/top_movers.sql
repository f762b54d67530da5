-- Change of the effective cost of a service in an account against the billing period before; where that is not loaded,
-- against the last one before it that is. The first billing period has no rows.
-- needs: cost_by_service
-- columns:
--   billing_period  text  YYYY-MM
--   previous_period  text  YYYY-MM, what it is held against
--   account_id  text  account that used it, else the payer
--   service  text  name of the service
--   currency  text  ISO 4217 code
--   cost  currency  effective cost in this period; zero when there was none
--   previous_cost  currency  effective cost in the period before; zero when there was none
--   change  currency  cost - previous_cost
--   change_share  ratio  change / previous_cost; NULL when that is zero
--   place  rank  1 for the greatest change, up or down, of its billing period and currency
WITH months AS (
    SELECT billing_period, LAG(billing_period) OVER (ORDER BY billing_period) AS previous_period
    FROM (SELECT DISTINCT billing_period FROM cost_by_service) AS loaded
),
sides AS (
    SELECT months.billing_period, months.previous_period, now.account_id, now.service, now.currency,
        now.effective_cost AS cost, CAST(0 AS DECIMAL(38, 18)) AS previous_cost
    FROM months
    JOIN cost_by_service AS now ON now.billing_period = months.billing_period
    WHERE months.previous_period IS NOT NULL
    UNION ALL
    SELECT months.billing_period, months.previous_period, earlier.account_id, earlier.service, earlier.currency,
        CAST(0 AS DECIMAL(38, 18)) AS cost, earlier.effective_cost AS previous_cost
    FROM months
    JOIN cost_by_service AS earlier ON earlier.billing_period = months.previous_period
),
both_sides AS (
    SELECT billing_period, previous_period, account_id, service, currency,
        SUM(cost) AS cost, SUM(previous_cost) AS previous_cost
    FROM sides
    GROUP BY billing_period, previous_period, account_id, service, currency
)
SELECT
    billing_period,
    previous_period,
    account_id,
    service,
    currency,
    cost,
    previous_cost,
    cost - previous_cost AS change,
    CAST(cost - previous_cost AS DOUBLE) / NULLIF(ABS(CAST(previous_cost AS DOUBLE)), 0) AS change_share,
    ROW_NUMBER() OVER (PARTITION BY billing_period, currency
        ORDER BY ABS(cost - previous_cost) DESC, account_id, service) AS place
FROM both_sides
