"""What is left of a bucket is deleted when notifications have read the feed of the cell it left."""

import pytest

from services import migrate
from services.moving.connecting import opened
from services.moving.feeding import notifications_have_followed
from services.process import cells
from services.transport.postgres.connecting import connect

BUCKET, USER = 17, 1041
FAR = 10**15


@pytest.fixture
def followed(prepared):
    """Run statements in a database of notifications that follow both cells."""
    migrate.migrate("notifications", prepared.notifications)

    def run(statement):
        connection = connect(prepared.notifications)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    return run


@pytest.mark.parametrize("name", [cells.FIRST, "b"])
def test_each_cell_has_a_position_of_its_own(prepared, followed, name):
    source = prepared.every[name]
    put = "INSERT INTO bucket_states VALUES (%(bucket)s, 'here', '')"
    for service in cells.SERVICES:
        prepared.run(source, service, put, bucket=BUCKET)
    prepared.fill(source, USER)
    [(end,)] = prepared.workouts(source, "SELECT max(id) FROM workout_changes")
    tables = ["feed_position", "feed_positions_of_cells"]
    own, other = reversed(tables) if name else tables
    with opened(source) as side:
        have = notifications_have_followed(side, BUCKET, prepared.notifications)
        # nobody has begun with the feed of b
        assert not have()
        followed("INSERT INTO feed_positions_of_cells (cell) VALUES ('b')")
        assert not have()
        for table, position in ((other, FAR), (own, end - 1)):
            followed(f"UPDATE {table} SET position = {position}")
            assert not have()
        followed(f"UPDATE {own} SET position = {end}")
        assert have()
