"""Trying again after pauses, until it works."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import TypeVar

import eventlet

Result = TypeVar("Result")


def with_last_repeated(pauses: Sequence[float]) -> Iterator[float]:
    """Yield the pauses in seconds, and then the last one without end."""
    return chain(pauses, repeat(pauses[-1]))


def retry(
    act: Callable[[], Result],
    failure: type[Exception],
    pauses: Sequence[float],
    report: Callable[[Exception], object] = lambda _problem: None,
    sleep: Callable[[float], object] = eventlet.sleep,
) -> Result:
    """Return what ``act`` returns, once it no longer fails.

    Args:
        act: may be called many times.
        failure: what is worth another try; anything else is raised.
        pauses: seconds before each further try; the last one repeats.
        report: is called with each failure; what it raises ends the tries.
        sleep: waits.
    """
    for pause in with_last_repeated(pauses):
        try:
            return act()
        except failure as problem:
            report(problem)
        sleep(pause)
    raise AssertionError("the pauses never end")
