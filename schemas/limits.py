"""Limits of what travels."""

LARGEST_ID = 2**63 - 1
