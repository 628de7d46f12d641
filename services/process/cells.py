"""Cells: parts of the system that each have the workouts and the statistics of some users.

A cell is a workouts and an analytics service with databases of their own. Users fall into buckets
by their ids, and each bucket is in one cell. The first cell has no name and has all buckets that
were never moved; the other cells are named by ``CELLS``.
"""

FIRST = ""
"""The name of the first cell."""

SERVICES = ("workouts", "analytics")
"""The services that every cell has."""

BUCKETS = 1024

# what a bucket is in a cell; without a row it is HERE in the first cell, and GONE in all others
HERE = "here"
"""Its users are served."""

LEAVING = "leaving"
"""They are still read here, and nothing of them is written any more."""

GONE = "gone"
"""They are in another cell."""

ARRIVING = "arriving"
"""They are being copied to this cell, and still served by the other one."""

ARRIVED = "arrived"
"""All of them was copied; they are read here, and nothing of them is written yet."""

LEASE_SECONDS = 1.5
"""For so long a process may rely on the states that it has read. Whoever lets a cell write what
another one has served waits a little longer than that, after the other's state is committed."""

STATES = (HERE, LEAVING, GONE, ARRIVING, ARRIVED)


def bucket_of(user_id: int) -> int:
    """Return the bucket that a user falls into; in SQL it is ``mod(user_id, 1024)``."""
    return user_id % BUCKETS


def address(service: str, cell: str) -> str:
    """Return the name by which a service of a cell is called, such as ``workouts_b``."""
    return f"{service}_{cell}" if cell else service
