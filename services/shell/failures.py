"""What a person at the shell is told when a call fails: a sentence, without a traceback of ours."""

from amqp.exceptions import AMQPError
from kombu.exceptions import EncodeError
from nameko.exceptions import BadRequest, RemoteError, RpcTimeout, UnknownService

from schemas.errors import GymError
from services.shell.calls import Disconnected

TOLD = (
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
"""What says by itself all that there is to know."""


def sentence(problem: BaseException) -> str | None:
    """Return what to show instead of a traceback, or None if that is what helps."""
    if not isinstance(problem, TOLD):
        return None
    if isinstance(problem, RemoteError):
        # a service whose errors are not known here
        return f"{problem.exc_type}: {problem.value}"
    text = ": ".join(filter(None, [type(problem).__name__, str(problem)]))
    return "\n".join([text, *getattr(problem, "__notes__", [])])
