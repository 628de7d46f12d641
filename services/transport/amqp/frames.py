"""Reading AMQP 0-9-1 frames, as far as a running connection needs.

py-amqp does the handshake and the declarations. After that only a few methods are exchanged,
thousands of times a second, for which py-amqp takes ten times as long; why pamqp is no alternative
is in docs/decisions/own-amqp-frames.md.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, final

from services.transport.amqp.encoding import (
    BODY,
    END,
    HEADER,
    HEARTBEAT,
    METHOD,
    METHOD_ID,
    PREFIX,
    Malformed,
)
from services.transport.amqp.field_tables import read_table
from services.transport.amqp.methods import DELIVER, RETURN
from services.transport.amqp.properties import CONTENT, read_properties

FRAME_SLACK = 2
"""Times the agreed size that a frame may have: RabbitMQ sends a message's properties in one frame,
with the headers that it has added itself (x-death), even if that exceeds the agreed size."""


@final
@dataclass(slots=True)
class Content:
    """A message as received; its headers are decoded when somebody reads them."""

    channel: int
    method: tuple[int, int]
    arguments: bytes
    body: bytes
    properties: dict[str, Any]
    raw_headers: bytes
    size: int
    """How many bytes the body had; of one that is too large only the beginning is here."""
    _headers: dict[str, object] | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, object]:
        """The message's headers."""
        if self._headers is None:
            self._headers = read_table(self.raw_headers) if self.raw_headers else {}
        return self._headers


@dataclass(frozen=True, slots=True)
class Method:
    """A method without content, its arguments not yet decoded."""

    channel: int
    method: tuple[int, int]
    arguments: bytes


class FrameReader:
    """Makes methods and messages of the bytes received, in pieces of any size.

    Args:
        largest: bytes of a frame, as agreed with the broker.
        largest_body: bytes of a message that is kept whole; of a larger one the first frame is.
    """

    def __init__(self, largest: int, largest_body: int):
        self._largest = largest
        self._largest_body = largest_body
        self._rest = b""
        self._unfinished: dict[int, _Unfinished] = {}

    def feed(self, data: bytes) -> Iterator[Content | Method]:
        """Yield what is complete, without heartbeats.

        Raises:
            Malformed: this is no AMQP.
        """
        buffer = self._rest + data if self._rest else data
        place, end = 0, len(buffer)
        try:
            while end - place >= PREFIX.size:
                kind, channel, size = PREFIX.unpack_from(buffer, place)
                if size > FRAME_SLACK * self._largest:
                    raise Malformed(f"a frame of {size} bytes")
                after = place + PREFIX.size + size
                if after >= end:
                    break
                if buffer[after] != END:
                    raise Malformed("a frame without its end")
                found = self._take(kind, channel, buffer[place + PREFIX.size : after])
                place = after + 1
                if found is not None:
                    yield found
        finally:
            # also when the consumer of this generator raises, or stops half-way
            self._rest = buffer[place:]

    def _take(self, kind: int, channel: int, payload: bytes) -> Content | Method | None:
        try:
            if kind == METHOD:
                return self._take_method(channel, payload)
            if kind == HEADER:
                return self._take_header(channel, payload)
            if kind == BODY:
                return self._take_body(channel, payload)
        except (struct.error, IndexError, KeyError, UnicodeDecodeError) as problem:
            raise Malformed(f"a frame that makes no sense: {problem}") from problem
        if kind != HEARTBEAT:
            raise Malformed(f"a frame of kind {kind}")
        return None

    def _take_method(self, channel: int, payload: bytes) -> Method | None:
        method = METHOD_ID.unpack_from(payload)
        if method in (DELIVER, RETURN):
            self._unfinished[channel] = _Unfinished(method, payload[METHOD_ID.size :])
            return None
        return Method(channel, method, payload[METHOD_ID.size :])

    def _take_header(self, channel: int, payload: bytes) -> Content | None:
        unfinished = self._unfinished[channel]
        _, _, unfinished.size, flags = CONTENT.unpack_from(payload)
        unfinished.missing = unfinished.size
        with suppress(Malformed, struct.error, IndexError):
            # RabbitMQ passes properties on as the sender wrote them, so bad ones are the fault of
            # this message alone. Without properties nobody can decode it, and it is refused.
            unfinished.properties, unfinished.raw_headers = read_properties(payload, flags)
        return self._finish(channel) if not unfinished.missing else None

    def _take_body(self, channel: int, payload: bytes) -> Content | None:
        unfinished = self._unfinished[channel]
        if unfinished.size <= self._largest_body or not unfinished.parts:
            unfinished.parts.append(payload)
        unfinished.missing -= len(payload)
        if unfinished.missing < 0:
            raise Malformed("a body longer than announced")
        return self._finish(channel) if not unfinished.missing else None

    def _finish(self, channel: int) -> Content:
        done = self._unfinished.pop(channel)
        body = done.parts[0] if len(done.parts) == 1 else b"".join(done.parts)
        return Content(
            channel, done.method, done.arguments, body, done.properties, done.raw_headers, done.size
        )


class _Unfinished:
    """A message whose frames have not all been received."""

    __slots__ = ("arguments", "method", "missing", "parts", "properties", "raw_headers", "size")

    def __init__(self, method: tuple[int, int], arguments: bytes):
        self.method = method
        self.arguments = arguments
        self.missing = self.size = 0
        self.parts: list[bytes] = []
        self.properties: dict[str, Any] = {}
        self.raw_headers = b""
