"""The route of exports, which the gateway's class inherits."""

from collections.abc import Iterator
from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import stream_of
from gateway.requests.request import Request
from gateway.responses.streams import StreamedReply
from schemas import scopes
from schemas.errors import BusinessRuleViolation
from schemas.exports import JSON, ExportQuery
from services.transport.http.messages import CSV_TYPE, JSON_TYPE

ABOUT = (
    "`json`: an object with `format`, `version` and `workouts`, one a line. `strong` and `hevy`: a "
    "table with a row for each set, as these apps write it themselves."
)


class ExportRoutes:
    """Taking one's workouts along."""

    # Any: a worker gets the service's methods in its place
    workouts: Any

    @route(
        "GET",
        "/api/exports/workouts",
        scope=scopes.EXPORTS_READ,
        query=ExportQuery,
        shows=stream_of(JSON_TYPE, CSV_TYPE, about=ABOUT),
        refuses=[BusinessRuleViolation],
    )
    def export_workouts(self, request: Request) -> StreamedReply:
        """Export your workouts as a file, oldest first.

        What the formats of other apps can't hold stands in docs/portability.md.
        """
        name = request.query["format"]
        parts = self._parts(request.user_id, request.query)
        if name == JSON:
            return StreamedReply(parts, JSON_TYPE, "workouts.json")
        return StreamedReply(parts, f"{CSV_TYPE}; charset=utf-8", f"workouts-{name}.csv")

    def _parts(self, user_id: int, query: dict[str, Any]) -> Iterator[bytes]:
        cursor = None
        while True:
            part = self.workouts.export(user_id, cursor=cursor, **query)
            yield part["text"].encode()
            cursor = part["next"]
            if cursor is None:
                return
