"""``docs/portability.md``: what it says of a ``nameko shell`` works, as somebody pastes it."""

import json
import os
import re
import subprocess
import sys
import uuid

import pytest

from stack.layout import CHECKOUT
from tests.services.workouts.imports.files import strong, text_of

pytestmark = pytest.mark.slow

PAGE = (CHECKOUT / "docs" / "portability.md").read_text()
ASKED = "Shoulder Press"
SECONDS = 90


def test_a_history_comes_in_and_goes_out(system, rpc, tmp_path):
    [script] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    email = f"{uuid.uuid4().hex}@example.com"
    user_id = rpc.users.register({"email": email, "password": "a long password"})["id"]
    file, exported = tmp_path / "strong.csv", tmp_path / "history.json"
    file.write_text(text_of(strong("2025-03-01 10:00:00", (ASKED, 40, 8))))
    script = script.replace("ann@example.com", email)
    script = script.replace('"strong.csv"', f'"{file}"').replace('"history.json"', f'"{exported}"')
    done = subprocess.run(
        [sys.executable, "-m", "stack", "shell"],
        input=script,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=os.environ | {"AMQP_URI": system.environment["AMQP_URI"]},
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert f"['{ASKED}']" in done.stdout
    assert "1 workouts added" in done.stdout
    [workout] = json.loads(exported.read_text())["workouts"]
    assert workout["date"] == "2025-03-01"
    assert rpc.workouts.list_imports(user_id)["items"][0]["status"] in ("undoing", "undone")
