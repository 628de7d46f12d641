"""Take-outs while services are down and die: in the end the zip is there, and whole."""

import io
import uuid
import zipfile

import pytest
import requests
from sqlalchemy import NullPool, create_engine, text

from tests.faults.deputies import instead_of
from tests.services.databases import address_of
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PATH = "/api/users/me/export"
SECONDS = 90


class Person:
    """Somebody with a workout, who takes their data along.

    Args:
        system: the running system.
    """

    def __init__(self, system):
        self.url = system.url
        self.session = requests.Session()
        email = f"{uuid.uuid4().hex}@example.com"
        made = self.post("/api/users/register", {"email": email, "password": "correct horse"})
        self.id = made["id"]
        self.session.headers["Authorization"] = f"Bearer {made['token']}"
        sets = [{"reps": 5, "weight": 100}]
        workout = {"date": "2025-02-16", "exercises": [{"exercise_id": 1, "sets": sets}]}
        self.post("/api/workouts", workout)

    def post(self, path, body=None):
        answer = self.session.post(self.url + path, json=body, timeout=20)
        assert answer.status_code in (201, 202), answer.text
        return answer.json()["data"][0]

    def get(self):
        return self.session.get(self.url + PATH, timeout=20)

    def wait(self):
        """Return the zip once it is there."""

        def is_there():
            answer = self.get()
            assert answer.status_code == 200, answer.text
            return zipfile.ZipFile(io.BytesIO(answer.content))

        return eventually(is_there, SECONDS)


@pytest.fixture
def person(system):
    return Person(system)


@pytest.fixture
def database(system):
    """Run a statement in the database of the users service, and return its rows."""
    engine = create_engine(address_of(system, "users").url, poolclass=NullPool)

    def run(statement, **values):
        with engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return [tuple(row) for row in found] if found.returns_rows else None

    return run


def receipts(database, person):
    """Return the services that have given parts."""
    found = database(
        "SELECT service FROM take_out_parts JOIN take_outs t ON t.id = take_out_id "
        "WHERE t.user_id = :user_id",
        user_id=person.id,
    )
    return {service for (service,) in found}


def check_whole(made):
    assert made.testzip() is None
    names = {name.partition(".")[0] for name in made.namelist()}
    assert names >= {"index", "account", "workouts", "exercises", "records", "weeks"}
    assert b"100" in made.read("workouts.csv")


@pytest.mark.parametrize("service", ["workouts", "exercises", "analytics", "notifications"])
def test_a_service_is_down_meanwhile(system, person, database, service):
    system.stop(service)
    person.post(PATH)
    # whether workouts can say which exercises are private depends on its cache
    others = {"users", "workouts", "analytics", "notifications"} - {service}
    eventually(lambda: receipts(database, person) >= others - {"workouts"}, SECONDS)
    assert service not in receipts(database, person)
    assert person.get().status_code == 202
    assert person.post(PATH)["status"] == "under_way"
    system.start(service)
    check_whole(person.wait())


@pytest.mark.parametrize("place", ["users.take_out_part", "users.take_out_built"])
def test_users_dies_in_the_middle(system, person, place):
    with instead_of(system, "users", f"{place}:exit:1") as deputy:
        eventually(lambda: requests.get(f"{system.url}/ready", timeout=20).status_code == 200)
        person.post(PATH)
        eventually(lambda: system.supervisor.restarts().get(deputy, 0) >= 1, SECONDS)
    check_whole(person.wait())


def test_an_account_that_is_deleted_meanwhile_leaves_nothing(system, person, database):
    system.stop("analytics")
    person.post(PATH)
    others = {"users", "workouts", "exercises", "notifications"}
    eventually(lambda: receipts(database, person) == others, SECONDS)
    database("DELETE FROM users WHERE id = :user_id", user_id=person.id)
    system.start("analytics")
    system.wait_ready(["analytics"])
    other = Person(system)
    other.post(PATH)
    check_whole(other.wait())
    [(left,)] = database(
        "SELECT count(*) FROM take_outs WHERE user_id = :user_id", user_id=person.id
    )
    assert left == 0
