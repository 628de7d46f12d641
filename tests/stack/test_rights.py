"""Whoever has no right to something is told all of it at once, and what to do."""

import importlib.machinery
import importlib.util
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stack import packages, rights
from stack.failures import Failure
from stack.find import Programs
from stack.layout import CHECKOUT

SOMEBODY = 54321
SOMEBODY_ELSE = 54322
COMMANDS = ["up", "down", "url", "status", "logs", "trace", "restart", "demo", "shell", "test"]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody")


def as_somebody(command, **options):
    change = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups"]
    return [*change, *map(str, command)]


@pytest.fixture
def checkout():
    """A checkout where anybody may go, as far as ``gym`` needs it before it has packages."""
    directory = Path(tempfile.mkdtemp(prefix="gym-"))
    directory.chmod(0o755)
    for name in ("gym", "setup.cfg", "pyproject.toml"):
        shutil.copy2(CHECKOUT / name, directory / name)
    shutil.copytree(CHECKOUT / "stack", directory / "stack")
    yield directory
    shutil.rmtree(directory)


def run_gym(checkout, command):
    process = subprocess.run(
        as_somebody([checkout / "gym", command]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
    )
    return process.returncode, process.stdout


def start_as_root(checkout):
    """Leave behind what a start does."""
    subprocess.run([checkout / "gym", "down"], check=True, capture_output=True)
    (checkout / ".run" / "state.json").write_text('{"ports": {}}')
    (checkout / ".run" / "state.json").chmod(0o600)
    (checkout / ".venvs" / "made").mkdir(parents=True)
    (checkout / ".venv").symlink_to(".venvs/made")


@pytest.mark.slow
@needs_root
@pytest.mark.parametrize("command", COMMANDS)
def test_a_checkout_that_root_started_says_what_to_do(checkout, command):
    start_as_root(checkout)
    code, output = run_gym(checkout, command)
    assert code == 1
    assert output.startswith(f"gym: {SOMEBODY} can't use what belongs to root:\n")
    assert re.search(rf"root +{checkout}/\.run\n", output)
    assert "Traceback" not in output
    assert len(output.splitlines()) < 8


@pytest.mark.slow
@needs_root
def test_the_command_that_is_named_helps(checkout):
    start_as_root(checkout)
    (checkout / ".run" / "state.json").unlink()
    _, output = run_gym(checkout, "status")
    (line,) = [line for line in output.splitlines() if "chown" in line]
    command = line.strip().removeprefix("as root: ").removeprefix("sudo ")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert run_gym(checkout, "status") == (3, "Nothing is running.\n")
    assert (checkout / ".venv").lstat().st_uid == SOMEBODY


@needs_root
def test_one_file_of_somebody_else_is_named(checkout):
    os.chown(checkout, SOMEBODY, SOMEBODY)
    run_gym(checkout, "down")
    (checkout / ".run" / "logs").mkdir()
    (checkout / ".run" / "logs" / "users.log").touch()
    os.chown(checkout / ".run" / "logs", SOMEBODY, SOMEBODY)
    os.chown(checkout / ".run" / "logs" / "users.log", SOMEBODY_ELSE, SOMEBODY_ELSE)
    _, output = run_gym(checkout, "up")
    assert re.search(rf"{SOMEBODY_ELSE} +{checkout}/\.run/logs/users\.log\n", output)


@needs_root
def test_a_place_where_nothing_can_be_written_is_named_before_anything_is_tried(checkout):
    code, output = run_gym(checkout, "up")
    assert code == 1
    assert re.search(rf"root +{checkout}\n", output)
    assert f"chown -R {SOMEBODY} {checkout}" in output


@needs_root
def test_root_leaves_a_system_to_whoever_started_it(checkout):
    os.chown(checkout, SOMEBODY, SOMEBODY)
    run_gym(checkout, "down")
    (checkout / ".run" / "state.json").touch()
    os.chown(checkout / ".run" / "state.json", SOMEBODY, SOMEBODY)
    with pytest.raises(Failure, match=rf"started by {SOMEBODY}.*sudo -u {SOMEBODY} ./gym up"):
        rights.check(checkout, starting=True)
    rights.check(checkout)


@pytest.fixture
def gym(monkeypatch, tmp_path):
    """The script itself, on a Python without ensurepip, and nothing installed."""
    loader = importlib.machinery.SourceFileLoader("gym_script", str(CHECKOUT / "gym"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gym_script", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    monkeypatch.setattr(module, "LOG", tmp_path / "packages.log")
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    nothing = Programs(None, None, None, None)
    monkeypatch.setattr("stack.servers.find_programs", lambda: nothing)
    monkeypatch.setattr(packages, "become_root", lambda: None)
    monkeypatch.setattr(packages.shutil, "which", lambda name: "/usr/bin/apt-get")
    return module


def test_all_that_is_missing_is_named_at_once_with_the_command(gym):
    venv = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(Failure) as failure:
        gym.install("up")
    names = f"{venv} postgresql redis-server rabbitmq-server"
    assert f"missing: {names};" in str(failure.value)
    assert f"apt-get install --yes --no-install-recommends {names}" in str(failure.value)


SUDO = """#!/bin/sh
echo "sudo $*" >> "$CALLS"
case "$1" in
-n) exit 1 ;;
--validate) printf 'password: ' > /dev/tty; read -r word < /dev/tty; [ "$word" = secret ] ;;
*) exec "$@" ;;
esac
"""
APT = """#!/bin/sh
echo "apt-get $*" >> "$CALLS"
"""
INSTALL = """
import sys
from pathlib import Path
from stack import packages
from stack.failures import Failure
from stack.progress import for_people
try:
    packages.install(["postgresql", "redis-server"], Path(sys.argv[1]), for_people(), "or so")
except Failure as failure:
    sys.exit(f"gym: {failure}")
"""


@pytest.fixture
def tools():
    directory = Path(tempfile.mkdtemp(prefix="gym-"))
    directory.chmod(0o777)
    for name, text in {"sudo": SUDO, "apt-get": APT, "dpkg": APT}.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
    (directory / "install.py").write_text(INSTALL)
    shutil.copytree(CHECKOUT / "stack", directory / "stack")
    yield directory
    shutil.rmtree(directory)


def installing(tools):
    # the Python of the tests may lie where somebody can't go
    program = ["python3", tools / "install.py", tools / "log"]
    variables = [f"PATH={tools}:{os.environ['PATH']}", f"CALLS={tools / 'calls'}"]
    return as_somebody(["env", *variables, *program])


def on_a_terminal(command, answer):
    terminal, end = pty.openpty()
    process = subprocess.Popen(["setsid", "--ctty", *command], stdin=end, stdout=end, stderr=end)
    os.close(end)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            # the other side has ended
            break
        shown += piece
        if shown.endswith(b"password: "):
            os.write(terminal, answer)
    os.close(terminal)
    return process.wait(), shown.decode()


@needs_root
def test_on_a_terminal_sudo_asks_for_the_password(tools):
    code, shown = on_a_terminal(installing(tools), b"secret\n")
    assert code == 0, shown
    assert "sudo asks for your password" in shown
    assert "postgresql redis-server: done" in shown.replace("Installing ", "")
    last = (tools / "calls").read_text().splitlines()[-1]
    assert last.endswith("install --yes --no-install-recommends postgresql redis-server")


@needs_root
def test_with_a_wrong_password_nothing_is_tried(tools):
    code, shown = on_a_terminal(installing(tools), b"wrong\n")
    assert code == 1
    assert "gym: without sudo nothing can be installed; or so" in shown
    assert "apt-get" not in (tools / "calls").read_text()


@needs_root
def test_without_a_terminal_the_command_is_named_and_nobody_is_asked(tools):
    done = subprocess.run(
        installing(tools), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    command = (
        "sudo sh -c 'apt-get update && "
        "apt-get install --yes --no-install-recommends postgresql redis-server'"
    )
    assert command in done.stderr
    assert "validate" not in (tools / "calls").read_text()
