-- How much of the money that can be tagged has a tag, for each billing period, account and key that anything has ever had.
-- Taggable is usage of a resource that is not what is left of a commitment: taxes, support, fees, credits and unused
-- commitments cannot carry a tag, and are no debt of anybody's tagging. For more accounts than one, add up the costs
-- and divide them again.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   tag_key  text  key of the tag
--   currency  text  ISO 4217 code
--   taggable_cost  currency  effective cost of what can be tagged
--   tagged_cost  currency  effective cost of the part that has this key, with a value
--   coverage  ratio  tagged_cost / taggable_cost, 0 to 1; NULL when there is nothing to tag
WITH taggable AS (
    SELECT
        billing_period,
        COALESCE(SubAccountId, BillingAccountId) AS account_id,
        BillingCurrency AS currency,
        Tags,
        EffectiveCost
    FROM charges
    WHERE ChargeCategory = 'Usage' AND ResourceId IS NOT NULL AND COALESCE(CommitmentDiscountStatus, '') <> 'Unused'
),
whole AS (
    SELECT billing_period, account_id, currency, SUM(EffectiveCost) AS taggable_cost
    FROM taggable
    GROUP BY billing_period, account_id, currency
),
tagged AS (
    SELECT billing_period, account_id, currency, tag_key, SUM(EffectiveCost) AS tagged_cost
    FROM taggable
    CROSS JOIN UNNEST(MAP_KEYS(Tags)) AS keys(tag_key)
    WHERE Tags[tag_key] <> ''
    GROUP BY billing_period, account_id, currency, tag_key
),
known AS (
    SELECT DISTINCT tag_key FROM tagged
)
SELECT
    whole.billing_period,
    whole.account_id,
    known.tag_key,
    whole.currency,
    whole.taggable_cost,
    COALESCE(tagged.tagged_cost, 0) AS tagged_cost,
    CAST(COALESCE(tagged.tagged_cost, 0) AS DOUBLE) / NULLIF(CAST(whole.taggable_cost AS DOUBLE), 0) AS coverage
FROM whole
CROSS JOIN known
LEFT JOIN tagged
    ON tagged.billing_period = whole.billing_period AND tagged.account_id = whole.account_id
    AND tagged.currency = whole.currency AND tagged.tag_key = known.tag_key
