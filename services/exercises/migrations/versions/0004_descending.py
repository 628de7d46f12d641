"""Indexes for the two orders in which what has no value comes last both ways."""

from alembic import op

revision = "0004"
down_revision = "0003"

INDEXES = {
    "exercises_by_equipment_descending": "equipment DESC NULLS LAST, id DESC",
    "exercises_by_difficulty_descending": "hardness DESC NULLS LAST, id DESC",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON exercises ({columns}) WHERE is_active")


def downgrade() -> None:
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
