"""The route of changes, which the gateway's class inherits."""

from collections.abc import Callable, Iterator
from typing import Any

from gateway.entrypoint import route
from gateway.live.messages import EVENT_STREAM
from gateway.openapi.contents import list_of, stream_of
from gateway.requests.request import Request
from gateway.responses.replies import Reply
from gateway.responses.streams import StreamedReply
from schemas import responses, scopes
from schemas.changes import SOURCES, ChangeList, cursor_at, positions_at
from schemas.errors import Conflict, ServiceUnavailable

Ask = Callable[..., list[dict[str, Any]]]
"""The RPC method that returns changes of a source."""

ABOUT = 'Events `change`, each with `{"cursor": ...}` as its data, and comments in between.'


class ChangeRoutes:
    """Following what changes of one's own, for apps that keep a copy."""

    # Any: a worker gets the service's methods in its place
    workouts: Any
    live: Any

    @route(
        "GET",
        "/api/changes",
        scope=scopes.WORKOUTS_READ,
        query=ChangeList,
        shows=list_of(responses.Change),
        refuses=[Conflict],
    )
    def list_changes(self, request: Request) -> Reply:
        """List what has changed of what is yours, the oldest change first.

        Each thing is there once, with its latest change. Ask again `after` the last `cursor` until
        nothing comes; there may be fewer than `limit` although there are more. What was deleted
        may be something that you never had. A cursor that has expired is a 409: begin from `0`.
        A personal access token is told of settings only if it has `profile:read`, too.
        """
        sources = {
            name: getattr(getattr(self, source.service), source.changes)
            for name, source in SOURCES.items()
            if request.caller.may(source.scope)
        }
        return Reply(list(_read(sources, request.user_id, **request.query)))

    @route(
        "GET",
        "/api/events",
        scope=scopes.WORKOUTS_READ,
        shows=stream_of(EVENT_STREAM, about=ABOUT),
        refuses=[ServiceUnavailable],
    )
    def follow_changes(self, request: Request) -> StreamedReply:
        """Be told at once when something of yours has changed.

        Server-sent events. The first one has the cursor of now, each other one that of the latest
        changes: get these from `/api/changes`. The stream ends when you sign out; one more than
        five ends the oldest.
        """
        return self.live.open(request.caller)


def _read(
    sources: dict[str, Ask], user_id: int, after: str, limit: int
) -> Iterator[dict[str, Any]]:
    """Yield changes of one source after the other, each with the cursor behind it.

    Of a source that is not among them the cursor stays where it was.
    """
    known = positions_at(after) or {}
    positions = {name: known.get(name, 0) for name in SOURCES}
    for name, ask in sources.items():
        if limit <= 0:
            return
        for change in ask(user_id, after=positions[name], limit=limit):
            positions[name] = change.pop("position")
            yield {"cursor": cursor_at(positions), **change}
            limit -= 1
