"""The supervisor on its own, keeping a stand-in alive, in a directory with an awkward name."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stack import processes
from stack.layout import CHECKOUT
from stack.ports import choose_anywhere
from stack.programs import Program, write_files
from stack.state import State, make_secrets
from stack.supervision import Supervisor, count_restarts
from stack.waiting import wait_until

SECONDS = 20


@pytest.fixture
def state(tmp_path):
    directory = tmp_path / "my gym; 100% 'mine' #1"
    directory.mkdir()
    made = State(directory, choose_anywhere(["supervisor"]), make_secrets(), {}, {})
    made.save()
    yield made
    processes.end_all(directory)


@pytest.fixture
def supervisor(state):
    # the child stands for what a server starts, and what a dead server leaves behind
    command = ("/bin/sh", "-c", "sleep 1000 & echo started; wait")
    parts = [Program("part", command, state.directory, settle_seconds=0)]
    write_files(state, parts)
    running = Supervisor(state)
    running.start(dict(os.environ))
    yield running
    if pid := running.pid:
        running.ask_to_stop()
        processes.end_all(state.directory, spared=pid)
        running.end(pid)
    running.reap()


def pid_of(supervisor, other_than=0):
    def has_one():
        info = supervisor.parts()["part"]
        return info["statename"] == "RUNNING" and info["pid"] not in (0, other_than)

    assert wait_until(has_one, SECONDS)
    return supervisor.parts()["part"]["pid"]


@pytest.mark.slow
def test_what_is_killed_comes_back_and_is_counted(supervisor):
    supervisor.start_part("part")
    first = pid_of(supervisor)
    os.kill(first, signal.SIGKILL)
    second = pid_of(supervisor, other_than=first)
    assert second != first
    assert supervisor.restarts() == {"part": 1}


@pytest.mark.slow
def test_a_part_that_was_stopped_stays_down(supervisor):
    supervisor.start_part("part")
    pid_of(supervisor)
    supervisor.stop_part("part")
    assert supervisor.parts()["part"]["statename"] == "STOPPED"
    assert supervisor.restarts() == {}


@pytest.mark.slow
def test_starting_what_runs_changes_nothing(supervisor):
    supervisor.start_part("part")
    first = pid_of(supervisor)
    supervisor.start_part("part")
    assert pid_of(supervisor) == first


@pytest.mark.slow
def test_what_a_killed_part_leaves_behind_is_kept_in_sight(supervisor, state):
    supervisor.start_part("part")
    parent = pid_of(supervisor)
    assert wait_until(lambda: len(processes.tree(parent)) == 2, SECONDS)
    _, orphan = processes.tree(parent)
    os.kill(parent, signal.SIGKILL)
    pid_of(supervisor, other_than=parent)
    assert orphan in processes.tree(supervisor.pid)
    assert orphan in processes.belonging_to(state.directory)


@pytest.mark.slow
def test_a_supervisor_that_was_killed_leaves_nothing_that_is_not_found(supervisor, state):
    supervisor.start_part("part")
    pid_of(supervisor)
    supervisor.end(supervisor.pid)
    assert not supervisor.is_running()
    assert processes.belonging_to(state.directory)
    processes.end_all(state.directory)
    assert processes.belonging_to(state.directory) == []


@pytest.mark.slow
def test_the_watcher_clears_up_when_its_parent_is_killed(supervisor, state):
    supervisor.start_part("part")
    pid_of(supervisor)
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(1000)",
            *(sys.executable, "-m", "stack.watcher", str(state.directory)),
        ],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
    )
    with parent:
        parent.stdout.readline()
        parent.kill()
    assert wait_until(lambda: not state.directory.exists(), SECONDS)
    assert processes.belonging_to(state.directory) == []


def test_restarts_are_those_since_the_supervisor_started(tmp_path):
    log = tmp_path / "supervisord.log"
    log.write_text(
        "2026-01-01 00:00:00,000 WARN exited: users (terminated by SIGKILL; not expected)\n"
        "2026-01-01 00:00:01,000 INFO supervisord started with pid 7\n"
        "2026-01-01 00:00:02,000 INFO exited: gateway (exit status 1; not expected)\n"
        "2026-01-01 00:00:03,000 INFO stopped: users (exit status 0)\n"
        "2026-01-01 00:00:04,000 WARN exited: gateway (terminated by SIGSEGV; not expected)\n"
    )
    assert count_restarts(log) == {"gateway": 2}
    assert count_restarts(Path("nowhere")) == {}
