-- Change of the effective cost of a service in an account against the billing period before that is loaded.
-- needs: cost_by_service
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   service  text  name of the service
--   currency  text  ISO 4217 code
--   cost  currency  effective cost in this period; zero when there was none
--   previous_cost  currency  effective cost in the period before; zero when there was none
--   change  currency  cost - previous_cost
WITH months AS (
    SELECT billing_period, LAG(billing_period) OVER (ORDER BY billing_period) AS previous_period
    FROM (SELECT DISTINCT billing_period FROM cost_by_service) AS loaded
),
places AS (
    SELECT months.billing_period, months.previous_period, cost_by_service.account_id, cost_by_service.service,
        cost_by_service.currency
    FROM months
    JOIN cost_by_service
        ON cost_by_service.billing_period = months.billing_period
        OR cost_by_service.billing_period = months.previous_period
    WHERE months.previous_period IS NOT NULL
    GROUP BY months.billing_period, months.previous_period, cost_by_service.account_id, cost_by_service.service,
        cost_by_service.currency
)
SELECT
    places.billing_period,
    places.account_id,
    places.service,
    places.currency,
    COALESCE(now.effective_cost, 0) AS cost,
    COALESCE(earlier.effective_cost, 0) AS previous_cost,
    COALESCE(now.effective_cost, 0) - COALESCE(earlier.effective_cost, 0) AS change
FROM places
LEFT JOIN cost_by_service AS now
    ON now.billing_period = places.billing_period AND now.account_id = places.account_id
    AND now.service = places.service AND now.currency = places.currency
LEFT JOIN cost_by_service AS earlier
    ON earlier.billing_period = places.previous_period AND earlier.account_id = places.account_id
    AND earlier.service = places.service AND earlier.currency = places.currency
