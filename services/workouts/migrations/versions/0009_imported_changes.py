"""Changes of the feed say whether an import, or its undo, made them."""

from alembic import op

revision = "0009"
down_revision = "0008"

_NOTE = """
    CREATE OR REPLACE FUNCTION note_workout_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        workout workouts;
        change text;
    BEGIN
        IF current_setting('gym.merges', true) = 'on' THEN
            RETURN NULL;
        END IF;
        IF TG_OP = 'DELETE' THEN
            workout := OLD;
        ELSE
            workout := NEW;
        END IF;
        change := CASE TG_OP WHEN 'INSERT' THEN 'created'
                             WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END;
        PERFORM pg_advisory_xact_lock(7306001);
        INSERT INTO workout_changes (kind, workout_id, user_id, version, date{column})
        VALUES (change, workout.id, workout.user_id, workout.version, workout.date{value});
        RETURN NULL;
    END $$
"""

# the setting is null before its first use in a session, and empty after the transaction that set it
_MARKED = _NOTE.format(
    column=", imported",
    value=", coalesce(current_setting('gym.imports', true) = 'on', false)",
)

# a transaction each, as in 0007
STATEMENTS = (
    "ALTER TABLE workout_changes ADD COLUMN IF NOT EXISTS imported BOOLEAN NOT NULL DEFAULT false",
    _MARKED,
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for statement in STATEMENTS:
            op.execute(statement)


def downgrade() -> None:
    op.execute(_NOTE.format(column="", value=""))
    op.execute("ALTER TABLE workout_changes DROP COLUMN imported")
