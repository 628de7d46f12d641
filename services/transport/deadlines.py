"""Deadlines of calls: seconds in messages, a moment of the monotonic clock within a process.

Clocks of two hosts are never compared: with clocks 3 s apart a read lost 3 s of its time, with 7 s
it failed. A request's AMQP property ``expiration`` says how long its caller waits. RabbitMQ drops
it when that time has passed in the queue, and the service counts the same seconds from its receipt.
"""

import re
import time
from typing import Any

from nameko.containers import WorkerContext

LEAST_SECONDS = 0.001
"""For a call at the last moment: an expiration of 0 would drop its request before delivery."""

_MILLISECONDS = re.compile(r"\d{1,10}", re.ASCII)


def expiration(seconds: float) -> str:
    """Return the property ``expiration``, in milliseconds, of a request."""
    return str(max(int(seconds * 1000), 1))


def timeout_given(properties: dict[str, Any]) -> float | None:
    """Return how many seconds the sender of a request waits, or None if it does not say."""
    given = properties.get("expiration")
    if given is None or not _MILLISECONDS.fullmatch(given):
        return None
    return int(given) / 1000


def set_deadline(worker_ctx: WorkerContext, moment: float | None) -> None:
    """Set the moment after which nobody waits for a worker.

    An attribute and not part of ``worker_ctx.data``: Nameko sends that with every message.

    Args:
        worker_ctx: the worker's.
        moment: on this process's monotonic clock; None for never.
    """
    worker_ctx.deadline = moment


def seconds_left(worker_ctx: WorkerContext, most: float) -> float:
    """Return how long a call may take that a worker makes.

    Args:
        worker_ctx: the worker's.
        most: seconds; the result is smaller if the worker's own deadline comes before.
    """
    moment: float | None = getattr(worker_ctx, "deadline", None)
    if moment is None:
        return most
    return max(min(most, moment - time.monotonic()), LEAST_SECONDS)
