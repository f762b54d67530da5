-- Usage of an hour (or day) of what is alike: how many instances, nodes or units of capacity, each hour once. Hours in which
-- nothing was in use have no row here; that somebody looked stands in usage_looks, and what nobody knows in usage_gaps.
-- needs: usage_written, usage_looks
-- columns:
--   billing_period  text  YYYY-MM
--   time  timestamp  beginning of the hour or day, UTC
--   hours  hours  1, or 24 for what is collected daily
--   account_id  text  account, 12 digits
--   account_name  text  its name, or the id again
--   region  text  region code
--   service  text  ec2, rds, elasticache, dynamodb, opensearch or redshift
--   resource_type  text  instance type, DB class, node type; of DynamoDB read or write
--   platform  text  operating system or engine; empty if none
--   deployment  text  EC2 tenancy or RDS deployment; empty if none
--   zone  text  Availability Zone; empty if none
--   schedule  text  value of the schedule tag; empty if none
--   quantity  number  how many ran, Spot included; average over the hour if filled
--   x_spot  number  how many of them on Spot
--   x_scheduled_off  number  how many more stood still because a schedule had put them out
--   x_covered  number  how many of them a commitment covered; NULL if that is not known
--   source  text  collected or ledger
SELECT
    written.billing_period,
    written.time,
    written.hours,
    written.account_id,
    written.account_name,
    written.region,
    written.service,
    written.resource_type,
    written.platform,
    written.deployment,
    written.zone,
    written.schedule,
    written.quantity,
    written.x_spot,
    written.x_scheduled_off,
    written.x_covered,
    written.source
FROM usage_written AS written
JOIN usage_looks AS known ON known.billing_period = written.billing_period AND known.time = written.time
    AND known.account_id = written.account_id AND known.region = written.region AND known.service = written.service
    AND known.run = written.run
