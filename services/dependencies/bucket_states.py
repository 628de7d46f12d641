"""The table in the databases of a cell that says which buckets of users are there."""

from services.process import cells

_STATES = ", ".join(f"'{state}'" for state in cells.STATES)

TABLE = f"""
    CREATE TABLE bucket_states (
        bucket SMALLINT PRIMARY KEY CHECK (bucket >= 0 AND bucket < {cells.BUCKETS}),
        state TEXT NOT NULL CHECK (state IN ({_STATES})),
        cell TEXT NOT NULL
    )
"""
"""``cell`` is the one that the bucket was last moved to or from, besides this one; what each state
means is in :mod:`services.process.cells`."""
