"""What users have noted of the catalogue's exercises for themselves."""

from alembic import op

revision = "0012"
down_revision = "0011"

# No foreign key to exercises, which are never deleted: adding one would wait for whoever writes the
# catalogue, such as an import, and make others wait in turn.
DETAILS = """
    CREATE TABLE own_details (
        owner_id BIGINT NOT NULL,
        exercise_id BIGINT NOT NULL,
        primary_muscles TEXT[] COLLATE "C",
        secondary_muscles TEXT[] COLLATE "C",
        notes TEXT,
        updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        PRIMARY KEY (owner_id, exercise_id)
    )
"""


def upgrade() -> None:
    op.execute(DETAILS)


def downgrade() -> None:
    op.execute("DROP TABLE own_details")
