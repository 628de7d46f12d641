"""The import from wger: how far it is, and what it has read and not yet put into use."""

from alembic import op

revision = "0002"
down_revision = "0001"

# one row: there is one import over all processes
IMPORT = """
    CREATE TABLE wger_import (
        only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
        run BIGINT NOT NULL DEFAULT 0,
        phase VARCHAR(20) NOT NULL DEFAULT 'never' CHECK (
            phase IN ('never', 'reading', 'writing', 'done', 'failed')),
        url TEXT,
        next_offset BIGINT NOT NULL DEFAULT 0,
        total BIGINT,
        is_steady BOOLEAN NOT NULL DEFAULT true,
        reading_since TIMESTAMPTZ,
        began_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ,
        succeeded_at TIMESTAMPTZ,
        error TEXT,
        report JSONB
    )
"""

# JSON, not JSONB: it is written once and read once
ENTRIES = """
    CREATE TABLE wger_entries (
        place BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        external_id VARCHAR(100),
        name TEXT,
        name_key TEXT COLLATE "C",
        columns JSON,
        reason VARCHAR(50),
        exercise_id BIGINT
    )
"""

STATEMENTS = [
    IMPORT,
    "INSERT INTO wger_import DEFAULT VALUES",
    ENTRIES,
    "CREATE INDEX wger_entries_by_external_id ON wger_entries (external_id)",
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE wger_entries")
    op.execute("DROP TABLE wger_import")
