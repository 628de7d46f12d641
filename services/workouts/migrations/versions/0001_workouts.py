"""Workouts with their exercises and sets, the change feed and the idempotency keys."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE workouts (
            id BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
            user_id BIGINT NOT NULL,
            name VARCHAR(255),
            date DATE NOT NULL,
            duration_minutes INTEGER,
            notes TEXT,
            version INTEGER NOT NULL DEFAULT 1,
            exercise_count INTEGER NOT NULL,
            set_count INTEGER NOT NULL,
            total_volume NUMERIC NOT NULL,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, id)
        )
        """
    )
    op.execute("CREATE INDEX workouts_by_date ON workouts (user_id, date DESC, id DESC)")
    op.execute(
        """
        CREATE TABLE workout_exercises (
            id BIGINT GENERATED ALWAYS AS IDENTITY,
            user_id BIGINT NOT NULL,
            workout_id BIGINT NOT NULL,
            exercise_id BIGINT NOT NULL,
            exercise_name VARCHAR(255) NOT NULL,
            rep_type VARCHAR(20) NOT NULL,
            order_index INTEGER NOT NULL,
            notes TEXT,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, id),
            UNIQUE (user_id, workout_id, order_index),
            FOREIGN KEY (user_id, workout_id) REFERENCES workouts (user_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        """
        CREATE TABLE exercise_sets (
            id BIGINT GENERATED ALWAYS AS IDENTITY,
            user_id BIGINT NOT NULL,
            workout_exercise_id BIGINT NOT NULL,
            set_number INTEGER NOT NULL,
            reps NUMERIC(10, 2) NOT NULL,
            weight NUMERIC(10, 2),
            unit VARCHAR(10) NOT NULL DEFAULT 'kg',
            set_type VARCHAR(20) NOT NULL DEFAULT 'normal',
            notes TEXT,
            rpe NUMERIC(3, 1),
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, id),
            UNIQUE (user_id, workout_exercise_id, set_number),
            FOREIGN KEY (user_id, workout_exercise_id)
                REFERENCES workout_exercises (user_id, id) ON DELETE CASCADE
        )
        """
    )
    op.execute(
        """
        CREATE TABLE workout_changes (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            workout_id BIGINT NOT NULL,
            user_id BIGINT NOT NULL,
            kind VARCHAR(10) NOT NULL CHECK (kind IN ('created', 'updated', 'deleted')),
            version INTEGER NOT NULL,
            date DATE NOT NULL,
            changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
        )
        """
    )
    op.execute("CREATE INDEX workout_changes_by_workout ON workout_changes (workout_id)")
    op.execute(
        """
        CREATE TABLE idempotency_keys (
            user_id BIGINT NOT NULL,
            key VARCHAR(255) NOT NULL,
            body_hash BYTEA NOT NULL,
            answer JSONB NOT NULL,
            created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (user_id, key)
        )
        """
    )
    op.execute("CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)")


def downgrade() -> None:
    for table in (
        "idempotency_keys",
        "workout_changes",
        "exercise_sets",
        "workout_exercises",
        "workouts",
    ):
        op.execute(f"DROP TABLE {table}")
