-- Hours of use by day (UTC), with how much of the day is known: a day that is known in part shows only that part.
-- needs: usage, usage_looks
-- columns:
--   billing_period  text  YYYY-MM
--   day  date  day, UTC
--   account_id  text  account, 12 digits
--   account_name  text  its name, or the id again
--   region  text  region code
--   service  text  ec2, rds, elasticache, dynamodb, opensearch or redshift
--   known_hours  hours  hours of the day that are known
--   unknown_hours  hours  hours at which looking failed; hours at which nobody looked stand in usage_gaps
--   used_hours  hours  hours of use of all instances and nodes, Spot included; none of DynamoDB, whose capacity units are no hours
--   spot_hours  hours  of them on Spot
--   scheduled_off_hours  hours  hours that would have been used if no schedule had put anything out
--   capacity_unit_hours  number  provisioned read and write units of DynamoDB, times hours; never to be added to hours
WITH used AS (
    SELECT
        time,
        account_id,
        region,
        service,
        SUM(quantity * hours) AS used_hours,
        SUM(x_spot * hours) AS spot_hours,
        SUM(x_scheduled_off * hours) AS off_hours
    FROM usage
    GROUP BY time, account_id, region, service
)
SELECT
    looked.billing_period,
    CAST(looked.time AS DATE) AS day,
    looked.account_id,
    MAX(looked.account_name) AS account_name,
    looked.region,
    looked.service,
    SUM(CASE WHEN looked.source IS NOT NULL THEN looked.hours ELSE 0 END) AS known_hours,
    SUM(CASE WHEN looked.source IS NULL THEN looked.hours ELSE 0 END) AS unknown_hours,
    COALESCE(SUM(CASE WHEN looked.service <> 'dynamodb' THEN used.used_hours END), 0) AS used_hours,
    COALESCE(SUM(used.spot_hours), 0) AS spot_hours,
    COALESCE(SUM(used.off_hours), 0) AS scheduled_off_hours,
    COALESCE(SUM(CASE WHEN looked.service = 'dynamodb' THEN used.used_hours END), 0) AS capacity_unit_hours
FROM usage_looks AS looked
LEFT JOIN used ON used.time = looked.time AND used.account_id = looked.account_id AND used.region = looked.region
    AND used.service = looked.service
GROUP BY looked.billing_period, CAST(looked.time AS DATE), looked.account_id, looked.region, looked.service
