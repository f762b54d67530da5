-- Cost of what has a tag, for each key and value; a charge with several tags counts once for each of its keys, and a
-- tag without a value is none.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   tag_key  text  key of the tag
--   tag_value  text  its value
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
SELECT
    billing_period,
    tag_key,
    Tags[tag_key] AS tag_value,
    BillingCurrency AS currency,
    SUM(BilledCost) AS billed_cost,
    SUM(EffectiveCost) AS effective_cost,
    SUM(x_UnblendedCost) AS unblended_cost,
    SUM(ListCost) AS list_cost,
    COUNT(*) AS charges
FROM charges
CROSS JOIN UNNEST(MAP_KEYS(Tags)) AS keys(tag_key)
WHERE Tags[tag_key] <> ''
GROUP BY billing_period, tag_key, Tags[tag_key], BillingCurrency
