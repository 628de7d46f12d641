"""Imports of histories: files, what was read of them, and which workouts came of them."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = {
    "imports": """
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id BIGINT NOT NULL,
        status VARCHAR(10) NOT NULL,
        options JSON NOT NULL,
        recognised JSON,
        needs JSON,
        counts JSON,
        findings JSON,
        error JSON,
        done INTEGER NOT NULL DEFAULT 0,
        total INTEGER NOT NULL DEFAULT 0,
        position BIGINT NOT NULL DEFAULT 0,
        added INTEGER NOT NULL DEFAULT 0,
        updated INTEGER NOT NULL DEFAULT 0,
        kept INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,
        lease VARCHAR(32),
        leased_until TIMESTAMPTZ,
        queued_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        changed_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        applied_at TIMESTAMPTZ
    """,
    "import_pieces": """
        import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        content BYTEA NOT NULL,
        PRIMARY KEY (import_id, number)
    """,
    "import_workouts": """
        import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        start TIMESTAMP NOT NULL,
        identity BYTEA NOT NULL,
        state VARCHAR(12) NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (import_id, place)
    """,
    "import_names": """
        import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
        name VARCHAR(255) NOT NULL,
        sets INTEGER NOT NULL,
        measure VARCHAR(30),
        why VARCHAR(10) NOT NULL,
        exercise_id BIGINT,
        exercise_name VARCHAR(255),
        choices JSON NOT NULL,
        is_made BOOLEAN NOT NULL DEFAULT false,
        PRIMARY KEY (import_id, name)
    """,
    "learned_names": """
        user_id BIGINT NOT NULL,
        name VARCHAR(255) NOT NULL,
        exercise_id BIGINT NOT NULL,
        PRIMARY KEY (user_id, name)
    """,
    "imported_workouts": """
        user_id BIGINT NOT NULL,
        identity BYTEA NOT NULL,
        workout_id BIGINT NOT NULL,
        content BYTEA NOT NULL,
        version INTEGER NOT NULL,
        import_id BIGINT NOT NULL,
        PRIMARY KEY (user_id, identity)
    """,
    "import_updates": """
        import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
        workout_id BIGINT NOT NULL,
        identity BYTEA NOT NULL,
        version INTEGER NOT NULL,
        content_before BYTEA NOT NULL,
        workout_before JSON NOT NULL,
        PRIMARY KEY (import_id, workout_id)
    """,
}

INDEXES = (
    "imports_by_user ON imports (user_id, id)",
    "import_workouts_by_identity ON import_workouts (import_id, identity)",
    "imports_to_do ON imports (changed_at) WHERE status IN ('reading', 'applying', 'undoing')",
    "import_workouts_by_start ON import_workouts (import_id, start, place)",
    "imported_workouts_by_import ON imported_workouts (import_id, workout_id)",
    "imported_workouts_by_workout ON imported_workouts (user_id, workout_id)",
)


def upgrade() -> None:
    for name, columns in TABLES.items():
        op.execute(f"CREATE TABLE {name} ({columns})")
    for index in INDEXES:
        op.execute(f"CREATE INDEX {index}")


def downgrade() -> None:
    for name in reversed(TABLES):
        op.execute(f"DROP TABLE {name}")
