"""Where events go that could not be handled: wait queues for another try, then dead letters.

The exchanges and queues are described in :mod:`~services.transport.amqp.topology`.
"""

from datetime import UTC, datetime
from typing import Any

from services.observability import metrics
from services.observability.logging import get_logger
from services.process import budgets
from services.transport.amqp.connection import BrokerGone
from services.transport.amqp.deliveries import Delivery
from services.transport.amqp.field_tables import write_table
from services.transport.amqp.publishing import Publishing, Unroutable
from services.transport.amqp.topology import DEAD_LETTER_EXCHANGE, WAIT_EXCHANGE

log = get_logger(__name__)

ATTEMPT_HEADER = "x-gym-attempt"
REASON_HEADER = "x-gym-reason"
QUEUE_HEADER = "x-gym-queue"
TIME_HEADER = "x-gym-buried-at"
# the headers keep their names: ./gym reads dead letters that an earlier version has written
SIZE_HEADER = "x-gym-size"
"""How many bytes the body had, where only its beginning is kept."""

LONGEST_REASON = 500
LARGEST_BODY = 4096
LARGEST_HEADERS = 4096
"""Bytes copied of a message. Our own events have a few hundred bytes, of ids and dates."""

LONGEST_TEXT = 255
"""Bytes of a property; each byte that is no UTF-8 becomes the three of U+FFFD."""

KEPT_PROPERTIES = {"content_type", "content_encoding"}
BYTES = "application/octet-stream"
NOT_KEPT = ("x-death", "CC", "BCC")
"""RabbitMQ also delivers to the queues that the headers CC and BCC name, so a copy must not have
them."""


def dead_letter(publishing: Publishing, queue: str, message: Delivery, reason: str) -> bool:
    """Copy an event to the dead letters with the reason and the queue it comes from.

    Requests are never dead-lettered: they carry what a client wrote, passwords included.

    Returns:
        Whether the broker has the copy.
    """
    headers = _headers(message) | {
        REASON_HEADER: _sendable(reason),
        QUEUE_HEADER: queue,
        TIME_HEADER: datetime.now(UTC).isoformat(timespec="seconds"),
    }
    body, properties = message.body, _kept_properties(message)
    if message.size > LARGEST_BODY:
        headers[SIZE_HEADER] = message.size
        body, properties = body[:LARGEST_BODY], {"content_type": BYTES}
    if not _copy(publishing, body, DEAD_LETTER_EXCHANGE, queue, headers, properties):
        return False
    metrics.DEAD_LETTERS.labels(queue).inc()
    log.error("dead letter", queue=queue, reason=reason)
    return True


def retry_later(
    publishing: Publishing, queue: str, message: Delivery, reason: str, seconds: int
) -> bool:
    """Copy an event to a wait queue, from which RabbitMQ returns it after some seconds.

    RabbitMQ would requeue a rejected message at once: 1,600 tries a second of an event that fails.

    Returns:
        Whether the broker has the copy.
    """
    headers = _headers(message) | {
        REASON_HEADER: _sendable(reason),
        ATTEMPT_HEADER: failed_attempts(message) + 1,
    }
    exchange = WAIT_EXCHANGE.format(seconds=seconds)
    return _copy(publishing, message.body, exchange, queue, headers, _kept_properties(message))


def failed_attempts(message: Delivery) -> int:
    """Return how often an event has failed so far, as a header says that anybody may have written.

    The number is at least 0 and at most that of all retries.
    """
    count = message.headers.get(ATTEMPT_HEADER, 0)
    if not isinstance(count, int):
        return 0
    return min(max(count, 0), len(budgets.EVENT_RETRY_SECONDS))


def _sendable(reason: str) -> str:
    # it may quote half of a surrogate pair, which JSON allows and UTF-8 can't encode
    return reason[:LONGEST_REASON].encode("utf-8", "replace").decode()


def _headers(message: Delivery) -> dict[str, Any]:
    if message.size_of_headers > LARGEST_HEADERS:
        return {}
    try:
        headers = {name: value for name, value in message.headers.items() if name not in NOT_KEPT}
        write_table(headers)
    except Exception:
        # headers that can't be read, or written again, must not keep an event in its queue for ever
        return {}
    return headers


def _kept_properties(message: Delivery) -> dict[str, Any]:
    given = message.properties
    kept = {name: given[name] for name in KEPT_PROPERTIES & given.keys()}
    return {"content_type": BYTES} | {
        name: value for name, value in kept.items() if len(value.encode()) <= LONGEST_TEXT
    }


def _copy(
    publishing: Publishing,
    body: bytes,
    exchange: str,
    routing_key: str,
    headers: dict[str, Any],
    properties: dict[str, Any],
) -> bool:
    try:
        publishing.send_confirmed(body, exchange, routing_key, headers=headers, **properties)
    except (BrokerGone, Unroutable) as problem:
        log.warning("message not moved", exchange=exchange, reason=str(problem))
        return False
    return True
