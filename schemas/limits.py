"""Limits of what travels that more than one module needs."""

LARGEST_ID = 2**63 - 1
"""The end of PostgreSQL's BIGINT, the type of every id."""

LARGEST_INT32 = 2**31 - 1
"""The end of PostgreSQL's INTEGER; the document says ``int64`` of what goes beyond."""
