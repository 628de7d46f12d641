"""Failed calls as one sentence instead of a traceback."""

from amqp.exceptions import AMQPError
from kombu.exceptions import EncodeError
from nameko.exceptions import BadRequest, RemoteError, RpcTimeout, UnknownService

from schemas.errors import GymError
from services.shell.calls import Disconnected

SHOWN_IN_ONE_LINE = (
    GymError,
    RemoteError,
    BadRequest,
    UnknownService,
    RpcTimeout,
    EncodeError,
    AMQPError,
    Disconnected,
    KeyboardInterrupt,
)
"""Exceptions whose message is enough; any other gets its traceback."""


def sentence(problem: BaseException) -> str | None:
    """Return the sentence to show, or None if the traceback should be shown."""
    if not isinstance(problem, SHOWN_IN_ONE_LINE):
        return None
    if isinstance(problem, RemoteError):
        # an exception class that is not importable here
        return f"{problem.exc_type}: {problem.value}"
    text = ": ".join(filter(None, [type(problem).__name__, str(problem)]))
    return "\n".join([text, *getattr(problem, "__notes__", [])])
