"""Nothing that is secret or somebody's ends up in a log, of the services or of the servers.

The system is the one of all other tests; ``tests/conftest.py`` looks again at what they have left
behind in the end.
"""

import re
import uuid

import pytest
from sqlalchemy.exc import IntegrityError

from stack.programs import LOGS
from tests.api.conftest import PASSWORD
from tests.erasing import run
from tests.leaks import MARK, check_logs
from tests.waiting import eventually


@pytest.fixture
def traffic(http, system):
    """What goes well and what goes wrong, with words that can be found again."""
    email = f"{MARK}-{uuid.uuid4().hex[:8]}@example.com"
    good = {"email": email, "password": f"{MARK} password"}
    requests = [
        ("POST", "/api/users/register", good),
        ("POST", "/api/users/register", good),
        ("POST", "/api/users/register", good | {"password": MARK * 10}),
        ("POST", "/api/users/register", {"email": MARK, "password": MARK, "role": MARK}),
        ("POST", "/api/users/register", good | {"name": "\x00" + MARK}),
        ("POST", "/api/users/login", good),
        ("POST", "/api/users/login", good | {"password": f"{MARK} wrong"}),
        ("POST", "/api/users/login", good | {"password": [MARK]}),
        ("POST", "/api/users/login", {"email": email}),
    ]
    tokens = []
    for method, path, body in requests:
        answer = http.request(method, path, json=body)
        assert f"{MARK} password" not in answer.text
        for data in answer.json()["data"]:
            tokens.append(data["token"])
    for token in tokens:
        # where no token or e-mail should be
        http.get(f"/api/users/{token}", token=token)
        http.get(f"/api/{token}?token={token}")
        http.get(f"/api/users/{email}", token=token)
        http.get(f"/api/workouts?user_id={email}", token=token)
        http.get("/api/workouts", token=token, headers={"Cookie": token, "X-Request-ID": token})
        http.post("/api/workouts", {"date": MARK, "name": MARK, "notes": MARK}, token=token)
        http.post("/api/users/logout", token=token)
    last = uuid.uuid4().hex
    http.get("/api/exercises/1", headers={"X-Request-ID": last})
    eventually(lambda: last in system.log("gateway").read_text("utf-8"))


def test_logs_hold_no_secret_and_nobodys_email(system, traffic):
    logs = {path.name for path in (system.directory / LOGS).glob("*.log*")}
    assert {"gateway.log", "users.log", "users-db.log"} <= logs
    check_logs(system)


def test_no_log_has_the_values_of_a_statement_that_fails(system, person):
    statement = "INSERT INTO users (email, password_hash) VALUES (:email, '$2b$04$hash')"
    with pytest.raises(IntegrityError):
        run(system, "users", statement, email=person.user.email)
    log = system.directory / LOGS / "users-db.log"
    eventually(lambda: b"users_email_key" in log.read_bytes())
    check_logs(system)


def test_answers_hold_nothing_of_the_inside(http, person):
    inside = re.compile(
        r"Traceback|sqlalchemy|psycopg|nameko|kombu|site-packages|\.py\b|SELECT |password_hash"
        r"|127\.0\.0\.1|localhost|gym:",
        re.IGNORECASE,
    )
    token = person.token()
    for method, path, body in (
        ("GET", "/api/workouts/0", None),
        ("GET", "/api/workouts/999999999", None),
        ("GET", "/nothing", None),
        ("POST", "/api/workouts", {"date": 5, "exercises": [5]}),
        ("POST", "/api/workouts", {"date": "2024-02-16", "exercises": [{"exercise_id": 10**9}]}),
        ("POST", "/api/users/register", {"email": person.user.email, "password": PASSWORD}),
        ("GET", f"/api/users/{person.id}", None),
        ("PUT", "/api/workouts/1", {"version": 10**30}),
    ):
        answer = http.request(method, path, json=body, token=token)
        assert not inside.search(answer.text), answer.text
        assert answer.status_code < 500
