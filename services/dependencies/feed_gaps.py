"""Positions of feeds that are lost, because a backup from before them was restored.

They were given out to clients, and stand for nothing now. What has changed since the backup was
restored has positions behind all of them (:mod:`services.restoring`), so a client that goes on from
a lost one would be told of that, and keep what is lost.
"""

TABLE = """
    CREATE TABLE IF NOT EXISTS feed_gaps (
        feed TEXT NOT NULL,
        last_kept BIGINT NOT NULL,
        last_lost BIGINT NOT NULL,
        PRIMARY KEY (feed, last_lost)
    )
"""
"""``last_kept`` is the last position of the backup, ``last_lost`` is before all later ones."""


def is_lost(feed: str, position: str) -> str:
    """Return the expression that tells whether a position of a feed is lost.

    Args:
        feed: the table of the feed.
        position: the position, or an expression.
    """
    return f"""EXISTS (SELECT FROM feed_gaps WHERE feed = '{feed}'
        AND {position} > last_kept AND {position} <= last_lost)"""
