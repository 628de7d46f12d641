"""The system in containers: the compose file, driven for ``gym test --compose``."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stack import ports
from stack.failures import Failure
from stack.layout import CHECKOUT, DATABASES, SERVICES
from stack.waiting import wait_until

FLAG = "--compose"
ENABLED = "GYM_TEST_COMPOSE"
"""Environment variable that enables the tests with containers."""

TESTS = "tests/compose"
TEST_SECONDS = 900
HEALTHY_SECONDS = 300.0
CLUSTER = "deploy/compose.cluster.yml"
CELLS = "deploy/compose.cells.yml"
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
PORTS = (
    "GATEWAY_PORT",
    "USER_SERVICE_PORTS",
    "EXERCISE_SERVICE_PORTS",
    "WORKOUT_SERVICE_PORTS",
    "ANALYTICS_SERVICE_PORTS",
    "NOTIFICATION_SERVICE_PORTS",
    "USERS_DB_PORT",
    "WORKOUT_DB_PORT",
    "ANALYTICS_DB_PORT",
    "EXERCISE_DB_PORT",
    "NOTIFICATIONS_DB_PORT",
    "REDIS_PORT",
    "REDIS_COUNTERS_PORT",
    "RABBITMQ_PORT",
    "RABBITMQ_UI_PORT",
    "RABBITMQ_METRICS_PORT",
)
INSTANCES = 2
"""Containers of a service whose ports can be published."""

NO_LIMITS = dict.fromkeys(
    ["RATE_LIMIT_LOGIN", "RATE_LIMIT_LOGIN_EMAIL", "RATE_LIMIT_REGISTER", "RATE_LIMIT_API"], ""
)


def test(arguments: Sequence[str]) -> int:
    """Replace this process by pytest, running the tests with containers.

    Args:
        arguments: further arguments of pytest.
    """
    find_compose()
    command = [sys.executable, "-m", "pytest", TESTS, f"--timeout={TEST_SECONDS}", *arguments]
    os.chdir(CHECKOUT)
    os.execve(command[0], command, {**os.environ, ENABLED: "yes"})


def find_compose() -> list[str]:
    """Return the command of Docker Compose, version 2 or 1."""
    if not shutil.which("docker"):
        raise Failure("Docker is not installed; without it, test with: ./gym test")
    if not _works("docker", "version"):
        raise Failure("no Docker daemon answers; start it, or test with: ./gym test")
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and _works(*command, "version"):
            return command
    raise Failure("Docker Compose is not installed; without it, test with: ./gym test")


@dataclass(frozen=True)
class Container:
    """The state of a container, from ``docker inspect``.

    Attributes:
        identity: its id.
        service: its name in the compose file.
        running: whether it runs.
        health: ``healthy``, ``starting``, ``unhealthy``, or empty without a health check.
        restarts: how often Docker has restarted it.
    """

    identity: str
    service: str
    running: bool
    health: str
    restarts: int


@dataclass(frozen=True)
class Stack:
    """One project of Docker Compose.

    Attributes:
        project: its name.
        settings: environment variables of the compose files.
        overlays: compose files besides ``docker-compose.yml``, relative to the checkout.
    """

    project: str
    settings: Mapping[str, str] = field(repr=False)
    overlays: tuple[str, ...] = ()

    @property
    def files(self) -> list[Path]:
        """The compose files."""
        return [CHECKOUT / name for name in ("docker-compose.yml", *self.overlays)]

    def compose(self, *arguments: str) -> str:
        """Run a command of Docker Compose and return what it printed."""
        files = [word for path in self.files for word in ("--file", str(path))]
        command = [
            *find_compose(),
            *("--project-name", self.project, "--project-directory", str(CHECKOUT)),
            *files,
            *arguments,
        ]
        return _run(command, {**os.environ, **self.settings})

    def up(self, *options: str, seconds: float = HEALTHY_SECONDS) -> None:
        """Start stopped and create missing containers; wait until all are healthy."""
        self.compose("up", "--detach", *options)
        self.wait_healthy(seconds)

    def wait_healthy(self, seconds: float = HEALTHY_SECONDS) -> None:
        """Wait until every container is healthy."""
        if not wait_until(self.is_healthy, seconds):
            sick = [c.service for c in self.containers() if c.health != "healthy"]
            logs = self.compose("logs", "--tail", "15", *sick)
            raise Failure(f"not healthy after {seconds:.0f} s: {', '.join(sick)}\n{logs}")

    def is_healthy(self) -> bool:
        """Return whether every container is healthy."""
        return all(c.running and c.health == "healthy" for c in self.containers())

    def containers(self, service: str | None = None) -> list[Container]:
        """Return the project's containers, or those of one service."""
        labels = [f"{PROJECT_LABEL}={self.project}"]
        labels += [f"{SERVICE_LABEL}={service}"] if service else []
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        identities = _run(["docker", "ps", "--all", "--quiet", *filters]).split()
        if not identities:
            return []
        return [_describe(said) for said in json.loads(_run(["docker", "inspect", *identities]))]

    def kill(self, service: str) -> list[str]:
        """Kill a service's containers, which Docker then leaves dead; return their ids."""
        identities = [container.identity for container in self.containers(service)]
        _run(["docker", "kill", *identities])
        return identities

    def recreate(self, service: str) -> None:
        """Replace a service's containers, dead or alive, by new ones with new addresses."""
        count = len(self.containers(service))
        self.compose("rm", "--force", "--stop", service)
        self.up("--no-deps", "--scale", f"{service}={count}", service)

    def execute(self, service: str, *command: str) -> str:
        """Run a command in a service's first container and return what it printed."""
        return _run(["docker", "exec", self.containers(service)[0].identity, *command])

    def address(self, service: str, port: int) -> tuple[str, int]:
        """Return the local address at which a port of a service's first container is published."""
        identity = self.containers(service)[0].identity
        published = _run(["docker", "port", identity, f"{port}/tcp"]).splitlines()[0]
        return "127.0.0.1", int(published.rpartition(":")[2])

    def down(self) -> list[str]:
        """Remove containers, volumes and networks; return the ids of any that remain."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20")
        filters = ["--filter", f"label={PROJECT_LABEL}={self.project}", "--quiet"]
        kinds = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
        return [left for kind in kinds for left in _run(["docker", *kind, *filters]).split()]


def make_stack(project: str, overlays: tuple[str, ...] = ()) -> Stack:
    """Describe a stack for tests, with secrets and ports of its own."""
    users = (*(service.upper() for service in SERVICES), "OPERATOR", "MONITORING")
    names = [f"RABBITMQ_{user}_PASSWORD" for user in users]
    names += [f"{database.prefix}_DB_PASSWORD" for database in DATABASES.values()]
    names += ["JWT_SECRET", "RABBITMQ_ERLANG_COOKIE"]
    made = {name: secrets.token_hex(24) for name in names}
    settings = {"GYM_ENV": "production", **choose_ports(), **NO_LIMITS, **made}
    return Stack(project, settings, overlays)


def choose_ports() -> dict[str, str]:
    """Return free ports for all published ones.

    If Docker chooses, it tries for the gateway (on all addresses) the ports that it has given to
    other services on 127.0.0.1, and gives up after ten attempts.
    """
    chosen = ports.choose_anywhere(PORTS, apart=INSTANCES)
    return {name: f"{port}-{port + INSTANCES - 1}" for name, port in chosen.items()}


def _describe(said: dict) -> Container:
    state = said["State"]
    return Container(
        identity=said["Id"],
        service=said["Config"]["Labels"][SERVICE_LABEL],
        running=state["Running"],
        health=state.get("Health", {}).get("Status", ""),
        restarts=said["RestartCount"],
    )


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failure(f"{' '.join(command[:3])} failed:\n{done.stderr.strip()}")
    return done.stdout
