"""A whole system in one directory: servers, services, and the supervisor that keeps them."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
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
from stack.failures import Failure
from stack.find import Programs, find_programs
from stack.layout import (
    CHECKOUT,
    DATABASES,
    DIRECTORY_VARIABLE,
    INNER_PORTS,
    LOOPBACK,
    SERVERS,
    SERVICES,
    address_variable,
)
from stack.programs import LOGS, Program
from stack.progress import Progress, Step
from stack.running import last_lines, run
from stack.services import Readiness
from stack.supervision import STOP_SECONDS, STOPPED_STATES, Supervisor, clean_environment
from stack.waiting import wait_until

SERVERS_SECONDS = 120.0
SERVICES_SECONDS = 90.0
POLL_SECONDS = 0.1
TROUBLE_SECONDS = 0.5
FAILED_STARTS = 2
GIVEN_UP = ("FATAL", "STOPPED", "UNKNOWN")
QUIET = Progress()


class System:
    """Starts, stops and watches the parts of one directory.

    Parts are known by name: the databases ``users-db``, ``workout-db``, ``analytics-db`` and
    ``exercise-db``, ``redis``, ``redis-counters``, ``rabbitmq``, ``epmd`` (by which RabbitMQ's
    tools find it), and the services ``users``, ``exercises``, ``workouts``, ``analytics`` and
    ``gateway``.
    """

    def __init__(self, chosen: state.State):
        self.state = chosen
        self.supervisor = Supervisor(chosen)

    @classmethod
    def open(cls, directory: Path) -> "System | None":
        """Return the system of a directory, or None if nothing was ever started there."""
        kept = state.load(directory)
        return cls(kept) if kept else None

    @property
    def directory(self) -> Path:
        """Where everything lies."""
        return self.state.directory

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead to all parts, with the operator's rights."""
        return make_environment(self.state)

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
        """The servers that are started here, not given from outside."""
        given = given_servers(self.state.given)
        return [name for name in SERVERS if name not in given]

    def address(self, service: str) -> str:
        """Return the ``host:port`` at which a service is reached."""
        return services.reachable_address(self.environment, service)

    def is_running(self) -> bool:
        """Tell whether the supervisor runs, and with it whatever has not been stopped."""
        return self.supervisor.is_running()

    # -- starting ------------------------------------------------------------------------------

    def start_supervisor(self, found: Programs) -> None:
        """Write all files and start the supervisor, with no part yet.

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
        # each service is told what is for it alone, and the servers need none of it
        self.supervisor.start(clean_environment((*ALL_SETTINGS, *BROKER_SECRETS)))

    def start_servers(self, found: Programs | None = None, progress: Progress = QUIET) -> bool:
        """Start the supervisor and the servers, and wait until they accept connections.

        What runs as it should is left alone; what should run otherwise is started anew.

        Returns:
            Whether there was anything to do.
        """
        found = found or servers.find_or_install(
            self.own_servers, self.directory / LOGS / "packages.log", progress
        )
        fresh = not self.is_running()
        wanted = self.describe(found)
        databases = [name for name in self.own_servers if name in DATABASES]
        if not (fresh or postgres.missing_ones(self.state, databases) or self._idle(wanted)):
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
            # it has read them at its start
            rabbitmq.note_loaded(self.state)
        self.load_definitions(found, progress)
        return True

    def load_definitions(self, found: Programs, progress: Progress = QUIET) -> bool:
        """Bring RabbitMQ's definitions and users of now into the broker, if it has others.

        Returns:
            Whether there was anything to do.
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
        """Start services and wait until each says that it is ready."""
        names = list(names)
        wanted = self.describe(find_programs())
        with progress.step("Starting the services") as step:
            for name in names:
                self._begin(name, wanted)
            self.wait_ready(names, SERVICES_SECONDS, step)

    def start_another(
        self, service: str, name: str, settings: Mapping[str, str] | None = None
    ) -> str:
        """Start one more process of a service and wait until it is ready.

        Args:
            service: which service.
            name: what to call the new part.
            settings: variables that differ from the other process's.

        Returns:
            The address at which the new process answers.
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

    # -- anew ----------------------------------------------------------------------------------

    def outdated(self, wanted: Mapping[str, Program]) -> list[str]:
        """Return the parts that should run otherwise than they do, or don't exist yet.

        Args:
            wanted: how each part should run, as :meth:`describe` returns it.
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

    def migrate(self, service: str, step: Step) -> None:
        """Bring a service's database up to date, while the service may be running."""
        command = [sys.executable, "-m", services.MIGRATION, service]
        environment = clean_environment((*ALL_SETTINGS, *BROKER_SECRETS))
        environment |= {**self._environment_of(service), DIRECTORY_VARIABLE: str(self.directory)}
        run(command, self.log("migrations"), step, environment, CHECKOUT)

    def renew(self, name: str, wanted: Mapping[str, Program], step: Step) -> None:
        """Stop a part properly, start it as it should run now and wait until it is ready."""
        self._put_in(name, wanted)
        self.supervisor.start_part(name)
        seconds = SERVERS_SECONDS if name in SERVERS else SERVICES_SECONDS
        self.wait_ready([name], seconds, step)

    # -- single parts --------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a part and wait until it is ready."""
        self.supervisor.start_part(name)
        self.wait_ready([name])

    def stop(self, name: str) -> None:
        """Stop a part properly; it stays down."""
        self.resume(name)
        self.supervisor.stop_part(name)

    def restart(self, name: str) -> None:
        """Stop a part properly, start it again and wait until it is ready."""
        self.stop(name)
        self.start(name)

    def kill(self, name: str) -> int:
        """Kill a part; the supervisor starts it again by itself.

        Returns:
            The id of the process that was killed.
        """
        return self.signal(name, signal.SIGKILL)

    def kill_for_good(self, name: str) -> None:
        """Kill a part, and leave it down until it is started."""
        pid = self.pid(name)
        # it must not use the time between the supervisor's polite signal and ours
        processes.send([pid], signal.SIGSTOP)
        processes_of_part = processes.tree(pid)
        self.supervisor.request_stop(name)
        processes.send(processes_of_part, signal.SIGKILL)
        self.supervisor.stop_part(name)

    def pause(self, name: str) -> None:
        """Freeze a part, with everything that it started, until :meth:`resume`."""
        processes.send(processes.tree(self.pid(name)), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a frozen part go on."""
        pid = self.supervisor.parts()[name]["pid"]
        if pid:
            processes.send(processes.tree(pid), signal.SIGCONT)

    def signal(self, name: str, number: int) -> int:
        """Send a signal to a part's main process and return its id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def pid(self, name: str) -> int:
        """Return the id of a part's main process."""
        pid = self.supervisor.parts()[name]["pid"]
        if not pid:
            raise Failure(f"{name} does not run")
        return pid

    def log(self, name: str) -> Path:
        """Return the file that holds a part's output."""
        return self.directory / LOGS / f"{name}.log"

    def rabbitmqctl(self, *arguments: str) -> str:
        """Run ``rabbitmqctl`` on the broker and return what it printed."""
        return rabbitmq.control(self.state, find_programs().rabbitmq, *arguments)

    # -- readiness -----------------------------------------------------------------------------

    def check(self, name: str) -> Readiness:
        """Ask a part whether it can do its work."""
        if name in SERVERS:
            accepting = servers.accepts(name, self.environment)
            return Readiness(accepting, "" if accepting else "does not answer")
        if name in SERVICES:
            return services.ask(self.address(name))
        if name in self.state.ports and name not in INNER_PORTS:
            return services.ask(f"127.0.0.1:{self.state.ports[name]}")
        return Readiness(True)

    def wait_ready(
        self, names: Iterable[str], seconds: float = SERVICES_SECONDS, step: Step | None = None
    ) -> None:
        """Wait until parts are ready.

        Raises:
            Failure: one of them keeps ending, or the time is up; the message has the end of its
                log.
        """
        waiting = list(names)
        trouble = _Trouble(self.supervisor)
        deadline = time.monotonic() + seconds
        while waiting := [name for name in waiting if not self._is_ready(name)]:
            if step:
                step.tick(f"waiting for {', '.join(waiting)}")
            if failed := trouble.find(waiting):
                raise self._failure(failed, "does not start")
            if time.monotonic() > deadline:
                detail = self.check(waiting[0]).detail
                raise self._failure(waiting[0], f"is not ready after {seconds:.0f} s ({detail})")
            time.sleep(POLL_SECONDS)

    # -- the end -------------------------------------------------------------------------------

    def shut_down(self, tick: Callable[[str], None] = lambda detail: None) -> int:
        """Stop everything properly.

        Args:
            tick: called often meanwhile, with what is still running.

        Returns:
            How many processes had to be ended by force.
        """
        if self.is_running():
            pid = self.supervisor.pid
            for names in self._stop_order():
                self._stop_together(names, tick)
            self.supervisor.ask_to_stop()
            wait_until(lambda: pid not in processes.belonging_to(self.directory), STOP_SECONDS)
        forced = processes.end_all(self.directory)
        self.supervisor.reap()
        return forced

    def stop_services(self, tick: Callable[[str], None] = lambda detail: None) -> None:
        """Stop the services properly, and leave the servers running."""
        self._stop_together(self._stop_order()[0], tick)

    def destroy(self) -> None:
        """End everything at once and delete the directory."""
        pid = self.supervisor.pid
        if pid:
            # from now on it starts nothing again
            self.supervisor.ask_to_stop()
        processes.end_all(self.directory, spared=pid)
        if pid:
            self.supervisor.end(pid)
        shutil.rmtree(self.directory, ignore_errors=True)

    # -- inside --------------------------------------------------------------------------------

    def _environment_of(self, name: str) -> dict[str, str]:
        added = self.state.added.get(name)
        service = added["service"] if added else name
        # a test's system must not depend on who runs the tests
        outside = {} if self.state.throwaway else os.environ
        environment = make_environment(self.state, service, outside)
        if added:
            address = f"{LOOPBACK}:{self.state.ports[name]}"
            environment |= {address_variable(service): address, **added["settings"]}
        return environment

    def _idle(self, wanted: Mapping[str, Program]) -> bool:
        """Tell whether a server is down, not ready, or not as it should be."""
        waiting = {*self.held_up(), *self.outdated(wanted)}
        own = [name for name in wanted if name in (*SERVERS, "epmd")]
        return any(name in waiting or not self._is_ready(name) for name in own)

    def _begin(self, name: str, wanted: Mapping[str, Program]) -> None:
        """Start a part that is down; one that should run otherwise than it does, anew."""
        if name in self.outdated({name: wanted[name]}):
            self._put_in(name, wanted)
        self.supervisor.start_part(name)

    def _put_in(self, name: str, wanted: Mapping[str, Program]) -> None:
        # in this order, so that the files of what runs always say how it was started
        self.supervisor.remove(name)
        programs.write_program(self.state, wanted[name])
        programs.write_configuration(self.state, wanted.values())
        self.supervisor.add(name)

    def _start_broker(self, wanted: Mapping[str, Program], step: Step) -> None:
        # the slowest of all, so it starts while the databases are being made
        if "rabbitmq" in self.own_servers:
            self._begin("epmd", wanted)
            port = self.state.ports["epmd"]
            wait_until(lambda: not ports.is_free(port), SERVERS_SECONDS)
            self._begin("rabbitmq", wanted)
            step.tick("waiting for rabbitmq")

    def _is_ready(self, name: str) -> bool:
        return self.check(name).ready

    def _stop_order(self) -> list[list[str]]:
        # the supervisor itself keeps an order, too, but waits up to a second between its steps
        names = self.supervisor.parts()
        servers_last = [name for name in names if name in SERVERS]
        return [[name for name in names if name not in (*SERVERS, "epmd")], servers_last]

    def _stop_together(self, names: list[str], tick: Callable[[str], None]) -> None:
        for name in names:
            self.resume(name)
            self.supervisor.request_stop(name)

        def stopped() -> bool:
            parts = self.supervisor.parts()
            left = [name for name in names if parts[name]["statename"] not in STOPPED_STATES]
            tick(f"waiting for {', '.join(left)}")
            return not left

        wait_until(stopped, STOP_SECONDS)

    def _failure(self, name: str, what: str) -> Failure:
        lines = "\n".join(f"  {line}" for line in last_lines(self.log(name)))
        return Failure(f"{name} {what}; the end of {self.log(name)}:\n{lines}")


class _Trouble:
    """Notices parts that end again and again instead of coming up."""

    def __init__(self, supervisor: Supervisor):
        self.supervisor = supervisor
        self.starts: dict[str, set[int]] = {}
        self.looked = time.monotonic()

    def find(self, names: Iterable[str]) -> str | None:
        if time.monotonic() - self.looked < TROUBLE_SECONDS:
            return None
        self.looked = time.monotonic()
        parts = self.supervisor.parts()
        return next((name for name in names if self._keeps_failing(parts.get(name))), None)

    def _keeps_failing(self, info: dict | None) -> bool:
        if info is None:
            return False
        starts = self.starts.setdefault(info["name"], set())
        starts.add(info["start"])
        if info["statename"] == "BACKOFF":
            return len(starts) >= FAILED_STARTS
        # the newest may be a good one
        return info["statename"] in GIVEN_UP or len(starts) > FAILED_STARTS
