"""Outside development no service starts with a key that can be guessed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.names import PUBLIC_NAMES

CHECKOUT = Path(__file__).resolve().parents[2]
SECONDS = 60

BAD_KEYS = {
    "gateway": "0123456789abcdef0123456789abcde",
    "users": "your-super-secret-jwt-key-change-in-production",
    "exercises": "",
    "workouts": None,
    "analytics": "a-secret-for-development-only-never-in-earnest",
}


@pytest.fixture(scope="module")
def ended():
    """How each service ended that was started in earnest with a bad key."""
    running = {name: start(name, key) for name, key in BAD_KEYS.items()}
    return {
        name: (*process.communicate(timeout=SECONDS), process.returncode)
        for name, process in running.items()
    }


def start(name, key):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    secret = {} if key is None else {"JWT_SECRET": key}
    return subprocess.Popen(
        [sys.executable, "-m", "services.run", name],
        cwd=CHECKOUT,
        env=kept | secret | {"GYM_ENV": "production"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("service", BAD_KEYS)
def test_a_bad_key_stops_the_start_with_one_line(ended, service):
    stdout, stderr, code = ended[service]
    assert code == 2
    assert stdout == ""
    (line,) = stderr.splitlines()
    assert line.startswith(f"{PUBLIC_NAMES[service]} can't start: JWT_SECRET")
    if BAD_KEYS[service]:
        assert BAD_KEYS[service] not in line
