"""The methods of a running connection: their numbers, their arguments, and the frames we send."""

from collections.abc import Mapping
from functools import lru_cache

from services.transport.amqp.encoding import (
    BODY,
    HEADER,
    LONG,
    PREFIX,
    TAG,
    frame,
    method,
    read_text,
    short_text,
)
from services.transport.amqp.properties import CONTENT, write_properties

CONNECTION_CLOSE, CONNECTION_CLOSE_OK = (10, 50), (10, 51)
BLOCKED, UNBLOCKED = (10, 60), (10, 61)
CHANNEL_CLOSE = (20, 40)
QOS, QOS_OK = (60, 10), (60, 11)
CONSUME, CONSUME_OK, CANCEL, CANCEL_OK = (60, 20), (60, 21), (60, 30), (60, 31)
PUBLISH, RETURN, DELIVER = (60, 40), (60, 50), (60, 60)
ACK, REJECT, NACK = (60, 80), (60, 90), (60, 120)

NO_ACK_BIT, MANDATORY_BIT, REQUEUE_BIT, NOWAIT_BIT = 2, 1, 1, 1
GOODBYE = 200

_BASIC = 60


def read_delivery(arguments: bytes) -> tuple[int, bool, str, str]:
    """Return tag, redelivered flag, exchange and routing key of a basic.deliver."""
    place = 1 + arguments[0]
    (tag,) = TAG.unpack_from(arguments, place)
    place += TAG.size
    redelivered = bool(arguments[place])
    exchange, place = read_text(arguments, place + 1)
    routing_key, _ = read_text(arguments, place)
    return tag, redelivered, exchange, routing_key


def read_confirmation(arguments: bytes) -> tuple[int, bool]:
    """Return the tag of a basic.ack or basic.nack, and its ``multiple`` bit: all tags up to it."""
    return TAG.unpack_from(arguments)[0], bool(arguments[TAG.size] & 1)


def read_reason(arguments: bytes) -> str:
    """Return code and text of a connection.close or channel.close."""
    code = int.from_bytes(arguments[:2], "big")
    return f"{code} {read_text(arguments, 2)[0]}"


def basic_publish(
    channel: int,
    exchange: str,
    routing_key: str,
    mandatory: bool,
    body: bytes,
    properties: Mapping[str, object],
    largest: int,
) -> bytes:
    """Return the frames of a message: basic.publish, header, body.

    Args:
        channel: the channel's number.
        exchange: at most 255 bytes.
        routing_key: at most 255 bytes.
        mandatory: whether the broker returns it if no queue takes it.
        body: split into as many frames as it needs.
        properties: texts by name, ``headers`` (a table) and ``delivery_mode`` (1 or 2).
        largest: bytes of a frame, as agreed with the broker.

    Raises:
        ValueError: a name, a key or the properties are too large; the broker would close the
            connection.
    """
    flags, written = write_properties(properties)
    header = CONTENT.pack(_BASIC, 0, len(body), flags) + written
    room = largest - PREFIX.size - 1
    if len(header) > room:
        raise ValueError("properties larger than a frame")
    pieces = [_publish_method(channel, exchange, routing_key, mandatory)]
    pieces.append(frame(HEADER, channel, header))
    pieces += [
        frame(BODY, channel, body[place : place + room]) for place in range(0, len(body), room)
    ]
    return b"".join(pieces)


def basic_consume(channel: int, queue: str, tag: str, no_ack: bool) -> bytes:
    """Return the frame that starts a consumer."""
    arguments = b"\0\0" + short_text(queue) + short_text(tag) + bytes([NO_ACK_BIT if no_ack else 0])
    return method(channel, CONSUME, arguments + LONG.pack(0))


def basic_qos(channel: int, prefetch: int) -> bytes:
    """Return the frame that sets the prefetch: unsettled messages a consumer may have."""
    return method(channel, QOS, LONG.pack(0) + prefetch.to_bytes(2, "big") + b"\0")


def basic_cancel(channel: int, tag: str) -> bytes:
    """Return the frame that ends a consumer; the broker does not answer it."""
    return method(channel, CANCEL, short_text(tag) + bytes([NOWAIT_BIT]))


def basic_ack(channel: int, tag: int) -> bytes:
    """Return the frame that acknowledges one message."""
    return method(channel, ACK, TAG.pack(tag) + b"\0")


def basic_reject(channel: int, tag: int, requeue: bool) -> bytes:
    """Return the frame that rejects a message: back to its queue, or dropped or dead-lettered."""
    return method(channel, REJECT, TAG.pack(tag) + bytes([REQUEUE_BIT if requeue else 0]))


def connection_close() -> bytes:
    """Return the frame that closes the connection in good order."""
    arguments = GOODBYE.to_bytes(2, "big") + short_text("stopping") + bytes(4)
    return method(0, CONNECTION_CLOSE, arguments)


# a process publishes with a few dozen keys, and replies to the few addresses of its callers
@lru_cache(maxsize=1024)
def _publish_method(channel: int, exchange: str, routing_key: str, mandatory: bool) -> bytes:
    bits = bytes([MANDATORY_BIT if mandatory else 0])
    return method(channel, PUBLISH, b"\0\0" + short_text(exchange) + short_text(routing_key) + bits)
