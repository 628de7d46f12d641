"""The servers: finding their programs, describing how to run them, and checking them."""

import os
from pathlib import Path

from stack import packages, postgres, rabbitmq, redis
from stack.environment import given_from_outside, given_servers, server_addresses
from stack.failures import Failure
from stack.find import OLDEST_POSTGRES, OLDEST_RABBITMQ, Programs, find_programs
from stack.layout import DATABASES, REDIS, SERVERS
from stack.programs import Program
from stack.progress import Progress
from stack.state import State

OTHERWISE = "or use `docker compose up --build`"
PACKAGES = {"postgres": "postgresql", "redis": "redis-server", "rabbitmq": "rabbitmq-server"}


def find_or_install(names: list[str], log: Path, progress: Progress) -> Programs:
    """Find the programs of the servers that are to be started; install the missing.

    Args:
        names: the servers, one for each database.
        log: file for the output of the package tools.
        progress: shows the steps.
    """
    found = find_programs()
    missing = missing_packages(found, names)
    if missing:
        packages.install(missing, log, progress, OTHERWISE)
        found = find_programs()
        if missing := missing_packages(found, names):
            raise Failure(
                f"{' and '.join(missing)} as installed can't be used (PostgreSQL must be "
                f"{OLDEST_POSTGRES} or newer, RabbitMQ {'.'.join(map(str, OLDEST_RABBITMQ))} "
                f"or newer); {OTHERWISE.removeprefix('or ')}"
            )
    return found


def missing_packages(found: Programs, names: list[str]) -> list[str]:
    """Return the packages of the programs that were not found."""
    missing = []
    if any(name in DATABASES for name in names) and not found.postgres:
        missing.append(PACKAGES["postgres"])
    if any(name in REDIS for name in names) and not found.redis:
        missing.append(PACKAGES["redis"])
    if "rabbitmq" in names and not (found.rabbitmq and found.epmd):
        missing.append(PACKAGES["rabbitmq"])
    return missing


def missing_here() -> list[str]:
    """Return the packages of the missing programs, of the servers that would be started."""
    given = given_servers(given_from_outside(os.environ))
    return missing_packages(find_programs(), [name for name in SERVERS if name not in given])


def describe(state: State, found: Programs, names: list[str]) -> list[Program]:
    """Return how to run each server."""
    programs = [postgres.program(state, found.postgres, n) for n in names if n in DATABASES]
    programs += [redis.program(state, found.redis, name) for name in names if name in REDIS]
    if "rabbitmq" in names:
        programs += rabbitmq.programs(state, found.rabbitmq, found.epmd)
    return programs


def accepts(name: str, environment: dict[str, str]) -> bool:
    """Return whether a server accepts connections.

    Args:
        name: the server.
        environment: with the variables of its address.
    """
    if name == "rabbitmq":
        return rabbitmq.accepts(environment["AMQP_URI"])
    check = postgres.accepts if name in DATABASES else redis.accepts
    return any(check(host, port) for host, port in server_addresses(name, environment))
