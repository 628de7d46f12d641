"""Puts messages that can't be read on every queue of the broker, with the services' own passwords.

Usage: ``python -m benchmarks.exhaustion.poison``, with input and output as those of
:mod:`benchmarks.exhaustion.sender`. The plan has ``routes``, each with ``uri``, ``exchange`` and
``key``, and ``times``: how often each message goes to each of them.
"""

import json
import os
import sys
from typing import Any

import amqp

from benchmarks.exhaustion.messages import MARKER
from benchmarks.exhaustion.sender import LOWEST_PRIORITY
from stack.broker import connection_to

SECONDS = 10
DEPTH = 2000
DEEP_BODY = 100_000
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}
REPLY = {"reply_to": "00000000-0000-4000-8000-000000000000", "correlation_id": "1"}


def messages() -> list[tuple[bytes, dict]]:
    """Return bodies and properties that something stumbles over."""
    deep: list = []
    for _ in range(DEPTH):
        deep = [deep]
    marked = json.dumps({"args": [MARKER], "kwargs": {}}).encode()
    call = json.dumps({"args": [], "kwargs": {}}).encode()
    return [
        (b"\xff\xfe\x00 no text", {**JSON, **REPLY}),
        (b"\xff\xfe", JSON),
        (b"[" * DEEP_BODY, {**JSON, **REPLY}),
        (b'{"a":' * DEEP_BODY, {**JSON, **REPLY}),
        (marked, {**JSON, **REPLY}),
        (marked, JSON),
        (call, {**JSON, **REPLY, "application_headers": {"nameko.call_id_stack": deep}}),
        (b"\x80\x05.", {**REPLY, "content_type": "application/x-python-serialize"}),
        (call, {**REPLY, "content_type": "application/json", "content_encoding": "no such"}),
        (call, {**JSON, **REPLY, "application_headers": {"compression": "application/x-gzip"}}),
        (call, {**JSON, **REPLY, "application_headers": {"nameko.call_id_stack": 7}}),
        (b"", {}),
    ]


class Poisoning:
    """Publishes the messages.

    Args:
        plan: see above.
    """

    def __init__(self, plan: dict):
        self.plan = plan
        self.connections: dict[str, amqp.Connection] = {}
        self.sent = self.refused = 0

    def run(self) -> dict:
        """Publish everything, and return how many messages the broker took and refused."""
        for _ in range(self.plan["times"]):
            for route in self.plan["routes"]:
                for body, properties in messages():
                    self._publish(route, amqp.Message(body, **properties))
        for connection in self.connections.values():
            connection.close()
        return {"sent": self.sent, "refused": self.refused}

    def _publish(self, route: dict, message: amqp.Message) -> None:
        try:
            channel = self._connect(route["uri"]).channel()
            channel.basic_publish_confirm(message, route["exchange"], route["key"])
            channel.close()
        except amqp.AMQPError:
            self.refused += 1
        else:
            self.sent += 1

    def _connect(self, uri: str) -> Any:
        connection = self.connections.get(uri)
        if connection is None or not connection.connected:
            connection = self.connections[uri] = connection_to(uri, SECONDS)
            connection.connect()
        return connection


def main() -> None:
    """Do what the plan says."""
    os.nice(LOWEST_PRIORITY)
    # or this process stumbles over its own headers
    sys.setrecursionlimit(50 * DEPTH)
    poisoning = Poisoning(json.loads(sys.stdin.readline()))
    print("ready", flush=True)
    if sys.stdin.readline():
        print(json.dumps(poisoning.run()), flush=True)


if __name__ == "__main__":
    main()
