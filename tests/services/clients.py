"""Many clients at a time, each with a connection of its own: Nameko's client is for one thread."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import Any

from nameko.standalone.rpc import ClusterRpcProxy

RPC_SECONDS = 30
THREAD_SECONDS = 90


@contextmanager
def connected(system: Any) -> Iterator[ClusterRpcProxy]:
    """Give a client of the running system."""
    with ClusterRpcProxy({"AMQP_URI": system.environment["AMQP_URI"]}, timeout=RPC_SECONDS) as rpc:
        yield rpc


def at_once(system: Any, *works: Callable[[ClusterRpcProxy], Any]) -> list[Any]:
    """Run functions at the same time, each with a client of its own.

    Returns:
        What each function returned, or the exception that it raised.
    """
    outcomes: list[Any] = [None] * len(works)
    start = Barrier(len(works))

    def run(place: int) -> None:
        try:
            with connected(system) as rpc:
                start.wait(RPC_SECONDS)
                outcomes[place] = works[place](rpc)
        except BaseException as problem:
            outcomes[place] = problem

    threads = [Thread(target=run, args=(place,), daemon=True) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(THREAD_SECONDS)
        assert not thread.is_alive(), "a client is stuck"
    return outcomes


def all_fine(outcomes: list[Any]) -> list[Any]:
    """Return outcomes none of which is an exception; raise the first that is."""
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return outcomes
