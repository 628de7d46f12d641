"""A plain connection to RabbitMQ, for the stack's own few questions.

Needs a package of the project: whoever must do without imports this when it is wanted.
"""

from urllib.parse import unquote, urlsplit

import amqp


def connection_to(amqp_uri: str, seconds: float) -> amqp.Connection:
    """Return a connection that is not open yet.

    Args:
        amqp_uri: ``amqp://user:password@host:port/virtual host``.
        seconds: the bound of each wait.
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
