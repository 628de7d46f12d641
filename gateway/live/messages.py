"""Server-sent events, as HTML's standard has them (section 9.2)."""

import json

EVENT_STREAM = "text/event-stream"

RETRY_SECONDS = 3
"""After which a client connects again when its stream has ended."""

OPENING = b"retry: %d\n\n" % (RETRY_SECONDS * 1000)
HEARTBEAT = b":\n\n"
"""A comment: nothing happens, but a connection on which nothing moves would be closed somewhere."""


def change_message(cursor: str) -> bytes:
    """Return the event that there are changes up to a cursor."""
    data = json.dumps({"cursor": cursor})
    return f"id: {cursor}\nevent: change\ndata: {data}\n\n".encode()
