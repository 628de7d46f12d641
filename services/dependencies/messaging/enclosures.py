"""Enclosures: what an answer brings besides itself, for those who hear of it by an event.

A service encloses something with its answer; if the caller then dispatches an event because of it,
that travels on with the event, and whoever handles the event need not ask for it. It is a header of
the messages, so answers and events are what they are without it.
"""

from collections.abc import Callable

import orjson
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider

from services.dependencies.messaging.deliveries import Delivery
from services.dependencies.messaging.json import dumps

HEADER = "x-gym-enclosed"
ENCLOSED = "enclosed"
"""Where a batched handler finds in an event what was enclosed with it."""

LARGEST = 32 * 1024
"""Bytes: a header has to fit into one frame. What is larger has to be asked for."""

_ATTRIBUTE = "gym_enclosed"


class Enclosing(DependencyProvider):
    """Gives workers ``enclose(value)``, which encloses a plain JSON value with their answer."""

    def get_dependency(self, worker_ctx: WorkerContext) -> Callable[[object], None]:
        """Return the function."""

        def enclose(value: object) -> None:
            written = dumps(value)
            if len(written) <= LARGEST:
                setattr(worker_ctx, _ATTRIBUTE, written.decode())

        return enclose


def take_over(worker_ctx: WorkerContext, delivery: Delivery) -> None:
    """Let what came with an answer travel on with the events of the worker that got it."""
    enclosed = delivery.headers.get(HEADER)
    if enclosed is not None:
        setattr(worker_ctx, _ATTRIBUTE, enclosed)


def headers_of(worker_ctx: WorkerContext) -> dict[str, str]:
    """Return the header of a worker's answer or event; none if nothing is enclosed."""
    enclosed = getattr(worker_ctx, _ATTRIBUTE, None)
    return {} if enclosed is None else {HEADER: enclosed}


def with_enclosed(body: dict, delivery: Delivery) -> dict:
    """Return an event with what was enclosed with it, if that can be read."""
    enclosed = delivery.headers.get(HEADER)
    if not isinstance(enclosed, str):
        return body
    try:
        return {**body, ENCLOSED: orjson.loads(enclosed)}
    except ValueError:
        # whoever needs it asks for it
        return body
