"""No table of users is forgotten when they are moved."""

import pytest

from services.moving.tables import MOVED, NOT_MOVED

OF_NOBODY = {
    "alembic_version",
    "bucket_states",
    "feed_gaps",
    "feed_position",
    "summaries_lease",
}
TABLES = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
HANGING = """
    SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f'
"""


@pytest.mark.parametrize("service", MOVED)
def test_each_table_is_moved_or_there_is_a_reason(shared, service):
    moved = {table.name for table in MOVED[service]}
    assert not moved & NOT_MOVED[service].keys()
    assert all(NOT_MOVED[service].values())
    there = {name for (name,) in shared.run(shared.first, service, TABLES)}
    assert there - OF_NOBODY == moved | NOT_MOVED[service].keys()


@pytest.mark.parametrize("service", MOVED)
def test_tables_come_after_those_that_they_hang_on(shared, service):
    places = {table.name: place for place, table in enumerate(MOVED[service])}
    for child, parent in shared.run(shared.first, service, HANGING):
        assert places[child] > places[parent]
