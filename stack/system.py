"""A whole system in one directory: servers, services, and their supervisor."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from stack import (
    copies,
    ports,
    postgres,
    processes,
    programs,
    rabbitmq,
    servers,
    services,
    state,
)
from stack.environment import ALL_SETTINGS, BROKER_SECRETS, given_servers, make_environment
from stack.find import Programs, find_programs
from stack.layout import (
    CHECKOUT,
    DATABASE_OF,
    DATABASES,
    DIRECTORY_VARIABLE,
    LOOPBACK,
    SERVERS,
    SERVICES,
    address_variable,
)
from stack.parts import SERVICES_SECONDS, Parts
from stack.programs import LOGS, Program
from stack.progress import Progress, Step
from stack.running import run
from stack.supervision import STOPPED_STATES, clean_environment
from stack.waiting import wait_until

SERVERS_SECONDS = 120.0
QUIET = Progress()


class System(Parts):
    """Describes, prepares, starts and replaces the parts of one directory."""

    def __init__(self, chosen: state.State):
        super().__init__(chosen)
        self._new_databases: list[str] = []

    @classmethod
    def open(cls, directory: Path) -> "System | None":
        """Return the system of a directory, or None if nothing was ever started there."""
        kept = state.load(directory)
        return cls(kept) if kept else None

    @property
    def url(self) -> str:
        """The gateway's base URL."""
        return f"http://{self.address('gateway')}"

    @property
    def management_url(self) -> str:
        """The base URL of RabbitMQ's management UI and HTTP API."""
        return f"http://127.0.0.1:{self.state.ports['rabbitmq-ui']}"

    @property
    def own_servers(self) -> list[str]:
        """The servers that are started here, that is, not given from outside."""
        given = given_servers(self.state.given)
        return [name for name in SERVERS if name not in given]

    # -- starting ------------------------------------------------------------------------------

    def start_supervisor(self, found: Programs) -> None:
        """Write all files and start the supervisor, without any part.

        Args:
            found: the servers' programs.
        """
        processes.end_all(self.directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.state.save()
        copies.note_place(self.directory)
        if "rabbitmq" in self.own_servers:
            rabbitmq.begin(self.state)
        programs.write_files(self.state, self.describe(found).values())
        # each service gets its own settings by its script, and the servers need none of these
        self.supervisor.start(clean_environment((*ALL_SETTINGS, *BROKER_SECRETS)))

    def start_servers(self, found: Programs | None = None, progress: Progress = QUIET) -> bool:
        """Start the supervisor and the servers, and wait until they accept connections.

        Up-to-date servers are left running; outdated ones are restarted.

        Returns:
            Whether anything was changed.
        """
        found = found or servers.find_or_install(
            self.own_servers, self.directory / LOGS / "packages.log", progress
        )
        fresh = not self.is_running()
        wanted = self.describe(found)
        databases = [name for name in self.own_servers if name in DATABASES]
        self._new_databases = postgres.missing_ones(self.state, databases)
        if not (fresh or self._new_databases or self._idle(wanted)):
            return self.load_definitions(found, progress)
        with progress.step("Starting the servers") as step:
            if fresh:
                self.start_supervisor(found)
            self._start_broker(wanted, step)
            postgres.prepare(self.state, found.postgres, databases)
            for name in self.own_servers:
                self._begin(name, wanted)
            self.wait_ready(SERVERS, SERVERS_SECONDS, step)
        if fresh and "rabbitmq" in self.own_servers:
            # the node has loaded them at its start
            rabbitmq.note_loaded(self.state)
        self.load_definitions(found, progress)
        return True

    def load_definitions(self, found: Programs, progress: Progress = QUIET) -> bool:
        """Load the current definitions and users into the broker, if it has others.

        Returns:
            Whether anything was changed.
        """
        if "rabbitmq" not in self.own_servers:
            return False
        self.wait_ready(["rabbitmq"], SERVERS_SECONDS)
        rabbitmq.note_ready(self.state)
        if rabbitmq.is_loaded(self.state):
            return False
        with progress.step("Loading RabbitMQ's definitions and users"):
            rabbitmq.load(self.state, found.rabbitmq)
        return True

    def start_services(
        self, names: Iterable[str] = tuple(SERVICES), progress: Progress = QUIET
    ) -> None:
        """Start services and wait until all are ready."""
        names = list(names)
        wanted = self.describe(find_programs())
        with progress.step("Starting the services") as step:
            # they would do so themselves, but each would import Alembic
            self.migrate([n for n in names if DATABASE_OF.get(n) in self._new_databases], step)
            self.renew_fork_server(wanted, step)
            for name in names:
                self._begin(name, wanted)
            self.wait_ready(names, SERVICES_SECONDS, step)

    def start_another(
        self, service: str, name: str, settings: Mapping[str, str] | None = None
    ) -> str:
        """Start one more process of a service and wait until it is ready.

        Args:
            service: its name.
            name: of the new part.
            settings: variables that differ from the other process's.

        Returns:
            The new process's address.
        """
        port = ports.choose_anywhere([name])[name]
        self.state = replace(
            self.state,
            ports={**self.state.ports, name: port},
            added={**self.state.added, name: {"service": service, "settings": settings or {}}},
        )
        self.state.save()
        self._begin(name, self.describe(find_programs()))
        self.wait_ready([name])
        return f"{LOOPBACK}:{port}"

    def describe(self, found: Programs) -> dict[str, Program]:
        """Return how each part should run now, by name."""
        described = servers.describe(self.state, found, self.own_servers)
        described.append(services.fork_server(self.directory))
        described += [
            services.program(service, self._environment_of(name), name)
            for service, names in self.processes_of_services().items()
            for name in names
        ]
        return {program.name: program for program in described}

    def processes_of_services(self) -> dict[str, list[str]]:
        """Return the names of each service's processes."""
        added = self.state.added
        return {
            service: [service, *(name for name in added if added[name]["service"] == service)]
            for service in SERVICES
        }

    # -- replacing -----------------------------------------------------------------------------

    def outdated(self, wanted: Mapping[str, Program]) -> list[str]:
        """Return the parts that are outdated or missing.

        Args:
            wanted: the result of :meth:`describe`.
        """
        known = self.supervisor.parts()
        return [
            name
            for name, program in wanted.items()
            if name not in known or not programs.is_current(self.state, program)
        ]

    def held_up(self) -> list[str]:
        """Return the parts that are down."""
        known = self.supervisor.parts()
        return [name for name, info in known.items() if info["statename"] in STOPPED_STATES]

    def migrate(self, names: list[str], step: Step) -> None:
        """Migrate the databases of services, while the services may be running."""
        if not names:
            return
        step.tick(f"migrating the databases of {', '.join(names)}")
        command = [sys.executable, "-m", services.MIGRATION, *names]
        environment = clean_environment((*ALL_SETTINGS, *BROKER_SECRETS))
        for name in names:
            environment |= self._environment_of(name)
        environment[DIRECTORY_VARIABLE] = str(self.directory)
        run(command, self.log("migrations"), step, environment, CHECKOUT)

    def renew(self, name: str, wanted: Mapping[str, Program], step: Step) -> None:
        """Stop a part gracefully, start it as described and wait until it is ready."""
        self._put_in(name, wanted)
        self.supervisor.start_part(name)
        seconds = SERVERS_SECONDS if name in SERVERS else SERVICES_SECONDS
        self.wait_ready([name], seconds, step)

    def renew_fork_server(self, wanted: Mapping[str, Program], step: Step) -> None:
        """Start the fork server, or replace an outdated one; the services that it forked stay."""
        self._begin(services.FORK_SERVER, wanted)
        self.wait_ready([services.FORK_SERVER], SERVICES_SECONDS, step)

    # -- inside --------------------------------------------------------------------------------

    def _environment_of(self, name: str) -> dict[str, str]:
        added = self.state.added.get(name)
        service = added["service"] if added else name
        # a test's system must not depend on the environment of the tests
        outside = {} if self.state.throwaway else os.environ
        environment = make_environment(self.state, service, outside)
        if added:
            address = f"{LOOPBACK}:{self.state.ports[name]}"
            environment |= {address_variable(service): address, **added["settings"]}
        return environment

    def _idle(self, wanted: Mapping[str, Program]) -> bool:
        """Return whether a server is down, not ready, or outdated."""
        waiting = {*self.held_up(), *self.outdated(wanted)}
        own = [name for name in wanted if name in (*SERVERS, "epmd")]
        return any(name in waiting or not self._is_ready(name) for name in own)

    def _begin(self, name: str, wanted: Mapping[str, Program]) -> None:
        """Start a part that is down; restart an outdated one."""
        if name in self.outdated({name: wanted[name]}):
            self._put_in(name, wanted)
        self.supervisor.start_part(name)

    def _put_in(self, name: str, wanted: Mapping[str, Program]) -> None:
        # in this order, so that the files of a running part always record how it was started
        self.supervisor.remove(name)
        programs.write_program(self.state, wanted[name])
        programs.write_configuration(self.state, wanted.values())
        self.supervisor.add(name)

    def _start_broker(self, wanted: Mapping[str, Program], step: Step) -> None:
        # the slowest server, so it starts while the databases are being created
        if "rabbitmq" in self.own_servers:
            self._begin("epmd", wanted)
            port = self.state.ports["epmd"]
            wait_until(lambda: not ports.is_free(port), SERVERS_SECONDS)
            self._begin("rabbitmq", wanted)
            step.tick("waiting for rabbitmq")
