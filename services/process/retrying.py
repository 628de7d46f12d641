"""Retries with pauses."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import TypeVar

import eventlet

Result = TypeVar("Result")


def with_last_repeated(pauses: Sequence[float]) -> Iterator[float]:
    """Yield the pauses in seconds, then the last one for ever."""
    return chain(pauses, repeat(pauses[-1]))


def retry(
    act: Callable[[], Result],
    failure: type[Exception],
    pauses: Sequence[float],
    report: Callable[[Exception], object] = lambda _problem: None,
    sleep: Callable[[float], object] = eventlet.sleep,
) -> Result:
    """Call ``act`` until it succeeds, and return its result.

    Args:
        act: may be called many times.
        failure: exceptions that are retried; any other is raised.
        pauses: seconds before each retry; the last one repeats.
        report: called with each failure; an exception that it raises ends the retries.
        sleep: a blocking sleep.
    """
    for pause in with_last_repeated(pauses):
        try:
            return act()
        except failure as problem:
            report(problem)
        sleep(pause)
    raise AssertionError("the pauses never end")
