-- How much of the money that can be tagged has a tag, for each key that is in use in a billing period.
-- Taggable is usage of a resource that is not what is left of a commitment: taxes, support, fees, credits and unused
-- commitments cannot carry a tag, and are no debt of anybody's tagging.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   tag_key  text  key of the tag
--   currency  text  ISO 4217 code
--   taggable_cost  currency  effective cost of what can be tagged
--   tagged_cost  currency  effective cost of the part that has this key, with a value
--   coverage  ratio  tagged_cost / taggable_cost, 0 to 1; NULL when there is nothing to tag
WITH taggable AS (
    SELECT billing_period, BillingCurrency AS currency, Tags, EffectiveCost
    FROM charges
    WHERE ChargeCategory = 'Usage' AND ResourceId IS NOT NULL AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'
),
whole AS (
    SELECT billing_period, currency, SUM(EffectiveCost) AS taggable_cost
    FROM taggable
    GROUP BY billing_period, currency
),
tagged AS (
    SELECT billing_period, currency, tag_key, SUM(EffectiveCost) AS tagged_cost
    FROM taggable
    CROSS JOIN UNNEST(MAP_KEYS(Tags)) AS keys(tag_key)
    WHERE Tags[tag_key] <> ''
    GROUP BY billing_period, currency, tag_key
)
SELECT
    tagged.billing_period,
    tagged.tag_key,
    tagged.currency,
    whole.taggable_cost,
    tagged.tagged_cost,
    CAST(tagged.tagged_cost AS DOUBLE) / NULLIF(CAST(whole.taggable_cost AS DOUBLE), 0) AS coverage
FROM tagged
JOIN whole ON whole.billing_period = tagged.billing_period AND whole.currency = tagged.currency
