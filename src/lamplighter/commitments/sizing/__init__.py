"""What to buy: from hours of usage to reservations and Savings Plans, with proof of how good the purchase is.

`demand` holds the hours, `statistics` and `quantile` look at one reservation, `breakpoints` at one Savings Plan,
`problem` puts everything side by side, `programme` is the linear programme over all of it, `simulate` applies what is
bought as AWS does, `portfolio` searches, `recommend` tells. Pure: no AWS, no clock. docs/sizing.md has the formulas.
"""
