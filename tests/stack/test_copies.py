"""A copy of a checkout is a system of its own, whatever the original does."""

import shutil
import subprocess

import pytest

from stack import copies
from stack.failures import Failure
from stack.layout import DATABASES
from stack.processes import end_all
from stack.state import make_secrets
from tests.stack.checkouts import Checkout, install

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def copy(running_checkout, tmp_path):
    place = tmp_path / "copy"
    subprocess.run(["cp", "-a", running_checkout.directory, place], check=True)
    yield Checkout(place, running_checkout.environment["PYTHONPATH"])
    end_all(place / ".run")


def test_a_copy_of_a_running_system_leaves_the_original_alone(running_checkout, copy):
    original = running_checkout
    before = original.pids()
    assert copy.gym("status", code=3) == "Nothing is running.\n"
    assert "nothing is running" in copy.gym("url", code=1)
    # what follows would install it (test_installing), of which pip takes ten seconds
    install(copy.directory)
    assert "nothing is running" in copy.gym("restart", code=1)
    output = copy.gym("up", code=1)
    assert f"is a copy of {original.run}, made while that was running" in output
    assert "Traceback" not in output
    assert copy.gym("down") == "Nothing is running.\n"
    copy.gym("down", "--data")

    copy.gym("up")
    assert copy.get("/api/exercises?limit=1").status_code == 200
    assert copy.gym("url") != original.gym("url")
    copy.gym("down")
    assert original.pids() == before


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "one" / ".run"
    made.mkdir(parents=True)
    copies.note_place(made)
    return made


def test_what_is_moved_stays_itself(directory, tmp_path):
    secrets = make_secrets()
    directory.rename(tmp_path / "moved")
    assert copies.secrets_of(tmp_path / "moved", secrets) == secrets


def test_what_is_restored_at_its_place_stays_itself(directory, tmp_path):
    secrets = make_secrets()
    shutil.copytree(directory, tmp_path / "backup")
    directory.rename(tmp_path / "lost")
    shutil.copytree(tmp_path / "backup", directory)
    assert copies.secrets_of(directory, secrets) == secrets


def test_a_copy_has_secrets_of_its_own_but_for_its_databases(directory, tmp_path):
    secrets = make_secrets()
    shutil.copytree(directory, tmp_path / "copy")
    own = copies.secrets_of(tmp_path / "copy", secrets)
    assert {name for name in secrets if own[name] == secrets[name]} == {*DATABASES}


def test_databases_that_were_copied_while_they_ran_are_refused(directory, tmp_path):
    (directory / "postgres" / "users-db").mkdir(parents=True)
    (directory / "postgres" / "users-db" / "postmaster.pid").touch()
    assert copies.secrets_of(directory, {"jwt": "x"}) == {"jwt": "x"}
    shutil.copytree(directory, tmp_path / "copy")
    with pytest.raises(Failure, match="made while that was running"):
        copies.secrets_of(tmp_path / "copy", make_secrets())
