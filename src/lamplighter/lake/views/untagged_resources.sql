-- Resources that cost something and carry no tag of their owners at all, by billing period: what to tag first. Tags that
-- AWS makes (`aws:...`) do not count, nor do tags without a value; what cannot be tagged is not here.
-- needs: charges
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account that used it, else the payer
--   region  text  region code
--   service  text  name of the service
--   resource_id  text  id or ARN as the bill has it
--   currency  text  ISO 4217 code; costs of different currencies are different rows
--   billed_cost  currency  as invoiced
--   effective_cost  currency  amortised, after discounts
--   unblended_cost  currency  as the lines say
--   list_cost  currency  at public list prices
--   charges  rows  how many lines of the bill
WITH own AS (
    SELECT DISTINCT billing_period, ResourceId
    FROM charges
    CROSS JOIN UNNEST(MAP_KEYS(Tags)) AS keys(tag_key)
    WHERE Tags[tag_key] <> '' AND tag_key NOT LIKE 'aws:%'
)
SELECT
    charges.billing_period,
    COALESCE(charges.SubAccountId, charges.BillingAccountId) AS account_id,
    charges.RegionId AS region,
    charges.ServiceName AS service,
    charges.ResourceId AS resource_id,
    charges.BillingCurrency AS currency,
    SUM(charges.BilledCost) AS billed_cost,
    SUM(charges.EffectiveCost) AS effective_cost,
    SUM(charges.x_UnblendedCost) AS unblended_cost,
    SUM(charges.ListCost) AS list_cost,
    COUNT(*) AS charges
FROM charges
LEFT JOIN own ON own.billing_period = charges.billing_period AND own.ResourceId = charges.ResourceId
WHERE charges.ChargeCategory = 'Usage' AND charges.ResourceId IS NOT NULL AND own.ResourceId IS NULL
    AND COALESCE(charges.CommitmentDiscountStatus, '') <> 'Unused'
GROUP BY charges.billing_period, COALESCE(charges.SubAccountId, charges.BillingAccountId), charges.RegionId,
    charges.ServiceName, charges.ResourceId, charges.BillingCurrency
