"""Choice of ports: the default one if it is free, otherwise the next free one."""

import random
import socket
from collections.abc import Callable, Collection, Mapping

from stack.failures import Failure
from stack.layout import LOOPBACK

HIGHEST = 65535
# The kernel takes ports for outgoing connections from 32768 on. A client that keeps trying to reach
# a server there, while it is down, can get connected to itself and occupy the port.
ANYWHERE = range(20000, 32000)


def is_free(port: int) -> bool:
    """Return whether a server could listen on a port of this machine."""
    with socket.socket() as probe:
        # as servers do: a port with connections in TIME_WAIT is free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(
    wanted: Mapping[str, int],
    fixed: Collection[int] = (),
    free: Callable[[int], bool] = is_free,
) -> dict[str, int]:
    """Choose a port for each part.

    Args:
        wanted: the preferred port of each part, by its name.
        fixed: ports that no part may get.
        free: returns whether a port is free.

    Returns:
        The ports by name: the preferred one if it is free, otherwise the next free one that no
        other part prefers.
    """
    kept: dict[str, int] = {}
    for name, port in wanted.items():
        if port not in fixed and port not in kept.values() and free(port):
            kept[name] = port
    used = {*fixed, *wanted.values()}
    chosen = {}
    for name, port in wanted.items():
        chosen[name] = kept[name] if name in kept else _next_free(port, used, free)
        used.add(chosen[name])
    return chosen


def choose_anywhere(
    names: Collection[str], apart: int = 1, free: Callable[[int], bool] = is_free
) -> dict[str, int]:
    """Choose a free port for each part, starting at a random number.

    Args:
        names: the parts.
        apart: how many ports each part takes; those that follow its own one are free, too.
        free: returns whether a port is free.

    Returns:
        The first port of each part, by its name.
    """
    begin = random.choice(ANYWHERE)
    chosen: dict[str, int] = {}
    for name in names:
        chosen[name] = _next_free_row(begin, apart, free)
        begin = chosen[name] + apart
    return chosen


def _next_free_row(port: int, length: int, free: Callable[[int], bool]) -> int:
    first = port
    for candidate in range(port, HIGHEST + 1):
        if not free(candidate):
            first = candidate + 1
        elif candidate - first + 1 == length:
            return first
    raise Failure(f"no {length} ports in a row from {port} on are free")


def _next_free(port: int, used: Collection[int], free: Callable[[int], bool]) -> int:
    for candidate in range(port + 1, HIGHEST + 1):
        if candidate not in used and free(candidate):
            return candidate
    raise Failure(f"no port from {port} on is free")
