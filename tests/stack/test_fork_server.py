"""Services are forked from a process that has their code, if that is there."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from stack import processes
from stack.layout import SERVICES
from stack.services import FORK_SERVER
from stack.waiting import wait_until

SECONDS = 30


def arguments(pid):
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")[1:]


def is_forked(pid):
    """Return whether a process has the variables of the fork server, and none of a service's."""
    return b"AMQP_URI=" not in Path(f"/proc/{pid}/environ").read_bytes()


def kill_and_wait(system, name):
    """Kill a part, and return its next process once that is ready."""
    killed = system.kill(name)
    assert wait_until(lambda: system.supervisor.parts()[name]["pid"] not in (0, killed), SECONDS)
    system.wait_ready([name])
    return system.pid(name)


@contextmanager
def frozen_fork_server(system):
    system.pause(FORK_SERVER)
    try:
        yield
    finally:
        system.resume(FORK_SERVER)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_forked_and_looks_as_if_it_was_started(system, name):
    pid = system.pid(name)
    assert is_forked(pid)
    assert arguments(pid) == ["-m", "services.run", name]
    assert pid in processes.tree(system.supervisor.pid)
    assert os.getpgid(pid) == pid


def test_they_share_no_event_loop(system):
    descriptors = Path(f"/proc/{system.pid(FORK_SERVER)}/fd").iterdir()
    assert "anon_inode:[eventpoll]" not in [os.readlink(path) for path in descriptors]


def test_those_that_are_forked_make_ids_of_their_own(system):
    ids = [
        requests.get(f"http://{system.address(name)}/health", timeout=5).headers["X-Request-ID"]
        for name in SERVICES
        for _ in range(50)
    ]
    assert len(set(ids)) == len(ids)


def test_services_outlive_the_fork_server(system):
    before = system.pid("users")
    kill_and_wait(system, FORK_SERVER)
    assert system.pid("users") == before
    assert is_forked(kill_and_wait(system, "users"))


@pytest.mark.slow
def test_a_service_is_started_by_itself_if_the_fork_server_does_not_answer(system):
    with frozen_fork_server(system):
        pid = kill_and_wait(system, "users")
        assert not is_forked(pid)
        assert arguments(pid) == ["-m", "services.run", "users"]
    # it has seen that nobody waits for the one that it was asked for
    system.wait_ready([FORK_SERVER])
    running = [p for p in processes.belonging_to(system.directory) if "users" in arguments(p)]
    assert running == [pid]
    assert is_forked(kill_and_wait(system, "users"))


@pytest.mark.slow
def test_one_with_a_failpoint_is_started_by_itself(system):
    system.start_another("users", "users-failing", {"GYM_FAILPOINTS": "users.nowhere:fail:never"})
    try:
        assert not is_forked(system.pid("users-failing"))
    finally:
        system.stop("users-failing")


def test_a_graceful_stop_reaches_the_service(system):
    system.restart("notifications")
    assert system.supervisor.parts()["notifications"]["exitstatus"] == 0
