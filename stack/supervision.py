"""A client of supervisord, which keeps the parts running and restarts those that die."""

import http.client
import os
import re
import signal
import subprocess
import sys
import xmlrpc.client
from pathlib import Path
from typing import Any

from stack import processes
from stack.failures import Failure
from stack.layout import DIRECTORY_VARIABLE, LOOPBACK
from stack.programs import LOGS
from stack.running import last_lines
from stack.state import State
from stack.waiting import wait_until

CALL_SECONDS = 20.0
START_SECONDS = 20.0
KILL_SECONDS = 5.0
PROGRAM = Path(__file__).with_name("supervising.py")
STOP_SECONDS = 45.0
HELD_UP = ("STOPPED", "FATAL", "BACKOFF", "UNKNOWN")
STOPPED_STATES = (*HELD_UP, "EXITED")
ALREADY_STARTED = 60
NOT_RUNNING = 70
NO_ANSWER = (OSError, http.client.HTTPException, xmlrpc.client.Error)


class Supervisor:
    """The supervisor of one directory."""

    def __init__(self, state: State):
        self.state = state
        self._process: subprocess.Popen | None = None

    def start(self, environment: dict[str, str]) -> None:
        """Start it as a daemon.

        Args:
            environment: its variables, which every part inherits.
        """
        directory = self.state.directory
        output = directory / LOGS / "supervisor.out"
        # -P: modules beside the script must not shadow others
        command = [sys.executable, "-P", str(PROGRAM), str(directory)]
        with output.open("wb") as stream:
            self._process = subprocess.Popen(
                command,
                cwd="/",
                env={**environment, DIRECTORY_VARIABLE: str(directory)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                # in a session of its own, out of reach of the terminal's signals
                start_new_session=True,
            )
        if not wait_until(lambda: self.is_running() or self._has_ended(), START_SECONDS):
            raise Failure(f"the supervisor does not answer; see {output}")
        if self._has_ended():
            raise Failure("the supervisor did not start:\n" + "\n".join(last_lines(output)))

    def is_running(self) -> bool:
        """Return whether it responds, and belongs to this directory.

        A copy of the directory has the same port and the same password.
        """
        try:
            answer = self._call("getState")["statename"]
        except NO_ANSWER:
            return False
        return answer == "RUNNING" and self.pid is not None

    @property
    def pid(self) -> int | None:
        """Its process id, if it runs."""
        try:
            pid = int(self._call("getPID"))
        except NO_ANSWER:
            return None
        return pid if processes.works_in(pid, self.state.directory) else None

    def parts(self) -> dict[str, dict]:
        """Return the process info of each part (state, pid, start, …) by name."""
        return {info["name"]: info for info in self._call("getAllProcessInfo")}

    def knows_parts_one_by_one(self) -> bool:
        """Return whether single parts can be removed and added; not with earlier versions."""
        return all(info["group"] == name for name, info in self.parts().items())

    def start_part(self, name: str) -> None:
        """Start a part, without waiting for it; a part in backoff is started at once."""
        info = self._info(name)
        if info["statename"] == "BACKOFF":
            self.stop_part(name)
        self._call("startProcess", _full_name(info), False, allowed=(ALREADY_STARTED,))

    def request_stop(self, name: str) -> None:
        """Ask a part to stop, without waiting for it."""
        self._call("stopProcess", _full_name(self._info(name)), False, allowed=(NOT_RUNNING,))

    def stop_part(self, name: str) -> None:
        """Stop a part and wait until it has ended."""
        self.request_stop(name)
        wait_until(lambda: self._info(name)["statename"] in STOPPED_STATES, STOP_SECONDS)

    def remove(self, name: str) -> None:
        """Stop and remove a part, if it exists."""
        if name in self.parts():
            self.stop_part(name)
            self._call("removeProcessGroup", name)

    def add(self, name: str) -> None:
        """Add a part from the supervisor's file, without starting it."""
        self._call("reloadConfig")
        self._call("addProcessGroup", name)

    def ask_to_stop(self) -> None:
        """Ask it to stop all parts in order, and then itself."""
        self._call("shutdown")

    def end(self, pid: int) -> None:
        """Kill the supervisor, after all parts have stopped."""
        wait_until(lambda: processes.tree(pid) == [pid], KILL_SECONDS)
        processes.send([pid], signal.SIGKILL)
        self.reap()

    def reap(self) -> None:
        """Reap its process after it has ended, if it is this process's child."""
        if self._process:
            self._process.wait(KILL_SECONDS)
            self._process = None

    def restarts(self) -> dict[str, int]:
        """Return how often each part has died and was restarted, by name."""
        return count_restarts(self.state.directory / LOGS / "supervisord.log")

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _info(self, name: str) -> dict:
        try:
            return self.parts()[name]
        except KeyError:
            raise Failure(f"there is no part called {name}") from None

    def _call(self, method: str, *arguments: object, allowed: tuple[int, ...] = ()) -> Any:
        with xmlrpc.client.ServerProxy(
            f"http://gym:{self.state.secrets['supervisor']}@{LOOPBACK}"
            f":{self.state.ports['supervisor']}/RPC2",
            transport=_Transport(),
        ) as proxy:
            try:
                return getattr(proxy.supervisor, method)(*arguments)
            except xmlrpc.client.Fault as fault:
                if fault.faultCode in allowed:
                    return None
                raise


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = CALL_SECONDS
        return connection


def count_restarts(log: Path) -> dict[str, int]:
    """Count the deaths of each part in the supervisor's log since its last start."""
    counts: dict[str, int] = {}
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return counts
    for line in lines:
        if " supervisord started with pid " in line:
            counts.clear()
        elif found := re.search(r" exited: (\S+) \(", line):
            counts[found[1]] = counts.get(found[1], 0) + 1
    return counts


def clean_environment(drop: tuple[str, ...]) -> dict[str, str]:
    """Return this process's variables without some."""
    return {key: value for key, value in os.environ.items() if key not in drop}


def _full_name(info: dict) -> str:
    return f"{info['group']}:{info['name']}"
