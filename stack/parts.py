"""The parts of a running system: start, stop, kill, freeze and check each of them."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from stack import processes, rabbitmq, servers, services, state
from stack.environment import make_environment
from stack.failures import Failure
from stack.find import find_programs
from stack.layout import INNER_PORTS, SERVERS, SERVICES
from stack.programs import LOGS
from stack.progress import Step
from stack.running import last_lines
from stack.services import Readiness
from stack.supervision import STOP_SECONDS, STOPPED_STATES, Supervisor
from stack.waiting import wait_until

SERVICES_SECONDS = 90.0
POLL_SECONDS = 0.1
TROUBLE_SECONDS = 0.5
FAILED_STARTS = 2
GIVEN_UP = ("FATAL", "STOPPED", "UNKNOWN")


class Parts:
    """The parts of one directory, by name.

    They are the databases ``users-db``, ``workout-db``, ``analytics-db``, ``exercise-db`` and
    ``notifications-db``, ``redis``, ``redis-counters``, ``rabbitmq``, ``epmd`` (by which RabbitMQ's
    tools find it), the services ``users``, ``exercises``, ``workouts``, ``analytics``,
    ``notifications`` and ``gateway``, and ``fork-server``, from which the services are forked.
    """

    def __init__(self, chosen: state.State):
        self.state = chosen
        self.supervisor = Supervisor(chosen)

    @property
    def directory(self) -> Path:
        """The directory of the system."""
        return self.state.directory

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the operator: addresses and passwords of all parts."""
        return make_environment(self.state)

    def address(self, service: str) -> str:
        """Return the ``host:port`` of a service."""
        return services.reachable_address(self.environment, service)

    def is_running(self) -> bool:
        """Return whether the supervisor runs, and with it all parts that have not been stopped."""
        return self.supervisor.is_running()

    def start(self, name: str) -> None:
        """Start a part and wait until it is ready."""
        self.supervisor.start_part(name)
        self.wait_ready([name])

    def stop(self, name: str) -> None:
        """Stop a part gracefully; it stays down."""
        self.resume(name)
        self.supervisor.stop_part(name)

    def restart(self, name: str) -> None:
        """Stop a part gracefully, start it again and wait until it is ready."""
        self.stop(name)
        self.start(name)

    def kill(self, name: str) -> int:
        """Kill a part; the supervisor restarts it.

        Returns:
            The id of the process that was killed.
        """
        return self.signal(name, signal.SIGKILL)

    def kill_for_good(self, name: str) -> None:
        """Kill a part, and leave it down until it is started."""
        pid = self.pid(name)
        # frozen, so that it can't shut down gracefully between the supervisor's signal and ours
        processes.send([pid], signal.SIGSTOP)
        processes_of_part = processes.tree(pid)
        self.supervisor.request_stop(name)
        processes.send(processes_of_part, signal.SIGKILL)
        self.supervisor.stop_part(name)

    def pause(self, name: str) -> None:
        """Freeze a part and its children, until :meth:`resume`."""
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
        """Check whether a part is ready."""
        if name in SERVERS:
            accepting = servers.accepts(name, self.environment)
            return Readiness(accepting, "" if accepting else "does not answer")
        if name in SERVICES:
            return services.ask(self.address(name))
        if name == services.FORK_SERVER:
            return Readiness(services.can_fork(self.directory))
        if name in self.state.ports and name not in INNER_PORTS:
            return services.ask(f"127.0.0.1:{self.state.ports[name]}")
        return Readiness(True)

    def wait_ready(
        self, names: Iterable[str], seconds: float = SERVICES_SECONDS, step: Step | None = None
    ) -> None:
        """Wait until parts are ready.

        Raises:
            Failure: one of them keeps ending, or the time is up; the message has the last lines
                of its log.
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
        """Stop everything gracefully.

        Args:
            tick: called repeatedly with the names of the parts that are still running.

        Returns:
            The number of processes that had to be killed.
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
        """Stop the services gracefully, and leave the servers running."""
        self._stop_together(self._stop_order()[0], tick)

    def destroy(self) -> None:
        """Kill everything and delete the directory."""
        pid = self.supervisor.pid
        if pid:
            # from now on it restarts nothing
            self.supervisor.ask_to_stop()
        processes.end_all(self.directory, spared=pid)
        if pid:
            self.supervisor.end(pid)
        shutil.rmtree(self.directory, ignore_errors=True)

    # -- inside --------------------------------------------------------------------------------

    def _is_ready(self, name: str) -> bool:
        return self.check(name).ready

    def _stop_order(self) -> list[list[str]]:
        # supervisord can stop in order, too, but waits up to a second between its steps
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
    """Detects parts that end repeatedly instead of getting ready."""

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
        # the latest process may be a good one
        return info["statename"] in GIVEN_UP or len(starts) > FAILED_STARTS
