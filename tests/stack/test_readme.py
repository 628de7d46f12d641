"""The README's example, as somebody pastes it into a shell: after the demo, and again."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from stack.layout import CHECKOUT
from tests.waiting import eventually

pytestmark = pytest.mark.slow

README = (CHECKOUT / "README.md").read_text()
SECONDS = 60
DEMO_SECONDS = 100


def block(language):
    return re.search(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)[1]


@pytest.fixture(scope="module")
def directory(system, tmp_path_factory):
    """A checkout whose running system is that of the tests, with the demo's workouts in it."""
    program = "import sys; from stack.demo import main; main(sys.argv[1])"
    demo = subprocess.run(
        [sys.executable, "-c", program, system.url],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=DEMO_SECONDS,
    )
    assert demo.returncode == 0, demo.stderr
    made = tmp_path_factory.mktemp("checkout")
    gym = made / "gym"
    gym.write_text(f'#!/bin/sh\n[ "$*" = url ] && echo {system.url}\n')
    gym.chmod(0o755)
    return made


def paste(directory, further=""):
    """Run the example in a shell that stops at nothing, and return what each call answered."""
    done = subprocess.run(
        [shutil.which("bash")],
        input=block("sh") + further,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stderr == ""
    answers, decoder, rest = [], json.JSONDecoder(), done.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].strip()
    return answers


def test_the_example_works_after_the_demo_and_again(directory):
    first, again = paste(directory), paste(directory)
    assert [sorted(answer) for answer in first] == [["data", "meta", "timestamp"]] * 3
    assert [entry["code"] for entry in again[0]["errors"]] == ["CONFLICT"]
    assert [sorted(answer) for answer in again[1:]] == [["data", "meta", "timestamp"]] * 2
    workout_id = first[1]["data"][0]["id"]

    def is_as_shown():
        # the workout's own id and the request's differ from one system to another
        found = paste(directory)[-1]["data"]
        text = json.dumps(json.loads(block("json"))["data"])
        return found == json.loads(text.replace('"workout_id": 1,', f'"workout_id": {workout_id},'))

    eventually(is_as_shown)
