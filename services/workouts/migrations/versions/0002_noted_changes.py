"""The change feed is written by the database itself, as the last thing before each commit."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # The lock is held from here until the commit, so that changes appear in the order of their
    # ids: no reader that has seen one ever misses an earlier one. Deferred, because a statement's
    # other work must not be done under it.
    op.execute(
        """
        CREATE FUNCTION note_workout_change() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            workout workouts;
            change text;
        BEGIN
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
    )
    op.execute(
        """
        CREATE CONSTRAINT TRIGGER workouts_are_noted
        AFTER INSERT OR UPDATE OR DELETE ON workouts
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION note_workout_change()
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER workouts_are_noted ON workouts")
    op.execute("DROP FUNCTION note_workout_change()")
