"""``python stack/supervising.py DIRECTORY``: runs the supervisor of a directory.

It is a subreaper: orphaned processes become its children. So none outlives it, or stays a zombie
where the init process does not reap, as in many containers. And so it has as its children the
services that the fork server (``services/fork_server.py``) forks.
"""

import ctypes
import os
import socket
import sys
from pathlib import Path

from supervisor import process, supervisord

PR_SET_CHILD_SUBREAPER = 36
CONFIGURATION = "supervisord.conf"
REQUESTS = Path("programs")
FORK_SERVER = "fork-server.sock"
FORK_SECONDS = 5.0


class Part(process.Subprocess):
    """A program; a service is forked by the fork server, if that answers."""

    def spawn(self) -> int | None:
        """Start it; return its process id, or None if that failed."""
        options = self.config.options
        # on the instance, in front of the method that all programs use
        options.fork = self._fork
        try:
            return super().spawn()
        finally:
            del options.fork

    def _fork(self) -> int:
        """Return the id of a new process; 0 in this process's own child, which runs the script."""
        request = REQUESTS / f"{self.config.name}.json"
        descriptors = [self.pipes["child_stdin"], self.pipes["child_stdout"]]
        try:
            if message := request.read_bytes():
                return _ask_fork_server(message, descriptors)
        except (OSError, ValueError):
            pass
        return os.fork()


def _ask_fork_server(message: bytes, descriptors: list[int]) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.settimeout(FORK_SECONDS)
        connection.connect(FORK_SERVER)
        socket.send_fds(connection, [message], descriptors)
        return int(connection.recv(32))


def main(directory: str) -> None:
    """Run supervisord in the foreground."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.chdir(directory)
    # the class that its configuration makes the processes of
    process.Subprocess = Part
    supervisord.main(["--nodaemon", "--silent", "--configuration", CONFIGURATION])


if __name__ == "__main__":
    main(sys.argv[1])
