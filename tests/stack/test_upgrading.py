"""New files under a running system: what ``gym up`` and ``gym restart`` do about them.

On a copy of the checkout, which is started once.
"""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest

from stack.commands import NOT_READY
from stack.layout import SERVERS, SERVICES
from stack.system import System
from tests.faults.lifters import DONE, Crowd
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MIGRATIONS = "services/workouts/migrations/versions"
MIGRATION = '''"""Made by a test."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("{statement}")
'''
SECOND = """
from pathlib import Path
from stack.system import System
system = System.open(Path(".run").absolute())
print(*(system.start_another(name, name + "-2") for name in {names}))
"""


@pytest.fixture(scope="module")
def checkout(running_checkout):
    return running_checkout


@pytest.fixture
def before(checkout):
    return checkout.pids()


def renewed(checkout, before):
    after = checkout.pids()
    assert after.keys() == before.keys()
    return {name for name in after if after[name] != before[name]}


def system_of(checkout):
    return System.open(checkout.run)


def latest_migration(checkout):
    files = sorted((checkout.directory / MIGRATIONS).glob("[0-9]*.py"))
    return files[-1].name.partition("_")[0]


def add_migration(checkout, revision, statement):
    text = MIGRATION.format(
        revision=revision, before=latest_migration(checkout), statement=statement
    )
    path = checkout.directory / MIGRATIONS / f"{revision}_made_by_a_test.py"
    path.write_text(text)
    return path


def test_nothing_new_changes_nothing(checkout, before):
    assert "nothing was changed" in checkout.gym("up")
    assert renewed(checkout, before) == set()


def test_a_service_whose_file_changed_is_restarted_alone(checkout, before):
    checkout.change("services/exercises/rules/search.py")
    output = checkout.gym("up")
    assert "Restarting exercises: done" in output
    assert renewed(checkout, before) == {"exercises"}
    assert "nothing was changed" in checkout.gym("up")


def test_settings_of_now_hold_from_the_next_up_on(checkout, before):
    checkout.environment["CORS_ORIGINS"] = "https://app.example.com"
    checkout.gym("up")
    assert renewed(checkout, before) == {"gateway"}


def test_a_service_is_restarted_on_demand(checkout, before):
    checkout.gym("restart", "users", "redis")
    assert renewed(checkout, before) == {"users", "redis"}
    # it found the revision without Alembic, whose import takes as long as the rest of a start
    assert "database migrated" not in system_of(checkout).log("users").read_text()
    assert checkout.gym("restart", "usres", code=1) == (
        "gym: there is no part called usres; ./gym status shows them\n"
    )


def test_the_services_are_stopped_alone(checkout, before):
    checkout.gym("down", "--keep-servers")
    try:
        parts = json.loads(checkout.gym("status", "--json", code=NOT_READY))["parts"]
        stopped = {part["part"] for part in parts if not part["pid"]}
        # the management UI is a part of the broker's process
        assert stopped - {"rabbitmq-ui"} == set(SERVICES)
    finally:
        checkout.gym("up")
    assert renewed(checkout, before) == set(SERVICES)
    assert checkout.get("/api/exercises?limit=1").status_code == 200


def test_parts_that_the_version_before_did_not_have_are_added_while_it_runs(checkout, before):
    system, new = system_of(checkout), ("notifications", "notifications-db")
    for name in new:
        system.supervisor.remove(name)
    shutil.rmtree(checkout.run / "postgres" / "notifications-db")
    kept = {field: dict(getattr(system.state, field)) for field in ("ports", "secrets")}
    for name in new:
        for values in kept.values():
            values.pop(name, None)
    replace(system.state, **kept).save()
    output = checkout.gym("up")
    assert "Starting the servers: done" in output
    assert renewed(checkout, before) == {*new}
    assert "nothing was changed" in checkout.gym("up")


def test_a_migration_that_fails_leaves_the_old_version_serving(checkout, before):
    path = add_migration(checkout, "9001", "SELECT no_such_column")
    try:
        output = checkout.gym("up", code=1)
        assert "migration failed" in output
        assert "Traceback" not in output
        assert renewed(checkout, before) == set()
        assert checkout.get("/api/exercises?limit=1").status_code == 200
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("broken", "touched"),
    [
        # the fork server can't import it
        ("raise RuntimeError('made by a test')", set()),
        (
            "from nameko.extensions import DependencyProvider\n"
            "class Broken(DependencyProvider):\n"
            "    def setup(self):\n"
            "        raise RuntimeError('made by a test')\n"
            "Users.broken = Broken()",
            {"users"},
        ),
    ],
)
def test_new_code_that_does_not_start_is_found_before_the_next_is_touched(
    checkout, before, broken, touched
):
    path = checkout.directory / "services" / "users" / "service.py"
    good = path.read_text()
    path.write_text(f"{good}\n{broken}\n")
    output = checkout.gym("up", code=1)
    assert "made by a test" in output
    path.write_text(good)
    checkout.gym("up")
    assert renewed(checkout, before) == touched


def test_users_of_the_broker_that_changed_are_loaded(checkout, before):
    path = checkout.directory / "rabbitmq" / "users.json"
    was = '"user": "monitoring", "vhost": "gym", "configure": "^$"'
    text = path.read_text()
    assert was in text
    path.write_text(text.replace(was, was.replace("^$", "^made-by-a-test$")))
    assert "definitions and users" in checkout.gym("up")
    listed = system_of(checkout).rabbitmqctl("list_user_permissions", "monitoring")
    assert "^made-by-a-test$" in listed
    assert renewed(checkout, before) == set()


def test_a_new_version_fails_no_request_where_there_are_two_of_each(checkout, before):
    """With a migration, which is there before the first process of the new version."""
    program = [checkout.directory / ".venv/bin/python", "-c", SECOND.format(names=[*SERVICES])]
    addresses = subprocess.check_output(
        program, cwd=checkout.directory, env=checkout.environment, text=True
    ).split()
    before = checkout.pids()
    add_migration(checkout, "9002", "CREATE TABLE made_by_a_test (id integer)")
    checkout.change("services/process/budgets.py")
    system = system_of(checkout)
    with Crowd(system, lifters=2, others=[f"http://{addresses[-1]}"]) as crowd:
        eventually(lambda: crowd.has_done(10), seconds=60)
        output = checkout.gym("up")
    assert renewed(checkout, before) == {*SERVICES, *(f"{name}-2" for name in SERVICES)}
    assert renewed(checkout, before).isdisjoint(SERVERS)
    assert output.index("Migrating the databases: done") < output.index("Restarting users ")
    failed = [answer for answer in crowd.answers if answer.status not in DONE]
    assert not failed, failed[:5]
    assert not [lifter.wrong for lifter in crowd.lifters if lifter.wrong]


def test_going_back_one_version_needs_nothing_else(checkout, before):
    """What the newer one has migrated stays, and the older one starts on it."""
    path = add_migration(checkout, "9003", "CREATE TABLE made_by_another_test (id integer)")
    checkout.gym("up")
    path.unlink()
    checkout.gym("up")
    assert "workouts" in renewed(checkout, before)
    assert checkout.get("/api/exercises?limit=1").status_code == 200
    checkout.gym("restart", "workouts")
    assert "the database is of a newer version" in system_of(checkout).log("workouts").read_text()
