"""A caller that writes its messages itself, as no client library would."""

import json
import time
import uuid
from contextlib import contextmanager

import amqp

from stack.broker import connection_to

BROKER_SECONDS = 20
JSON = {"content_type": "application/json", "content_encoding": "utf-8"}


@contextmanager
def channel_of(system):
    """A channel with the operator's rights."""
    with connection_to(system.environment["AMQP_URI"], BROKER_SECONDS) as connection:
        yield connection.channel()


class Caller:
    """Sends anything to an RPC queue, and waits for the reply."""

    def __init__(self, channel):
        self.channel = channel
        self.address = str(uuid.uuid4())
        self.replies = []
        queue = f"rpc.reply-test-{self.address}"
        channel.queue_declare(queue, exclusive=True, auto_delete=True)
        channel.queue_bind(queue, "nameko-rpc", self.address)
        channel.basic_consume(queue, no_ack=True, callback=self.replies.append)

    def send(self, service, method, text, **properties):
        """Send a request, and wait for nothing."""
        message = amqp.Message(text, **{"reply_to": self.address, **JSON, **properties})
        self.channel.basic_publish(message, "nameko-rpc", f"{service}.{method}")

    def ask(self, service, method, text, seconds=3, **properties):
        """Send a request, and return what the reply holds."""
        self.send(service, method, text, **properties)
        self.channel.connection.drain_events(timeout=seconds)
        return json.loads(self.replies.pop().body)

    def answered(self):
        """Return the correlation ids of all replies that came."""
        return {reply.properties["correlation_id"] for reply in self.replies}

    def wait_until(self, condition, seconds):
        """Take replies until a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            self.channel.connection.drain_events(timeout=max(end - time.monotonic(), 0.01))

    def wait_for(self, count, seconds):
        """Wait for so many replies, and return the correlation ids of all that came."""
        self.wait_until(lambda: len(self.replies) >= count, seconds)
        return sorted(reply.properties["correlation_id"] for reply in self.replies)


def request(*args, **kwargs):
    """Return the body of a request."""
    return json.dumps({"args": args, "kwargs": kwargs})
