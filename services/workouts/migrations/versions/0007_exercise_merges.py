"""Private exercises that are merged into others, and which changes of the feed come of it."""

from alembic import op

revision = "0007"
down_revision = "0006"

_NOTE = """
    CREATE OR REPLACE FUNCTION note_workout_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        workout workouts;
        change text;
    BEGIN
        {before}
        IF TG_OP = 'DELETE' THEN
            workout := OLD;
        ELSE
            workout := NEW;
        END IF;
        change := CASE TG_OP WHEN 'INSERT' THEN 'created'
                             WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END;
        PERFORM pg_advisory_xact_lock(7306001);
        INSERT INTO workout_changes (kind, workout_id, user_id, version, date)
        VALUES (change, workout.id, workout.user_id, workout.version, workout.date);
        RETURN NULL;
    END $$
"""

# A merge writes the rows of all its workouts in one statement (services/workouts/merging.py): the
# lock, for which every other write waits, would be held for as many calls of this function.
_LEFT_TO_THE_MERGE = """
        IF current_setting('gym.merges', true) = 'on' THEN
            RETURN NULL;
        END IF;
"""

# a transaction each, as a read of the feed locks tables in an order of its own
STATEMENTS = (
    """
    CREATE TABLE IF NOT EXISTS exercise_merges (
        exercise_id BIGINT PRIMARY KEY,
        user_id BIGINT NOT NULL,
        into_id BIGINT NOT NULL,
        into_name VARCHAR(255) NOT NULL,
        workouts INTEGER NOT NULL,
        asked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        done_at TIMESTAMPTZ
    )
    """,
    "CREATE INDEX IF NOT EXISTS exercise_merges_to_do ON exercise_merges (exercise_id) "
    "WHERE done_at IS NULL",
    "ALTER TABLE workout_changes ADD COLUMN IF NOT EXISTS merged_from BIGINT, "
    "ADD COLUMN IF NOT EXISTS merged_into BIGINT, ADD COLUMN IF NOT EXISTS had_both BOOLEAN",
    _NOTE.format(before=_LEFT_TO_THE_MERGE),
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in STATEMENTS:
            op.execute(statement)


def downgrade() -> None:
    op.execute(_NOTE.format(before=""))
    op.execute(
        "ALTER TABLE workout_changes DROP COLUMN merged_from, DROP COLUMN merged_into, "
        "DROP COLUMN had_both"
    )
    op.execute("DROP TABLE exercise_merges")
