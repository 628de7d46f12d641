"""A private RabbitMQ node, with a private ``epmd`` by which its tools find it.

The settings, plugins and topology are those of ``rabbitmq/`` in the checkout, shared with the
containers. Added here are the addresses, and the users with the hashes of generated passwords:
loading definitions on a blank node makes no default user.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from stack.environment import BROKER_USERS, broker_password
from stack.failures import Failure
from stack.layout import CHECKOUT, LOOPBACK
from stack.programs import LOGS, NODES_STAGE, SERVERS_STAGE, Program
from stack.state import State, write_private

SOURCE = CHECKOUT / "rabbitmq"
DIRECTORY = "rabbitmq"
NODE = "gym@localhost"
# RabbitMQ's configuration can't name a path with a hash in it, and its check of the disk fails on
# one with a space. Its own working directory is always a good name.
HERE = "/proc/self/cwd"
DATA = "mnesia"
UNFINISHED = "unfinished"
LOADED = "loaded"
STARTED = "Server startup complete"

SCHEDULERS = max(1, (os.cpu_count() or 1) // 2)
"""Half of the machine's cores: the services and databases need the others, and threads that find
each other's work take more of the processor than they give (docs/performance.md)."""

CHECK_SECONDS = 2.0


def prepare(state: State) -> None:
    """Write what the node loads at its start, and what it and its tools know each other by."""
    directory = state.directory / DIRECTORY
    definitions = directory / "definitions"
    write_private(definitions / "definitions.json", (SOURCE / "definitions.json").read_text())
    write_private(definitions / "users.json", make_users(state))
    # Erlang reads its cookie from the home directory, and insists on this mode
    write_private(directory / ".erlang.cookie", state.secrets["erlang"], mode=0o400)


def begin(state: State) -> None:
    """Prepare a start of the node, which does not run.

    A node that was never ready has nothing that anybody needs, and may have stopped half made.
    """
    directory = state.directory / DIRECTORY
    (directory / LOADED).unlink(missing_ok=True)
    prepare(state)
    if (directory / UNFINISHED).exists() and not was_ready(state):
        shutil.rmtree(directory / DATA, ignore_errors=True)
    if not (directory / DATA).exists():
        (directory / UNFINISHED).touch()


def was_ready(state: State) -> bool:
    """Return whether the node's own log says that it came up, whoever looked then."""
    logs = (state.directory / LOGS).glob("rabbitmq.log*")
    return any(STARTED in log.read_text(errors="replace") for log in logs)


def note_ready(state: State) -> None:
    """Note that the node was ready."""
    (state.directory / DIRECTORY / UNFINISHED).unlink(missing_ok=True)


def note_loaded(state: State) -> None:
    """Note that the node has the definitions and users of now."""
    write_private(state.directory / DIRECTORY / LOADED, _fingerprint(state))


def is_loaded(state: State) -> bool:
    """Return whether the node has the definitions and users of now."""
    loaded = state.directory / DIRECTORY / LOADED
    return loaded.exists() and loaded.read_text() == _fingerprint(state)


def load(state: State, binaries: Path) -> None:
    """Bring the definitions and users of now into the running node."""
    prepare(state)
    for name in ("definitions.json", "users.json"):
        try:
            control(state, binaries, "import_definitions", f"definitions/{name}")
        except subprocess.CalledProcessError as problem:
            lines = (problem.stderr or problem.stdout).strip()
            raise Failure(f"RabbitMQ does not take rabbitmq/{name}:\n{lines}") from None
    note_loaded(state)


def own_settings(state: State) -> str:
    """Return the settings that belong to this node alone."""
    ports = state.ports
    lines = [
        "",
        f"listeners.tcp.1 = {LOOPBACK}:{ports['rabbitmq']}",
        f"management.tcp.ip = {LOOPBACK}",
        f"management.tcp.port = {ports['rabbitmq-ui']}",
        f"prometheus.tcp.ip = {LOOPBACK}",
        f"prometheus.tcp.port = {ports['rabbitmq-metrics']}",
        "load_definitions = definitions",
        "log.console = true",
        "log.console.use_colors = off",
        "log.file = false",
    ]
    return "\n".join(lines) + "\n"


def make_users(state: State) -> str:
    """Return the broker's users, with hashes of their passwords, made as in the containers."""
    passwords = {
        f"RABBITMQ_{user.upper()}_PASSWORD": broker_password(state, user) for user in BROKER_USERS
    }
    done = subprocess.run(
        ["/bin/sh", SOURCE / "make-users"],
        env={"PATH": os.environ.get("PATH", os.defpath), **passwords},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def programs(state: State, binaries: Path, epmd: Path) -> list[Program]:
    """Describe the node, and what it is found by."""
    directory = state.directory / DIRECTORY
    return [
        Program(
            name="epmd",
            # started by us and kept in the foreground: one that a node starts would outlive it
            command=(str(epmd), "-address", LOOPBACK, "-port", str(state.ports["epmd"])),
            directory=directory,
            stage=NODES_STAGE,
        ),
        Program(
            name="rabbitmq",
            command=(str(binaries / "rabbitmq-server"),),
            directory=directory,
            environment=_environment(state),
            files={
                f"{DIRECTORY}/rabbitmq.conf": (SOURCE / "rabbitmq.conf").read_text()
                + own_settings(state),
                f"{DIRECTORY}/enabled_plugins": (SOURCE / "enabled_plugins").read_text(),
            },
            stage=SERVERS_STAGE,
            # it takes its time to say good-bye to the management plugin
            stop_seconds=30,
        ),
    ]


def control(state: State, binaries: Path, *arguments: str) -> str:
    """Run ``rabbitmqctl`` on the node and return what it printed."""
    done = subprocess.run(
        [binaries / "rabbitmqctl", "--quiet", *arguments],
        env={**os.environ, **_environment(state)},
        cwd=state.directory / DIRECTORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def accepts(amqp_uri: str) -> bool:
    """Return whether one can log in."""
    # one of the project's packages, which are not there yet when the others of this module are
    # wanted
    import amqp

    from stack.broker import connection_to

    connection = connection_to(amqp_uri, CHECK_SECONDS)
    try:
        connection.connect()
        connection.close()
    except (TimeoutError, OSError, amqp.AMQPError):
        return False
    return True


def _fingerprint(state: State) -> str:
    # made users have another salt each time
    sources = [(SOURCE / name).read_text() for name in ("definitions.json", "users.json")]
    return hashlib.sha256("\0".join([*sources, state.secrets["rabbitmq"]]).encode()).hexdigest()


def _environment(state: State) -> dict[str, str]:
    return {
        "HOME": HERE,
        "ERL_EPMD_PORT": str(state.ports["epmd"]),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_DIST_PORT": str(state.ports["rabbitmq-nodes"]),
        "RABBITMQ_MNESIA_BASE": f"{HERE}/{DATA}",
        "RABBITMQ_LOG_BASE": f"{HERE}/log",
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_CONFIG_FILE": f"{HERE}/rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{HERE}/enabled_plugins",
        # the machine's own file, in /etc, is for the machine's own node
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            f"-kernel inet_dist_use_interface {{127,0,0,1}} +S {SCHEDULERS}:{SCHEDULERS}"
        ),
        # the start script becomes the server instead of waiting for it, so that the supervisor
        # has the server's own process id
        "detached": "1",
    }
