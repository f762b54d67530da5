"""Senders: how a message gets to people. Which messages there are, and when, is not known here (see `alerts`)."""
