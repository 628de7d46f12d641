"""What private exercises were merged into.

The unique constraint on their names stays: a merged exercise gives its name up by taking one that
no name can be (``services.exercises.private.merges``). So the version before, which looks a name up
and inserts by that constraint, finds it free, too.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

# no foreign key: it may be one of the catalogue, too
COLUMNS = """
    ALTER TABLE private_exercises
        ADD COLUMN merged_into BIGINT,
        ADD COLUMN merged_at TIMESTAMPTZ,
        ADD COLUMN deletion_began_at TIMESTAMPTZ
"""

INDEXES = {
    "unfinished_merges": "(id) WHERE merged_into IS NOT NULL AND merged_at IS NULL",
    "private_exercises_by_target": "(owner_id, merged_into) WHERE merged_into IS NOT NULL",
}


def upgrade() -> None:
    op.execute(COLUMNS)
    for name, of in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON private_exercises {of}")


def downgrade() -> None:
    # merged ones stay, as archived ones that no workout uses
    op.execute(
        "ALTER TABLE private_exercises DROP COLUMN merged_into, DROP COLUMN merged_at, "
        "DROP COLUMN deletion_began_at"
    )
