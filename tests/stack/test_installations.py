"""Environments that are whole or not there, and what pip's failures mean."""

import shutil
import subprocess
import sys

import pytest

from stack import installations, processes
from stack.failures import Failure
from stack.progress import Progress
from stack.running import run
from stack.waiting import wait_until

SECONDS = 20


@pytest.fixture
def checkout(tmp_path):
    return tmp_path


def make(text):
    return lambda directory: (directory / "made").write_text(text)


def environments(checkout):
    return [path for path in (checkout / ".venvs").iterdir() if path.is_dir()]


def test_an_environment_that_was_broken_off_is_not_there(checkout):
    def broken_off(directory):
        (directory / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        installations.replace(checkout, "one", broken_off)
    assert installations.content(checkout) is None
    installations.replace(checkout, "one", make("1"))
    assert installations.content(checkout) == "one"
    assert len(environments(checkout)) == 1


def test_the_old_one_is_there_until_the_new_one_is_whole(checkout):
    installations.replace(checkout, "one", make("1"))

    def looking(directory):
        assert (checkout / ".venv" / "made").read_text() == "1"
        make("2")(directory)

    installations.replace(checkout, "two", looking)
    assert (checkout / ".venv" / "made").read_text() == "2"


def test_one_that_somebody_else_has_just_made_is_taken(checkout):
    installations.replace(checkout, "one", make("1"))
    installations.replace(checkout, "one", make("again"))
    assert (checkout / ".venv" / "made").read_text() == "1"


def test_the_environment_of_an_earlier_version_gives_way(checkout):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    installations.replace(checkout, "one", make("1"))
    assert installations.content(checkout) == "one"


def sleeping_in(directory):
    program = directory / "bin" / "python"
    program.parent.mkdir()
    shutil.copy(shutil.which("sleep"), program)
    process = subprocess.Popen([program, "1000"])
    assert wait_until(lambda: processes.running_from(directory) == [process.pid], SECONDS)
    return process


def test_what_runs_keeps_its_environment(checkout):
    installations.replace(checkout, "one", make("1"))
    first = (checkout / ".venv").resolve()
    process = sleeping_in(first)
    try:
        installations.replace(checkout, "two", make("2"))
        installations.replace(checkout, "three", make("3"))
        assert (first / "made").exists()
    finally:
        process.kill()
        process.wait()
    assert len(environments(checkout)) == 3
    installations.replace(checkout, "four", make("4"))
    assert not first.exists()


def test_environments_of_several_pythons_stay_side_by_side(checkout):
    def is_current(content):
        return content.endswith("now")

    installations.replace(checkout, "3.11 before", make("1"), "3.11", is_current)
    installations.replace(checkout, "3.11 now", make("2"), "3.11", is_current)
    installations.replace(checkout, "3.12 now", make("3"), "3.12", is_current)
    kept = {path.name.partition("-")[0] for path in environments(checkout)}
    assert (kept, len(environments(checkout))) == ({"3.11", "3.12"}, 2)
    assert installations.take(checkout, "3.11 now")
    assert installations.content(checkout) == "3.11 now"
    assert installations.take(checkout, "3.12 now")
    assert (checkout / ".venv" / "made").read_text() == "3"
    assert not installations.take(checkout, "3.13 now")
    assert installations.content(checkout) == "3.12 now"


def test_one_who_was_killed_leaves_nobody_at_work(checkout):
    begun = checkout / ".venvs" / "begun"
    begun.mkdir(parents=True)
    process = sleeping_in(begun)
    installations.replace(checkout, "one", make("1"))
    assert process.wait(SECONDS) != 0
    assert not begun.exists()


@pytest.mark.slow
def test_an_index_that_can_not_be_reached_is_called_that(tmp_path):
    """The last thing that pip says is that there is no such package."""
    log = tmp_path / "pip.log"
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--retries", "1"]
    command = [*pip, "--index-url", "http://127.0.0.1:9/simple", "no-such-package"]
    with pytest.raises(Failure, match="index could not be reached") as failure, step() as shown:
        run(
            command,
            log,
            shown,
            environment={"PIP_CONFIG_FILE": "/dev/null"},
            explain=installations.explain_pip,
        )
    assert "No matching distribution" not in str(failure.value)
    assert len(str(failure.value).splitlines()) == 1
    assert str(log) in str(failure.value)


@pytest.mark.slow
def test_a_package_that_there_is_not_is_still_called_that(tmp_path):
    pip = [sys.executable, "-m", "pip", "--isolated", "install"]
    command = [*pip, "--no-index", "no-such-package"]
    with pytest.raises(Failure, match="No matching distribution"), step() as shown:
        run(command, tmp_path / "pip.log", shown, explain=installations.explain_pip)


def step():
    return Progress().step("Installing")
