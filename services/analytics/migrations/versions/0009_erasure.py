"""Tombstones of users who were erased, and whose exercises the copied names are."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0009"
down_revision = "0008"

FENCED = {
    "processed_workouts": "user_id",
    "exercise_performance_history": "user_id",
    "personal_records": "user_id",
    "set_records": "user_id",
    "exercise_stats": "user_id",
    "progress_snapshots": "user_id",
    "record_events": "user_id",
    "exercise_facts": "owner_id",
}

COLUMNS = (
    "ALTER TABLE exercise_facts ADD COLUMN IF NOT EXISTS owner_id BIGINT, "
    "ADD COLUMN IF NOT EXISTS owner_position BIGINT",
    # of a failure that the version before notes it is not known
    "ALTER TABLE failed_changes ADD COLUMN IF NOT EXISTS user_id BIGINT",
)
INDEXES = {
    "exercise_facts_by_owner_position": "exercise_facts (owner_position)",
    "exercise_facts_by_owner": "exercise_facts (owner_id) WHERE owner_id IS NOT NULL",
    # the others are in processed_workouts_by_date
    "processed_deletions_by_user": "processed_workouts (user_id) WHERE deleted",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '1s'")
        for statement in COLUMNS:
            fence.execute_when_free(op.execute, statement)
        op.execute("RESET lock_timeout")
        for name, columns in INDEXES.items():
            # one whose making was broken off is there, and no use
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        fence.make(op.execute, FENCED)


def downgrade() -> None:
    fence.remove(op.execute, FENCED)
    op.execute("DROP INDEX processed_deletions_by_user")
    op.execute("ALTER TABLE failed_changes DROP COLUMN user_id")
    op.execute("ALTER TABLE exercise_facts DROP COLUMN owner_id, DROP COLUMN owner_position")
