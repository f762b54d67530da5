"""Savings: estimated before (timelines x prices), measured after (journal x prices)."""
