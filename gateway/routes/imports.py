"""The routes of imports, which the gateway's class inherits."""

import base64
from contextlib import suppress
from typing import Any

from gateway.entrypoint import route
from gateway.openapi.contents import page_of
from gateway.requests.request import Request
from gateway.requests.uploads import TakesUpload
from gateway.responses.replies import Reply, page_reply
from schemas import responses, scopes
from schemas.errors import (
    BusinessRuleViolation,
    Conflict,
    GymError,
    InvalidParameter,
    NotFound,
    fault,
)
from schemas.exports import HEVY, STRONG
from schemas.imports import AUTO, GYM, TRUE, ApplyImport, ImportMapping, NewImport, UndoImport
from schemas.pages import Page
from services.transport.http.messages import CSV_TYPE, JSON_TYPE

EXPORTED = TakesUpload(
    (CSV_TYPE, JSON_TYPE),
    "The file as Strong or Hevy have exported it (`text/csv`), or our own export "
    "(`application/json`); at most 20 MiB and 100,000 sets.",
)
SOURCES_OF = {CSV_TYPE: [AUTO, STRONG, HEVY], JSON_TYPE: [AUTO, GYM]}


class ImportRoutes:
    """Bringing in what was logged with another app."""

    # Any: a worker gets the service's methods in its place
    workouts: Any

    @route(
        "POST",
        "/api/imports",
        scope=scopes.IMPORTS_WRITE,
        query=NewImport,
        upload=EXPORTED,
        status=202,
        shows=responses.StartedImport,
        refuses=[BusinessRuleViolation],
    )
    def start_import(self, request: Request) -> Reply:
        """Send a file that another app has exported, or we have.

        It is read in the background, and nothing is written until you apply it: ask at `Location`
        for what is in it.
        """
        user_id = request.user_id
        options = request.query | {"source": _source(request)}
        if options["source"] == GYM and "language" in options:
            message = "JSON has no names of months that a language could tell"
            raise InvalidParameter.of(fault("language", message, "unknown_parameter"))
        import_id = self.workouts.begin_import(user_id, options)["id"]
        try:
            pieces = self._send_on(request, user_id, import_id)
        except BaseException:
            # it would be deleted tomorrow, and count until then
            with suppress(GymError):
                self.workouts.delete_import(user_id, import_id)
            raise
        started = self.workouts.end_upload(user_id, import_id, pieces, request.upload.size)
        return Reply(started, location=f"/api/imports/{import_id}")

    @route(
        "GET",
        "/api/imports",
        scope=scopes.IMPORTS_WRITE,
        query=Page,
        shows=page_of(responses.ListedImport),
    )
    def list_imports(self, request: Request) -> Reply:
        """List your imports, newest first."""
        found = self.workouts.list_imports(request.user_id, **request.query)
        return page_reply(request.query, found)

    @route(
        "GET",
        "/api/imports/:id",
        scope=scopes.IMPORTS_WRITE,
        shows=responses.Import,
        refuses=[NotFound],
    )
    def get_import(self, request: Request) -> Reply:
        """Show how far an import is, what is in its file, and what it needs to be applied."""
        return Reply(self.workouts.get_import(request.user_id, request.id))

    @route(
        "PUT",
        "/api/imports/:id/mapping",
        scope=scopes.IMPORTS_WRITE,
        body=ImportMapping,
        shows=responses.Import,
        refuses=[NotFound, Conflict, BusinessRuleViolation],
    )
    def map_import(self, request: Request) -> Reply:
        """Say which exercises names of the file are, or that they are `new`.

        It is remembered for your next file. Names that are left out stay as they are.
        """
        return Reply(self.workouts.map_import(request.user_id, request.id, request.body))

    @route(
        "POST",
        "/api/imports/:id/apply",
        scope=scopes.IMPORTS_WRITE,
        query=ApplyImport,
        status=202,
        shows=responses.StartedImport,
        refuses=[NotFound, Conflict, BusinessRuleViolation],
    )
    def apply_import(self, request: Request) -> Reply:
        """Have the workouts of an import logged; that is done in the background."""
        started = self.workouts.apply_import(request.user_id, request.id, request.query)
        return Reply(started, location=f"/api/imports/{request.id}")

    @route(
        "POST",
        "/api/imports/:id/undo",
        scope=scopes.IMPORTS_WRITE,
        query=UndoImport,
        status=202,
        shows=responses.StartedImport,
        refuses=[NotFound, Conflict],
    )
    def undo_import(self, request: Request) -> Reply:
        """Have taken out what an import has brought; that is done in the background.

        Workouts that were edited since stay, unless `force` is `true`.
        """
        force = request.query.get("force") == TRUE
        started = self.workouts.undo_import(request.user_id, request.id, force=force)
        return Reply(started, location=f"/api/imports/{request.id}")

    @route(
        "DELETE",
        "/api/imports/:id",
        scope=scopes.IMPORTS_WRITE,
        shows=responses.DeletedImport,
        refuses=[NotFound, Conflict],
    )
    def delete_import(self, request: Request) -> Reply:
        """Delete an import that has brought nothing."""
        return Reply(self.workouts.delete_import(request.user_id, request.id))

    def _send_on(self, request: Request, user_id: int, import_id: int) -> int:
        """Send the file on while it arrives, and return how many pieces it has."""
        pieces = 0
        for piece in request.upload:
            content = base64.b64encode(piece).decode()
            self.workouts.add_to_import(user_id, import_id, pieces, content)
            pieces += 1
        return pieces


def _source(request: Request) -> str:
    """Return which app has written a file; JSON is only our own.

    Raises:
        InvalidParameter: that app writes files of another media type.
    """
    said, media_type = request.query["source"], request.upload.media_type
    allowed = SOURCES_OF[media_type]
    if said not in allowed:
        message = f"Source of {media_type} must be one of: {', '.join(allowed)}"
        raise InvalidParameter.of(
            fault("source", message, "one_of", allowed=allowed, received=said)
        )
    return GYM if media_type == JSON_TYPE else str(said)
