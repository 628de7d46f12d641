"""No table of users is forgotten when they take their data along."""

import importlib

import pytest
from sqlalchemy import NullPool, create_engine, text

from services.process.settings import Settings
from tests.services.databases import address_of

MODULES = {
    "users": "services.users.take_out.own",
    "exercises": "services.exercises.take_out",
    "workouts": "services.workouts.take_out",
    "analytics": "services.analytics.take_out",
    "notifications": "services.notifications.take_out",
}
OF_USERS = """
    SELECT DISTINCT c.table_name
    FROM information_schema.columns c JOIN information_schema.tables t
        USING (table_schema, table_name)
    WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
      AND (c.column_name IN ('user_id', 'owner_id') OR c.table_name = 'users')
"""


def tables_of_users(system, service):
    engine = create_engine(address_of(system, service).url, poolclass=NullPool)
    with engine.connect() as connection:
        return {*connection.execute(text(OF_USERS)).scalars()}


@pytest.mark.parametrize("service", MODULES)
def test_each_table_of_users_is_taken_out_or_there_is_a_reason(system, service):
    module = importlib.import_module(MODULES[service])
    taken = {name for table in module.TABLES for name in table.stored_in}
    assert not taken & module.LEFT_OUT.keys()
    assert all(module.LEFT_OUT.values())
    assert tables_of_users(system, service) == taken | module.LEFT_OUT.keys()


def test_every_service_with_a_database_is_asked():
    assert {*Settings.from_environment({}).databases} == {*MODULES}
