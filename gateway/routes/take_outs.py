"""The routes of take-outs, which the gateway's class inherits."""

import base64
from collections.abc import Iterator
from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import stream_of
from gateway.requests.request import Request
from gateway.responses.replies import Reply
from gateway.responses.streams import StreamedReply
from schemas import responses
from schemas.errors import NotFound
from schemas.take_outs import READY
from services.transport.http.messages import ZIP_TYPE

PATH = "/api/users/me/export"

ABOUT = (
    "A zip with everything that the system holds of you, as JSON and as CSV, and a page that "
    "explains the files."
)


class TakeOutRoutes:
    """Taking along all that the system holds of one."""

    # Any: a worker gets the service's methods in its place
    users: Any

    @route("POST", PATH, status=202, shows=responses.TakeOut)
    def start_take_out(self, request: Request) -> Reply:
        """Have everything that the system holds of you put into a zip.

        That is done in the background: ask at `Location` for it. While one is being made, this
        begins no other. A new one takes the place of the one before; you may begin 5 a day.
        """
        return _shown(self.users.request_take_out(request.user_id))

    @route(
        "GET",
        PATH,
        shows=stream_of(ZIP_TYPE, about=ABOUT, until=responses.TakeOut),
        refuses=[NotFound],
    )
    def get_take_out(self, request: Request) -> Reply | StreamedReply:
        """Get the zip that you have asked for, or a 202 while it is being made.

        It is kept for 24 hours; then, and before you have asked, this is a 404.
        """
        found = self.users.get_take_out(request.user_id)
        if found["status"] != READY:
            return _shown(found)
        return StreamedReply(
            self._pieces(request.user_id, found["id"]), ZIP_TYPE, "gym-tracker.zip"
        )

    def _pieces(self, user_id: int, take_out_id: int) -> Iterator[bytes]:
        position = 0
        while position is not None:
            piece = self.users.read_take_out(user_id, take_out_id, position)
            yield base64.b64decode(piece["content"])
            position = piece["next"]


def _shown(found: dict[str, Any]) -> Reply:
    shown = {name: found[name] for name in ("status", "requested_at")}
    return Reply(shown, location=PATH, is_unfinished=True)
