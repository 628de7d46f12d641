"""Tombstones of users who were erased, and whose exercises the copied names are."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0013"
down_revision = "0012"

# rows of idempotency_keys and workout_changes are written together with those of workouts
FENCED = {
    "workouts": "user_id",
    "imports": "user_id",
    "learned_names": "user_id",
    "imported_workouts": "user_id",
    "exercise_merges": "user_id",
    "outbox": "user_id",
    "exercise_facts": "owner_id",
}

COLUMNS = (
    "ALTER TABLE exercise_facts ADD COLUMN IF NOT EXISTS owner_id BIGINT, "
    "ADD COLUMN IF NOT EXISTS owner_position BIGINT"
)
INDEXES = {
    "exercise_facts_by_owner_position": "exercise_facts (owner_position)",
    "exercise_facts_by_owner": "exercise_facts (owner_id) WHERE owner_id IS NOT NULL",
    "workout_changes_by_user": "workout_changes (user_id)",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, COLUMNS)
        op.execute("RESET lock_timeout")
        for name, columns in INDEXES.items():
            # one whose making was broken off is there, and no use
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        fence.make(op.execute, FENCED)


def downgrade() -> None:
    fence.remove(op.execute, FENCED)
    op.execute("DROP INDEX workout_changes_by_user")
    op.execute("ALTER TABLE exercise_facts DROP COLUMN owner_id, DROP COLUMN owner_position")
