"""``gym up`` broken off at any moment: one more takes it up again."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from stack.processes import end_all
from tests.stack.checkouts import copied

ROUNDS = 20
# of a whole first start, where nobody has measured it
GUESS_SECONDS = 20.0
END_SECONDS = 60


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    with copied(tmp_path_factory.mktemp("interrupted")) as made:
        yield made


@pytest.fixture(scope="module")
def chance():
    seed = int(os.environ.get("GYM_SEED") or random.randrange(10**6))
    return seed, random.Random(seed)


def begin_anew(checkout):
    end_all(checkout.run)
    for path in (checkout.run, checkout.directory / ".venvs"):
        shutil.rmtree(path, ignore_errors=True)
    (checkout.directory / ".venv").unlink(missing_ok=True)


def interrupt(process, how):
    number = signal.SIGINT if how == "Ctrl-C" else signal.SIGKILL
    try:
        if how == "killed alone":
            process.kill()
        else:
            os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
    # children that go on hold its output open
    process.wait(END_SECONDS)


def once(checkout, seconds, how):
    """Break a fresh start off, and look whether the next one heals it; return where that was."""
    begin_anew(checkout)
    output = checkout.directory / "output"
    with output.open("w") as stream:
        process = checkout.begin("up", output=stream)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            interrupt(process, how)
    lines = [line for line in output.read_text().splitlines() if " ... " in line or "done" in line]
    checkout.gym("up")
    assert checkout.get("/api/exercises?limit=1").status_code == 200
    return lines[-1] if lines else "nothing"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_start_that_was_broken_off_is_taken_up(checkout, chance):
    seed, drawn = chance
    print(f"GYM_SEED={seed}")
    once(checkout, drawn.uniform(0, GUESS_SECONDS), "Ctrl-C")


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_twenty_starts_that_were_broken_off_are_taken_up(checkout, chance, capsys):
    seed, drawn = chance
    begun = time.monotonic()
    once(checkout, 1000, "not at all")
    whole = time.monotonic() - begun
    with capsys.disabled():
        print(f"\nGYM_SEED={seed}, a whole start takes {whole:.1f} s")
        for number in range(ROUNDS):
            seconds = drawn.uniform(0, whole)
            how = drawn.choice(["Ctrl-C", "Ctrl-C", "Ctrl-C", "killed", "killed alone"])
            print(f"{number + 1:2} {how} after {seconds:.2f} s, in: ", end="", flush=True)
            print(once(checkout, seconds, how))
