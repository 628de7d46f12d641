"""Which exercises of a user had one kind only, of what was counted before."""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"

USERS_AT_ONCE = 1000

LAST_OF_NEXT = text(
    """
    SELECT max(user_id) FROM (
        SELECT DISTINCT user_id FROM exercise_stats WHERE user_id > :after
        ORDER BY user_id LIMIT :limit) next
    """
)

# updated_at as it was read: a row that the version before changes meanwhile is not believed
FILL = text(
    """
    UPDATE exercise_stats s SET rep_type = known.rep_type, rep_type_at = known.updated_at
    FROM (
        SELECT user_id, exercise_id, counted.updated_at, min(done.rep_type) AS rep_type
        FROM exercise_stats counted
        JOIN exercise_performance_history done USING (user_id, exercise_id)
        WHERE user_id > :after AND user_id <= :last
        GROUP BY user_id, exercise_id, counted.updated_at
        HAVING min(done.rep_type) = max(done.rep_type)
    ) known
    WHERE (s.user_id, s.exercise_id) = (known.user_id, known.exercise_id)
    """
)


def upgrade() -> None:
    # some users at a time, as the version before counts and must not wait
    with op.get_context().autocommit_block():
        connection, after = op.get_bind(), 0
        while True:
            given = {"after": after, "limit": USERS_AT_ONCE}
            last = connection.execute(LAST_OF_NEXT, given).scalar()
            if last is None:
                return
            connection.execute(FILL, {"after": after, "last": last})
            after = last


def downgrade() -> None:
    pass
