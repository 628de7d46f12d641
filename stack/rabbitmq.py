"""A private RabbitMQ node, with a private ``epmd`` by which its tools find it.

The settings, plugins and topology are those of ``rabbitmq/`` in the checkout, shared with the
containers. Added here are the addresses, and the users with the hashes of generated passwords:
loading definitions on a blank node makes no default user.
"""

import os
import subprocess
from pathlib import Path

from stack.environment import BROKER_USERS, broker_password
from stack.layout import CHECKOUT, LOOPBACK
from stack.programs import Program
from stack.state import State, write_private

SOURCE = CHECKOUT / "rabbitmq"
DIRECTORY = "rabbitmq"
NODE = "gym@localhost"
# RabbitMQ's configuration can't name a path with a hash in it, and its check of the disk fails on
# one with a space. Its own working directory is always a good name.
HERE = "/proc/self/cwd"

SCHEDULERS = max(1, (os.cpu_count() or 1) // 2)
"""Half of the machine's cores: the services and databases need the others, and threads that find
each other's work take more of the processor than they give (docs/performance.md)."""

CHECK_SECONDS = 2.0


def prepare(state: State) -> None:
    """Write the node's files."""
    directory = state.directory / DIRECTORY
    definitions = directory / "definitions"
    write_private(definitions / "definitions.json", (SOURCE / "definitions.json").read_text())
    write_private(definitions / "users.json", make_users(state))
    settings = (SOURCE / "rabbitmq.conf").read_text() + own_settings(state)
    write_private(directory / "rabbitmq.conf", settings)
    write_private(directory / "enabled_plugins", (SOURCE / "enabled_plugins").read_text())
    # Erlang reads its cookie from the home directory, and insists on this mode
    write_private(directory / ".erlang.cookie", state.secrets["erlang"], mode=0o400)


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
            group="nodes",
        ),
        Program(
            name="rabbitmq",
            command=(str(binaries / "rabbitmq-server"),),
            directory=directory,
            environment=_environment(state),
            group="servers",
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
    """Tell whether one can log in."""
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


def _environment(state: State) -> dict[str, str]:
    return {
        "HOME": HERE,
        "ERL_EPMD_PORT": str(state.ports["epmd"]),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_DIST_PORT": str(state.ports["rabbitmq-nodes"]),
        "RABBITMQ_MNESIA_BASE": f"{HERE}/mnesia",
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
