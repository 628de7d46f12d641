"""A private RabbitMQ node, with a private ``epmd`` by which its tools find it.

Settings, plugins and topology are those of ``rabbitmq/`` in the checkout, shared with the
containers. Added here are addresses, and users with hashes of generated passwords: RabbitMQ creates
no default user on a blank node that loads definitions.
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
# relative to the working directory: RabbitMQ's configuration can't contain a path with a hash, and
# its disk monitor fails on one with a space
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
    """Write the node's configuration, definitions and Erlang cookie."""
    directory = state.directory / DIRECTORY
    definitions = directory / "definitions"
    write_private(definitions / "definitions.json", (SOURCE / "definitions.json").read_text())
    write_private(definitions / "users.json", make_users(state))
    # Erlang reads its cookie from the home directory, and insists on this mode
    write_private(directory / ".erlang.cookie", state.secrets["erlang"], mode=0o400)


def begin(state: State) -> None:
    """Prepare the start of a node that is down.

    The data of a node that was never ready is deleted: nobody needs it, and it may be incomplete.
    """
    directory = state.directory / DIRECTORY
    (directory / LOADED).unlink(missing_ok=True)
    prepare(state)
    if (directory / UNFINISHED).exists() and not was_ready(state):
        shutil.rmtree(directory / DATA, ignore_errors=True)
    if not (directory / DATA).exists():
        (directory / UNFINISHED).touch()


def was_ready(state: State) -> bool:
    """Return whether the node was ever ready, according to its own log."""
    logs = (state.directory / LOGS).glob("rabbitmq.log*")
    return any(STARTED in log.read_text(errors="replace") for log in logs)


def note_ready(state: State) -> None:
    """Record that the node was ready."""
    (state.directory / DIRECTORY / UNFINISHED).unlink(missing_ok=True)


def note_loaded(state: State) -> None:
    """Record that the node has the current definitions and users."""
    write_private(state.directory / DIRECTORY / LOADED, _fingerprint(state))


def is_loaded(state: State) -> bool:
    """Return whether the node has the current definitions and users."""
    loaded = state.directory / DIRECTORY / LOADED
    return loaded.exists() and loaded.read_text() == _fingerprint(state)


def load(state: State, binaries: Path) -> None:
    """Load the current definitions and users into the running node."""
    prepare(state)
    for name in ("definitions.json", "users.json"):
        try:
            control(state, binaries, "import_definitions", f"definitions/{name}")
        except subprocess.CalledProcessError as problem:
            lines = (problem.stderr or problem.stdout).strip()
            raise Failure(f"RabbitMQ does not take rabbitmq/{name}:\n{lines}") from None
    note_loaded(state)


def own_settings(state: State) -> str:
    """Return the settings of this node, beyond the shared ones."""
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
    """Return the definitions of the users with hashed passwords, made by the containers' script."""
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
    """Return the programs of ``epmd`` and of the node."""
    directory = state.directory / DIRECTORY
    return [
        Program(
            name="epmd",
            # started here, in the foreground: an epmd that the node starts would outlive it
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
            # stopping the management plugin takes long
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
    """Return whether the broker accepts logins."""
    # imported lazily: needs a package, which may not be installed yet when this module is imported
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
    # hashed passwords have another salt each time
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
        # not the file in /etc, which belongs to the machine's own node
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            f"-kernel inet_dist_use_interface {{127,0,0,1}} +S {SCHEDULERS}:{SCHEDULERS}"
        ),
        # the start script execs the server instead of waiting for it, so that the supervisor has
        # the server's own process id
        "detached": "1",
    }
