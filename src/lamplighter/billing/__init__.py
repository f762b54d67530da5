"""Billing: any AWS bill in, canonical charges out, with totals that are proven."""
