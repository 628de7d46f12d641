"""How long a caller still waits: seconds on the wire, a moment of the own clock in a process.

No host's clock is ever compared with another's. A request says in AMQP's ``expiration`` how long
its caller will wait. With that RabbitMQ measures the time in the queue, and drops what has expired
there; whoever takes the request counts the same seconds from its receipt, on a clock that nobody
sets.
"""

import re
import time

from nameko.containers import WorkerContext

LEAST_SECONDS = 0.001
"""What is sent at the last moment still needs an expiration above zero."""

_MILLISECONDS = re.compile(r"\d{1,10}", re.ASCII)


def expiration(seconds: float) -> str:
    """Return the property ``expiration`` of a message that nobody waits for after so long."""
    return str(max(int(seconds * 1000), 1))


def timeout_given(properties: dict[str, object]) -> float | None:
    """Return how long the sender of a message was going to wait, or None if it does not say."""
    given = properties.get("expiration")
    if given is None or not _MILLISECONDS.fullmatch(given):
        return None
    return int(given) / 1000


def set_deadline(worker_ctx: WorkerContext, moment: float | None) -> None:
    """Note when nobody waits for a worker any more.

    Args:
        worker_ctx: the worker's. What is noted is no part of its data, which travels with messages.
        moment: on this process's monotonic clock; None for never.
    """
    worker_ctx.deadline = moment


def seconds_left(worker_ctx: WorkerContext, most: float) -> float:
    """Return how long a call may take that a worker makes.

    Args:
        worker_ctx: the worker's.
        most: seconds; fewer if whoever waits for the worker gives up before.
    """
    moment = getattr(worker_ctx, "deadline", None)
    if moment is None:
        return most
    return max(min(most, moment - time.monotonic()), LEAST_SECONDS)
