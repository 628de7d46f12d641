"""What AMQP's frames cost with our own codec and with pamqp (docs/decisions/own-amqp-frames.md).

Usage: ``.venv/bin/pip install pamqp==4.0.1`` and ``.venv/bin/python -m benchmarks.frames``

Prints the least CPU time of several rounds, both codecs in turns, in microseconds: for each kind of
message that a running connection writes and reads, and for all that one call and one logged workout
need in every process together. Reading includes the headers where a process looks at them.
"""

import json
import time
import uuid
from collections.abc import Callable
from functools import partial

import pamqp.body
import pamqp.commands
import pamqp.frame
import pamqp.header

from services.transport.amqp import methods
from services.transport.amqp.frames import FrameReader

ROUNDS = 15
REPEAT = 2_000
CHANNEL = 1
LARGEST = 131_072
FRAME_OVERHEAD = 8

HEADERS = {
    "nameko.call_id_stack": [f"gateway.handle.{uuid.UUID(int=1)}"],
    "nameko.request_id": str(uuid.UUID(int=2)),
    "nameko.user_id": 1234,
}
REQUEST = {
    "headers": HEADERS,
    "reply_to": str(uuid.UUID(int=3)),
    "correlation_id": f"{uuid.UUID(int=3)}.123456",
    "expiration": "3000",
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "delivery_mode": 1,
}
REPLY = {
    "headers": {},
    "correlation_id": f"{uuid.UUID(int=3)}.123456",
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "delivery_mode": 1,
}
EVENT = {
    "headers": {**HEADERS, "x-gym-dispatched-at": "1764230000.123456"},
    "message_id": uuid.UUID(int=4).hex,
    "content_type": "application/json",
    "content_encoding": "utf-8",
    "delivery_mode": 2,
}
BODY = json.dumps({"args": [1234], "kwargs": {"limit": 20, "offset": 0}}).encode()
WORKOUT = b"x" * 2_500
NAMES = ("nameko-rpc", "workouts.list")


def publish_own(properties: dict, body: bytes) -> bytes:
    """Write a message with our codec."""
    return methods.basic_publish(CHANNEL, *NAMES, True, body, properties, LARGEST)


def publish_pamqp(properties: dict, body: bytes) -> bytes:
    """Write a message with pamqp."""
    room = LARGEST - FRAME_OVERHEAD
    method = pamqp.commands.Basic.Publish(0, *NAMES, mandatory=True)
    header = pamqp.header.ContentHeader(0, len(body), pamqp.commands.Basic.Properties(**properties))
    parts = [pamqp.frame.marshal(method, CHANNEL), pamqp.frame.marshal(header, CHANNEL)]
    parts += [
        pamqp.frame.marshal(pamqp.body.ContentBody(body[place : place + room]), CHANNEL)
        for place in range(0, len(body), room)
    ]
    return b"".join(parts)


def delivered(properties: dict, body: bytes) -> bytes:
    """Return the frames of a delivery, as the broker writes them."""
    published = publish_own(properties, body)
    size = int.from_bytes(published[3:7], "big")
    method = pamqp.commands.Basic.Deliver(str(CHANNEL), 123_456, False, *NAMES)
    return pamqp.frame.marshal(method, CHANNEL) + published[size + FRAME_OVERHEAD :]


def deliver_own(reader: FrameReader, data: bytes, with_headers: bool) -> None:
    """Read a delivery with our codec."""
    for content in reader.feed(data):
        methods.read_delivery(content.arguments)
        if with_headers:
            _ = content.headers


def deliver_pamqp(data: bytes, _with_headers: bool) -> None:
    """Read frames with pamqp, which always reads the headers."""
    place = 0
    while place < len(data):
        # the least that a reader of a stream needs beside pamqp: where a frame ends
        size = int.from_bytes(data[place + 3 : place + 7], "big") + FRAME_OVERHEAD
        pamqp.frame.unmarshal(data[place : place + size])
        place += size


def acknowledge_pamqp() -> bytes:
    """Write an acknowledgement with pamqp."""
    return pamqp.frame.marshal(pamqp.commands.Basic.Ack(123_456, False), CHANNEL)


def confirm_own(reader: FrameReader, data: bytes) -> None:
    """Read a publisher's confirm with our codec."""
    for method in reader.feed(data):
        methods.read_confirmation(method.arguments)


Pair = tuple[Callable[[], object], Callable[[], object]]


def pairs() -> dict[str, Pair]:
    """Return what is compared: ours and pamqp's."""
    reader = FrameReader(LARGEST, 4 * 1024 * 1024)
    messages = {
        "a request": (REQUEST, BODY, True),
        "a request with a workout": (REQUEST, WORKOUT, True),
        "a reply": (REPLY, WORKOUT, False),
        "an event": (EVENT, BODY, True),
    }
    found: dict[str, Pair] = {}
    for kind, (properties, body, with_headers) in messages.items():
        data = delivered(properties, body)
        found[f"write {kind}"] = (
            partial(publish_own, properties, body),
            partial(publish_pamqp, properties, body),
        )
        found[f"read {kind}"] = (
            partial(deliver_own, reader, data, with_headers),
            partial(deliver_pamqp, data, with_headers),
        )
    ack = acknowledge_pamqp()
    found["write an ack"] = partial(methods.basic_ack, CHANNEL, 123_456), acknowledge_pamqp
    found["read a confirm"] = partial(confirm_own, reader, ack), partial(deliver_pamqp, ack, False)
    return found


CALL = {
    "write a request": 1,
    "read a request": 1,
    "write an ack": 1,
    "write a reply": 1,
    "read a reply": 1,
}
"""A call, in the caller's process and in the service's."""

LOGGED = {
    "write a request with a workout": 2,
    "read a request with a workout": 2,
    "write a reply": 1,
    "read a reply": 1,
    "write an ack": 2,
}
"""A logged workout: the call, and the event that carries it with its ack."""


def microseconds(act: Callable[[], object]) -> float:
    """Return the CPU time of one run."""
    begun = time.process_time()
    for _ in range(REPEAT):
        act()
    return (time.process_time() - begun) / REPEAT * 1e6


def main() -> None:
    """Measure and print."""
    compared = pairs()
    least = {name: [float("inf"), float("inf")] for name in compared}
    for _ in range(ROUNDS):
        for name, acts in compared.items():
            for index, act in enumerate(acts):
                least[name][index] = min(least[name][index], microseconds(act))
    print(f"{'µs CPU':32} {'ours':>8} {'pamqp':>8}")
    for name, (own, other) in least.items():
        print(f"{name:32} {own:8.1f} {other:8.1f}")
    for name, counts in (("one call", CALL), ("one logged workout", LOGGED)):
        own, other = (
            sum(count * least[kind][index] for kind, count in counts.items()) for index in (0, 1)
        )
        print(f"{name:32} {own:8.1f} {other:8.1f}  {other - own:+.0f}")


if __name__ == "__main__":
    main()
