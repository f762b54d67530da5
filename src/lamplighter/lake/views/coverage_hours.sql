-- What commitments covered of collected usage, hour by hour, as `lamp commit coverage` last worked it out for a month; what the
-- bill says of the same stands in coverage_by_hour. Hours whose usage is not known have no row.
-- needs: coverage_hours_written
-- columns:
--   billing_period  text  YYYY-MM
--   time  timestamp  beginning of the hour, UTC
--   account_id  text  account that used it, 12 digits
--   region  text  region code
--   service  text  ec2, rds, elasticache, dynamodb, opensearch or redshift
--   family  text  instance family, m5 or db.r5
--   currency  text  ISO 4217 code
--   hours  hours  instance hours; zero for DynamoDB
--   reserved_hours  hours  of them covered by reservations
--   plan_hours  hours  of them covered by Savings Plans
--   borrowed_hours  hours  of both, those covered by commitments of other accounts
--   units  number  in normalised units, of DynamoDB capacity units; NULL where no size has a factor
--   covered_units  number  of them covered
--   cost  currency  at public on-demand prices, as far as they are known; NULL where none is
--   covered_cost  currency  of it covered
--   unpriced_hours  hours  hours without a known price
SELECT
    billing_period,
    time,
    account_id,
    region,
    service,
    family,
    currency,
    hours,
    reserved_hours,
    plan_hours,
    borrowed_hours,
    units,
    covered_units,
    cost,
    covered_cost,
    unpriced_hours
FROM coverage_hours_written
