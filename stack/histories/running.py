"""An import in the workouts service, as a command sees it."""

import base64
import time
from pathlib import Path
from typing import Any, TextIO

from stack.calls import Services
from stack.failures import Failure
from stack.progress import Meter

PIECE = 256 * 1024
MOST_READ = 64 * 1024 * 1024
"""Bytes of a file that are held in memory; a file of fewer is too large already."""

LOOK_SECONDS = 0.3
TITLES = {
    "reading": "Reading",
    "applying": "Writing workouts",
    "undoing": "Taking workouts out",
}
"""Of what goes on in the background, by the status of the import."""


class Import:
    """One import of a user.

    Args:
        services: among them workouts.
        user_id: whose it is.
        import_id: its id.
    """

    def __init__(self, services: Services, user_id: int, import_id: int):
        self._services = services
        self.user_id = user_id
        self.id = import_id

    def call(self, method: str, *more: Any) -> Any:
        """Call a method of the workouts service about it."""
        return self._services.call("workouts", method, self.user_id, self.id, *more)

    def get(self) -> dict[str, Any]:
        """Return it as it is now."""
        found: dict[str, Any] = self.call("get_import")
        return found

    def send(self, content: bytes, stream: TextIO) -> None:
        """Send its file, and show how far that is."""
        meter = Meter(stream, title="Sending")
        pieces = -(-len(content) // PIECE)
        with meter.ended():
            # the last one first, as it is refused if the file is too large
            for sent, number in enumerate([pieces - 1, *range(pieces - 1)]):
                meter.show(sent * PIECE, len(content))
                piece = content[number * PIECE : (number + 1) * PIECE]
                self.call("add_to_import", number, base64.b64encode(piece).decode())
            self.call("end_upload", pieces, len(content))
        meter.end(f"Sending: done, {len(content):,} bytes")

    def wait(self, stream: TextIO) -> dict[str, Any]:
        """Return it once nothing goes on in the background, and show what does until then."""
        found = self.get()
        title = TITLES.get(found["status"])
        if title is None:
            return found
        meter = Meter(stream, title=title)
        with meter.ended():
            while found["status"] in TITLES:
                meter.show(*_done(found), _waiting(found))
                time.sleep(LOOK_SECONDS)
                found = self.get()
        meter.end(f"{title}: {'failed' if found['status'] == 'failed' else 'done'}")
        return found


def _done(found: dict[str, Any]) -> tuple[int, int]:
    total = (found["counts"] or {}).get("workouts") or 100
    return found["progress"] * total // 100, total


def _waiting(found: dict[str, Any]) -> str:
    waits_for = found["waits_for"]
    return f"Waiting for import {waits_for} of the same user" if waits_for else ""


def begin(services: Services, user_id: int, options: dict[str, Any]) -> Import:
    """Begin an import."""
    begun = services.call("workouts", "begin_import", user_id, options)
    return Import(services, user_id, begun["id"])


def content_of(name: str) -> bytes:
    """Return a file's content.

    Raises:
        Failure: it can't be read, or is empty.
    """
    try:
        with Path(name).open("rb") as file:
            content = file.read(MOST_READ)
    except OSError as problem:
        raise Failure(f"{name} can't be read: {problem.strerror or problem}") from None
    if not content:
        raise Failure(f"{name} is empty")
    return content
