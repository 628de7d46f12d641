"""The log: one object a line, a request's id on its lines in all services, nobody's secrets."""

import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from stack.environment import make_environment
from stack.layout import CHECKOUT, address_variable
from stack.ports import choose_anywhere
from tests.waiting import eventually

pytestmark = pytest.mark.slow

START_SECONDS = 60
SERVICES = ("gateway", "users", "exercises", "workouts", "analytics", "notifications")
PASSWORD = "correct horse battery staple"
SETS = {"sets": [{"reps": 5, "weight": 60}]}


def lines_of(system, service):
    text = Path(system.log(service)).read_text(errors="replace")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def about(system, service, request_id):
    return [line for line in lines_of(system, service) if line.get("request_id") == request_id]


class Lifter:
    """Somebody whose every request has the same id."""

    def __init__(self, url):
        self.url = url
        self.request_id = f"find-me.{secrets.token_hex(6)}"
        self.email = f"{secrets.token_hex(6)}.lifter@example.com"
        self.token = ""

    def ask(self, method, path, body=None):
        headers = {"X-Request-ID": self.request_id}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=30)

    def register(self):
        body = {"email": self.email, "password": PASSWORD, "name": "Ann"}
        answer = self.ask("POST", "/api/users/register", body)
        self.token = answer.json()["data"][0]["token"]
        return answer


@pytest.fixture(scope="module")
def lifter(system):
    found = Lifter(system.url)
    assert found.register().status_code == 201
    return found


def test_a_requests_id_is_on_its_lines_in_all_services(system, lifter):
    exercise = {"exercise_id": 1, **SETS}
    body = {"date": "2026-01-02", "name": "Push", "exercises": [exercise]}
    assert lifter.ask("POST", "/api/workouts", body).status_code == 201
    # the workout's own exercise may have been known already
    assert lifter.ask("GET", "/api/exercises/999999999").status_code == 404
    assert lifter.ask("GET", "/api/webhooks").status_code == 200

    def found():
        missing = [name for name in SERVICES if not about(system, name, lifter.request_id)]
        events = [line["event"] for line in about(system, "analytics", lifter.request_id)]
        return not missing and "event handled" in events

    eventually(found)


def test_the_gateways_line_tells_what_was_asked_and_what_came_of_it(system, lifter):
    assert lifter.ask("GET", "/api/users/999999999").status_code == 403

    def found():
        lines = about(system, "gateway", lifter.request_id)
        return [line for line in lines if line.get("status") == 403]

    line = eventually(found)[0]
    assert line["event"] == "http request"
    assert line["service"] == "api-gateway"
    assert line["level"] == "info"
    assert line["route"] == "/api/users/:id"
    assert line["method"] == "GET"
    assert isinstance(line["duration_ms"], float)
    assert isinstance(line["user_id"], int)
    assert line["time"].endswith("Z")


def test_a_services_line_tells_the_method_and_its_outcome(system, lifter):
    assert lifter.ask("GET", "/api/workouts/999999999").status_code == 404

    def found():
        lines = about(system, "workouts", lifter.request_id)
        return [line for line in lines if line.get("outcome") == "NOT_FOUND"]

    line = eventually(found)[0]
    assert (line["event"], line["method"], line["level"]) == ("rpc", "get", "info")
    assert line["duration_ms"] >= 0
    assert isinstance(line["user_id"], int)


def test_no_line_has_a_password_a_token_or_an_email(system):
    someone = Lifter(system.url)
    someone.register()
    again = {"email": someone.email, "password": PASSWORD}
    assert someone.ask("POST", "/api/users/register", again).status_code == 409
    someone.ask("POST", "/api/users/login", {"email": someone.email, "password": PASSWORD})
    someone.ask("POST", "/api/users/login", {"email": someone.email, "password": PASSWORD + "!"})
    someone.ask("POST", "/api/users/register", {"email": someone.email, "pass": PASSWORD})
    someone.ask("GET", f"/api/users/{someone.email}")
    someone.ask("GET", f"/api/exercises?search={someone.email}&{PASSWORD}")
    token = someone.token
    someone.token += "x"
    someone.ask("GET", "/api/workouts")
    someone.token = token
    assert someone.ask("POST", "/api/users/logout").status_code == 200
    eventually(lambda: len(about(system, "users", someone.request_id)) >= 5)

    for service in SERVICES:
        text = Path(system.log(service)).read_text(errors="replace")
        for secret in (PASSWORD, token, someone.email, system.environment["JWT_SECRET"]):
            assert secret not in text, service


def test_probes_are_not_told(system):
    for path in ("/health", "/ready", "/metrics"):
        assert requests.get(system.url + path, timeout=10).status_code == 200
    told = {line.get("path") for line in lines_of(system, "gateway")}
    assert not told & {"/health", "/ready", "/metrics"}


def is_ready(address):
    try:
        return requests.get(f"http://{address}/ready", timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def whole_lives(system):
    """All that another process of each service wrote, from its start to its end."""
    ports = choose_anywhere(SERVICES)
    addresses = {name: f"127.0.0.1:{ports[name]}" for name in SERVICES}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", "services.run", name],
            cwd=CHECKOUT,
            env=kept
            | make_environment(system.state, name)
            | {address_variable(name): address, "LOG_LEVEL": "DEBUG"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, address in addresses.items()
    }
    try:
        for address in addresses.values():
            eventually(lambda address=address: is_ready(address), START_SECONDS)
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        return {
            name: process.communicate(timeout=30)[0].splitlines()
            for name, process in processes.items()
        }
    finally:
        for process in processes.values():
            process.kill()


@pytest.mark.parametrize("service", SERVICES)
def test_every_line_is_an_object_from_start_to_end(whole_lives, service):
    lines = whole_lives[service]
    assert len(lines) > 1
    assert [line for line in lines if not line.startswith('{"time":')] == []
    assert all(json.loads(line) for line in lines)
