"""``gym test``: how the tests are run."""

import os
from typing import NoReturn

from stack import compose, faketime, servers
from stack.layout import RUN_DIRECTORY, SERVERS
from stack.programs import LOGS
from stack.progress import for_people
from stack.running import become

WORKERS = min(4, (os.cpu_count() or 1) + 1)
"""One more than there are processors, since a test waits a good part of its time. Each process has
servers of its own, of some 1.5 GB."""

SIDE_BY_SIDE = (f"--numprocesses={WORKERS}", "--no-loadscope-reorder")
ALL = "--all"


def run(arguments: list[str]) -> int:
    """Run the tests: in containers if asked to, otherwise on this machine.

    Args:
        arguments: of ``gym test``; all but ``--compose`` are passed to pytest. Without any, all
            tests but the slow ones are run in several processes (tests/side_by_side.py), with
            ``--all`` the slow ones, too.
    """
    if compose.FLAG in arguments:
        return compose.test([argument for argument in arguments if argument != compose.FLAG])
    return become_pytest(arguments)


def become_pytest(arguments: list[str]) -> NoReturn:
    """Install missing programs and libraries, then replace this process by pytest."""
    # without it, each process would assert-rewrite and compile all tests, and each service itself
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    log, progress = RUN_DIRECTORY / LOGS / "packages.log", for_people()
    servers.find_or_install(list(SERVERS), log, progress)
    faketime.find_or_install(log, progress)
    is_suite = set(arguments) <= {ALL}
    become("pytest", [*SIDE_BY_SIDE, *arguments] if is_suite else arguments)
