"""A feed of measurements, for clients that keep a copy of their own."""

from alembic import op

from services.dependencies.erasure import fence

revision = "0017"
down_revision = "0016"

# One row a measurement, which moves to the end with each change, and stays when it is deleted, so
# that this is told, too. Positions are not those of the feed of workouts: a process of the version
# before, which tells of workouts alone, would lead clients past what it does not tell.
TABLE = """
    CREATE TABLE IF NOT EXISTS measurement_changes (
        user_id BIGINT NOT NULL,
        measurement_id BIGINT NOT NULL,
        version INTEGER NOT NULL,
        position BIGINT GENERATED ALWAYS AS IDENTITY,
        PRIMARY KEY (user_id, measurement_id)
    )
"""
INDEX = """
    CREATE UNIQUE INDEX IF NOT EXISTS measurement_changes_by_position
    ON measurement_changes (user_id, position)
"""

# The lock is held from here until the commit, so that changes appear in the order of their
# positions: no reader that has seen one ever misses an earlier one. Deferred, because other work of
# the transaction must not be done under it. The rows of an erased user are deleted, and no row may
# come of that.
NOTE = """
    CREATE OR REPLACE FUNCTION note_measurement_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        noted measurements;
    BEGIN
        IF TG_OP = 'DELETE' THEN noted := OLD; ELSE noted := NEW; END IF;
        IF EXISTS (SELECT FROM erased_users WHERE user_id = noted.user_id) THEN
            RETURN NULL;
        END IF;
        PERFORM pg_advisory_xact_lock(7306006);
        INSERT INTO measurement_changes (user_id, measurement_id, version)
        VALUES (noted.user_id, noted.id, noted.version)
        ON CONFLICT (user_id, measurement_id)
        DO UPDATE SET version = excluded.version, position = DEFAULT;
        RETURN NULL;
    END $$
"""
DROP = "DROP TRIGGER IF EXISTS measurements_are_noted ON measurements"
TRIGGER = """
    CREATE CONSTRAINT TRIGGER measurements_are_noted AFTER INSERT OR UPDATE OR DELETE
    ON measurements DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note_measurement_change()
"""

# some at a time, as those who measure meanwhile wait for the lock
FILL = """
    DO $$
    DECLARE
        last_user bigint := 0;
        last_id bigint := 0;
    BEGIN
        LOOP
            PERFORM pg_advisory_xact_lock(7306006);
            WITH next AS (
                SELECT user_id, id, version FROM measurements
                WHERE (user_id, id) > (last_user, last_id) ORDER BY user_id, id LIMIT 10000
            ), told AS (
                INSERT INTO measurement_changes (user_id, measurement_id, version)
                SELECT user_id, id, version FROM next
                WHERE NOT EXISTS (SELECT FROM erased_users e WHERE e.user_id = next.user_id)
                ORDER BY user_id, id
                ON CONFLICT DO NOTHING
            )
            SELECT user_id, id INTO last_user, last_id FROM next
            ORDER BY user_id DESC, id DESC LIMIT 1;
            EXIT WHEN NOT FOUND;
            COMMIT;
        END LOOP;
    END $$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # what can be run again, if all of this is broken off
        op.execute(TABLE)
        op.execute(INDEX)
        fence.make(op.execute, {"measurement_changes": "user_id"})
        op.execute(NOTE)
        op.execute("SET lock_timeout = '1s'")
        fence.execute_when_free(op.execute, DROP)
        fence.execute_when_free(op.execute, TRIGGER)
        op.execute("RESET lock_timeout")
        op.execute(FILL)


def downgrade() -> None:
    op.execute("DROP TRIGGER measurements_are_noted ON measurements")
    op.execute("DROP FUNCTION note_measurement_change")
    op.execute("DROP TABLE measurement_changes")
