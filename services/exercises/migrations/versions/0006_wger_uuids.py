"""Entries of wger are known by their uuids, and noted as the exercises that they are."""

from alembic import op

revision = "0006"
down_revision = "0005"

# an import of the version before fills neither; an exercise's uuid can't be unique, as that version
# has made, and may still make, a second one of an entry whose id has changed
COLUMNS = "ADD COLUMN external_uuid UUID, ADD COLUMN known_as BIGINT"

# what is read and matched within minutes has no statistics that a plan could rely on
INDEXES = {
    "wger_entries_by_uuid": "wger_entries (external_uuid)",
    "wger_entries_by_exercise": "wger_entries (known_as)",
    "exercises_by_uuid": "exercises (external_uuid) WHERE external_uuid IS NOT NULL",
}


def upgrade() -> None:
    op.execute(f"ALTER TABLE wger_entries {COLUMNS}")
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    op.execute("DROP INDEX exercises_by_uuid")
    op.execute("ALTER TABLE wger_entries DROP COLUMN external_uuid, DROP COLUMN known_as")
