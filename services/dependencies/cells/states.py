"""What the databases of a cell know of the buckets of users: a table, and triggers' refusals."""

from services.process import cells
from services.transport.postgres.statements import Fetch, Statement

BEING_MOVED = "GYM02"
"""The SQLSTATE of our own that refuses a write of a user whose bucket is being moved."""

ELSEWHERE = "GYM03"
"""The SQLSTATE of our own that refuses a write of a user whom another cell has."""

LOCK = 7_306_030
"""The first key of the advisory lock of a bucket; the second is the bucket. Whoever writes shares
it until the end of the transaction, and whoever changes the state takes it alone. So when a state
has changed, all have committed who have written under the one before."""

_STATES = ", ".join(f"'{state}'" for state in cells.STATES)

TABLE = f"""
    CREATE TABLE IF NOT EXISTS bucket_states (
        bucket SMALLINT PRIMARY KEY CHECK (bucket >= 0 AND bucket < {cells.BUCKETS}),
        state TEXT NOT NULL CHECK (state IN ({_STATES})),
        cell TEXT NOT NULL
    )
"""
"""``cell`` is the one that the bucket was last moved to or from, besides this one; what each state
means is in :mod:`services.process.cells`."""

FUNCTIONS = (
    "refuse_moved_users",
    "refuse_moved_imports",
    "leave_out_moved_users",
    "state_of_bucket",
)
"""What triggers of a prepared database call (:mod:`services.moving.preparing`)."""

REMOVE = (
    *(f"DROP FUNCTION IF EXISTS {name} CASCADE" for name in FUNCTIONS),
    "DROP TABLE bucket_states",
)
"""What takes the table back, and the triggers that read it, if there are any."""

_READ = Statement("SELECT bucket, state, cell FROM bucket_states")


def read(fetch: Fetch) -> dict[int, tuple[str, str]]:
    """Return state and other cell of the buckets that were ever moved to or from this cell."""
    return {bucket: (state, cell) for bucket, state, cell in fetch(_READ)}
