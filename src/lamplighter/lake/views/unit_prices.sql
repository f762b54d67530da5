-- What one unit of a usage type really cost, beside its list price, in a billing period and region.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   service  text  name of the service
--   region  text  region code
--   usage_type  text  as the bill has it
--   operation  text  as the bill has it
--   unit  text  unit of quantity
--   currency  text  ISO 4217 code
--   quantity  unit  how much was used
--   effective_cost  currency  amortised, after discounts
--   on_demand_cost  currency  at public list prices; NULL where the bill does not say
--   effective_price  currency/unit  effective_cost / quantity; NULL when nothing was used
--   list_price  currency/unit  on_demand_cost / quantity; NULL where the bill does not say
WITH parts AS (
    SELECT
        billing_period,
        ServiceName AS service,
        RegionId AS region,
        x_UsageType AS usage_type,
        x_Operation AS operation,
        PricingUnit AS unit,
        BillingCurrency AS currency,
        SUM(x_UsageQuantity) AS quantity,
        SUM(EffectiveCost) AS effective_cost,
        CASE WHEN COUNT(*) = COUNT(x_OnDemandCost) THEN SUM(x_OnDemandCost) END AS on_demand_cost
    FROM charges
    WHERE ChargeCategory = 'Usage' AND x_UsageQuantity IS NOT NULL
    GROUP BY billing_period, ServiceName, RegionId, x_UsageType, x_Operation, PricingUnit, BillingCurrency
)
SELECT
    billing_period,
    service,
    region,
    usage_type,
    operation,
    unit,
    currency,
    quantity,
    effective_cost,
    on_demand_cost,
    CAST(effective_cost AS DOUBLE) / NULLIF(CAST(quantity AS DOUBLE), 0) AS effective_price,
    CAST(on_demand_cost AS DOUBLE) / NULLIF(CAST(quantity AS DOUBLE), 0) AS list_price
FROM parts
