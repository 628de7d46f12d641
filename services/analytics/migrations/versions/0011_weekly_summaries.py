"""Summaries of weeks, the settings of users that they depend on, and which users are due."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0011"
down_revision = "0010"

TABLES = (
    """
    CREATE TABLE IF NOT EXISTS user_settings (
        user_id BIGINT PRIMARY KEY,
        time_zone VARCHAR(64),
        weekly_goal SMALLINT,
        weekly_sets_least SMALLINT,
        weekly_sets_most SMALLINT,
        position BIGINT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS user_settings_by_position ON user_settings (position)",
    """
    CREATE TABLE IF NOT EXISTS weekly_summaries (
        user_id BIGINT NOT NULL,
        week VARCHAR(8) NOT NULL,
        summary JSONB NOT NULL,
        made_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, week)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS summaries_lease (
        only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
        holder TEXT NOT NULL DEFAULT '',
        held_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity'
    )
    """,
    "INSERT INTO summaries_lease DEFAULT VALUES ON CONFLICT DO NOTHING",
)
FENCED = {"user_settings": "user_id", "weekly_summaries": "user_id"}

# the outbox has events that are of no exercise, too
NULLABLE = "ALTER TABLE record_events ALTER COLUMN exercise_name DROP NOT NULL"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in TABLES:
            op.execute(statement)
        # one whose making was broken off is there, and no use
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS progress_weeks")
        op.execute(
            "CREATE INDEX CONCURRENTLY progress_weeks "
            "ON progress_snapshots (period_start, user_id) WHERE period_type = 'week'"
        )
        fence.make(op.execute, FENCED)
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, NULLABLE)
        op.execute("RESET lock_timeout")


def downgrade() -> None:
    op.execute("DELETE FROM record_events WHERE exercise_name IS NULL")
    op.execute("ALTER TABLE record_events ALTER COLUMN exercise_name SET NOT NULL")
    op.execute("DROP INDEX progress_weeks")
    for table in ("summaries_lease", "weekly_summaries", "user_settings"):
        op.execute(f"DROP TABLE {table}")
