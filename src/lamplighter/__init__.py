"""Lamplighter lights an AWS estate when people need it and puts it out when they do not."""

__version__ = "0.1.0"
