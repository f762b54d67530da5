-- Levels of use in the hours (or days) of a month that are known, of what one kind of reservation covers: each figure but the
-- average is a level that did occur, hours in which nothing ran count as zero, Spot is taken out.
-- needs: usage, usage_looks
-- columns:
--   billing_period  text  YYYY-MM
--   account_id  text  account, 12 digits
--   account_name  text  its name, or the id again
--   region  text  region code
--   service  text  ec2, rds, elasticache, dynamodb, opensearch or redshift
--   resource_type  text  instance type, DB class, node type; of DynamoDB read or write
--   platform  text  operating system or engine; empty if none
--   deployment  text  EC2 tenancy or RDS deployment; empty if none
--   known_hours  hours  hours that are known, and counted here
--   used_hours  hours  hours of use in them
--   scheduled_off_hours  hours  hours that would have been used if no schedule had put anything out
--   least  number  lowest hour
--   p5  number  level in use in at least 95 % of the hours
--   p50  number  level in use in at least half of the hours
--   p95  number  95th percentile: no more than 5 % of the hours use more
--   most  number  highest hour
--   mean  number  average hour
WITH known AS (
    SELECT billing_period, time, account_id, account_name, region, service, hours
    FROM usage_looks
    WHERE source IS NOT NULL
),
used AS (
    SELECT
        billing_period,
        time,
        account_id,
        region,
        service,
        resource_type,
        platform,
        deployment,
        SUM(quantity - x_spot) AS level,
        SUM(x_scheduled_off) AS off
    FROM usage
    GROUP BY billing_period, time, account_id, region, service, resource_type, platform, deployment
),
kept AS (
    SELECT DISTINCT billing_period, account_id, region, service, resource_type, platform, deployment FROM used
),
every_hour AS (
    SELECT
        kept.billing_period,
        kept.account_id,
        known.account_name,
        kept.region,
        kept.service,
        kept.resource_type,
        kept.platform,
        kept.deployment,
        known.hours,
        COALESCE(used.level, 0) AS level,
        COALESCE(used.off, 0) AS off,
        ROW_NUMBER() OVER (
            PARTITION BY kept.billing_period, kept.account_id, kept.region, kept.service, kept.resource_type,
                kept.platform, kept.deployment
            ORDER BY COALESCE(used.level, 0), known.time
        ) AS place,
        COUNT(*) OVER (
            PARTITION BY kept.billing_period, kept.account_id, kept.region, kept.service, kept.resource_type,
                kept.platform, kept.deployment
        ) AS looks
    FROM kept
    JOIN known ON known.billing_period = kept.billing_period AND known.account_id = kept.account_id
        AND known.region = kept.region AND known.service = kept.service
    LEFT JOIN used ON used.billing_period = kept.billing_period AND used.time = known.time
        AND used.account_id = kept.account_id AND used.region = kept.region AND used.service = kept.service
        AND used.resource_type = kept.resource_type AND used.platform = kept.platform
        AND used.deployment = kept.deployment
)
SELECT
    billing_period,
    account_id,
    MAX(account_name) AS account_name,
    region,
    service,
    resource_type,
    platform,
    deployment,
    SUM(hours) AS known_hours,
    SUM(level * hours) AS used_hours,
    SUM(off * hours) AS scheduled_off_hours,
    MIN(level) AS least,
    MAX(CASE WHEN place = FLOOR(looks * 5 / 100.0) + 1 THEN level END) AS p5,
    MAX(CASE WHEN place = looks - CEIL(looks / 2.0) + 1 THEN level END) AS p50,
    MAX(CASE WHEN place = CEIL(looks * 95 / 100.0) THEN level END) AS p95,
    MAX(level) AS most,
    SUM(level * hours) / SUM(hours) AS mean
FROM every_hour
GROUP BY billing_period, account_id, region, service, resource_type, platform, deployment
