"""Whoever listens to the events of a service."""

from kombu import Connection, Consumer, Exchange, Queue


class Listener:
    """Hears of everybody's events of one type.

    Args:
        amqp_uri: of the broker.
        service: that dispatches them.
        event_type: which ones.
    """

    def __init__(self, amqp_uri, service, event_type):
        self.connection = Connection(amqp_uri)
        exchange = Exchange(f"{service}.events", "topic", durable=True)
        queue = Queue(exchange=exchange, routing_key=event_type, exclusive=True)
        self.heard = []
        Consumer(
            self.connection, [queue], on_message=self._take, accept=["json"], no_ack=True
        ).consume()

    def _take(self, message):
        self.heard.append(message.decode())

    def of(self, user_id):
        """Return the events of a user so far."""
        try:
            while True:
                self.connection.drain_events(timeout=0.05)
        except TimeoutError:
            return [event for event in self.heard if event["user_id"] == user_id]

    def close(self):
        """Stop listening."""
        self.connection.release()
