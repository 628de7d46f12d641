"""Dead letters and pauses: where messages go that could not be handled.

The exchanges and queues named here are declared in ``rabbitmq/definitions.json``.
"""

from datetime import UTC, datetime

from services.dependencies import metrics
from services.dependencies.logs import get_logger
from services.dependencies.messaging.connection import BrokerGone
from services.dependencies.messaging.deliveries import Delivery
from services.dependencies.messaging.publishing import Publishing, Unroutable

log = get_logger(__name__)

DEAD_LETTER_EXCHANGE = "dead-letters"
WAIT_EXCHANGE = "wait-{seconds}s"
ATTEMPT_HEADER = "x-gym-attempt"
REASON_HEADER = "x-gym-reason"
QUEUE_HEADER = "x-gym-queue"
TIME_HEADER = "x-gym-buried-at"
LONGEST_REASON = 500
KEPT_PROPERTIES = ("content_type", "content_encoding")


def bury(publishing: Publishing, queue: str, message: Delivery, reason: str) -> bool:
    """Copy a message to the dead letters with the reason and the queue it comes from.

    Returns:
        Whether the broker has the copy.
    """
    metrics.DEAD_LETTERS.labels(queue).inc()
    log.error("dead letter", queue=queue, reason=reason)
    headers = _headers(message) | {
        REASON_HEADER: reason[:LONGEST_REASON],
        QUEUE_HEADER: queue,
        TIME_HEADER: datetime.now(UTC).isoformat(timespec="seconds"),
    }
    return _copy(publishing, message, DEAD_LETTER_EXCHANGE, queue, headers)


def wait(publishing: Publishing, queue: str, message: Delivery, reason: str, seconds: int) -> bool:
    """Send a message round through a wait queue, from which it comes back after some seconds.

    Returns:
        Whether the broker has the copy.
    """
    headers = _headers(message) | {
        REASON_HEADER: reason[:LONGEST_REASON],
        ATTEMPT_HEADER: attempt(message) + 1,
    }
    return _copy(publishing, message, WAIT_EXCHANGE.format(seconds=seconds), queue, headers)


def attempt(message: Delivery) -> int:
    """Return how often a message has failed before."""
    count = message.headers.get(ATTEMPT_HEADER, 0)
    return count if isinstance(count, int) else 0


def _headers(message: Delivery) -> dict:
    return {name: value for name, value in message.headers.items() if name != "x-death"}


def _copy(
    publishing: Publishing, message: Delivery, exchange: str, routing_key: str, headers: dict
) -> bool:
    kept = {
        name: message.properties[name] for name in KEPT_PROPERTIES if name in message.properties
    }
    kept.setdefault("content_type", "application/octet-stream")
    try:
        publishing.send_confirmed(message.body, exchange, routing_key, headers=headers, **kept)
    except (BrokerGone, Unroutable) as problem:
        log.warning("message not moved", exchange=exchange, reason=str(problem))
        return False
    return True
