"""Two cells with databases of a test's own, and users with rows in each of their tables."""

from contextlib import ExitStack, contextmanager

import psycopg2
import pytest

from services import migrate
from services.moving import preparing, steps
from services.moving.addresses import Cell
from services.process import cells
from services.transport.postgres.connecting import connect
from tests.services.databases import address_of, empty_database, new_database
from tests.services.moving.rows import fill


class Cells:
    """The first cell and cell b.

    Args:
        every: both by their names.
        notifications: the address of a database that nobody follows a feed in.
    """

    def __init__(self, every, notifications):
        self.every = every
        self.notifications = notifications
        self.first, self.b = every.values()
        self.said = []

    def run(self, cell, service, statement, **values):
        """Run a statement in a transaction of its own, and return its rows."""
        connection = connect(cell.databases[service])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def workouts(self, cell, statement, **values):
        return self.run(cell, "workouts", statement, **values)

    def analytics(self, cell, statement, **values):
        return self.run(cell, "analytics", statement, **values)

    def prepare(self):
        for cell in self.every.values():
            preparing.prepare(cell)

    def fill(self, cell, *users):
        """Give users something of everything, all of which analytics have counted."""
        for user in users:
            fill(lambda *given, **values: self.run(cell, *given, **values), user)
        self.follow(cell)

    def follow(self, cell):
        """Have analytics have followed the change feed."""
        [(end,)] = self.workouts(cell, "SELECT coalesce(max(id), 0) FROM workout_changes")
        self.analytics(cell, "UPDATE feed_position SET position = %(end)s", end=end)

    def move(self, bucket, name="b"):
        steps.move(self.every, bucket, name, self.notifications, self.said.append)

    def abandon(self, bucket, name="b"):
        steps.abandon(self.every, bucket, name, self.notifications, self.said.append)

    def states(self, bucket):
        """Return the state of a bucket in both databases of both cells."""
        question = "SELECT state FROM bucket_states WHERE bucket = %(bucket)s"
        return [
            [state for (state,) in self.run(cell, service, question, bucket=bucket)]
            for cell in self.every.values()
            for service in cells.SERVICES
        ]

    def refusal(self, cell, statement, **values):
        """Return the SQLSTATE that refuses a statement of workouts, or None."""
        try:
            self.workouts(cell, statement, **values)
        except psycopg2.Error as problem:
            return problem.pgcode
        return None


@contextmanager
def two_cells(system, model=None):
    """Make two cells, the first one and cell b, with migrated databases.

    Args:
        system: whose servers have the databases.
        model: cells whose databases these are copies of, which takes a tenth of the time.
    """
    with ExitStack() as stack:
        every = {}
        for number, name in enumerate((cells.FIRST, "b")):
            databases = {}
            for service in cells.SERVICES:
                beside = address_of(system, service)
                if model is None:
                    databases[service] = stack.enter_context(empty_database(beside))
                    migrate.migrate(service, databases[service])
                else:
                    template = model.every[name].databases[service].name
                    databases[service] = stack.enter_context(new_database(beside, template))
            every[name] = Cell(name, number, databases)
        notifications = stack.enter_context(empty_database(address_of(system, "notifications")))
        yield Cells(every, notifications)


@pytest.fixture(scope="module")
def migrated_model(system):
    with two_cells(system) as found:
        yield found


@pytest.fixture(scope="module")
def prepared_model(system, migrated_model):
    with two_cells(system, migrated_model) as found:
        found.prepare()
        yield found


@pytest.fixture
def no_lease(monkeypatch):
    """No pause for processes that there are none of."""
    monkeypatch.setattr(steps, "LEASE_SECONDS", 0.0)


@pytest.fixture
def two(system, no_lease, migrated_model):
    """Two cells that are not prepared."""
    with two_cells(system, migrated_model) as found:
        yield found


@pytest.fixture
def prepared(system, no_lease, prepared_model):
    """Two cells that are prepared."""
    with two_cells(system, prepared_model) as found:
        yield found


@pytest.fixture(scope="module")
def shared(system, prepared_model):
    """Two cells that are prepared, for all tests of a file that take users of their own."""
    with two_cells(system, prepared_model) as found:
        yield found
