"""Events handled many at a time."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import eventlet
from nameko.containers import WorkerContext
from nameko.exceptions import ContainerBeingKilled

from services.dependencies.events import SafeEventHandler, malformation
from services.observability import tracing
from services.observability.logging import get_logger
from services.process import budgets
from services.process.container import ExcInfo
from services.transport.amqp.deliveries import Delivery

log = get_logger(__name__)


class BatchedEventHandler(SafeEventHandler):
    """Handles in one call all events that arrived while the call before was running.

    The method gets a list. If it fails with several, each is handled alone, so that only the bad
    one is retried or dead-lettered. One worker at a time handles them: a second would compete for
    the same rows, and the first handles them in its next batch for less.
    """

    def __init__(self, *arguments: object, **options: Any):
        super().__init__(*arguments, **options)
        self._arrived: deque[tuple[dict, Delivery]] = deque()
        self._single: deque[tuple[dict, Delivery]] = deque()
        self._busy = False

    def stop(self) -> None:
        """Take no more events, and requeue those whose handling has not begun."""
        super().stop()
        for waiting in (self._arrived, self._single):
            while waiting:
                waiting.popleft()[1].requeue()

    def handle_message(self, body: Any, delivery: Delivery) -> None:
        """Add the event to the next batch, and begin that unless one is being handled."""
        problem = malformation(body, delivery)
        if problem:
            self.refuse_message(delivery, problem)
            return
        self._arrived.append((body, delivery))
        self._begin_next()

    def _begin_next(self) -> None:
        if not self._busy and (self._arrived or self._single):
            self._busy = True
            self.container.when_free(self._begin_batch)

    def _begin_batch(self) -> None:
        batch = [self._single.popleft()] if self._single else self._next_batch()
        try:
            self._spawn(batch)
        except ContainerBeingKilled:
            for _, delivery in batch:
                delivery.requeue()
        except Exception as problem:
            # one of them has headers that can't be decoded, and must not hold up the others
            self._busy = False
            if not self._split(batch, problem):
                self.refuse_message(batch[0][1], f"{type(problem).__name__}: {problem}")
            eventlet.spawn_after(0, self._begin_next)

    def _spawn(self, batch: list[tuple[dict, Delivery]]) -> None:
        spans = self._spans(batch[1:]) if tracing.is_on() else []
        self.container.spawn_worker(
            self,
            ([body for body, _ in batch],),
            {},
            context_data=self._context(batch),
            handle_result=partial(self._finish_batch, batch, spans, time.monotonic()),
        )

    def _next_batch(self) -> list[tuple[dict, Delivery]]:
        count = min(len(self._arrived), budgets.EVENT_BATCH)
        return [self._arrived.popleft() for _ in range(count)]

    def _context(self, batch: list[tuple[dict, Delivery]]) -> dict:
        """Return the first event's context, with the request ids of all."""
        context = self.unpack_message_headers(batch[0][1])
        if len(batch) > 1:
            context.pop("user_id", None)
            if request_ids := _request_ids(batch):
                context["request_id"] = ",".join(request_ids)
        return context

    def _finish_batch(
        self,
        batch: list[tuple[dict, Delivery]],
        spans: list[tracing.Span],
        begun: float,
        worker_ctx: WorkerContext,
        result: object,
        exc_info: ExcInfo | None,
    ) -> tuple[object, ExcInfo | None]:
        problem = exc_info and exc_info[1]
        try:
            if problem is None or not self._split(batch, problem):
                seconds = time.monotonic() - begun
                for _, delivery in batch:
                    self._settle(delivery, seconds, problem, **_log_fields(delivery))
        finally:
            for span in spans:
                span.end()
            self._busy = False
            # in the next turn of the event loop: by then this worker has left its place
            eventlet.spawn_after(0, self._begin_next)
        return result, exc_info

    def _split(self, batch: list[tuple[dict, Delivery]], problem: BaseException) -> bool:
        """Schedule the events of a failed batch one by one; return False if it was only one."""
        if len(batch) == 1:
            return False
        log.info("events will be handled one by one", count=len(batch), reason=repr(problem))
        self._single.extend(batch)
        return True

    def _spans(self, others: list[tuple[dict, Delivery]]) -> list[tracing.Span]:
        """Return the spans of those events that are not the batch's first and have a trace."""
        traced = ((_parent(delivery), delivery) for _, delivery in others)
        return [self._span(parent, delivery) for parent, delivery in traced if parent]

    def _span(self, parent: str, delivery: Delivery) -> tracing.Span:
        name = f"{self.container.service_name}.{self.method_name}"
        known = _log_fields(delivery)
        # the user is in no trace: spans are kept, and nobody could erase them from there
        return tracing.span(tracing.CONSUMER, name, parent, request_id=known.get("request_id"))


def _parent(delivery: Delivery) -> str | None:
    headers: Mapping[str, Any] = delivery.headers
    return headers.get(tracing.NAMEKO_HEADER) or headers.get(tracing.HEADER)


def _log_fields(delivery: Delivery) -> dict[str, Any]:
    """Return the fields that every log line about an event has."""
    headers = delivery.headers
    names = {"request_id": "nameko.request_id", "user_id": "nameko.user_id"}
    return {name: headers[key] for name, key in names.items() if key in headers}


def _request_ids(batch: list[tuple[dict, Delivery]]) -> list[str]:
    ids = (delivery.headers.get("nameko.request_id") for _, delivery in batch)
    return list(dict.fromkeys(found for found in ids if isinstance(found, str)))


def batched_event_handler(
    source_service: str,
    event_type: str,
    only_at_first: str | None = None,
    never_given_up: bool = False,
    is_in_feed: bool = False,
) -> Callable[[Callable], Callable]:
    """Make a service's method handle lists of events.

    Args:
        source_service: the service that dispatches them.
        event_type: the events' name.
        only_at_first: a member that they may have, and that is left out when one has failed.
        never_given_up: as of :class:`~services.dependencies.events.SafeEventHandler`.
        is_in_feed: as there.
    """
    return BatchedEventHandler.decorator(
        source_service,
        event_type,
        only_at_first=only_at_first,
        never_given_up=never_given_up,
        is_in_feed=is_in_feed,
    )
