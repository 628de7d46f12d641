"""``./gym export``: a user's workouts in a file, or none at all."""

import json
import os
import shlex
import stat
import subprocess
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from stack.layout import CHECKOUT
from tests.fakes.relay import Relay
from tests.services.logbook import body, lift, one
from tests.services.shell.terminal import at_terminal
from tests.services.workouts.imports.files import Imports
from tests.stack.histories.command import strong_days
from tests.waiting import eventually

pytestmark = pytest.mark.slow

BENCH = 1
MANY = 2000


@pytest.fixture
def lifter(gym):
    for day in ("2025-02-16", "2025-02-18"):
        gym.rpc.workouts.create(gym.user_id, body(day, lift(BENCH, one(5, 100))))
    return gym


def days_of(text):
    return [each["date"] for each in json.loads(text)["workouts"]]


def test_all_of_it_is_written_for_its_owner_alone(lifter, tmp_path):
    path = tmp_path / "history.json"
    done = lifter.run("export", path)
    assert done.returncode == 0, done.stderr
    assert days_of(path.read_text()) == ["2025-02-16", "2025-02-18"]
    assert done.stdout == f"{path}: {path.stat().st_size:,} bytes\n"
    assert "Exporting: done" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["history.json"]


def test_some_days_in_another_format_on_standard_output(lifter):
    done = lifter.run(
        "export", "-", "--format", "strong", "--from", "2025-02-17", "--to", "2025-03-01"
    )
    assert done.returncode == 0, done.stderr
    header, row = done.stdout.splitlines()
    assert header.startswith("Date;Workout Name;")
    assert row.startswith("2025-02-18 00:00:00;")
    assert "Exporting" in done.stderr


def test_a_pipe_may_end_early(lifter):
    line = shlex.join(lifter.line("export", "-"))
    environment = os.environ | lifter.environment
    done = subprocess.run(
        ["sh", "-c", f"{line} | head -c 1"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env=environment,
        timeout=60,
    )
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


def test_a_file_that_is_there_is_replaced_only_by_force(lifter, tmp_path):
    path = tmp_path / "history.json"
    path.write_text("mine")
    path.chmod(0o640)
    done = lifter.run("export", path)
    assert done.returncode == 1
    assert done.stderr == f"gym: {path} is there already; --force replaces it\n"
    assert path.read_text() == "mine"
    assert lifter.run("export", path, "--force").returncode == 0
    assert len(days_of(path.read_text())) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--format", "pdf"], "gym: format: "),
        (["--from", "yesterday"], "gym: date_from: "),
        (["--from", "2025-03-01", "--to", "2025-02-01"], "date_from"),
    ],
)
def test_what_can_not_be_leaves_no_file(lifter, tmp_path, given, said):
    done = lifter.run("export", tmp_path / "history.json", *given)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_places_that_can_not_be_written_are_told(lifter, tmp_path):
    done = lifter.run("export", tmp_path / "none" / "history.json")
    assert (
        done.stderr
        == f"gym: {tmp_path}/none/history.json can't be written: No such file or directory\n"
    )
    done = lifter.run("export", tmp_path)
    assert done.stderr == f"gym: {tmp_path} is a directory\n"
    lifter.email = "nobody@example.com"
    done = lifter.run("export", tmp_path / "history.json")
    assert done.stderr == "gym: there is no account with the e-mail nobody@example.com\n"
    assert os.listdir(tmp_path) == []


def test_one_that_is_broken_off_leaves_no_file(gym, tmp_path):
    done = Imports(gym.rpc, gym.user_id).bring(strong_days(MANY))
    assert done["added"] == MANY
    path = tmp_path / "history.json"
    with at_terminal(gym.line("export", path), gym.environment) as terminal:
        eventually(lambda: [name for name in os.listdir(tmp_path) if name.endswith(".part")])
        terminal.type("\x03")
        terminal.read_until("gym: interrupted")
        assert terminal.process.wait(30) == 130
    assert not [name for name in os.listdir(tmp_path) if "history.json" in name]


def test_ctrl_c_ends_it_in_the_middle_of_an_answer(gym, tmp_path):
    """Nameko went on to use a connection of which half an answer was read, and waited for ever."""
    broker = urlsplit(gym.environment["AMQP_URI"])
    with closing(Relay((broker.hostname, broker.port), last=b'"result"')) as relay:
        through = gym.environment["AMQP_URI"].replace(f":{broker.port}", f":{relay.port}")
        line = gym.line("export", tmp_path / "history.json")
        with at_terminal(line, {"AMQP_URI": through}) as terminal:
            assert relay.has_stopped.wait(30)
            terminal.type("\x03")
            terminal.read_until("gym: interrupted")
            assert terminal.process.wait(30) == 130
    assert os.listdir(tmp_path) == []
