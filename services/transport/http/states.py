"""The states of a connection, and their time limits."""

from enum import Enum, auto


class State(Enum):
    """What a connection is doing; the time limit depends on it."""

    NEW = auto()
    """No request has arrived yet."""
    IDLE = auto()
    """Kept open between two requests."""
    HEAD = auto()
    """A part of a request head has arrived."""
    BUSY = auto()
    """A request is being worked on."""
    SENDING = auto()
    """A response waits for the client to read it."""
    STREAMING = auto()
    """A part of a streamed response waits for the client to read it."""
    LINGERING = auto()
    """The last response has left, and what the client still sends is discarded."""
    CLOSED = auto()


NEW, IDLE, HEAD, BUSY = State.NEW, State.IDLE, State.HEAD, State.BUSY
SENDING, STREAMING = State.SENDING, State.STREAMING
LINGERING, CLOSED = State.LINGERING, State.CLOSED

TIME_LIMITS = {
    NEW: "HEAD_SECONDS",
    IDLE: "IDLE_SECONDS",
    HEAD: "HEAD_SECONDS",
    SENDING: "IDLE_SECONDS",
    STREAMING: "STALLED_RESPONSE_SECONDS",
    LINGERING: "LINGER_SECONDS",
}
