"""A feed of the names and kinds of exercises, for the services that keep a copy of them."""

from alembic import op

revision = "0007"
down_revision = "0006"

# one row an exercise, which moves to the end whenever a copy would be out of date
TABLE = """
    CREATE TABLE exercise_changes (
        exercise_id BIGINT PRIMARY KEY REFERENCES exercises ON DELETE CASCADE,
        position BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE
    )
"""

# The lock is held from here until the commit, so that changes appear in the order of their
# positions: no reader that has seen one ever misses an earlier one. Deferred, because an import's
# other work must not be done under it.
NOTE = """
    CREATE FUNCTION note_exercise_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(7306004);
        INSERT INTO exercise_changes (exercise_id) SELECT id FROM exercises WHERE id = NEW.id
        ON CONFLICT (exercise_id) DO UPDATE SET position = DEFAULT;
        RETURN NULL;
    END $$
"""

# whoever changes an exercise can't forget it, the version before included
TRIGGERS = {
    "new_exercises_are_noted": ("INSERT", ""),
    "changed_exercises_are_noted": (
        "UPDATE",
        "WHEN ((OLD.name, OLD.rep_type) IS DISTINCT FROM (NEW.name, NEW.rep_type))",
    ),
}


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("INSERT INTO exercise_changes (exercise_id) SELECT id FROM exercises ORDER BY id")
    op.execute(NOTE)
    for name, (event, condition) in TRIGGERS.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON exercises "
            "DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW {condition} EXECUTE FUNCTION note_exercise_change()"
        )


def downgrade() -> None:
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON exercises")
    op.execute("DROP FUNCTION note_exercise_change")
    op.execute("DROP TABLE exercise_changes")
