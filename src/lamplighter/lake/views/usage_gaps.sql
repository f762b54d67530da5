-- Time whose usage is not known, between the first and the last look of a service in an account and region: hours (or days) at
-- which looking failed, one row each, and stretches in which nobody looked.
-- needs: usage_looks
-- columns:
--   account_id  text  account, 12 digits
--   account_name  text  its name, or the id again
--   region  text  region code
--   service  text  ec2, rds, elasticache, dynamodb, opensearch or redshift
--   step  hours  1, or 24 for what is collected daily
--   begins  timestamp  first instant that is not known, UTC
--   ends  timestamp  first instant after it, UTC
--   hours  hours  how long it is
--   reason  text  why looking failed, or `not looked at`
WITH looked AS (
    SELECT
        account_id,
        account_name,
        region,
        service,
        hours AS step,
        time AS begins,
        CASE WHEN hours = 24 THEN time + INTERVAL 1 DAY ELSE time + INTERVAL 1 HOUR END AS ends,
        source,
        reason,
        LEAD(time) OVER (PARTITION BY account_id, region, service ORDER BY time) AS following
    FROM usage_looks
)
SELECT account_id, account_name, region, service, step, begins, ends, DATE_DIFF('hour', begins, ends) AS hours, reason
FROM looked
WHERE source IS NULL
UNION ALL
SELECT
    account_id,
    account_name,
    region,
    service,
    step,
    ends AS begins,
    following AS ends,
    DATE_DIFF('hour', ends, following) AS hours,
    'not looked at' AS reason
FROM looked
WHERE following > ends
