-- What came of looking for the usage of a service in an account and region in an hour (or day), each hour once: one that
-- was collected stands before one filled from the ledger, that before one that failed, and the first of equals stands.
-- needs: usage_looks_written
-- columns:
--   billing_period  text  YYYY-MM
--   time  timestamp  beginning of the hour or day, UTC
--   hours  hours  1, or 24 for what is collected daily
--   account_id  text  account, 12 digits
--   account_name  text  its name, or the id again
--   region  text  region code
--   service  text  ec2, rds, elasticache, dynamodb, opensearch or redshift
--   source  text  collected or ledger; NULL if the hour is not known
--   reason  text  why it is not known; else empty
--   run  text  id of the look, which orders looks by when they were made
SELECT
    billing_period,
    time,
    hours,
    account_id,
    account_name,
    region,
    service,
    source,
    reason,
    run
FROM usage_looks_written
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY billing_period, time, account_id, region, service
    ORDER BY CASE source WHEN 'collected' THEN 0 WHEN 'ledger' THEN 1 ELSE 2 END, run
) = 1
