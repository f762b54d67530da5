"""Formats of bills as AWS writes them: one small file each, found by themselves."""
