"""Outside development no service starts with a key or a password that can be guessed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.names import PUBLIC_NAMES

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS = 60

BAD_KEYS = [
    ("gateway", "0123456789abcdef0123456789abcde"),
    ("gateway", ""),
    ("users", "your-super-secret-jwt-key-change-in-production"),
    ("users", "a-secret-for-development-only-never-in-earnest"),
    ("users", None),
]
GOOD_KEY = {"JWT_SECRET": "0123456789abcdef0123456789abcdef"}
GOOD_BROKER = {"AMQP_URI": "amqp://users:4f1d@localhost/gym"}
# what is given, and what is found wanting
BAD_PASSWORDS = {
    "gateway": (GOOD_KEY, "AMQP_URI"),
    "users": (GOOD_KEY | GOOD_BROKER, "USERS_DB_PASSWORD"),
    # these need no key
    "exercises": ({}, "AMQP_URI"),
    "workouts": (GOOD_BROKER, "WORKOUT_DB_PASSWORD"),
    "analytics": (GOOD_BROKER, "ANALYTICS_DB_PASSWORD"),
    "notifications": (GOOD_BROKER, "NOTIFICATIONS_DB_PASSWORD"),
}


@pytest.fixture(scope="module")
def ended():
    """How services ended that were started in earnest with a bad key."""
    return end_of(
        {(name, key): {} if key is None else {"JWT_SECRET": key} for name, key in BAD_KEYS}
    )


@pytest.fixture(scope="module")
def ended_with_passwords():
    """How services ended that were started in earnest with a well-known password."""
    return end_of({(name, None): given for name, (given, _) in BAD_PASSWORDS.items()})


def end_of(given):
    running = {case: start(case[0], variables) for case, variables in given.items()}
    return {
        case: (*process.communicate(timeout=SECONDS), process.returncode)
        for case, process in running.items()
    }


def start(name, variables):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.Popen(
        [sys.executable, "-m", "services.run", name],
        cwd=CHECKOUT,
        env=kept | variables | {"GYM_ENV": "production"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("service", "key"), BAD_KEYS)
def test_a_bad_key_stops_the_start_with_one_line(ended, service, key):
    line = only_line(ended[service, key])
    assert line["service"] == PUBLIC_NAMES[service]
    assert line["reason"].startswith("JWT_SECRET")
    assert not key or key not in line["reason"]


@pytest.mark.parametrize("service", BAD_PASSWORDS)
def test_a_well_known_password_stops_the_start_with_one_line(ended_with_passwords, service):
    line = only_line(ended_with_passwords[service, None])
    assert line["service"] == PUBLIC_NAMES[service]
    assert line["reason"].startswith(BAD_PASSWORDS[service][1])


def only_line(ended):
    stdout, stderr, code = ended
    assert code == 2
    assert stderr == ""
    line = json.loads(stdout)
    assert (line["level"], line["event"]) == ("critical", "can't start")
    return line
