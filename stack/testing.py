"""Systems for tests: on free ports, in a directory of their own, deleted at the end.

That happens also if the process that started them is killed: a watcher holds a pipe to it, and
cleans up when the other end is closed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack import processes
from stack.layout import CHECKOUT, INNER_PORTS, PORTS, RUN_DIRECTORY, SERVICES
from stack.ports import choose_anywhere
from stack.state import State, make_secrets
from stack.system import System

NAME = re.compile(r"test-(\d+)(-[\w-]+)?")
# cheap hashes and no rate limits, unless a test is about them
SETTINGS = {
    "BCRYPT_COST": "4",
    "RATE_LIMIT_LOGIN": "",
    "RATE_LIMIT_LOGIN_EMAIL": "",
    "RATE_LIMIT_REGISTER": "",
    "RATE_LIMIT_API": "",
    # receivers of the tests
    "WEBHOOK_HOSTS": "127.0.0.1:*",
}
WATCHER_SECONDS = 30


@contextmanager
def running_system(
    services: Iterable[str] = tuple(SERVICES),
    settings: Mapping[str, str] | None = None,
    directory: Path | None = None,
    throwaway: bool = True,
) -> Iterator[System]:
    """Run servers and services for tests, for the duration of the block.

    Args:
        services: names of the services; none starts only the servers.
        settings: variables of the services, besides the tests' defaults.
        directory: of the system; by default ``.run/test-<process id>``.
        throwaway: whether PostgreSQL runs without fsync.

    Yields:
        The system. ``system.environment`` has the variables of all addresses.
    """
    clear_old()
    directory = directory or RUN_DIRECTORY / f"test-{os.getpid()}"
    system = make_system(directory, SETTINGS if settings is None else settings, throwaway)
    directory.mkdir(parents=True)
    with watched(directory):
        try:
            system.start_servers()
            system.start_services(services)
            yield system
        finally:
            system.destroy()


def make_system(directory: Path, settings: Mapping[str, str], throwaway: bool = True) -> System:
    """Choose ports and secrets for a new system."""
    return System(
        State(
            directory=directory,
            ports=choose_anywhere([*PORTS, *INNER_PORTS]),
            secrets=make_secrets(),
            given=dict(settings),
            replaced={},
            throwaway=throwaway,
        )
    )


def clear_old(root: Path = RUN_DIRECTORY) -> None:
    """Delete what is left of tests whose process and watcher were both killed."""
    for directory in root.glob("test-*"):
        found = NAME.fullmatch(directory.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            if system := System.open(directory):
                system.destroy()
            processes.end_all(directory)
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def watched(directory: Path) -> Iterator[None]:
    """Clean up a system's directory when the block ends, or this process is killed."""
    watcher = subprocess.Popen(
        [sys.executable, "-m", "stack.watcher", str(directory)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        # in a session of its own: Ctrl-C at the terminal is for the tests
        start_new_session=True,
    )
    try:
        yield
    finally:
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait(WATCHER_SECONDS)
