"""A plain connection to RabbitMQ, for the stack's own use.

Requires the package ``amqp``; modules that must work without it import this one lazily.
"""

from urllib.parse import unquote, urlsplit

import amqp


def connection_to(amqp_uri: str, seconds: float) -> amqp.Connection:
    """Return a connection, not connected yet.

    Args:
        amqp_uri: ``amqp://user:password@host:port/virtual host``.
        seconds: timeout of connecting and of each read and write.
    """
    parts = urlsplit(amqp_uri)
    return amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        connect_timeout=seconds,
        read_timeout=seconds,
        write_timeout=seconds,
    )
