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
--   on_demand_cost  currency  at public list prices
--   effective_price  currency/unit  effective_cost / quantity; NULL when nothing was used
--   list_price  currency/unit  on_demand_cost / quantity; NULL when the bill does not say
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
    SUM(x_OnDemandCost) AS on_demand_cost,
    CAST(SUM(EffectiveCost) AS DOUBLE) / NULLIF(CAST(SUM(x_UsageQuantity) AS DOUBLE), 0) AS effective_price,
    CAST(SUM(x_OnDemandCost) AS DOUBLE) / NULLIF(CAST(SUM(x_UsageQuantity) AS DOUBLE), 0) AS list_price
FROM charges
WHERE ChargeCategory = 'Usage' AND x_UsageQuantity IS NOT NULL
GROUP BY billing_period, ServiceName, RegionId, x_UsageType, x_Operation, PricingUnit, BillingCurrency
