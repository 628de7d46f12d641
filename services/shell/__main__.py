"""Opens the shell: ``python -m services.shell CONFIG``, with a configuration file of Nameko's."""

import logging
import sys
from pathlib import Path
from types import ModuleType

import yaml
from amqp.exceptions import AMQPError
from nameko.cli.code import RaisingInteractiveConsole
from nameko.cli.shell import ShellRunner, make_nameko_helper

from services.containers import service_class
from services.shell.calls import Services
from services.shell.completion import complete_with_tab
from services.shell.failures import sentence
from services.shell.secret import SecretAddress

SERVICES = ("analytics", "exercises", "notifications", "users", "workouts")
BANNER = """\
A nameko shell on RabbitMQ at {place}. Try:

  n.rpc.exercises.search("bench", limit=3)
  n.rpc.workouts.changes(0, 10)
  help(n.rpc.analytics.rebuild)

n.rpc shows the services. Tab completes, Ctrl-D ends it."""
HELP = """What a nameko shell has.

n.rpc.SERVICE.METHOD(...) calls a method and returns its result; n.rpc shows the services,
n.rpc.SERVICE its methods, help(n.rpc.SERVICE.METHOD) what one takes and returns.

n.dispatch_event(SERVICE, EVENT_TYPE, DATA) dispatches an event in a service's name.
"""


class Console(RaisingInteractiveConsole):
    """Nameko's console; shows failed calls as one line instead of a traceback."""

    def showtraceback(self) -> None:
        """Show the current exception."""
        problem = sys.exc_info()[1]
        told = sentence(problem) if problem else None
        if told:
            self.write(f"{told}\n")
        else:
            super().showtraceback()


class Runner(ShellRunner):
    """Nameko's shell, with our console."""

    def plain(self) -> None:
        """Run interactively, or execute piped input until an error."""
        complete_with_tab(self.local)
        console = Console(self.local, raise_expections=not sys.stdin.isatty())
        console.interact(banner=self.banner, exitmsg="")


def main(path: str) -> int:
    """Connect, and run the shell; return the exit code."""
    # amqp warns of requests that were returned as unroutable, which the shell reports itself
    logging.getLogger("amqp").setLevel(logging.ERROR)
    config = yaml.safe_load(Path(path).read_text())
    address = config["AMQP_URI"] = SecretAddress(config["AMQP_URI"])
    try:
        place = address.place
        n = _helper(config)
    except (ValueError, OSError, AMQPError) as problem:
        # the messages of these don't contain the password
        print(f"gym: no shell on the broker: {problem}", file=sys.stderr)  # noqa: T201
        return 1
    try:
        # Nameko's other shells keep a history on disk, and a call may contain a password
        Runner(BANNER.format(place=place), {"n": n}).start_shell(name="plain")
    except Exception as problem:
        # raised only for piped input
        if not sentence(problem):
            raise
        return 1
    return 0


def _helper(config: dict) -> ModuleType:
    n = make_nameko_helper(config)
    n.rpc = Services(n.rpc, {name: service_class(name) for name in SERVICES})
    n.__doc__ = HELP
    return n


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
