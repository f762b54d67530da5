-- What became of a reservation or Savings Plan in an hour by collected usage, as `lamp commit utilisation` last worked it out for
-- a month; what the bill says of the month stands in commitments.
-- needs: commitment_hours_written
-- columns:
--   billing_period  text  YYYY-MM
--   time  timestamp  beginning of the hour, UTC
--   commitment_id  text  ARN
--   owner_account_id  text  account that pays for it, 12 digits
--   region  text  region code; empty for a Savings Plan that is good everywhere
--   service  text  ec2, rds, ...; savingsplans
--   family  text  instance family; empty for a Savings Plan of many
--   unit  text  of total, used, lent and unused: Units (normalised), Hrs (instances), or a currency
--   total  number  what had been bought
--   used  number  of it used by anybody
--   lent  number  of that by other accounts than the owner
--   unused  number  the rest; NULL where usage that it may have covered is not known
--   currency  text  ISO 4217 code
--   cost  currency  amortised cost of the hour; NULL where it is not known
--   used_cost  currency  of it of what was used
--   unused_cost  currency  of it of what was not
--   on_demand_cost  currency  what it covered, at on-demand prices; NULL where a price is not known
SELECT
    billing_period,
    time,
    commitment_id,
    owner_account_id,
    region,
    service,
    family,
    unit,
    total,
    used,
    lent,
    unused,
    currency,
    cost,
    used_cost,
    unused_cost,
    on_demand_cost
FROM commitment_hours_written
