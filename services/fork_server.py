"""Starts services by forking: ``python -m services.fork_server DIRECTORY``.

This process imports the code of all services once. Those that are forked from it share its memory
until they write to it, and begin at once instead of after a second of imports.

A request is a message on the socket in the directory: the name of a service and its environment,
as JSON, with two descriptors for its standard input and its output. The answer is its process id.
It is not this process's child: its parent ends at once, so it becomes the child of the supervisor,
which is a subreaper and so learns of its end.
"""

# first, as it patches the standard library
from services import run  # isort: skip

import ctypes
import gc
import json
import os
import signal
import socket
import sys
from contextlib import chdir
from pathlib import Path

from eventlet import hubs
from eventlet.patcher import original

from services.containers import SERVICES, service_class

SOCKET = "fork-server.sock"
MESSAGE_BYTES = 200_000
ARGUMENTS_BEGIN, ARGUMENTS_END = 45, 46
"""Places of these addresses in ``/proc/self/stat``, after the name; see proc(5)."""

# those of eventlet would make an event loop
blocking = original("socket")
wait_for = original("os").waitpid


def main(directory: str) -> None:
    """Fork services on request until SIGTERM."""
    import_services()
    with listen(directory) as listener:
        service = serve(listener)
    # only a forked process comes here
    sys.exit(run.main(service))


def import_services() -> None:
    """Import all that services import, and exempt it from garbage collection.

    The collector would write to each object, and so copy what is shared.
    """
    for name in SERVICES:
        service_class(name)
    run.import_redis()
    forget_event_loop()
    gc.collect()
    gc.freeze()


def forget_event_loop() -> None:
    """Let each service make an event loop of its own.

    eventlet makes one when it patches the standard library. Its epoll object would be the same in
    all services, and each would be woken by the others' sockets, again and again.
    """
    hubs.get_hub().poll.close()
    hubs.use_hub()


def listen(directory: str) -> socket.socket:
    """Return the listening socket in a directory."""
    listener = blocking.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # a relative path, as the address of a socket has at most 107 bytes
    with chdir(directory):
        Path(SOCKET).unlink(missing_ok=True)
        listener.bind(SOCKET)
    listener.listen()
    return listener


def serve(listener: socket.socket) -> str:
    """Fork a process for each request; return in these alone, with the name of the service."""
    while True:
        connection, _ = listener.accept()
        with connection:
            # nothing comes from somebody who only wants to know whether this process is ready
            if connection.recv(1, socket.MSG_PEEK) and _fork(connection):
                return _become(connection)


def _fork(connection: socket.socket) -> bool:
    """Fork a service and answer with its process id; return whether this is the service."""
    if parent := os.fork():
        wait_for(parent, 0)
        return False
    if service := os.fork():
        # the group that the supervisor sends its signals to
        os.setpgid(service, service)
        try:
            connection.send(str(service).encode())
        except OSError:
            # the supervisor has waited too long, and starts another one
            os.kill(service, signal.SIGKILL)
        os._exit(0)
    return True


def _become(connection: socket.socket) -> str:
    """Take over what a request says, and return the name of the service.

    It is read in the new process, so that no other one has a service's secrets in its memory.
    """
    message, descriptors, _, _ = blocking.recv_fds(connection, MESSAGE_BYTES, 2)
    input_, output = descriptors
    for theirs, own in ((input_, 0), (output, 1), (output, 2)):
        os.dup2(theirs, own)
    for descriptor in descriptors:
        os.close(descriptor)
    request = json.loads(message)
    os.environ.update(request["environment"])
    _show_as(request["service"])
    return request["service"]


def _show_as(service: str) -> None:
    """Show the arguments in ``ps`` as if the service had been started by itself."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[ARGUMENTS_BEGIN]), int(fields[ARGUMENTS_END])
    words = (sys.executable, "-m", "services.run", service)
    shown = b"".join(os.fsencode(word) + b"\0" for word in words)
    if len(shown) <= end - begin:
        ctypes.memmove(begin, shown.ljust(end - begin, b"\0"), end - begin)


if __name__ == "__main__":
    main(sys.argv[1])
