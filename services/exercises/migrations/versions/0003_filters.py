"""Indexes for the filters by body part and by any piece of equipment, and for hardness and name."""

from alembic import op

revision = "0003"
down_revision = "0002"

# with 20,000 exercises each turned the reading of every row into that of a few
INDEXES = {
    "exercises_by_body_part": "(body_part, sort_name, id) WHERE is_active",
    "exercises_by_all_equipment": "USING gin (all_equipment)",
    "exercises_by_difficulty_and_name": "(hardness, sort_name, id) WHERE is_active",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON exercises {columns}")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
