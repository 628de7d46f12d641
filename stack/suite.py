"""``gym test``: how the tests are run."""

from typing import NoReturn

from stack import compose, faketime, servers
from stack.layout import RUN_DIRECTORY, SERVERS
from stack.programs import LOGS
from stack.progress import for_people
from stack.running import become


def run(arguments: list[str]) -> int:
    """Run the tests: in containers if asked to, otherwise on this machine.

    Args:
        arguments: what follows ``gym test``; all but ``--compose`` is for pytest.
    """
    if compose.FLAG in arguments:
        return compose.test([argument for argument in arguments if argument != compose.FLAG])
    return become_pytest(arguments)


def become_pytest(arguments: list[str]) -> NoReturn:
    """Hand over to pytest, once the servers' programs are there, and what only tests need."""
    log, progress = RUN_DIRECTORY / LOGS / "packages.log", for_people()
    servers.find_or_install(list(SERVERS), log, progress)
    faketime.find_or_install(log, progress)
    become("pytest", arguments)
