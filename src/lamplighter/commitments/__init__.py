"""Commitments: how AWS applies them, what they cover, and what to buy. The arithmetic is pure."""
