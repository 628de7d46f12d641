"""Nothing that is secret or somebody's ends up in a log, of the services or of the servers.

The system is the one of all other tests, so this looks at what they left behind, too.
"""

import re
import uuid

import pytest

from stack.programs import LOGS
from tests.api.conftest import PASSWORD
from tests.waiting import eventually

EMAIL = re.compile(rb"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*\.(?:com|de|org|net|uk)\b")
TOKEN = re.compile(rb"eyJ[\w-]{10,}\.[\w-]{10,}")
HASH = re.compile(rb"\$2[aby]\$\d\d\$")
MARK = "never-to-be-logged"


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
    secrets = {name: str(value).encode() for name, value in system.state.secrets.items()}
    forbidden = {
        "a password of the tests": re.compile(re.escape(PASSWORD.encode())),
        "what a user wrote": re.compile(MARK.encode()),
        "an e-mail": EMAIL,
        "a token": TOKEN,
        "a password's hash": HASH,
        **{f"the secret {name}": re.compile(re.escape(value)) for name, value in secrets.items()},
    }
    logs = sorted((system.directory / LOGS).glob("*.log*"))
    assert {"gateway.log", "users.log"} <= {path.name for path in logs}
    for path in logs:
        text = path.read_bytes()
        for what, pattern in forbidden.items():
            found = pattern.search(text)
            around = found and text[max(found.start() - 200, 0) : found.end() + 50]
            assert not found, f"{what} in {path.name}: {around}"


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
