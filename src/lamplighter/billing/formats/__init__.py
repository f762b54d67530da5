"""Formats of bills: one small file each, found by themselves."""
